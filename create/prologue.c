// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes an entry jump covers must be whole instructions that nothing enters sideways: no branch, no jump
// table, and no return from a call (a thread sleeping in that call would come back into the jump).
#include "create/prologue.h"

#include <string.h>

#include "util/util.h"

static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};

static bool inside(uint64_t offset, const struct prologue *prologue)
{
	return offset > prologue->jump_offset && offset < prologue->jump_offset + prologue->jump_size;
}

// Chooses jump_offset and jump_size: whole instructions, then proven padding when the function ends before.
static int choose_extent(struct decoder *decoder, const struct prologue_input *input,
			 struct prologue *prologue, const char **reason)
{
	size_t at;

	prologue->endbr = input->size >= 4 && !memcmp(input->code, endbr64, 4);
	prologue->jump_offset = at = prologue->endbr ? 4 : 0;
	while (at < prologue->jump_offset + JUMP_SIZE && at < input->size) {
		struct instruction insn;

		if (!decode(decoder, input->code + at, input->size - at, input->vaddr + at, &insn)) {
			*reason = "starts with bytes that are no instruction";
			return -1;
		}
		at += insn.length;
		if (insn.flow == FLOW_STRANGE) {
			*reason = "starts with an instruction that cannot be moved";
			return -1;
		}
		if ((insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL) &&
		    at < prologue->jump_offset + JUMP_SIZE) {
			*reason = "calls within its first bytes, and that call would return into the jump";
			return -1;
		}
	}
	if (at < prologue->jump_offset + JUMP_SIZE)
		at = prologue->jump_offset + JUMP_SIZE;
	if (at > input->room) {
		*reason = "is shorter than the jump";
		return -1;
	}
	prologue->jump_size = (uint32_t)(at - prologue->jump_offset);
	return 0;
}

// Every direct branch of the function, by a sweep from its start: GCC and Clang put no data into x86-64 code.
static int check_entered(struct decoder *decoder, const struct prologue_input *input,
			 const struct prologue *prologue, const char **reason)
{
	struct instruction insn;

	for (size_t i = 0; i < input->landing_count; i++) {
		if (inside(input->landings[i], prologue)) {
			*reason = "is entered within its first bytes from elsewhere (jump table, split-off "
				  "part or label)";
			return -1;
		}
	}
	for (size_t at = 0; at < input->size; at += insn.length) {
		if (!decode(decoder, input->code + at, input->size - at, input->vaddr + at, &insn)) {
			*reason = "holds bytes that are no instruction, so its branches are not known";
			return -1;
		}
		if (insn.field && insn.target - input->vaddr < input->room &&
		    inside(insn.target - input->vaddr, prologue)) {
			*reason = "branches back into its first bytes";
			return -1;
		}
	}
	return 0;
}

static bool put(struct prologue *prologue, const void *bytes, size_t size)
{
	if (size > PROLOGUE_MAX - prologue->size)
		return false;
	memcpy(prologue->bytes + prologue->size, bytes, size);
	prologue->size += (uint32_t)size;
	return true;
}

static bool put_field(struct prologue *prologue, uint64_t target, uint8_t tail)
{
	if (prologue->field_count == PROLOGUE_FIELDS_MAX)
		return false;
	prologue->fields[prologue->field_count++] =
		(struct prologue_field){.offset = prologue->size, .target = target, .tail = tail};
	return put(prologue, "\0\0\0\0", 4);
}

// jmp rel8 -> jmp rel32; jcc rel8 -> jcc rel32; loop/jrcxz x -> jrcxz 1f; jmp short 2f; 1: jmp x; 2:
static bool put_short_branch(struct prologue *prologue, const uint8_t *bytes, const struct instruction *insn)
{
	uint8_t opcode = bytes[insn->prefixes];

	if (insn->flow == FLOW_LOOP)
		return put(prologue, bytes, insn->prefixes + 1u) && put(prologue, "\x02\xeb\x05\xe9", 4) &&
		       put_field(prologue, insn->target, 0);
	if (insn->flow == FLOW_JUMP)
		return put(prologue, "\xe9", 1) && put_field(prologue, insn->target, 0);
	return put(prologue, (const uint8_t[]){0x0f, (uint8_t)(opcode + 0x10)}, 2) &&
	       put_field(prologue, insn->target, 0);
}

static bool move_instruction(struct prologue *prologue, const uint8_t *bytes, const struct instruction *insn)
{
	uint8_t tail = (uint8_t)(insn->length - insn->field - 4);

	if (!insn->field)
		return put(prologue, bytes, insn->length);
	if (insn->field_size == 1)
		return put_short_branch(prologue, bytes, insn);
	return put(prologue, bytes, insn->field) && put_field(prologue, insn->target, tail) &&
	       put(prologue, bytes + insn->field + 4, tail);
}

int prologue_build(struct decoder *decoder, const struct prologue_input *input, struct prologue *prologue,
		   const char **reason)
{
	size_t at, end;

	memset(prologue, 0, sizeof(*prologue));
	if (choose_extent(decoder, input, prologue, reason) ||
	    check_entered(decoder, input, prologue, reason))
		return -1;
	end = prologue->jump_offset + prologue->jump_size;
	for (at = prologue->jump_offset; at < end && at < input->size;) {
		struct instruction insn;

		if (!decode(decoder, input->code + at, input->size - at, input->vaddr + at, &insn) ||
		    !move_instruction(prologue, input->code + at, &insn)) {
			*reason = "starts with instructions that cannot be moved";
			return -1;
		}
		at += insn.length;
	}
	// Behind a function that ends within the covered bytes nothing is to be run: what was covered ended
	// it.
	if (!put(prologue, "\xe9", 1) || !put_field(prologue, input->vaddr + end, 0)) {
		*reason = "starts with instructions that cannot be moved";
		return -1;
	}
	return 0;
}
