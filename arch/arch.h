/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the rest must know about a machine: its relocations, branch encodings, special sections.
 * One file per machine (x86_64.c, aarch64.c, ...), each defining one `struct arch`; adding a machine
 * is adding a file. Takes raw bytes and numbers; knows nothing of objects, images or packages.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the value of a relocated field is computed from (S symbol, A addend, P place, G its GOT slot). */
enum reloc_kind {
	RELOC_NONE,     /* changes nothing; a marker that may be ignored */
	RELOC_ABSOLUTE, /* S + A, whole or a part of it */
	RELOC_RELATIVE, /* S + A - P */
	RELOC_CALL,     /* S + A - P of a branch, or of the symbol's PLT entry */
	RELOC_GOT,      /* address of, or distance to, a GOT slot that holds S (the linker may relax it) */
	RELOC_GOT_BASE, /* S + A - GOT base, or the GOT base itself: GOTOFF64, GOTPC32, TOC-relative */
	RELOC_TLS,      /* thread-local, any model */
	RELOC_SIZE,     /* size of S */
	RELOC_HINT, /* linker relaxation marks (RELAX, ALIGN, TLSDESC_CALL): part of the code's meaning, no value */
};

enum tls_model {
	TLS_NONE,
	TLS_GENERAL_DYNAMIC,
	TLS_LOCAL_DYNAMIC,
	TLS_DESCRIPTOR,
	TLS_DTP_OFFSET,
	TLS_INITIAL_EXEC,
	TLS_LOCAL_EXEC
};

struct reloc_info {
	uint32_t type;
	const char *name; /* as the psABI has it, "R_X86_64_PC32" */
	enum reloc_kind kind;
	uint8_t size;       /* bytes of the unit that holds the field: 0, 1, 2, 4, 8 */
	uint64_t mask;      /* bits of that unit which the relocation fills, in the machine's byte order */
	enum tls_model tls; /* RELOC_TLS only */
	bool relaxable;     /* the linker may rewrite the instruction around it */
	uint8_t shift; /* the field holds the value divided by 1 << shift, where the whole of 4 bytes is one */
};

/* A table whose entries point into functions (KERNEL.md); an entry belongs to the function it points into. */
struct special_section {
	const char *name; /* section name; a trailing "*" matches any tail */
	uint8_t entry_size; /* 0: derived from the object's relocations (distance of the first field's relocations) */
	bool dropped;    /* read by build tools only, never loaded: .discard.* */
	uint8_t line_at; /* offset of a 16-bit source line number in an entry, 0: it has none */
	bool per_build;  /* its contents are positions only, never a change by themselves */
};

/* A number in instructions, whole or in pieces. */
struct code_immediate {
	size_t start;   /* offset of the bytes that hold it */
	uint8_t length; /* of them */
	uint64_t mask;  /* its bits in them, in the machine's byte order */
	int64_t value;
};

/* A distance that the assembler may have resolved itself. */
struct code_distance {
	uint8_t length;   /* of the instruction */
	uint8_t field;    /* offset in it of the field that a relocation would be at */
	uint32_t type;    /* relocation that would fill it; 0: the instruction has no such operand */
	int64_t distance; /* from the start of the instruction to what is meant */
	uint8_t loads;    /* how many bytes it loads from there; 0: it does something else with the place */
};

struct arch {
	const char *name; /* "x86_64" */
	uint16_t machine; /* ELF e_machine */
	bool big_endian;
	uint8_t pointer_size;            /* bytes: 8 */
	const struct reloc_info *relocs; /* sorted by type */
	size_t reloc_count;
	const struct special_section *specials; /* of this machine beside the common ones */
	size_t special_count;

	/* Distance from a PC-relative field in CODE to the end of its instruction: "S + A - P" with A = -4 (x86-64)
	 * means S + 0, with -5 where one byte of immediate follows the field. Added to the addend it gives the
	 * offset that is meant. BEFORE bytes of the section lie before FIELD, all info->size bytes of it are there.
	 * Only for fields in code: PC-relative data counts from the field. NULL: nothing is added. */
	int64_t (*pc_bias)(const uint8_t *field, size_t before, const struct reloc_info *info);

	/* The immediate that the byte at CODE + AT is part of, SIZE bytes of a function being at CODE: moves and pushes of
	 * constants, as compilers pass __LINE__ with. false: none of those. NULL: not known for this machine. */
	bool (*immediate_at)(const uint8_t *code, size_t size, size_t at, struct code_immediate *found);

	/* The PC-relative operand of the instruction at CODE, LEFT bytes of which are there. false: not understood. NULL:
	 * assemblers of this machine leave every distance to the linker. */
	bool (*distance)(const uint8_t *code, size_t left, struct code_distance *found);

	/* What fills the room between functions, where that is always one instruction of four bytes, as it is read from a
	 * little-endian file; other contents there mean something (a pool of literals). 0: fillers have many forms. */
	uint32_t filler;

	/* Disassembly through libopcodes: bfd_architecture and machine number. */
	int bfd_arch;
	unsigned long bfd_mach;
};

/* NULL when the machine is not known. */
const struct arch *arch_find(uint16_t machine, bool big_endian);
/* NULL when this machine's table does not have TYPE: the object cannot be understood. */
const struct reloc_info *arch_reloc(const struct arch *arch, uint32_t type);
/* The table entry for a section of that name, NULL when it is no special section. */
const struct special_section *arch_special(const struct arch *arch, const char *section_name);

#include "arch/link.h"

#endif
