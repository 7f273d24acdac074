// SPDX-License-Identifier: GPL-3.0-or-later
// Tells the jump of a switch from a call in the last place that goes through a register too.
#include "diff/escape.h"
#include "diff/model.h"

bool is_part(const struct unit *one, const struct unit *other)
{
	return one == other || one->owner == other || other->owner == one ||
	       (one->owner && one->owner == other->owner);
}

// Labels of the function itself: the table of a switch, or of a computed goto.
static bool holds_labels_of(const struct unit *table, const struct unit *function)
{
	if (!table || table->kind == UNIT_FUNCTION)
		return false;
	for (size_t i = 0; i < table->reloc_count; i++)
		if (table->relocs[i].target && table->relocs[i].target_offset &&
		    is_part(table->relocs[i].target, function))
			return true;
	return false;
}

static bool has_labels(const struct unit *function)
{
	for (size_t i = 0; i < function->reloc_count; i++)
		if (holds_labels_of(function->relocs[i].target, function))
			return true;
	return false;
}

static bool reads_labels(const struct unit *function, const struct instruction *instruction)
{
	uint64_t start = function->offset + instruction->at;

	for (size_t i = 0; i < function->reloc_count; i++)
		if (function->relocs[i].offset >= start &&
		    function->relocs[i].offset < start + instruction->length &&
		    holds_labels_of(function->relocs[i].target, function))
			return true;
	return false;
}

/*
 * What the register was made of says which it is.
 *
 *	movslq (%rdx,%rax,4),%rax	mov  table(,%rax,8),%rax	mov  (%rdi,%rax,8),%rdx
 *	add    %rdx,%rax		jmp  *%rax			jmp  *%rdx
 *	jmp    *%rax
 */
bool is_switch(const struct unit *function, const struct listing *listing, const struct instruction *jump)
{
	const struct instruction *at = jump;
	struct operand operands[4];
	unsigned number;

	if (starts(jump->mnemonic, "notrack"))
		return true;
	if (parse_operands(jump, operands) != 1 || operands[0].kind != REGISTER || !has_labels(function))
		return false;
	number = operands[0].number;
	while (at-- > listing->at && at->branch < 0 && *at->mnemonic != 'j' &&
	       !starts(at->mnemonic, "call")) {
		unsigned count = parse_operands(at, operands);

		if (count == 2 && operands[1].kind == REGISTER && operands[1].number == number)
			return (starts(at->mnemonic, "add") && operands[0].kind == REGISTER) ||
			       (starts(at->mnemonic, "mov") && reads_labels(function, at));
	}
	return false;
}
