/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A linked ELF image (executable, shared library) as hp-build needs to know it: what lies at which link-time
 * address, which names it defines, what it imports and through which of its own slots. Reads files only;
 * knows nothing of objects. Every offset of the file is checked when it is opened; after that an image never
 * changes and may be used by several threads.
 *
 * All addresses are link-time addresses (vaddr).
 */
#ifndef CREATE_IMAGE_H
#define CREATE_IMAGE_H

#include "diff/diff.h"
#include "formats/hp.h"

struct image_symbol {
	const char *name;     /* without "@version" */
	uint64_t vaddr, size; /* vaddr of a SYMBOL_TLS: offset in the image's TLS block */
	enum symbol_kind kind;
	enum symbol_binding binding; /* hidden globals of objects are local here */
	enum symbol_visibility visibility;
	bool defined, absolute;
	bool dynamic;           /* from .dynsym */
	bool hidden_version;    /* "name@VERSION", not the default "name@@VERSION" */
	uint32_t position;      /* index in its table */
	const char *file;       /* of the STT_FILE before a local one, or NULL */
	uint32_t file_position; /* index of that STT_FILE symbol, 0: none. Equal for all locals of one object
				   file */
	const char *version;    /* dynamic ones: "GLIBC_2.34", or NULL */
	const char *library; /* undefined dynamic ones with a version: the DT_NEEDED file it is expected in,
				or NULL */
};

/* What the dynamic linker puts at an address: one dynamic relocation. */
enum slot_kind {
	SLOT_ADDRESS, /* GLOB_DAT, or 64 with a symbol: address of the symbol, plus addend */
	SLOT_JUMP,    /* JUMP_SLOT: address of a function; before the first call of its PLT entry when lazy */
	SLOT_COPY,    /* COPY: the symbol's bytes themselves are copied to here */
	SLOT_RELATIVE,       /* load bias + target; also .relr entries */
	SLOT_IRELATIVE,      /* what the resolver at target returns */
	SLOT_TLS_MODULE,     /* DTPMOD64: module ID of symbol's module, of this image without symbol */
	SLOT_TLS_OFFSET,     /* DTPOFF64: offset in that module's block */
	SLOT_TP_OFFSET,      /* TPOFF64: offset from the thread pointer */
	SLOT_TLS_DESCRIPTOR, /* TLSDESC: two words */
	SLOT_STATIC, /* no dynamic relocation: an address the linker wrote (target); non-PIE GOT entries */
	SLOT_OTHER,  /* a relocation type this program does not know */
};

struct image_slot {
	uint64_t vaddr;
	enum slot_kind kind;
	uint32_t type; /* R_<machine>_*; 0 for SLOT_STATIC and .relr entries */
	bool in_got; /* within .got, .got.plt: a slot of the linker's own, not a pointer in the program's data
		      */
	bool lazy;   /* SLOT_JUMP that is bound at the first call */
	const struct image_symbol *symbol; /* dynamic symbol, or NULL */
	int64_t addend; /* beside symbol; for TLS kinds without symbol: the offset in the image's TLS block */
	uint64_t target; /* RELATIVE, IRELATIVE, STATIC: link-time address it holds */
};

/* One stub "jmp *slot(%rip)" in .plt, .plt.got, .plt.sec or .iplt. */
struct image_plt {
	uint64_t vaddr;
	const struct image_slot *slot;
};

struct kernel_facts;

struct image {
	enum hp_target_kind kind;
	struct kernel_facts *kernel; /* of vmlinux and modules, else NULL */
	const char *path;            /* as given; tree-relative when opened with a name */
	const char *name;            /* base name of path */
	const struct arch *arch;
	uint16_t elf_type;     /* ET_EXEC, ET_DYN */
	bool executable;       /* program: ET_EXEC, or ET_DYN with DF_1_PIE or an interpreter */
	bool is_static;        /* program without DT_NEEDED and interpreter */
	bool bind_now;         /* no lazy binding */
	bool text_relocations; /* DT_TEXTREL: code is written when it is loaded */
	bool symbolic;         /* DT_SYMBOLIC / DF_SYMBOLIC */
	const uint8_t *build_id;
	size_t build_id_size;
	char *build_id_text; /* lower-case hexadecimal */
	const char *soname;  /* DT_SONAME or NULL */
	const char **needed; /* DT_NEEDED, in order */
	size_t needed_count;
	uint64_t tls_vaddr, tls_size, tls_align; /* PT_TLS; size 0: none */
	struct hp_segment *segments;             /* PT_LOAD, by vaddr */
	size_t segment_count;
	struct hp_image_section
		*sections; /* allocated ones, by vaddr; none when the section table was stripped */
	size_t section_count;
	uint64_t got_base; /* _GLOBAL_OFFSET_TABLE_, DT_PLTGOT; 0: not known */

	/* .symtab of the image or of its separate debug file; without one those of .dynsym. Without
	 * SYMBOL_FILE and SYMBOL_SECTION; in table order. */
	struct image_symbol *symbols;
	size_t symbol_count;
	bool full_symbols;            /* symbols come from a .symtab */
	const char *debug_path;       /* file they come from when not the image, or NULL */
	struct image_symbol *dynamic; /* .dynsym, by its own index; [0] is the null symbol */
	size_t dynamic_count;

	struct image_slot *slots; /* every dynamic relocation, and static GOT entries, by vaddr */
	size_t slot_count;
	struct image_plt *plt; /* by vaddr */
	size_t plt_count;

	struct arena *arena;
	struct image_private *private;
};

/*
 * Opens FILE; NAME (NULL: FILE) is what messages call it. NULL after one DIAG_ERROR finding: not a linked
 * image, a machine that is not known (arch-mismatch), malformed (malformed-object), without build ID
 * (image-mismatch).
 */
