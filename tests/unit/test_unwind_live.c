// SPDX-License-Identifier: GPL-3.0-or-later
// Stacks of a real stopped child, instruction by instruction: in libc, in PLT entries while they are bound, in
// prologues and epilogues, in signal handlers on their own stack and on the way back from them.
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apply/unwind.h"

#define OUTER __attribute__((noinline, noclone, section("text_outer")))
#define OTHER __attribute__((noinline, noclone, section("text_other")))
extern const char __start_text_outer[], __stop_text_outer[], __start_text_other[], __stop_text_other[];

static struct unwind_walk walk;
static volatile unsigned sink;
static int entered[2]; // a byte comes when the child is inside outer()
static volatile sig_atomic_t signals;

OTHER static int not_called(int x)
{
	char text[64];

	snprintf(text, sizeof(text), "%d", x);
	return (int)strlen(text);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void on_signal(int number)
{
	char text[64];

	(void)number;
	signals++;
	snprintf(text, sizeof(text), "%d", (int)signals);
	sink += (unsigned)text[0];
}

// A frame whose stack pointer is known by another register only, realigned for vectors.
__attribute__((noinline)) static int with_alloca(size_t size)
{
	__attribute__((aligned(64))) char aligned[64];
	char *memory = __builtin_alloca(size);

	memset(memory, (int)size, size);
	memset(aligned, 1, sizeof(aligned));
	sink += (unsigned)(memory[size / 2] + aligned[3]);
	return (int)strtol("1234", NULL, 10);
}

// Arguments on the stack and a realigned frame: GCC keeps the old stack pointer in %r10.
__attribute__((noinline, noclone)) static int with_drap(int a, int b, int c, int d, int e, int f, int g,
							int h)
{
	__attribute__((aligned(64))) char aligned[64];
	char *memory = __builtin_alloca((size_t)(a & 7) + 9);

	memset(aligned, b, sizeof(aligned));
	memset(memory, c, 9);
	__asm__ volatile("" : : "r"(aligned), "r"(memory) : "memory", "rbx", "r12", "r13", "r14", "r15");
	return aligned[3] + memory[4] + d + e + f + g + h;
}

__attribute__((noinline)) static void work(void)
{
	int numbers[16];
	char text[128];

	for (int i = 0; i < 16; i++)
		numbers[i] = (i * 7919) % 31;
	qsort(numbers, 16, sizeof(int), compare);
	snprintf(text, sizeof(text), "%d %s %f", numbers[3], "text", 1.5);
	sink += (unsigned)with_alloca((size_t)(numbers[0] & 7) * 24 + 40);
	sink += (unsigned)with_drap(1, 2, 3, 4, 5, 6, 7, numbers[2]);
	free(strdup(text));
	raise(SIGUSR1);
}

OUTER static int outer(int rounds)
{
	unsigned sum = 0;

	if (write(entered[1], "x", 1) != 1)
		_exit(3);
	for (int i = 0; i < rounds; i++) {
		work();
		sum += sink;
	}
	return (int)sum;
}

static void run_child(bool on_other_stack)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = on_other_stack ? SA_ONSTACK : 0};
	stack_t stack = {.ss_size = 65536};

	if (on_other_stack) {
		stack.ss_sp =
			mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sigaltstack(&stack, NULL);
	}
	sigaction(SIGUSR1, &action, NULL);
	sink += (unsigned)outer(1000000);
	_exit(not_called((int)sink) > 100);
}

OUTER static void bind_lazily(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (;;)
		work();
}

struct child {
	pid_t pid;
	struct process *process;
	struct unwinder *unwinder;
};

// A failed assertion must not leave children behind.
static pid_t fork_mortal(void)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void stop_child(struct child *child)
{
	int status;

	cr_assert_eq(ptrace(PTRACE_SEIZE, child->pid, 0, 0), 0);
	cr_assert_eq(ptrace(PTRACE_INTERRUPT, child->pid, 0, 0), 0);
	cr_assert_eq(waitpid(child->pid, &status, __WALL), child->pid);
	cr_assert(WIFSTOPPED(status));
}

