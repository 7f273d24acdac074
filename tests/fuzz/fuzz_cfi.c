// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Unwind information as a target holds it. An input is an .eh_frame that lies at a fixed address; every entry it
 * yields is stepped through at its start, middle and end, with memory whose words are made from their address.
 */
#include <stdlib.h>
#include <string.h>

#include "apply/cfi.h"
#include "tests/fuzz/driver.h"

enum { ADDRESS = 0x10000, STEPS_MAX = 64 };

// Records from a small program: a leaf, frames with rbx and rbp, an expression, a signal frame.
const char *fuzz_seeds = "testdata/fuzz/cfi";

static bool read_word(void *argument, uint64_t address, uint64_t *word)
{
	uint64_t *reads = argument;

	++*reads;
	*word = address * 0x9e3779b97f4a7c15u >> 40;
	return address % 64 != 8;
}

static void step_at(const struct cfi_section *section, const struct cfi_entry *entry, uint64_t pc)
{
	uint64_t reads = 0;
	struct cfi_memory memory = {read_word, &reads};
	struct cfi_registers registers = {.known = (1u << CFI_REGISTERS) - 1};

	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		registers.value[i] = 0x7ffd0000 + 8 * i;
	if (cfi_step(section, entry, pc, pc & 1, &memory, &registers) == CFI_OK &&
	    !(registers.known >> CFI_RETURN & 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); // its very own, so that reading behind it is seen
	struct cfi_section section = {.bytes = copy, .size = size, .address = ADDRESS};
	cfi_entries entries = {0};

	memcpy(copy, data, size);
	for (int exact = 0; exact < 2; exact++) {
		section.exact = exact;
		entries.count = 0;
		cfi_collect(&section, 0, 0, UINT64_MAX, &entries);
		for (size_t i = 0; i < entries.count && i < STEPS_MAX; i++) {
			const struct cfi_entry *entry = &entries.at[i];

			step_at(&section, entry, entry->start);
			step_at(&section, entry, entry->start + (entry->end - entry->start) / 2);
			step_at(&section, entry, entry->end - 1);
		}
	}
	free(entries.at);
	free(copy);
	return 0;
}