struct image *image_open(const char *file, const char *name, struct diags *diags);
/* The same from memory, which must outlive the image; looks for no separate debug file. */
struct image *image_open_memory(const char *name, const uint8_t *bytes, size_t size, struct diags *diags);
/*
 * The same for a kernel (bzImage, vmlinux) or a module (.ko), compressed or not. Symbols of a vmlinux are those of its
 * kallsyms, in its order. A module's sections lie at addresses of their own making, see kernel-module.c.
 */
struct image *kernel_image_open(const char *file, const char *name, struct diags *diags);
struct image *kernel_image_open_memory(const char *name, const uint8_t *bytes, size_t size,
				       struct diags *diags);
void image_close(struct image *image);

/* ---- bytes ----------------------------------------------------------------------------------------------
 */

/* SIZE bytes that the file has for VADDR, NULL when they are not all backed by the file (.bss, outside). */
const uint8_t *image_bytes(const struct image *image, uint64_t vaddr, uint64_t size);
/* Copies SIZE bytes as they are before the dynamic linker runs, .bss as zeroes. false: not all in the image.
 */
bool image_read(const struct image *image, uint64_t vaddr, void *to, uint64_t size);
/* Whether [vaddr, vaddr+size) lies in one loadable segment with all of FLAGS (PF_R...). */
bool image_mapped(const struct image *image, uint64_t vaddr, uint64_t size, uint32_t flags);
/* The section that holds VADDR, or NULL. */
const struct hp_image_section *image_section_at(const struct image *image, uint64_t vaddr);
/* Link-time address that the pointer at VADDR will hold: from its RELATIVE relocation, or as linked when
 * there is no dynamic relocation. false: outside, or it holds something of another module. */
bool image_pointer(const struct image *image, uint64_t vaddr, uint64_t *target);

/* ---- names ----------------------------------------------------------------------------------------------
 */

/* All defined symbols of that name, in table order; *count of them. TLS symbols included. */
const struct image_symbol *const *image_find(const struct image *image, const char *name, size_t *count);
/* All defined symbols that begin at VADDR (aliases); not TLS ones. In table order. */
const struct image_symbol *const *image_symbols_at(const struct image *image, uint64_t vaddr, size_t *count);
/* A function or object symbol whose extent holds VADDR (sized ones first), or NULL. */
const struct image_symbol *image_symbol_over(const struct image *image, uint64_t vaddr);
/* Whether the symbol table has an STT_FILE of that name; whether it has any. */
bool image_has_file(const struct image *image, const char *name);
bool image_names_files(const struct image *image);
/* The defined (exported) symbol of .dynsym with that name, the default version first, or NULL. */
const struct image_symbol *image_export(const struct image *image, const char *name);

/* ---- imports --------------------------------------------------------------------------------------------
 */

/* How an image gets at a symbol of its .dynsym that another module may define. */
struct image_import {
	const struct image_symbol *symbol; /* in .dynsym, undefined or interposable */
	const struct image_slot
		*address; /* GOT slot that holds its address when the program runs (GLOB_DAT), or NULL */
	const struct image_slot *jump; /* JUMP_SLOT, or NULL. Lazy: good for calls only */
	const struct image_plt *plt;   /* stub that calls it, or NULL */
	uint64_t canonical; /* its address is this PLT entry for the whole process (undefined symbol with a
			       value), or 0 */
	uint64_t copy;      /* where its COPY relocation put it: the object lives in this image, or 0 */
	const struct image_slot *tls_module, *tls_offset, *tp_offset, *tls_descriptor;
};
/* false: the image's dynamic relocations do not name it and no canonical PLT entry or copy is there. Filled
 * in also for defined symbols that go through slots because they can be interposed. Several versions of one
 * name in .dynsym: *ambiguous is set and nothing is chosen. */
bool image_import(const struct image *image, const char *name, struct image_import *import, bool *ambiguous);

const struct image_slot *image_slot_at(const struct image *image, uint64_t vaddr);
/* GOT slot of this image that will hold the link-time address TARGET (RELATIVE or STATIC), or NULL. */
const struct image_slot *image_slot_holding(const struct image *image, uint64_t target);
const struct image_plt *image_plt_at(const struct image *image, uint64_t vaddr);

/* ---- thread-local storage -------------------------------------------------------------------------------
 */

/* For an offset in the image's own TLS block. Executables: fixed distance from the thread pointer. */
int64_t image_tp_offset(const struct image *image, uint64_t tls_offset);
/* A DTPMOD64 slot of the image's own module (any symbol defined here), or NULL. */
const struct image_slot *image_own_tls_module(const struct image *image);

/* ---- kernels --------------------------------------------------------------------------------------------
 */

/* "Linux version ..." of a vmlinux or NULL; the release of a vmlinux or module. */
const char *kernel_banner(const struct image *image);
const char *kernel_release(const struct image *image);
/* Whether a call that ftrace may redirect lies in [from, from + size). */
bool kernel_can_trace(const struct image *image, uint64_t from, uint64_t size);
/* Position of SYMBOL among all of its name in kallsyms' order, from 1; 0: it is the only one. */
uint32_t kernel_position(const struct image *image, const struct image_symbol *symbol);
/* Whether every module may refer to NAME: exported, and in no namespace. */
bool kernel_exports(const struct image *image, const char *name);
/* Whether VADDR stands for a symbol that a module has from elsewhere. */
bool kernel_imports(const struct image *image, uint64_t vaddr);

/* ---- for the package ------------------------------------------------------------------------------------
 */

/* Header facts: kind, machine, elf_type, flags, build ID, names, TLS, segments, sections. Pointers into
 * IMAGE. */
void image_fill_target(const struct image *image, struct hp_target *target);

#endif
