/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "apply/cfi.h"

#include <string.h>

/* Pointer encodings, LSB "DWARF Exception Header Encoding". */
enum {
	ENCODE_ABSOLUTE = 0x00,
	ENCODE_ULEB = 0x01,
	ENCODE_U2 = 0x02,
	ENCODE_U4 = 0x03,
	ENCODE_U8 = 0x04,
	ENCODE_SLEB = 0x09,
	ENCODE_S2 = 0x0a,
	ENCODE_S4 = 0x0b,
	ENCODE_S8 = 0x0c,
	ENCODE_FORMAT = 0x0f,
	ENCODE_PC_RELATIVE = 0x10,
	ENCODE_APPLICATION = 0x70,
	ENCODE_INDIRECT = 0x80,
	ENCODE_OMIT = 0xff,
};

/* Real programs stay far below; without limits a hostile table would keep a stopped process waiting. */
enum { REMEMBER_MAX = 16, AUGMENTATION_MAX = 16, LEB_MAX = 16, INSTRUCTIONS_MAX = 65536 };

uint64_t cfi_read_fixed(struct cfi_cursor *cursor, unsigned size)
{
	uint64_t value = 0;

	if ((size_t)(cursor->end - cursor->at) < size) {
		cursor->at = cursor->end;
		cursor->bad = true;
		return 0;
	}
	memcpy(&value, cursor->at, size);
	cursor->at += size;
	return value;
}

int64_t cfi_read_signed(struct cfi_cursor *cursor, unsigned size)
{
	uint64_t value = cfi_read_fixed(cursor, size);
	unsigned unused = 64 - 8 * size;

	return (int64_t)(value << unused) >> unused;
}

/* Bits beyond 64 are dropped. */
static uint64_t read_leb(struct cfi_cursor *cursor, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0, length = 0;
	uint8_t byte;

	if (!is_signed && cursor->at < cursor->end && *cursor->at < 0x80)
		return *cursor->at++;

	do {
		if (length++ == LEB_MAX) {
			cursor->bad = true;
			return 0;
		}
		byte = cfi_read_byte(cursor);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift = shift < 64 ? shift + 7 : shift;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && (byte & 0x40))
		value |= ~UINT64_C(0) << shift;
	return value;
}

uint64_t cfi_read_uleb(struct cfi_cursor *cursor)
{
	return read_leb(cursor, false);
}

int64_t cfi_read_sleb(struct cfi_cursor *cursor)
{
	return (int64_t)read_leb(cursor, true);
}

struct cfi_cursor cfi_read_block(struct cfi_cursor *cursor, uint64_t size)
{
	struct cfi_cursor block = {cursor->at, cursor->at, false};

	if ((uint64_t)(cursor->end - cursor->at) < size) {
		cursor->at = cursor->end;
		cursor->bad = true;
		block.bad = true;
		return block;
	}
	cursor->at += size;
	block.end = cursor->at;
	return block;
}

/* The bare number, without what it is relative to. */
static uint64_t read_number(struct cfi_cursor *cursor, uint8_t encoding)
{
	switch (encoding & ENCODE_FORMAT) {
	case ENCODE_ABSOLUTE:
	case ENCODE_U8:
	case ENCODE_S8:
		return cfi_read_fixed(cursor, 8);
	case ENCODE_ULEB:
		return cfi_read_uleb(cursor);
	case ENCODE_SLEB:
		return (uint64_t)cfi_read_sleb(cursor);
	case ENCODE_U2:
		return cfi_read_fixed(cursor, 2);
	case ENCODE_U4:
		return cfi_read_fixed(cursor, 4);
	case ENCODE_S2:
		return (uint64_t)cfi_read_signed(cursor, 2);
	case ENCODE_S4:
		return (uint64_t)cfi_read_signed(cursor, 4);
	default:
		cursor->bad = true;
		return 0;
	}
}

/* An address of code: absolute or relative to its own place; nothing else occurs in .eh_frame. */
static uint64_t read_address(struct cfi_cursor *cursor, const struct cfi_section *section, uint8_t encoding)
{
	uint64_t place = section->address + (uint64_t)(cursor->at - section->bytes);
	uint64_t value = read_number(cursor, encoding);

	if (encoding & ENCODE_INDIRECT)
		cursor->bad = true;
	switch (encoding & ENCODE_APPLICATION) {
	case 0:
		return value;
	case ENCODE_PC_RELATIVE:
		return place + value;
	default:
		cursor->bad = true;
		return 0;
	}
}

