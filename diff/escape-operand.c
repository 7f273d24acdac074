// SPDX-License-Identifier: GPL-3.0-or-later
// Operands of x86-64 instructions, read from what the disassembler writes (AT&T syntax).
#include "diff/escape.h"
#include "diff/model.h"

#include <stdlib.h>

static bool parse_register(const char *text, size_t length, struct operand *to)
{
	static const char *const names[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
	char name[8] = "";

	if (length < 3 || length > sizeof(name) || *text != '%')
		return false;
	memcpy(name, text + 1, length - 1);
	if (!strncmp(name, "xmm", 3) || !strncmp(name, "ymm", 3) || !strncmp(name, "zmm", 3)) {
		*to = (struct operand){.kind = REGISTER, .number = VECTOR, .width = 16};
		return true;
	}
	if (name[0] == 'r' && name[1] >= '0' && name[1] <= '9') {
		char *end;

		to->kind = REGISTER;
		to->number = (unsigned)strtoul(name + 1, &end, 10);
		to->width = *end == 'd' ? 4 : *end == 'w' ? 2 : *end == 'b' ? 1 : 8;
		return to->number < 16;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned width = name[0] == 'r' ? 8 : name[0] == 'e' ? 4 : 2;

		if (!strcmp(name + (width > 2), names[i])) {
			*to = (struct operand){.kind = REGISTER, .number = i, .width = width};
			return true;
		}
		// al, ah, sil ...
		if (!strncmp(name, names[i], strlen(name) > 2 ? 2 : 1) &&
		    (strlen(name) == 2 ? strchr("lh", name[1]) && i < 4
				       : strlen(name) == 3 && name[2] == 'l')) {
			*to = (struct operand){.kind = REGISTER, .number = i, .width = 1};
			return true;
		}
	}
	return false;
}

static unsigned parse_part(const char **text)
{
	struct operand part = {.number = NO_REGISTER};
	size_t length = strcspn(*text, ",)");

	parse_register(*text, length, &part);
	*text += length + ((*text)[length] == ',');
	return part.number;
}

// "0x18", "-0x8", "24", or nothing: 0.
static void parse_number_at(const char *text, size_t length, struct operand *to)
{
	char digits[32] = "", *end;

	if (length >= sizeof(digits))
		return;
	memcpy(digits, text, length);
	to->displacement = (int64_t)strtoull(digits, &end, 0);
	to->plain = !*end;
}

static struct operand parse_operand(const char *text, size_t length)
{
	struct operand to = {.kind = OTHER, .base = NO_REGISTER, .index = NO_REGISTER};
	const char *open;

	while (length && *text == ' ')
		text++, length--;
	if (!length)
		return (struct operand){.kind = NONE};
	if (*text == '*')
		text++, length--;
	if (*text == '$') {
		to.kind = IMMEDIATE;
		parse_number_at(text + 1, length - 1, &to);
		return to;
	}
	if (parse_register(text, length, &to))
		return to;
	to.kind = MEMORY;
	// the last parenthesis: a string may hold others
	for (open = text + length; open > text && *open != '(';)
		open--;
	if (*open == '(' && text[length - 1] == ')') {
		to.bare = open == text;
		parse_number_at(text, (size_t)(open - text), &to);
		open++;
		to.base = parse_part(&open);
		to.index = parse_part(&open);
	}
	return to;
}

unsigned parse_operands(const struct instruction *instruction, struct operand operands[4])
{
	const char *text = instruction->text + strlen(instruction->mnemonic), *start = text;
	unsigned count = 0, nested = 0;
	bool quoted = false;

	for (;; text++) {
		if (*text == '"' && text[-1] != '\\')
			quoted = !quoted;
		if (quoted && *text)
			continue;
		nested += *text == '(';
		nested -= *text == ')' && nested;
		if (*text && (*text != ',' || nested))
			continue;
		operands[count] = parse_operand(start, (size_t)(text - start));
		if (operands[count].kind != NONE)
			count++;
		if (!*text || count == 4)
			return count;
		start = text + 1;
	}
}
