/* SPDX-License-Identifier: MIT */
/*
 * libhp: reads, checks, writes and links hotpatch packages (.hp).
 *
 * A package holds a manifest (JSON, for people and fleet managers) and one target per image: which image
 * (build ID), a standard relocatable ELF object with the new code (the payload), and tables that say which
 * functions it replaces and what each undefined symbol of the payload is bound to. The format is specified in
 * doc/hp-format.md. An applier in C is: hp_open, hp_layout, map memory, hp_link, copy, stop, check, switch, resume.
 *
 * Depends on zlib and libsodium only. No function exits, prints, or keeps global state; a handle may be used by
 * one thread at a time, different handles by different threads. Everything a handle gives out belongs to it and
 * is valid until hp_close(). All sizes are bytes, all addresses are 64-bit, all records are in host byte order.
 *
 * Functions that can fail return 0 or a negative enum hp_status, and fill *error when it is not NULL.
 */
#ifndef HP_H
#define HP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HP_FORMAT_VERSION 1u
#define HP_HASH_SIZE      32u /* SHA-256 */
#define HP_KEY_SIZE       32u /* Ed25519 public key */
#define HP_OLD_BYTES_MAX  32u
#define HP_NONE           UINT32_MAX /* no such symbol, no such function */

enum hp_status {
	HP_OK = 0,
	HP_IO = -1, /* the file cannot be read or written; errno tells */
	HP_NOT_A_PACKAGE = -2,
	HP_VERSION = -3,     /* a format version this library does not know */
	HP_MALFORMED = -4,   /* a length, offset, index or string that cannot be */
	HP_DIGEST = -5,      /* bytes differ from what was written */
	HP_LIMIT = -6,       /* larger than the stated or the allowed size */
	HP_UNSUPPORTED = -7, /* a chunk, machine, relocation or binding this library does not know */
	HP_SIGNATURE = -8,   /* signature wrong, or not by that key */
	HP_OVERFLOW = -9,    /* a relocated value does not fit: the payload is too far from its target */
	HP_UNRESOLVED = -10, /* the resolver did not find a symbol */
	HP_MEMORY = -11,
};

struct hp_error {
	enum hp_status status;
	uint32_t chunk;    /* index in the chunk table, HP_NONE when it is no matter of one chunk */
	uint64_t offset;   /* in the file, or in the chunk's contents */
	char message[200]; /* one line, what is wrong; no place, no newline */
};

/* ---- what a package says about one image ------------------------------------------------------------- */

enum hp_target_kind {
	HP_TARGET_PROCESS = 1,
	HP_TARGET_LINUX = 2,
	HP_TARGET_LINUX_MODULE = 3,
	HP_TARGET_XEN = 4
};

struct hp_segment { /* PT_LOAD */
	uint64_t vaddr, offset, file_size, memory_size, align;
	uint32_t flags; /* PF_R, PF_W, PF_X */
};

struct hp_image_section { /* of the target image, for appliers that address by section */
	const char *name;
	uint64_t vaddr, size, flags; /* SHF_* */
	uint32_t type;               /* SHT_* */
};

/* A function that gets a new body. */
struct hp_function {
	const char *name;   /* in the image's symbol table, or in the object when the image has none */
	const char *object; /* the object file that defines it, as named in the old tree */
	uint64_t vaddr;     /* entry in the image (link-time address) */
	uint64_t old_size;
	uint32_t symbol; /* payload symbol of the new body */
	uint32_t
		prologue; /* payload symbol of the relocated old prologue: the covered instructions, made to run
			     * elsewhere, then a jump behind them. HP_NONE where the applier has its own way (kernel). */
	uint32_t jump_offset; /* the jump goes to vaddr + jump_offset (4 behind an endbr64, else 0) */
	uint32_t
		jump_size; /* whole instructions (or proven padding) that may be overwritten there, >= 5 on x86-64 */
	uint32_t flags;                 /* HP_FUNCTION_* */
	uint32_t position;              /* kallsyms position among equal names, 0 = unique (kernel targets) */
	uint32_t pad_before, pad_after; /* patchable-entry bytes before and after the entry */
	uint8_t old_hash
		[HP_HASH_SIZE]; /* SHA-256 of the old_size bytes at vaddr, masked bytes taken as zero */
	uint8_t old_bytes[HP_OLD_BYTES_MAX]; /* the first old bytes, zero-filled behind old_size */
};
#define HP_FUNCTION_ENDBR     1u /* starts with endbr64 */
#define HP_FUNCTION_TRACEABLE 2u /* has an ftrace site at its start */
#define HP_FUNCTION_GLOBAL    4u /* symbol binding in the image */