static void open_child(struct child *child)
{
	child->process = process_open(child->pid);
	cr_assert_not_null(child->process);
	cr_assert_eq(process_open_memory(child->process), 0);
	cr_assert_eq(process_read_maps(child->process), 0);
	child->unwinder = unwinder_new(child->process, NULL);
}

static void end_child(struct child *child)
{
	unwinder_free(child->unwinder);
	process_close(child->process);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, __WALL);
}

static const struct address_range *range_of(const char *start, const char *end)
{
	static struct address_range range[2];
	static unsigned next;
	struct address_range *to = &range[next++ % 2];

	*to = (struct address_range){(uint64_t)(uintptr_t)start, (uint64_t)(uintptr_t)end};
	return to;
}

static bool walk_has(const struct address_range *range)
{
	for (size_t i = 0; i < walk.frame_count; i++)
		if (unwind_frame_in(&walk.frames[i], range))
			return true;
	return false;
}

static unsigned handler_seen, incomplete;

static void check_state(struct child *child, const struct user_regs_struct *regs)
{
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	const struct address_range *unused = range_of(__start_text_other, __stop_text_other);
	struct unwind_hit hit;

	unwind_thread(child->unwinder, regs, &walk);
	for (size_t i = 1; i < walk.frame_count; i++)
		handler_seen += walk.frames[i].interrupted;
	cr_assert(unwind_scan(child->unwinder, regs, used, 1, &hit), "pc %llx: the scan misses it",
		  regs->rip);
	if (!walk.complete) {
		// GCC's table is wrong for a few instructions of with_drap(): the walk must say so, the words decide.
		cr_assert_str_eq(walk.why, "the caller's frame cannot be read", "pc %llx: %s at %lx",
				 regs->rip, walk.why, walk.why_pc);
		cr_assert(unwind_uses(child->unwinder, regs, used, 1, &hit, &walk));
		incomplete++;
		return;
	}
	cr_assert(walk_has(used), "pc %llx: the walk does not see the function that waits", regs->rip);
	cr_assert(unwind_uses(child->unwinder, regs, used, 1, &hit, &walk));
	cr_assert_not(unwind_uses(child->unwinder, regs, unused, 1, &hit, &walk));
}

static void step_through(bool on_other_stack, unsigned steps)
{
	struct child child;
	struct user_regs_struct regs;
	int status, signal = 0;
	char byte;

	cr_assert_eq(pipe(entered), 0);
	child.pid = fork_mortal();
	if (child.pid == 0)
		run_child(on_other_stack);
	cr_assert_eq(read(entered[0], &byte, 1), 1);
	handler_seen = 0;
	stop_child(&child);
	open_child(&child);
	cr_assert(unwinder_stopped(child.unwinder));
	for (unsigned i = 0; i < steps || (handler_seen < 500 && i < 20 * steps); i++) {
		cr_assert_eq(ptrace(PTRACE_GETREGS, child.pid, 0, &regs), 0);
		check_state(&child, &regs);
		cr_assert_eq(ptrace(PTRACE_SINGLESTEP, child.pid, 0, signal), 0);
		cr_assert_eq(waitpid(child.pid, &status, __WALL), child.pid);
		cr_assert(WIFSTOPPED(status));
		signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
	}
	end_child(&child);
}

Test(unwind, every_instruction_is_walked_completely)
{
	step_through(false, 12000);
	cr_expect_lt(incomplete, 12000 / 20, "%u walks", incomplete);
	cr_expect_gt(incomplete, 0);
}

Test(unwind, every_instruction_of_a_handler_on_its_own_stack_too)
{
	step_through(true, 12000);
	cr_expect_lt(incomplete, 12000 / 20);
	cr_expect_geq(handler_seen, 500, "signal frames were walked %u times", handler_seen);
}