/* ---- records ------------------------------------------------------------------------------------------ */

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding; /* of the FDEs' addresses */
	bool sized;       /* augmentation 'z': FDEs carry the length of their augmentation data */
	bool signal;      /* augmentation 'S' */
	struct cfi_cursor instructions;
};

/* One record: its contents behind the length; *id is 0 for a CIE, else the distance back to it. false: no record
 * here (the terminator, or broken). OFFSET is advanced to the next one. */
static bool read_record(const struct cfi_section *section, size_t *offset, struct cfi_cursor *body,
			uint64_t *id_offset, uint32_t *id, bool *terminated)
{
	struct cfi_cursor cursor = {section->bytes + *offset, section->bytes + section->size, false};
	uint64_t length = cfi_read_fixed(&cursor, 4);

	*terminated = false;
	if (!cursor.bad && length == 0) {
		*terminated = true;
		return false;
	}
	if (length == 0xffffffff)
		length = cfi_read_fixed(&cursor, 8);
	*body = cfi_read_block(&cursor, length);
	if (cursor.bad)
		return false;
	*offset = (size_t)(cursor.at - section->bytes);
	*id_offset = (uint64_t)(body->at - section->bytes);
	*id = (uint32_t)cfi_read_fixed(body, 4);
	return !body->bad;
}

static bool read_augmentation(struct cfi_cursor *cursor, const char *letters, struct cie *cie)
{
	struct cfi_cursor data;

	if (*letters == '\0')
		return true;
	if (*letters != 'z')
		return false; /* the length of what follows is not known */
	cie->sized = true;
	data = cfi_read_block(cursor, cfi_read_uleb(cursor));
	for (letters++; *letters; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			cie->encoding = cfi_read_byte(&data);
			break;
		case 'P':
			encoding = cfi_read_byte(&data);
			if (encoding != ENCODE_OMIT)
				read_number(&data, encoding);
			break;
		case 'L':
			cfi_read_byte(&data);
			break;
		case 'S':
			cie->signal = true;
			break;
		default:
			return false;
		}
	}
	return !data.bad && !cursor->bad;
}

static bool read_cie(const struct cfi_section *section, size_t offset, struct cie *cie)
{
	struct cfi_cursor body;
	uint64_t id_offset;
	uint32_t id;
	bool terminated;
	const char *letters;
	const uint8_t *zero;
	uint64_t version, return_register;
	size_t room;

	*cie = (struct cie){.encoding = ENCODE_ABSOLUTE};
	if (!read_record(section, &offset, &body, &id_offset, &id, &terminated) || id != 0)
		return false;
	version = cfi_read_byte(&body);
	room = (size_t)(body.end - body.at);
	zero = memchr(body.at, 0, room < AUGMENTATION_MAX ? room : AUGMENTATION_MAX);
	if ((version != 1 && version != 3) || !zero)
		return false;
	letters = (const char *)body.at;
	body.at = zero + 1;
	cie->code_align = cfi_read_uleb(&body);
	cie->data_align = cfi_read_sleb(&body);
	return_register = version == 1 ? cfi_read_byte(&body) : cfi_read_uleb(&body);
	if (body.bad || return_register != CFI_RETURN || !read_augmentation(&body, letters, cie))
		return false;
	cie->instructions = body;
	return true;
}

struct fde {
	struct cie cie;
	uint64_t start, end;
	struct cfi_cursor instructions;
};

/* The FDE whose contents are BODY; ID as read_record() gave it. */
static bool read_fde(const struct cfi_section *section, struct cfi_cursor body, uint64_t id_offset,
		     uint32_t id, struct fde *fde)
{
	uint64_t length;

	if (id > id_offset || !read_cie(section, (size_t)(id_offset - id), &fde->cie))
		return false;
	fde->start = read_address(&body, section, fde->cie.encoding);
	length = read_number(&body, fde->cie.encoding & ENCODE_FORMAT);
	if (fde->cie.sized)
		cfi_read_block(&body, cfi_read_uleb(&body));
	if (body.bad || __builtin_add_overflow(fde->start, length, &fde->end))
		return false;
	fde->instructions = body;
	return true;
}