/* One stretch of code that belongs to a function: a thread inside it, or about to return into it, runs it. The
 * entry part of both sides is listed too, and so is every split-off part (.cold). */
struct hp_part {
	uint32_t function; /* index into functions */
	uint32_t symbol; /* HP_NONE: old code, at vaddr in the image; else new code, at this payload symbol */
	uint64_t vaddr, size;
};

/* Bytes of old functions that loading changes (kernel alternatives ...): not compared, taken as zero in old_hash. */
struct hp_mask {
	uint32_t function, offset, size;
};

enum hp_binding_kind {
	HP_BIND_IMAGE = 1, /* value: load bias + vaddr */
	HP_BIND_SLOT = 2,  /* the same arithmetic; vaddr is one of the image's own GOT slots */
	HP_BIND_DYNAMIC =
		3, /* value: address of NAME, VERSION, looked up when applying in global scope and the
			      * image's DT_NEEDED closure; not found: refuse, or 0 when HP_BINDING_WEAK */
	HP_BIND_TLS_MODULE = 4, /* value: the 8 bytes at bias + vaddr (a DTPMOD64 slot of the image) */
	HP_BIND_TLS_OFFSET =
		5, /* value: the 8 bytes at bias + vaddr (a TPOFF64 slot of the image), plus addend */
	HP_BIND_ABSOLUTE = 6, /* value: addend; nothing to look up */
	HP_BIND_KERNEL = 7,   /* kernel symbol: object (NULL: vmlinux), name, position */
};
#define HP_BINDING_WEAK     1u
#define HP_BINDING_EXPORTED 2u /* kernel: exported to modules */
#define HP_BINDING_FUNCTION 4u

/* What one undefined symbol of the payload stands for. */
struct hp_binding {
	uint32_t symbol; /* payload symbol index */
	uint32_t kind;   /* enum hp_binding_kind */
	uint32_t flags, position;
	uint64_t vaddr;
	int64_t addend;
	const char *name, *version,
		*object; /* may be NULL; object: the defining object file or kernel module */
};

/* New writable data. A superseding package takes over the storage of the one before instead of forking it. */
struct hp_state {
	uint32_t symbol;    /* payload symbol */
	const char *object; /* object file that defines it */
	const char *owner;  /* function of a static local, or NULL */
	const char *name;
	uint64_t size, align;
	uint8_t initial_hash[HP_HASH_SIZE]; /* of its initial bytes, relocated fields zero */
};

enum hp_hook_phase { HP_HOOK_PRE_PATCH = 1, HP_HOOK_POST_PATCH, HP_HOOK_PRE_UNPATCH, HP_HOOK_POST_UNPATCH };
struct hp_hook {
	uint32_t phase, symbol;
};

struct hp_target {
	uint32_t kind;     /* enum hp_target_kind */
	uint16_t machine;  /* e_machine */
	uint16_t elf_type; /* e_type of the image: ET_EXEC, ET_DYN */
	uint32_t flags;    /* HP_TARGET_* */
	const uint8_t *build_id;
	size_t build_id_size;
	const char *name;   /* base name of the image, "redis-server" */
	const char *soname; /* DT_SONAME or NULL */
	uint64_t tls_size, tls_align;
	const struct hp_segment *segments;
	size_t segment_count;
	const struct hp_image_section *sections;
	size_t section_count;
	const struct hp_function *functions;
	size_t function_count;
	const struct hp_part *parts;
	size_t part_count;
	const struct hp_mask *masks;
	size_t mask_count;
	const struct hp_binding *bindings;
	size_t binding_count;
	const struct hp_state *states;
	size_t state_count;
	const struct hp_hook *hooks;
	size_t hook_count;
	const uint8_t *payload; /* an ELF64 ET_REL file in memory */
	size_t payload_size;
};
#define HP_TARGET_PIE 1u /* ET_DYN with DF_1_PIE: an executable */

/* ---- reading ------------------------------------------------------------------------------------------ */

struct hp_package;

/* Opens, checks every digest, inflates and decodes everything. The file is not kept open. */
int hp_open(const char *path, struct hp_package **package, struct hp_error *error);
/* The same from memory; BYTES is copied. */
int hp_open_memory(const void *bytes, size_t size, struct hp_package **package, struct hp_error *error);
void hp_close(struct hp_package *package);