// The first calls go through PLT entries that are not bound yet, and the dynamic linker binds them.
Test(unwind, binding_of_a_call_is_walked)
{
	struct child child = {.pid = fork_mortal()};
	struct user_regs_struct regs;
	unsigned in_linker = 0;
	int status;

	if (child.pid == 0)
		bind_lazily();
	cr_assert_eq(waitpid(child.pid, &status, 0), child.pid);
	open_child(&child);
	for (unsigned i = 0; i < 6000; i++) {
		const struct image *image;

		cr_assert_eq(ptrace(PTRACE_SINGLESTEP, child.pid, 0, 0), 0);
		cr_assert_eq(waitpid(child.pid, &status, 0), child.pid);
		cr_assert_eq(ptrace(PTRACE_GETREGS, child.pid, 0, &regs), 0);
		check_state(&child, &regs);
		image = process_image_at(child.process, regs.rip);
		in_linker += image && strstr(image->path, "/ld-linux") != NULL;
	}
	cr_expect_gt(in_linker, 100, "%u instructions in the dynamic linker", in_linker);
	end_child(&child);
}

// What the kernel takes, without the C library's wrapper (include/uapi/asm-generic/signal.h).
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

static void wait_in_handler(int number)
{
	(void)number;
	for (;;)
		pause();
}

OUTER static void raise_in_outer(void)
{
	raise(SIGUSR1);
	sink++;
}

// As in musl and Go: the way back from a handler has no unwind information, it is known by its two instructions.
Test(unwind, handler_is_walked_whose_way_back_nothing_describes)
{
	static const unsigned char code[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kernel_action action = {wait_in_handler, 0x04000000 /* SA_RESTORER */ | SA_ONSTACK, page, 0};
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	stack_t stack = {.ss_size = 65536, .ss_sp = malloc(65536)};
	struct child child;
	struct user_regs_struct regs;
	struct unwind_hit hit;

	memcpy(page, code, sizeof(code));
	child.pid = fork_mortal();
	if (child.pid == 0) {
		sigaltstack(&stack, NULL);
		syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, sizeof(action.mask));
		raise_in_outer();
	}
	usleep(100000);
	stop_child(&child);
	open_child(&child);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect(walk.complete, "%s at %lx", walk.why, walk.why_pc);
	cr_expect(walk_has(used));
	cr_expect(unwind_scan(child.unwinder, &regs, used, 1, &hit));
	end_child(&child);
	free(stack.ss_sp);
}

// `gcc -static` asks the linker for no .eh_frame_hdr: the section is found by what it looks like.
Test(unwind, table_without_a_header_is_found)
{
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	struct child child = {.pid = fork_mortal()};
	struct user_regs_struct regs;

	if (child.pid == 0) {
		signal(SIGUSR1, wait_in_handler);
		raise_in_outer();
	}
	usleep(100000);
	stop_child(&child);
	open_child(&child);
	unwinder_free(child.unwinder);
	for (size_t i = 0; i < child.process->image_count; i++)
		child.process->images[i].eh_frame_hdr = 0;
	child.unwinder = unwinder_new(child.process, NULL);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect(walk.complete, "%s at %lx", walk.why, walk.why_pc);
	cr_expect(walk_has(used));
	end_child(&child);
}

// Code without unwind information: the walk says so, and the words of the whole stack count.
Test(unwind, unknown_code_makes_every_word_count)
{
	// call *%rdi; ret: the call pushes a return address into memory that nothing describes
	static const unsigned char bytes[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7,
					      0x48, 0x83, 0xc4, 0x08, 0xc3};
	struct child child;
	struct user_regs_struct regs;
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct unwind_hit hit;

	memcpy(code, bytes, sizeof(bytes));
	child.pid = fork_mortal();
	if (child.pid == 0) {
		((void (*)(int (*)(void)))(uintptr_t)code)(pause);
		_exit(0);
	}
	usleep(50000);
	stop_child(&child);
	open_child(&child);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect_not(walk.complete);
	cr_expect_str_eq(walk.why, "no unwind information");
	// A word that only looks like a return address, far out on the stack, must count now.
	uint64_t fake = used->start + 1, mark = regs.rsp + 2048;
	cr_assert_eq(ptrace(PTRACE_POKEDATA, child.pid, mark, fake), 0);
	cr_expect(unwind_uses(child.unwinder, &regs, used, 1, &hit, &walk));
	cr_expect_eq(hit.value, fake);
	cr_expect_eq(hit.address, mark);
	end_child(&child);
}

