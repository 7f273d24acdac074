// SPDX-License-Identifier: GPL-3.0-or-later
// Trampolines are run here as they are in a target; seccomp filters are evaluated as the kernel does.
#include <criterion/criterion.h>
#include <linux/audit.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apply/remote.h"
#include "apply/seccomp.h"
#include "apply/space.h"
#include "apply/trampoline.h"

static uint8_t *low_page(void)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	cr_assert_neq(page, MAP_FAILED);
	return page;
}

// mov $N,%eax; ret
static void put_function(uint8_t *at, uint8_t value)
{
	const uint8_t code[] = {0xb8, value, 0, 0, 0, 0xc3};

	memcpy(at, code, sizeof(code));
}

static int call(const uint8_t *code)
{
	int (*function)(void);

	memcpy(&function, &code, sizeof(function));
	return function();
}

Test(apply_code, trampoline_takes_the_body_from_its_generation_on)
{
	uint8_t *page = low_page();
	uint64_t *word = (uint64_t *)page;
	struct trampoline first = {(uint64_t)word, (uint64_t)page + 0x200, (uint64_t)page + 0x100, 5};
	struct trampoline second = {(uint64_t)word, (uint64_t)page + 0x300, (uint64_t)page + 0x400,
				    0x80000001};

	put_function(page + 0x100, 1);
	put_function(page + 0x200, 2);
	put_function(page + 0x300, 3);
	cr_assert(trampoline_encode(&first, (uint64_t)page + 0x400, page + 0x400));
	cr_assert(trampoline_encode(&second, (uint64_t)page + 0x420, page + 0x420));
	cr_assert_eq(call(page + 0x420), 1);
	*word = 4;
	cr_assert_eq(call(page + 0x420), 1);
	*word = 5;
	cr_assert_eq(call(page + 0x420), 2);
	*word = 0x80000000; // compared without sign
	cr_assert_eq(call(page + 0x420), 2);
	*word = 0x80000001;
	cr_assert_eq(call(page + 0x420), 3);
}

Test(apply_code, neutralised_trampoline_passes_on)
{
	uint8_t *page = low_page();
	uint64_t *word = (uint64_t *)page;
	struct trampoline dead = {(uint64_t)word, (uint64_t)page + 0x200, (uint64_t)page + 0x100, 2};
	const uint32_t never = GENERATION_NEVER;

	put_function(page + 0x100, 1);
	put_function(page + 0x200, 2);
	cr_assert(trampoline_encode(&dead, (uint64_t)page + 0x400, page + 0x400));
	memcpy(page + 0x400 + TRAMPOLINE_GENERATION, &never, 4);
	*word = GENERATION_NEVER - 1;
	cr_assert_eq(call(page + 0x400), 1);
}

Test(apply_code, trampoline_reads_back_as_written)
{
	struct trampoline made = {0x12345040, 0x550000001000, 0x550000002000, 77}, read;
	uint8_t bytes[TRAMPOLINE_SIZE];

	cr_assert(trampoline_encode(&made, 0x550000003000, bytes));
	cr_assert(trampoline_decode(bytes, 0x550000003000, &read));
	cr_assert_eq(read.word, made.word);
	cr_assert_eq(read.body, made.body);
	cr_assert_eq(read.previous, made.previous);
	cr_assert_eq(read.generation, made.generation);
	bytes[11] = 0x90;
	cr_assert(!trampoline_decode(bytes, 0x550000003000, &read));
}

Test(apply_code, out_of_reach_is_said)
{
	struct trampoline far = {0x12345040, 0x560000000000, 0x550000002000, 1};
	struct trampoline high_word = {0x80000000, 0x550000001000, 0x550000002000, 1};
	uint8_t bytes[TRAMPOLINE_SIZE];

	cr_assert(!trampoline_encode(&far, 0x550000003000, bytes));
	cr_assert(!trampoline_encode(&high_word, 0x550000003000, bytes));
	cr_assert(!jump_encode(0x550000003000, 0x5500f0003000, bytes));
	cr_assert(jump_encode(0x550000003000, 0x54ff90003000, bytes));
	cr_assert_eq(jump_decode(0x550000003000, bytes), 0x54ff90003000);
}

static uint32_t ask(const struct sock_filter *program, size_t count, int nr, uint64_t third)
{
	struct seccomp_data data = {.nr = nr, .arch = AUDIT_ARCH_X86_64, .args = {0, 0, third}};

	return seccomp_run(program, count, &data);
}

Test(apply_code, seccomp_filter_is_evaluated_as_the_kernel_does)
{
	// What MemoryDenyWriteExecute= makes of mmap: denied when PROT_WRITE and PROT_EXEC are asked for together.
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	cr_assert_eq(ask(program, 7, SYS_mmap, PROT_READ | PROT_EXEC), SECCOMP_RET_ALLOW);
	cr_assert_eq(ask(program, 7, SYS_mmap, PROT_WRITE | PROT_EXEC), SECCOMP_RET_ERRNO | 1);
	cr_assert_eq(ask(program, 7, SYS_read, PROT_WRITE | PROT_EXEC), SECCOMP_RET_ALLOW);
}

Test(apply_code, seccomp_arithmetic_memory_and_index)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 6),          BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_MEM, 3),         BPF_STMT(BPF_LD | BPF_IMM, 7),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_LEN, 0),          BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	cr_assert_eq(ask(program, 9, 0, 0), 42 + sizeof(struct seccomp_data));
}

Test(apply_code, malformed_seccomp_programs_are_taken_as_kill)
{
	struct sock_filter outside[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
					BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_filter endless[] = {BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff)};
	struct sock_filter memory[] = {BPF_STMT(BPF_ST, BPF_MEMWORDS)};

	cr_assert_eq(ask(outside, 2, 0, 0), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(ask(endless, 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(ask(memory, 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
	cr_assert_eq(ask(memory, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

Test(apply_code, space_is_found_near_and_low_and_never_within_a_mapping)
{
	struct process *process = process_open(getpid());

	cr_assert_eq(process_open_memory(process), 0);
	cr_assert_eq(process_read_maps(process), 0);
	cr_assert_gt(process->image_count, 1);
	for (size_t i = 0; i < process->image_count; i++) {
		const struct image *image = &process->images[i];
		uint64_t place = space_near(process, image, 0x20000, 0);
		uint64_t low = place < image->start ? place : image->start;
		uint64_t high = place + 0x20000 > image->end ? place + 0x20000 : image->end;

		cr_assert_neq(place, 0);
		cr_assert_lt(high - low, UINT64_C(1) << 31, "%s", image->path);
		for (uint64_t at = place; at < place + 0x20000; at += 4096)
			cr_assert(!process_mapping_at(process, at));
	}
	for (int i = 0; i < 100; i++) {
		uint64_t place = space_low(process, 0x100000);

		cr_assert_gt(place, 0xffff);
		cr_assert_leq(place + 0x100000, UINT64_C(1) << 31);
		cr_assert(!process_mapping_at(process, place));
	}
	process_close(process);
}