bool cfi_collect(const struct cfi_section *section, uint32_t number, uint64_t low, uint64_t high,
		 cfi_entries *entries)
{
	size_t offset = 0;

	while (offset < section->size && offset <= UINT32_MAX) {
		struct cfi_cursor body;
		struct fde fde;
		size_t here = offset;
		uint64_t id_offset;
		uint32_t id;
		bool terminated;

		if (!read_record(section, &offset, &body, &id_offset, &id, &terminated)) {
			if (!terminated || !section->exact)
				return terminated;
			offset += 4;
			continue;
		}
		if (id == 0)
			continue;
		if (!read_fde(section, body, id_offset, id, &fde))
			return false;
		/* What the linker discarded keeps an FDE at address 0. */
		if (fde.start < low || fde.end > high || fde.start >= fde.end)
			continue;
		*vec_push(entries) =
			(struct cfi_entry){fde.start, fde.end, number, fde.cie.signal, (uint32_t)here};
	}
	return true;
}

static bool find_fde(const struct cfi_section *section, const struct cfi_entry *entry, struct fde *fde)
{
	struct cfi_cursor body;
	size_t offset = entry->offset;
	uint64_t id_offset;
	uint32_t id;
	bool terminated;

	return offset <= section->size &&
	       read_record(section, &offset, &body, &id_offset, &id, &terminated) && id != 0 &&
	       read_fde(section, body, id_offset, id, fde);
}

/* ---- the table of rules, row by row ------------------------------------------------------------------- */

enum rule_kind {
	RULE_UNSET,
	RULE_UNDEFINED,
	RULE_SAME,
	RULE_OFFSET,
	RULE_VALUE_OFFSET,
	RULE_REGISTER,
	RULE_EXPRESSION,
	RULE_VALUE_EXPRESSION
};

struct rule {
	enum rule_kind kind;
	int64_t offset;
	uint64_t other; /* register */
	struct cfi_cursor expression;
};

struct row {
	bool by_expression;
	uint64_t cfa_register;
	int64_t cfa_offset;
	struct cfi_cursor cfa_expression;
	struct rule rules[CFI_REGISTERS];
};

struct program {
	const struct cfi_section *section;
	const struct cie *cie;
	uint64_t location, pc;
	struct row row;
	struct row initial; /* as the CIE leaves it, for DW_CFA_restore */
	struct row remembered[REMEMBER_MAX];
	unsigned depth;
	struct rule ignored; /* rules of vector registers go here */
	bool done, bad;
};

static struct rule *rule_of(struct program *program, uint64_t number)
{
	return number < CFI_REGISTERS ? &program->row.rules[number] : &program->ignored;
}

static void advance(struct program *program, uint64_t delta)
{
	/* A row holds from its location on; the first one behind PC ends the search. */
	uint64_t step;

	if (__builtin_mul_overflow(delta, program->cie->code_align, &step) ||
	    __builtin_add_overflow(program->location, step, &program->location))
		program->bad = true;
	else if (program->location > program->pc)
		program->done = true;
}

static int64_t factored(const struct program *program, int64_t offset)
{
	return (int64_t)((uint64_t)offset * (uint64_t)program->cie->data_align);
}

static void set_rule(struct program *program, uint64_t number, enum rule_kind kind, int64_t offset)
{
	*rule_of(program, number) = (struct rule){.kind = kind, .offset = offset};
}

static void restore_rule(struct program *program, uint64_t number)
{
	if (number < CFI_REGISTERS)
		program->row.rules[number] = program->initial.rules[number];
}

static void remember_state(struct program *program)
{
	if (program->depth == REMEMBER_MAX)
		program->bad = true;
	else
		program->remembered[program->depth++] = program->row;
}

static void restore_state(struct program *program)
{
	if (program->depth == 0)
		program->bad = true;
	else
		program->row = program->remembered[--program->depth];
}

static void define_cfa(struct program *program, uint64_t number, int64_t offset)
{
	program->row.by_expression = false;
	program->row.cfa_register = number;
	program->row.cfa_offset = offset;
}

static void set_expression(struct program *program, struct cfi_cursor *code, enum rule_kind kind)
{
	uint64_t number = cfi_read_uleb(code);
	struct rule *rule = rule_of(program, number);

	*rule = (struct rule){.kind = kind};
	rule->expression = cfi_read_block(code, cfi_read_uleb(code));
}

