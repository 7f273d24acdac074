// SPDX-License-Identifier: GPL-3.0-or-later
// A classic BPF interpreter for what seccomp allows (kernel: Documentation/userspace-api/seccomp_filter.rst,
// seccomp_check_filter() in kernel/seccomp.c): 32-bit words of struct seccomp_data, no packet.
#include "apply/seccomp.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <string.h>
#include <sys/ptrace.h>

#include "util/util.h"

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	const struct seccomp_data *data;
	bool invalid;
};

static uint32_t load_word(struct machine *machine, uint32_t offset)
{
	uint32_t word;

	if (offset % 4 || offset > sizeof(*machine->data) - 4) {
		machine->invalid = true;
		return 0;
	}
	memcpy(&word, (const uint8_t *)machine->data + offset, 4);
	return word;
}

static uint32_t load_memory(struct machine *machine, uint32_t index)
{
	if (index >= BPF_MEMWORDS) {
		machine->invalid = true;
		return 0;
	}
	return machine->memory[index];
}

static uint32_t load(struct machine *machine, const struct sock_filter *insn)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		return insn->k;
	case BPF_ABS:
		return load_word(machine, insn->k);
	case BPF_MEM:
		return load_memory(machine, insn->k);
	case BPF_LEN:
		return sizeof(*machine->data);
	}
	machine->invalid = true;
	return 0;
}

static void compute(struct machine *machine, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? machine->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		machine->a += operand;
		return;
	case BPF_SUB:
		machine->a -= operand;
		return;
	case BPF_MUL:
		machine->a *= operand;
		return;
	case BPF_DIV:
		machine->a = operand ? machine->a / operand : 0;
		return;
	case BPF_OR:
		machine->a |= operand;
		return;
	case BPF_AND:
		machine->a &= operand;
		return;
	case BPF_XOR:
		machine->a ^= operand;
		return;
	case BPF_LSH:
		machine->a = machine->a << (operand & 31);
		return;
	case BPF_RSH:
		machine->a = machine->a >> (operand & 31);
		return;
	case BPF_NEG:
		machine->a = -machine->a;
		return;
	}
	machine->invalid = true;
}

static uint32_t jump(struct machine *machine, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? machine->x : insn->k;
	bool taken;

	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return insn->k;
	case BPF_JEQ:
		taken = machine->a == operand;
		break;
	case BPF_JGT:
		taken = machine->a > operand;
		break;
	case BPF_JGE:
		taken = machine->a >= operand;
		break;
	case BPF_JSET:
		taken = machine->a & operand;
		break;
	default:
		machine->invalid = true;
		return 0;
	}
	return taken ? insn->jt : insn->jf;
}

uint32_t seccomp_run(const struct sock_filter *program, size_t count, const struct seccomp_data *data)
{
	struct machine machine = {.data = data};

	for (size_t at = 0; at < count && !machine.invalid; at++) { // jumps go forward only: it ends
		const struct sock_filter *insn = &program[at];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
			machine.a = load(&machine, insn);
			break;
		case BPF_LDX:
			machine.x = load(&machine, insn);
			break;
		case BPF_ST:
		case BPF_STX:
			if (insn->k >= BPF_MEMWORDS)
				return SECCOMP_RET_KILL_PROCESS;
			machine.memory[insn->k] = BPF_CLASS(insn->code) == BPF_ST ? machine.a : machine.x;
			break;
		case BPF_ALU:
			compute(&machine, insn);
			break;
		case BPF_JMP:
			at += jump(&machine, insn);
			break;
		case BPF_RET:
			return BPF_RVAL(insn->code) == BPF_A ? machine.a : insn->k;
		case BPF_MISC:
			if (BPF_MISCOP(insn->code) == BPF_TAX)
				machine.x = machine.a;
			else
				machine.a = machine.x;
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

enum seccomp_verdict seccomp_ask(pid_t tid, const struct seccomp_data *data)
{
	static const size_t filters_max = 4096;

	for (size_t index = 0; index < filters_max; index++) {
		struct sock_filter program[BPF_MAXINSNS];
		long count = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, index, NULL);
		uint32_t action;

		if (count < 0 && errno == ENOENT)
			return SECCOMP_PASSES;
		if (count < 0 || count > BPF_MAXINSNS ||
		    ptrace(PTRACE_SECCOMP_GET_FILTER, tid, index, program) != count)
			return SECCOMP_UNREADABLE;
		action = seccomp_run(program, (size_t)count, data) & SECCOMP_RET_ACTION_FULL;
		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return SECCOMP_DENIES;
	}
	return SECCOMP_UNREADABLE;
}