// call *%rdi with a frame of 16 bytes; a table of two pieces with zeros between them, as payloads have it.
static const unsigned char later_code[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3};
static const unsigned char later_table[] = {
	0x14, 0,    0,  0, 0,    0,    0,    0,  1,    'z',  'R', 0,
	1,    0x78, 16, 1, 0x1b, 0x0c, 7,    8,  0x90, 1,    0,   0, // CIE
	0,    0,    0,  0,                                           // padding
	0x14, 0,    0,  0, 0x20, 0,    0,    0,  0,    0,    0,   0,
	11,   0,    0,  0, 0,    0x44, 0x0e, 16, 0x46, 0x0e, 8,   0,
};
enum { LATER_TABLE = 256, LATER_START = 28 + 8 };

static uint8_t *map_later_code(void)
{
	uint8_t *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int32_t distance = -(LATER_TABLE + LATER_START);

	memcpy(page, later_code, sizeof(later_code));
	memcpy(page + LATER_TABLE, later_table, sizeof(later_table));
	memcpy(page + LATER_TABLE + LATER_START, &distance, sizeof(distance));
	return page;
}

OUTER static void call_from_outer(uint8_t *code, int (*function)(void))
{
	((void (*)(int (*)(void)))(uintptr_t)code)(function);
	sink++;
}

Test(unwind, code_that_came_later_is_walked_by_its_own_table)
{
	uint8_t *page = map_later_code();
	uint64_t at = (uint64_t)(uintptr_t)page;
	struct unwind_table table = {{at, at + sizeof(later_code)}, at + LATER_TABLE, sizeof(later_table)};
	struct unwind_extra extra = {.tables = &table, .table_count = 1};
	struct child child = {.pid = fork_mortal()};
	struct user_regs_struct regs;

	if (child.pid == 0)
		call_from_outer(page, pause);
	usleep(100000);
	stop_child(&child);
	open_child(&child);
	unwinder_free(child.unwinder);
	child.unwinder = unwinder_new(child.process, &extra);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect(walk.complete, "%s at %lx, code at %lx", walk.why, walk.why_pc, at);
	cr_expect(walk_has(&table.code));
	cr_expect(walk_has(range_of(__start_text_outer, __stop_text_outer)));
	end_child(&child);
}

Test(unwind, trampoline_is_walked_to_the_caller)
{
	uint8_t *page = map_later_code();
	uint64_t at = (uint64_t)(uintptr_t)page;
	struct unwind_alias alias = {{at, at + 2}, UNWIND_TRAMPOLINE};
	struct unwind_extra extra = {.aliases = &alias, .alias_count = 1};
	struct child child;
	struct user_regs_struct regs;

	memcpy(page, "\xeb\xfe", 2); // stays where it is
	child.pid = fork_mortal();
	if (child.pid == 0)
		call_from_outer(page, NULL);
	usleep(100000);
	stop_child(&child);
	open_child(&child);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	cr_expect_eq(regs.rip, at);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect_not(walk.complete);
	unwinder_free(child.unwinder);
	child.unwinder = unwinder_new(child.process, &extra);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect(walk.complete, "%s at %lx", walk.why, walk.why_pc);
	cr_expect(walk_has(range_of(__start_text_outer, __stop_text_outer)));
	end_child(&child);
}