/* The manifest, UTF-8 JSON, NUL-terminated. */
const char *hp_manifest(const struct hp_package *package, size_t *size);
size_t hp_target_count(const struct hp_package *package);
const struct hp_target *hp_target(const struct hp_package *package, size_t index);
/* SHA-256 of the package without its signatures: names its contents. */
void hp_digest(const struct hp_package *package, uint8_t digest[HP_HASH_SIZE]);
/* SHA-256 of the whole file as it was read, signatures and all: what sha256sum prints. */
void hp_file_digest(const struct hp_package *package, uint8_t digest[HP_HASH_SIZE]);
/* Size on disk with signatures. */
size_t hp_size(const struct hp_package *package);

/* Signatures are trailers, each over every byte before it. */
size_t hp_signature_count(const struct hp_package *package);
/* The public key that signature INDEX says it is by. Says nothing about whether it is right. */
const uint8_t *hp_signature_key(const struct hp_package *package, size_t index);
/* 0 when some signature is by KEY and right; HP_SIGNATURE otherwise. */
int hp_verify(const struct hp_package *package, const uint8_t key[HP_KEY_SIZE], struct hp_error *error);

/* Chunks, for tools that show or copy them. type is four ASCII characters; data is the inflated contents. */
struct hp_chunk {
	char type[5];
	uint32_t flags; /* HP_CHUNK_OPTIONAL */
	uint64_t offset, stored_size, raw_size;
	const uint8_t *data;
};
#define HP_CHUNK_OPTIONAL 1u
size_t hp_chunk_count(const struct hp_package *package);
const struct hp_chunk *hp_chunk(const struct hp_package *package, size_t index);

/* ---- linking a payload ---------------------------------------------------------------------------------- */

enum hp_region {
	HP_REGION_CODE = 0 /* read and execute: code, constants, slots, veneers */,
	HP_REGION_DATA = 1 /* read and write */,
	HP_REGION_NONE = 2
};

/* Where each section of the payload goes. Sizes are exact: linking adds nothing. */
struct hp_layout {
	uint64_t size[2], align[2]; /* per region; size 0: the region is not needed */
	size_t section_count;       /* ELF section headers of the payload */
	const uint8_t *region;      /* per section: enum hp_region */
	const uint64_t *offset;     /* per section: offset in its region */
};
int hp_layout(struct hp_package *package, size_t target, const struct hp_layout **layout,
	      struct hp_error *error);

/* New writable data that has its storage already: a superseding package takes over that of the one before. All
 * symbols of its section move along. */
struct hp_moved {
	uint32_t symbol; /* of the hp_state */
	uint64_t address;
};

struct hp_place {
	uint64_t bias;                /* load bias of the image: run-time address - link-time address */
	uint64_t address[2];          /* of the code and data regions in the target's address space */
	const struct hp_moved *moved; /* may be NULL */
	size_t moved_count;
};

/* Gives the value of a binding that needs the running target (HP_BIND_DYNAMIC, _TLS_MODULE, _TLS_OFFSET, _KERNEL).
 * Non-zero: not found. */
typedef int hp_resolver(void *arg, const struct hp_binding *binding, uint64_t *value);

/* Fills CODE and DATA (layout->size bytes each; DATA may be NULL when its size is 0) with bytes that are ready to
 * run at PLACE. The same inputs give the same bytes. */
int hp_link(struct hp_package *package, size_t target, const struct hp_place *place, hp_resolver *resolve,
	    void *arg, void *code, void *data, struct hp_error *error);

/* A payload symbol: its name ("" when it has none), region, offset in it and size; region HP_REGION_NONE when it
 * is undefined. HP_MALFORMED for an index out of range. */
struct hp_symbol {
	const char *name;
	uint32_t region;
	uint64_t offset, size;
	uint8_t info; /* ELF st_info */
};
int hp_symbol(struct hp_package *package, size_t target, uint32_t index, struct hp_symbol *symbol,
	      struct hp_error *error);

/* ---- writing -------------------------------------------------------------------------------------------- */

/* Puts a package together in memory. The same calls give the same bytes. *bytes is malloc'ed. Everything the
 * records point to is read during the call only. */
struct hp_content {
	const char *manifest; /* JSON text */
	const struct hp_target *targets;
	size_t target_count;
	const struct hp_chunk *extra; /* further chunks: type, flags, data, raw_size are used */
	size_t extra_count;
};
int hp_encode(const struct hp_content *content, uint8_t **bytes, size_t *size, struct hp_error *error);

/* Appends a signature trailer over BYTES: *signed_bytes is a new malloc'ed buffer. SECRET is libsodium's 64-byte
 * Ed25519 secret key. */
int hp_sign(const void *bytes, size_t size, const uint8_t secret[64], uint8_t **signed_bytes,
	    size_t *signed_size, struct hp_error *error);

/* Short text for a status: "digest", "malformed", ... */
const char *hp_status_text(int status);

#ifdef __cplusplus
}
#endif

#endif
