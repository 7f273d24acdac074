/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DWARF expressions as call frame information uses them: PLT entries, signal frames, realigned stacks. */
#include "apply/cfi.h"

enum { STACK_MAX = 64, STEPS_MAX = 1000 };

struct machine {
	struct cfi_cursor code;
	const uint8_t *start;
	uint64_t stack[STACK_MAX];
	unsigned depth;
	bool bad;
	const struct cfi_registers *registers;
	const struct cfi_memory *memory;
};

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == STACK_MAX)
		machine->bad = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->bad = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

static void pick(struct machine *machine, uint64_t index)
{
	if (index >= machine->depth)
		machine->bad = true;
	else
		push(machine, machine->stack[machine->depth - 1 - index]);
}

static void push_register(struct machine *machine, uint64_t number)
{
	int64_t offset = cfi_read_sleb(&machine->code);

	if (number >= CFI_REGISTERS || !(machine->registers->known >> number & 1))
		machine->bad = true;
	else
		push(machine, machine->registers->value[number] + (uint64_t)offset);
}

static void dereference(struct machine *machine, uint64_t size)
{
	uint64_t word;

	if (size == 0 || size > 8 || !machine->memory->read(machine->memory->arg, pop(machine), &word)) {
		machine->bad = true;
		return;
	}
	push(machine, size == 8 ? word : word & ((UINT64_C(1) << 8 * size) - 1));
}

static void jump(struct machine *machine, int64_t distance, bool taken)
{
	int64_t position = machine->code.at - machine->start;

	if (!taken)
		return;
	if (distance < -position || distance > machine->code.end - machine->code.at)
		machine->bad = true;
	else
		machine->code.at += distance;
}

static void rotate(struct machine *machine)
{
	uint64_t top = pop(machine), second = pop(machine), third = pop(machine);

	push(machine, top);
	push(machine, third);
	push(machine, second);
}

static uint64_t shift(uint64_t value, uint64_t count, uint8_t operation)
{
	if (operation == 0x26) /* shra */
		return (uint64_t)((int64_t)value >> (count > 63 ? 63 : count));
	if (count > 63)
		return 0;
	return operation == 0x24 ? value << count : value >> count;
}

/* Operations on the two topmost values; A is the one pushed first. */
static void run_binary(struct machine *machine, uint8_t operation)
{
	uint64_t b = pop(machine), a = pop(machine);
	int64_t signed_a = (int64_t)a, signed_b = (int64_t)b;

	switch (operation) {
	case 0x1a: /* and */
		push(machine, a & b);
		break;
	case 0x1b: /* div */
		if (b == 0 || (signed_b == -1 && signed_a == INT64_MIN))
			machine->bad = true;
		else
			push(machine, (uint64_t)(signed_a / signed_b));
		break;
	case 0x1c: /* minus */
		push(machine, a - b);
		break;
	case 0x1d: /* mod */
		if (b == 0)
			machine->bad = true;
		else
			push(machine, a % b);
		break;
	case 0x1e: /* mul */
		push(machine, a * b);
		break;
	case 0x21: /* or */
		push(machine, a | b);
		break;
	case 0x22: /* plus */
		push(machine, a + b);
		break;
	case 0x24: /* shl */
	case 0x25: /* shr */
	case 0x26: /* shra */
		push(machine, shift(a, b, operation));
		break;
	case 0x27: /* xor */
		push(machine, a ^ b);
		break;
	case 0x29: /* eq */
		push(machine, signed_a == signed_b);
		break;
	case 0x2a: /* ge */
		push(machine, signed_a >= signed_b);
		break;
	case 0x2b: /* gt */
		push(machine, signed_a > signed_b);
		break;
	case 0x2c: /* le */
		push(machine, signed_a <= signed_b);
		break;
	case 0x2d: /* lt */
		push(machine, signed_a < signed_b);
		break;
	case 0x2e: /* ne */
		push(machine, signed_a != signed_b);
		break;
	default:
		machine->bad = true;
	}
}

static void push_constant(struct machine *machine, uint8_t operation)
{
	/* const1u const1s const2u const2s const4u const4s const8u const8s constu consts */
	unsigned size = 1u << (operation - 0x08) / 2;

	if (operation == 0x10)
		push(machine, cfi_read_uleb(&machine->code));
	else if (operation == 0x11)
		push(machine, (uint64_t)cfi_read_sleb(&machine->code));
	else if (operation & 1)
		push(machine, (uint64_t)cfi_read_signed(&machine->code, size));
	else
		push(machine, cfi_read_fixed(&machine->code, size));
}

/* DWARF 5 section 2.5.1 and table 7.9. */
static void run_operation(struct machine *machine, uint8_t operation)
{
	uint64_t value;
	int64_t distance;

	if (operation >= 0x30 && operation <= 0x4f) { /* lit0 .. lit31 */
		push(machine, operation - 0x30u);
		return;
	}
	if (operation >= 0x70 && operation <= 0x8f) { /* breg0 .. breg31 */
		push_register(machine, operation - 0x70u);
		return;
	}
	if (operation >= 0x08 && operation <= 0x11) {
		push_constant(machine, operation);
		return;
	}
	switch (operation) {
	case 0x03: /* addr */
		push(machine, cfi_read_fixed(&machine->code, 8));
		break;
	case 0x06: /* deref */
		dereference(machine, 8);
		break;
	case 0x12: /* dup */
		pick(machine, 0);
		break;
	case 0x13: /* drop */
		pop(machine);
		break;
	case 0x14: /* over */
		pick(machine, 1);
		break;
	case 0x15: /* pick */
		pick(machine, cfi_read_byte(&machine->code));
		break;
	case 0x16: /* swap */
		value = pop(machine);
		pick(machine, 0);
		if (machine->depth >= 2)
			machine->stack[machine->depth - 2] = value;
		break;
	case 0x17: /* rot */
		rotate(machine);
		break;
	case 0x19: /* abs */
		value = pop(machine);
		push(machine, (int64_t)value < 0 ? 0 - value : value);
		break;
	case 0x1f: /* neg */
		push(machine, 0 - pop(machine));
		break;
	case 0x20: /* not */
		push(machine, ~pop(machine));
		break;
	case 0x23: /* plus_uconst */
		value = cfi_read_uleb(&machine->code);
		push(machine, pop(machine) + value);
		break;
	case 0x28: /* bra */
		distance = cfi_read_signed(&machine->code, 2);
		jump(machine, distance, pop(machine) != 0);
		break;
	case 0x2f: /* skip */
		distance = cfi_read_signed(&machine->code, 2);
		jump(machine, distance, true);
		break;
	case 0x92: /* bregx */
		push_register(machine, cfi_read_uleb(&machine->code));
		break;
	case 0x94: /* deref_size */
		dereference(machine, cfi_read_byte(&machine->code));
		break;
	case 0x96: /* nop */
		break;
	default:
		run_binary(machine, operation);
	}
}

bool cfi_evaluate(struct cfi_cursor expression, const uint64_t *initial,
		  const struct cfi_registers *registers, const struct cfi_memory *memory, uint64_t *result)
{
	struct machine machine = {
		.code = expression,
		.start = expression.at,
		.registers = registers,
		.memory = memory,
	};

	if (initial)
		push(&machine, *initial);
	for (unsigned steps = 0; machine.code.at < machine.code.end; steps++) {
		if (steps == STEPS_MAX)
			return false;
		run_operation(&machine, cfi_read_byte(&machine.code));
		if (machine.bad || machine.code.bad)
			return false;
	}
	if (machine.depth == 0)
		return false;
	*result = machine.stack[machine.depth - 1];
	return true;
}