// What stands for a prologue changes the stack in ways that no table tells.
Test(unwind, copied_prologue_is_never_complete)
{
	uint8_t *page = map_later_code();
	uint64_t at = (uint64_t)(uintptr_t)page;
	struct unwind_alias alias = {{at, at + 2}, UNWIND_COPY};
	struct unwind_extra extra = {.aliases = &alias, .alias_count = 1};
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	struct child child;
	struct user_regs_struct regs;
	struct unwind_hit hit;

	memcpy(page, "\xeb\xfe", 2);
	child.pid = fork_mortal();
	if (child.pid == 0)
		call_from_outer(page, NULL);
	usleep(100000);
	stop_child(&child);
	open_child(&child);
	unwinder_free(child.unwinder);
	child.unwinder = unwinder_new(child.process, &extra);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	unwind_thread(child.unwinder, &regs, &walk);
	cr_expect_not(walk.complete);
	cr_expect(unwind_uses(child.unwinder, &regs, used, 1, &hit, &walk));
	end_child(&child);
}

// The same word does not count where the walk is complete.
Test(unwind, stale_words_do_not_count_when_the_walk_is_complete)
{
	struct child child = {.pid = fork_mortal()};
	struct user_regs_struct regs;
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	struct unwind_hit hit;

	if (child.pid == 0) {
		char room[4096];

		memset(room, 0, sizeof(room));
		sink += (unsigned)room[sink & 7];
		for (;;) {
			pause();
			sink += (unsigned)room[sink & 7];
		}
	}
	usleep(50000);
	stop_child(&child);
	open_child(&child);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	cr_assert_eq(ptrace(PTRACE_POKEDATA, child.pid, regs.rsp + 2048, used->start + 1), 0);
	cr_expect(unwind_scan(child.unwinder, &regs, used, 1, &hit));
	cr_expect_not(unwind_uses(child.unwinder, &regs, used, 1, &hit, &walk));
	cr_expect(walk.complete);
	end_child(&child);
}

Test(unwind, code_unmapped_since_the_tables_were_read_is_noticed)
{
	struct child child;
	int status, go[2];
	void *code = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)code;
	cr_assert_eq(pipe(go), 0);
	child.pid = fork_mortal();
	if (child.pid == 0) {
		char byte;

		if (read(go[0], &byte, 1) == 1) {
			uintptr_t page = (uintptr_t)not_called & ~(uintptr_t)4095;

			// A piece of the program's code becomes another mapping.
			mmap((void *)page, 4096, PROT_READ | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
		for (;;)
			syscall(34); // pause, without the program's code
	}
	usleep(20000);
	open_child(&child);
	cr_expect(unwinder_stopped(child.unwinder));
	cr_assert_eq(write(go[1], "x", 1), 1);
	usleep(50000);
	cr_expect_not(unwinder_stopped(child.unwinder));
	kill(child.pid, SIGKILL);
	waitpid(child.pid, &status, 0);
	unwinder_free(child.unwinder);
	process_close(child.process);
}

static void *wait_in_thread(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static double microseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

// The best of many, since other tests run beside this one; the sanitizers cost much more.
Test(unwind, a_thread_costs_microseconds)
{
	struct child child = {.pid = fork_mortal()};
	const struct address_range *used = range_of(__start_text_outer, __stop_text_outer);
	struct user_regs_struct regs;
	struct unwind_hit hit;
	double walked = 1e9, scanned = 1e9;

	if (child.pid == 0) {
		pthread_t thread;

		for (int i = 0; i < 4; i++)
			pthread_create(&thread, NULL, wait_in_thread, NULL);
		wait_in_thread(NULL);
	}
	usleep(50000);
	stop_child(&child);
	open_child(&child);
	ptrace(PTRACE_GETREGS, child.pid, 0, &regs);
	for (int i = 0; i < 2000; i++) {
		double before = microseconds();

		unwind_thread(child.unwinder, &regs, &walk);
		walked = smaller(walked, microseconds() - before);
		before = microseconds();
		unwind_scan(child.unwinder, &regs, used, 1, &hit);
		scanned = smaller(scanned, microseconds() - before);
	}
	fprintf(stderr, "# walk %.1f us (%zu frames), scan %.1f us\n", walked, walk.frame_count, scanned);
	cr_expect(walk.complete);
	cr_expect_lt(walked, 100);
	cr_expect_lt(scanned, 100);
	end_child(&child);
}
