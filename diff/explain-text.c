// SPDX-License-Identifier: GPL-3.0-or-later
// Instructions for people: constants in the base that people write them in, and which instructions say nothing.
#include "diff/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DECIMAL_MAX 0x10000000 // beyond, numbers are addresses, masks or magic

// ---- numbers -------------------------------------------------------------------------------------

// Of a mask the bits count.
static bool works_on_bits(const char *mnemonic)
{
	static const char *const names[] = {"and", "ands", "andn", "or",  "orr",  "orn",
					    "xor", "eor",  "eon",  "bic", "bics", "test",
					    "tst", "bt",   "bts",  "btr", "movk", "movn"};
	size_t length = strcspn(mnemonic, " \t");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t own = strlen(names[i]);

		// x86 has the operand's size behind: andl
		if (!strncmp(mnemonic, names[i], own) &&
		    (length == own || (length == own + 1 && strchr("bwlq", mnemonic[own]))))
			return true;
	}
	return false;
}

static unsigned register_bits(const char *name)
{
	static const char *const bytes[] = {"%al", "%bl", "%cl",  "%dl",  "%ah",  "%bh",
					    "%ch", "%dh", "%sil", "%dil", "%bpl", "%spl"};
	size_t length = strcspn(name, ",) \t");

	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		if (strlen(bytes[i]) == length && !strncmp(name, bytes[i], length))
			return 8;
	if (name[0] != '%' || length < 3)
		return 64;
	if (name[1] == 'r' && strchr("0123456789", name[2]))
		return name[length - 1] == 'b'   ? 8
		       : name[length - 1] == 'w' ? 16
		       : name[length - 1] == 'd' ? 32
						 : 64;
	return name[1] == 'r' ? 64 : name[1] == 'e' ? 32 : 16;
}

/* Bits of the operands: x86 says them by a register, or behind the mnemonic (cmpb $0x2f,(%rdi)); ARM by w0 and x0. */
static unsigned operand_bits(const struct instruction *instruction, const char *behind)
{
	const char *mnemonic = instruction->mnemonic,
		   *first = instruction->text + strcspn(instruction->text, " \t");
	size_t length = strcspn(mnemonic, " \t");
	char last = length ? mnemonic[length - 1] : 0;

	first += strspn(first, " \t");
	if (behind[0] == ',' && behind[1] == '%')
		return register_bits(behind + 1);
	if (behind[0] == ',')
		return last == 'b' ? 8 : last == 'w' ? 16 : last == 'l' ? 32 : 64;
	return *first == 'w' ? 32 : 64;
}

static const char *number_in_words(const struct instruction *instruction, uint64_t number, const char *behind,
				   char mark, struct arena *arena)
{
	unsigned bits = operand_bits(instruction, behind);
	int64_t value = (int64_t)number;

	if (bits < 64 && number >> (bits - 1) == 1)
		value = (int64_t)(number | UINT64_MAX << bits);
	// a letter, where bytes are compared or stored
	if (mark == '$' && bits == 8 && number > 0x20 && number < 0x7f && number != '\'' && number != '\\')
		return arena_printf(arena, "$'%c'", (char)number);
	if (value > DECIMAL_MAX || value < -DECIMAL_MAX)
		return NULL;
	return arena_printf(arena, "%c%" PRId64, mark, value);
}

const char *instruction_text(const struct instruction *instruction, struct arena *arena)
{
	const char *text = instruction->text, *at = text, *words;
	uint64_t number;
	char *end;

	if (works_on_bits(instruction->mnemonic))
		return text;
	while ((at = strpbrk(at, "$#\"")) && *at != '"' && strncmp(at + 1, "0x", 2) != 0)
		at++;
	if (!at || *at == '"')
		return text;
	number = strtoull(at + 1, &end, 16);
	words = number_in_words(instruction, number, end, *at, arena);
	return words ? arena_printf(arena, "%.*s%s%s", (int)(at - text), text, words, end) : text;
}

// ---- what says nothing ---------------------------------------------------------------------------

bool instruction_is_nop(const struct instruction *instruction)
{
	return strstr(instruction->mnemonic, "nop") != NULL || !strncmp(instruction->text, "nop", 3) ||
	       !strcmp(instruction->text, "xchg   %ax,%ax");
}

typedef VEC(uint64_t) offset_list;

static int compare_offsets(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

// Where tables say that something will be written: jump labels, alternatives, tracing. Sorted.
static offset_list named_by_tables(const struct unit *unit)
{
	offset_list found = {0};

	for (size_t i = 0; i < unit->part_count; i++) {
		const struct unit *part = unit->parts[i];

		for (size_t k = 0;
		     part->kind == UNIT_ENTRY && part->section->special && k < part->reloc_count; k++)
			if (part->relocs[k].target == unit && part->relocs[k].target_offset >= 0)
				*vec_push(&found) = (uint64_t)part->relocs[k].target_offset;
	}
	if (found.count)
		qsort(found.at, found.count, sizeof(*found.at), compare_offsets);
	return found;
}

// Moves *next to the first offset that is not in front of START; true when it is in front of END.
static bool is_named(const offset_list *named, size_t *next, uint64_t start, uint64_t end)
{
	while (*next < named->count && named->at[*next] < start)
		(*next)++;
	return *next < named->count && named->at[*next] < end;
}

/* Compilers align what loops and calls jump to: on 8 bytes and more (-falign-loops=16:11:8). */
void mark_padding(const struct unit *unit, const struct listing *listing, bool *padding)
{
	offset_list named = listing->count ? named_by_tables(unit) : (offset_list){0};
	size_t at = 0;

	for (size_t i = 0, next; i < listing->count; i = next) {
		uint64_t start = listing->at[i].at, end;
		bool is;

		for (next = i; next < listing->count && instruction_is_nop(&listing->at[next]);)
			next++;
		if (next == i) {
			padding[next++] = false;
			continue;
		}
		end = next < listing->count ? listing->at[next].at : unit->size;
		is = i && (next == listing->count || !((unit->offset + end) % 8)) &&
		     !is_named(&named, &at, start, end);
		for (size_t k = i; k < next; k++)
			padding[k] = is;
	}
	free(named.at);
}