/* DWARF 5 section 6.4.2 and table 7.29; the GNU extensions from the LSB. */
static void run_extended(struct program *program, struct cfi_cursor *code, uint8_t operation)
{
	uint64_t number;

	switch (operation) {
	case 0x00: /* nop */
		break;
	case 0x01: /* set_loc */
		program->location = read_address(code, program->section, program->cie->encoding);
		program->done = program->location > program->pc;
		break;
	case 0x02: /* advance_loc1 */
		advance(program, cfi_read_byte(code));
		break;
	case 0x03: /* advance_loc2 */
		advance(program, cfi_read_fixed(code, 2));
		break;
	case 0x04: /* advance_loc4 */
		advance(program, cfi_read_fixed(code, 4));
		break;
	case 0x05: /* offset_extended */
		number = cfi_read_uleb(code);
		set_rule(program, number, RULE_OFFSET, factored(program, (int64_t)cfi_read_uleb(code)));
		break;
	case 0x06: /* restore_extended */
		restore_rule(program, cfi_read_uleb(code));
		break;
	case 0x07: /* undefined */
		set_rule(program, cfi_read_uleb(code), RULE_UNDEFINED, 0);
		break;
	case 0x08: /* same_value */
		set_rule(program, cfi_read_uleb(code), RULE_SAME, 0);
		break;
	case 0x09: /* register */
		number = cfi_read_uleb(code);
		set_rule(program, number, RULE_REGISTER, 0);
		rule_of(program, number)->other = cfi_read_uleb(code);
		break;
	case 0x0a:
		remember_state(program);
		break;
	case 0x0b:
		restore_state(program);
		break;
	case 0x0c: /* def_cfa */
		number = cfi_read_uleb(code);
		define_cfa(program, number, (int64_t)cfi_read_uleb(code));
		break;
	case 0x0d: /* def_cfa_register */
		program->bad |= program->row.by_expression;
		define_cfa(program, cfi_read_uleb(code), program->row.cfa_offset);
		break;
	case 0x0e: /* def_cfa_offset */
		program->bad |= program->row.by_expression;
		define_cfa(program, program->row.cfa_register, (int64_t)cfi_read_uleb(code));
		break;
	case 0x0f: /* def_cfa_expression */
		program->row.by_expression = true;
		program->row.cfa_expression = cfi_read_block(code, cfi_read_uleb(code));
		break;
	case 0x10: /* expression */
		set_expression(program, code, RULE_EXPRESSION);
		break;
	case 0x11: /* offset_extended_sf */
		number = cfi_read_uleb(code);
		set_rule(program, number, RULE_OFFSET, factored(program, cfi_read_sleb(code)));
		break;
	case 0x12: /* def_cfa_sf */
		number = cfi_read_uleb(code);
		define_cfa(program, number, factored(program, cfi_read_sleb(code)));
		break;
	case 0x13: /* def_cfa_offset_sf */
		program->bad |= program->row.by_expression;
		define_cfa(program, program->row.cfa_register, factored(program, cfi_read_sleb(code)));
		break;
	case 0x14: /* val_offset */
		number = cfi_read_uleb(code);
		set_rule(program, number, RULE_VALUE_OFFSET, factored(program, (int64_t)cfi_read_uleb(code)));
		break;
	case 0x15: /* val_offset_sf */
		number = cfi_read_uleb(code);
		set_rule(program, number, RULE_VALUE_OFFSET, factored(program, cfi_read_sleb(code)));
		break;
	case 0x16: /* val_expression */
		set_expression(program, code, RULE_VALUE_EXPRESSION);
		break;
	case 0x2e: /* GNU_args_size: for exception handling only */
		cfi_read_uleb(code);
		break;
	case 0x2f: /* GNU_negative_offset_extended */
		number = cfi_read_uleb(code);
		set_rule(program, number, RULE_OFFSET, factored(program, (int64_t)(0 - cfi_read_uleb(code))));
		break;
	default:
		program->bad = true;
	}
}

/* Runs instructions until one is behind PC; every instruction takes at least one byte, so it ends. */
static bool run_instructions(struct program *program, struct cfi_cursor code)
{
	unsigned count = 0;

	while (code.at < code.end && !code.bad && !program->bad && !program->done) {
		uint8_t byte = cfi_read_byte(&code);

		if (count++ == INSTRUCTIONS_MAX)
			return false;

		switch (byte >> 6) {
		case 1: /* advance_loc */
			advance(program, byte & 0x3f);
			break;
		case 2: /* offset */
			set_rule(program, byte & 0x3f, RULE_OFFSET,
				 factored(program, (int64_t)cfi_read_uleb(&code)));
			break;
		case 3: /* restore */
			restore_rule(program, byte & 0x3f);
			break;
		default:
			run_extended(program, &code, byte);
		}
	}
	return !code.bad && !program->bad;
}

