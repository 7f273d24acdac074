/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Call frame information of x86-64 (.eh_frame; DWARF 5 section 6.4, LSB "Exception Frames"): from a copy of the
 * section's bytes to the caller's registers. Works on bytes and a memory reader only, allocates nothing but the
 * table of entries. Private to the unwinder.
 */
#ifndef APPLY_CFI_H
#define APPLY_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/util.h"

/* DWARF register numbers of the System V psABI, figure 3.36. */
enum cfi_register {
	CFI_RAX,
	CFI_RDX,
	CFI_RCX,
	CFI_RBX,
	CFI_RSI,
	CFI_RDI,
	CFI_RBP,
	CFI_RSP,
	CFI_R8,
	CFI_R15 = 15,
	CFI_RETURN, /* the column of the return address */
	CFI_REGISTERS,
};

/* The bytes of one .eh_frame as it lies at ADDRESS in the process. */
struct cfi_section {
	const uint8_t *bytes;
	size_t size;
	uint64_t address;
	bool exact; /* the size is known, so zero words are padding between pieces and not the terminator */
};

/* One FDE: code [start, end) is described at OFFSET in the section. */
struct cfi_entry {
	uint64_t start, end;
	uint32_t section : 31; /* as given to cfi_collect() */
	uint32_t signal : 1;   /* the frame that the kernel pushes for a signal handler (augmentation 'S') */
	uint32_t offset;
};
typedef VEC(struct cfi_entry) cfi_entries;

/* Register values of one frame; a register whose value is not known has its bit in KNOWN clear. */
struct cfi_registers {
	uint64_t value[CFI_REGISTERS];
	uint32_t known;
};

struct cfi_memory {
	bool (*read)(void *arg, uint64_t address, uint64_t *word);
	void *arg;
};

/*
 * Appends the entries of SECTION that lie in [low, high) to ENTRIES, up to the terminator, the end, or the first
 * entry that makes no sense. false: it stopped there; entries behind are missing (walks become incomplete).
 */
bool cfi_collect(const struct cfi_section *section, uint32_t number, uint64_t low, uint64_t high,
		 cfi_entries *entries);

enum cfi_status {
	CFI_OK,
	CFI_OUTERMOST, /* the return address is undefined: there is no caller */
	CFI_BAD,       /* the entry makes no sense */
	CFI_UNKNOWN,   /* needs memory or a register that cannot be had */
};

/* Replaces REGISTERS, those of a frame that stands at PC, by those of its caller. INTERRUPTED: PC may be any
 * instruction, not only one behind a call. */
enum cfi_status cfi_step(const struct cfi_section *section, const struct cfi_entry *entry, uint64_t pc,
			 bool interrupted, const struct cfi_memory *memory, struct cfi_registers *registers);

/* ---- between cfi.c and cfi-expression.c ---------------------------------------------------------------- */

/* Reads bytes in order; reading past the end gives zeros and sets BAD. */
struct cfi_cursor {
	const uint8_t *at, *end;
	bool bad;
};
static inline uint8_t cfi_read_byte(struct cfi_cursor *cursor)
{
	if (cursor->at == cursor->end) {
		cursor->bad = true;
		return 0;
	}
	return *cursor->at++;
}
uint64_t cfi_read_fixed(struct cfi_cursor *cursor, unsigned size);
int64_t cfi_read_signed(struct cfi_cursor *cursor, unsigned size);
uint64_t cfi_read_uleb(struct cfi_cursor *cursor);
int64_t cfi_read_sleb(struct cfi_cursor *cursor);
struct cfi_cursor cfi_read_block(struct cfi_cursor *cursor, uint64_t size);

/* Runs a DWARF expression (DWARF 5 section 2.5); INITIAL, if any, is pushed first. false: BAD or UNKNOWN. */
bool cfi_evaluate(struct cfi_cursor expression, const uint64_t *initial,
		  const struct cfi_registers *registers, const struct cfi_memory *memory, uint64_t *result);

#endif
