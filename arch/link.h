/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of arch.h: what static linkers do on a machine: dynamic relocations, PLT stubs, rewritten instructions. Raw bytes
 * and numbers in, nothing known of objects and images. One table per machine, in <machine>-link.c.
 */
#ifndef ARCH_LINK_H
#define ARCH_LINK_H

#include "arch/arch.h"

enum dynamic_kind {
	DYNAMIC_NONE,
	DYNAMIC_ADDRESS, /* S + A in a whole word: GLOB_DAT, 64 */
	DYNAMIC_JUMP,    /* JUMP_SLOT */
	DYNAMIC_COPY,
	DYNAMIC_RELATIVE,
	DYNAMIC_IRELATIVE,
	DYNAMIC_TLS_MODULE,
	DYNAMIC_TLS_OFFSET,
	DYNAMIC_TP_OFFSET,
	DYNAMIC_TLS_DESCRIPTOR,
	DYNAMIC_OTHER,
};

/* What a relocated field means in linked code, which may no longer be the instruction the compiler wrote. */
enum field_meaning {
	FIELD_NOTHING,     /* no value: marker, or an instruction that became a nop */
	FIELD_ADDRESS,     /* value: address, S + A */
	FIELD_BRANCH,      /* the same of a branch: may be a stub that goes to S */
	FIELD_SLOT,        /* value: address of a GOT slot that holds S, + A */
	FIELD_GOT_BASE,    /* value: address of the GOT, + A */
	FIELD_GOT_OFFSET,  /* value: S + A - GOT base */
	FIELD_SLOT_OFFSET, /* value: address of a GOT slot that holds S - GOT base, + A */
	FIELD_SIZE,        /* value: size of S + A */
	FIELD_TLS_PAIR,    /* value: address of module and offset words of S, + A */
	FIELD_TLS_MODULE,  /* value: address of module and offset words of this module, + A */
	FIELD_TLS_OFFSET,  /* value: offset of S in its TLS block, + A */
	FIELD_TP_OFFSET,   /* value: offset of S from the thread pointer, + A */
	FIELD_TP_SLOT,     /* value: address of a word that holds S's offset from the thread pointer, + A */
	FIELD_TLS_DESCRIPTOR, /* value: address of S's descriptor, + A */
};

/* One relocated field seen in linked code. `before` bytes before the field and `after` bytes behind the end of the
 * relocated field (both as the object has it) were rewritten; they are what a linker writes for this relocation. */
struct linked_field {
	enum field_meaning meaning;
	uint64_t value;
	/* The linker drops the addend that only accounts for the PC-relative form when it makes an immediate of it:
	 * then `value` is that of addend 0. */
	bool plain;
	uint8_t before, after;
	uint8_t relocs; /* relocations of the object that this covers: 2 where a call went away with its target */
};

/* A relocated field in a section. */
struct link_place {
	const uint8_t *object, *image; /* the section in the object and in the image, `size` bytes each */
	uint64_t size, offset;         /* offset of the field, all of which lies within */
	uint64_t vaddr;                /* of the field in the image */
	const struct reloc_info *info, *next_info; /* next_info: of the relocation that follows, or NULL */
	uint64_t next_offset;
	bool code;       /* section holds instructions */
	bool executable; /* image is a program: its TLS block is at a fixed place */
};

/* The parts of one instruction that depend on where things are. */
struct code_shape {
	uint8_t length;
	uint8_t pc_field; /* offset of a 4-byte distance from the instruction's end, 0: none */
	uint8_t number; /* offset of an immediate or displacement that may be an absolute address, 0: none */
	uint8_t number_size; /* 4 or 8 */
	bool branch;         /* the distance is a branch's, else a memory operand's */
	bool address;        /* the operand's address is taken, its contents are not touched */
	uint8_t access;      /* bytes of memory at the operand, at least */
};

struct arch_link {
	uint16_t machine;
	enum dynamic_kind (*dynamic_kind)(uint32_t type);
	/* Length of the PLT stub at CODE that jumps through a slot, with the slot's address; 0: none is there. */
	size_t (*plt_stub)(const uint8_t *code, size_t size, uint64_t vaddr, uint64_t *slot);
	/* Thread-pointer offset of an offset in the TLS block of a program. */
	int64_t (*tp_offset)(uint64_t offset, uint64_t size, uint64_t align);
	/* false: the bytes around the field are neither the object's nor what a linker makes of them. *WRONG: offset
	 * in the section of the first such byte. */
	bool (*read_field)(const struct link_place *place, struct linked_field *field, uint64_t *wrong);
	/* Decodes the instruction at CODE, LEFT bytes of which are there. false: not understood. */
	bool (*shape)(const uint8_t *code, size_t left, struct code_shape *shape);
	uint8_t got_reserved; /* words at the start of .got.plt that belong to the dynamic linker */
};

/* NULL when images of that machine are not understood. */
const struct arch_link *arch_link(const struct arch *arch);

#endif