static bool find_row(const struct cfi_section *section, const struct fde *fde, uint64_t pc,
		     struct program *program)
{
	program->section = section;
	program->cie = &fde->cie;
	program->pc = pc;
	program->location = fde->start;
	program->depth = 0;
	program->done = program->bad = false;
	memset(&program->row, 0, sizeof(program->row));
	program->row.cfa_register = CFI_REGISTERS; /* none yet */
	program->ignored = (struct rule){0};
	if (!run_instructions(program, fde->cie.instructions) || program->done)
		return false;
	program->initial = program->row;
	return run_instructions(program, fde->instructions);
}

/* ---- from a row to the caller's registers -------------------------------------------------------------- */

static bool known(const struct cfi_registers *registers, uint64_t number)
{
	return number < CFI_REGISTERS && (registers->known >> number & 1);
}

static bool find_cfa(const struct row *row, const struct cfi_registers *registers,
		     const struct cfi_memory *memory, uint64_t *cfa)
{
	if (row->by_expression)
		return cfi_evaluate(row->cfa_expression, NULL, registers, memory, cfa);
	if (!known(registers, row->cfa_register))
		return false;
	*cfa = registers->value[row->cfa_register] + (uint64_t)row->cfa_offset;
	return true;
}

/* The ABI keeps these across calls (psABI figure 3.4); no rule for them means unchanged, for others unknown. */
static bool is_kept(unsigned number)
{
	return number == CFI_RBX || number == CFI_RBP || (number >= 12 && number <= CFI_R15);
}

static bool apply_rule(const struct rule *rule, unsigned number, uint64_t cfa,
		       const struct cfi_registers *registers, const struct cfi_memory *memory,
		       uint64_t *value)
{
	uint64_t address;

	switch (rule->kind) {
	case RULE_UNSET:
		if (number == CFI_RSP) {
			*value = cfa;
			return true;
		}
		if (!is_kept(number))
			return false;
		/* fall through */
	case RULE_SAME:
		*value = registers->value[number];
		return known(registers, number);
	case RULE_OFFSET:
		return memory->read(memory->arg, cfa + (uint64_t)rule->offset, value);
	case RULE_VALUE_OFFSET:
		*value = cfa + (uint64_t)rule->offset;
		return true;
	case RULE_REGISTER:
		if (!known(registers, rule->other))
			return false;
		*value = registers->value[rule->other];
		return true;
	case RULE_EXPRESSION:
		return cfi_evaluate(rule->expression, &cfa, registers, memory, &address) &&
		       memory->read(memory->arg, address, value);
	case RULE_VALUE_EXPRESSION:
		return cfi_evaluate(rule->expression, &cfa, registers, memory, value);
	default:
		return false;
	}
}

/*
 * Where GCC realigns a stack with a register for the old one (DRAP, ix86_get_drap_rtx() in i386.cc), kept registers
 * are described by expressions on %rbp, and still so when the epilogue has popped %rbp:
 *	pop %rbp			rbp: exp(rbp+0), but that is the caller's %rbp now
 *	lea -0x8(%r10),%rsp
 *	ret
 * Only in the body, where the CFA is an expression too, are they right.
 */
static bool is_doubtful(const struct row *row)
{
	bool expressions = false;

	for (unsigned i = 0; i < CFI_RETURN; i++)
		expressions |= row->rules[i].kind == RULE_EXPRESSION;
	return expressions && !row->by_expression;
}

enum cfi_status cfi_step(const struct cfi_section *section, const struct cfi_entry *entry, uint64_t pc,
			 bool interrupted, const struct cfi_memory *memory, struct cfi_registers *registers)
{
	struct program program;
	struct fde fde;
	struct cfi_registers caller = {.known = 0};
	uint64_t cfa;

	if (!find_fde(section, entry, &fde) || !find_row(section, &fde, pc, &program))
		return CFI_BAD;
	if (program.row.rules[CFI_RETURN].kind == RULE_UNDEFINED)
		return CFI_OUTERMOST;
	if ((interrupted && is_doubtful(&program.row)) || !find_cfa(&program.row, registers, memory, &cfa))
		return CFI_UNKNOWN;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		if (apply_rule(&program.row.rules[i], i, cfa, registers, memory, &caller.value[i]))
			caller.known |= 1u << i;
	if (!known(&caller, CFI_RETURN) || !known(&caller, CFI_RSP))
		return CFI_UNKNOWN;
	*registers = caller;
	return CFI_OK;
}
