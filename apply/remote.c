// SPDX-License-Identifier: GPL-3.0-or-later
// The remote call. What the stub looks like:
//	syscall
//	mov slot(%rip),%rax ... nine registers that the call's arguments and the syscall instruction change
//	jmp *slot(%rip)
//	slots: the thread's own values, prepared so that an interrupted system call starts again
// It touches no stack, flags or vector state, so red zone, alternate stacks and shadow stacks need no care.
#include "apply/remote.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "apply/seccomp.h"
#include "apply/task.h"

enum { SYSCALL_SIZE = 2, SLOTS_OFFSET = 72, SLOT_COUNT = 10, PAGE = 4096 };

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a
#define PTRACE_SETSIGMASK 0x420b
#endif

// REX prefix and ModRM of "mov disp32(%rip),%reg", in the order of the slots: rax rcx rdx rsi rdi r8 r9 r10 r11.
static const uint8_t loads[SLOT_COUNT - 1][2] = {
	{0x48, 0x05}, {0x48, 0x0d}, {0x48, 0x15}, {0x48, 0x35}, {0x48, 0x3d},
	{0x4c, 0x05}, {0x4c, 0x0d}, {0x4c, 0x15}, {0x4c, 0x1d},
};

static void put_distance(uint8_t *code, size_t end, unsigned slot)
{
	int32_t distance = (int32_t)(SLOTS_OFFSET + 8 * slot - end);

	memcpy(code + end - 4, &distance, 4);
}

static void stub_code(uint8_t code[STUB_CODE_SIZE])
{
	size_t at = SYSCALL_SIZE;

	memcpy(code, "\x0f\x05", SYSCALL_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(loads); i++) {
		code[at] = loads[i][0];
		code[at + 1] = 0x8b;
		code[at + 2] = loads[i][1];
		at += 7;
		put_distance(code, at, i);
	}
	code[at] = 0xff;
	code[at + 1] = 0x25;
	put_distance(code, at + 6, SLOT_COUNT - 1);
}

bool stub_is(const uint8_t bytes[STUB_CODE_SIZE])
{
	uint8_t code[STUB_CODE_SIZE];

	stub_code(code);
	return !memcmp(bytes, code, STUB_CODE_SIZE);
}

// Where the thread goes on. A system call that was interrupted has its restart mark in rax (include/linux/errno.h:
// ERESTARTSYS 512, ERESTARTNOINTR 513, ERESTARTNOHAND 514, ERESTART_RESTARTBLOCK 516); what the kernel would do on
// the way to user space, the stub's slots do instead.
static struct user_regs_struct resume_context(const struct user_regs_struct *stopped)
{
	struct user_regs_struct context = *stopped;

	if ((int64_t)stopped->orig_rax < 0)
		return context;
	switch ((int64_t)stopped->rax) {
	case -512:
	case -513:
	case -514:
		context.rax = stopped->orig_rax;
		context.rip -= SYSCALL_SIZE;
		break;
	case -516:
		context.rax = SYS_restart_syscall;
		context.rip -= SYSCALL_SIZE;
		break;
	}
	return context;
}

static int write_stub(const struct process *process, uint64_t address, const struct user_regs_struct *context)
{
	uint8_t stub[STUB_SIZE] = {0};
	const uint64_t slots[SLOT_COUNT] = {
		context->rax, context->rcx, context->rdx, context->rsi, context->rdi,
		context->r8,  context->r9,  context->r10, context->r11, context->rip,
	};

	stub_code(stub);
	memcpy(stub + SLOTS_OFFSET, slots, sizeof(slots));
	return process_write(process, address, stub, sizeof(stub));
}

static int clear_stub(const struct process *process, uint64_t address)
{
	static const uint8_t zero[STUB_SIZE];

	return process_write(process, address, zero, sizeof(zero));
}

static struct seccomp_data describe_call(const struct remote_map *map)
{
	return (struct seccomp_data){
		.nr = SYS_mmap,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = map->stub + SYSCALL_SIZE,
		.args = {map->address, map->size, (uint64_t)map->protection,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, UINT64_MAX, 0},
	};
}

static bool seccomp_lets(const struct process *process, pid_t tid, struct remote_map *map)
{
	struct seccomp_data data = describe_call(map);

	if (process->seccomp == 0)
		return true;
	map->code = "target-seccomp";
	if (process->seccomp == SECCOMP_MODE_STRICT) {
		map->message = "seccomp strict mode allows no mmap";
		return false;
	}
	switch (seccomp_ask(tid, &data)) {
	case SECCOMP_PASSES:
		map->code = NULL;
		return true;
	case SECCOMP_DENIES:
		map->message = map->protection & PROT_EXEC ? "seccomp forbids executable mappings"
							   : "seccomp forbids mmap";
		return false;
	default:
		map->message = "its seccomp filter cannot be read to see whether mmap is allowed (this needs "
			       "CAP_SYS_ADMIN and no seccomp filter on hp-apply itself)";
		return false;
	}
}

static struct user_regs_struct call_registers(const struct user_regs_struct *original,
					      const struct remote_map *map)
{
	struct seccomp_data data = describe_call(map);
	struct user_regs_struct call = *original;

	call.rax = SYS_mmap;
	call.rdi = data.args[0];
	call.rsi = data.args[1];
	call.rdx = data.args[2];
	call.r10 = data.args[3];
	call.r8 = data.args[4];
	call.r9 = data.args[5];
	call.rip = map->stub;
	call.orig_rax = UINT64_MAX; // no system call to restart
	return call;
}

// Is this stop the exit of our call? Signal handlers may run before it and make calls of their own.
static bool at_our_exit(const struct task *task, const struct remote_map *map, int64_t *result)
{
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_EXIT || info.instruction_pointer != map->stub + SYSCALL_SIZE)
		return false;
	*result = info.exit.rval;
	return true;
}

// Runs to the exit of our call. A deadline that passes here leaves a thread that finishes by itself.
static int run_call(struct task *task, const struct remote_map *map, uint64_t deadline, int64_t *result)
{
	int signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, task->tid, 0, signal))
			return -errno;
		task->stopped = false;
		switch (task_wait(task, deadline, &signal)) {
		case STOP_SYSCALL:
			if (at_our_exit(task, map, result))
				return 0;
			signal = 0;
			break;
		case STOP_SIGNAL:
			task->signals_seen = true;
			break;
		case STOP_GONE:
			return -ESRCH;
		case STOP_TIMEOUT:
			return -ETIMEDOUT;
		case STOP_GROUP: // stays to be stopped: the kernel does it again when we let go
		default:
			signal = 0;
		}
	}
}

// Back to the exact state before, when the thread still stands behind the call; else the stub does it.
static int restore(struct task *task, const struct user_regs_struct *original, const struct remote_map *map,
		   uint64_t deadline, bool *stub_free)
{
	int error = task_interrupt(task);

	*stub_free = false;
	if (error || ptrace(PTRACE_CONT, task->tid, 0, 0))
		return error ? error : -errno;
	task->stopped = false;
	error = task_wait_stopped(task, deadline);
	if (!error)
		error = task_read_registers(task);
	if (error)
		return error;
	if (task->registers.rip == map->stub + SYSCALL_SIZE) {
		task->registers = *original;
		error = task_write_registers(task);
		*stub_free = !error && !task->signals_seen;
	}
	return error;
}

static int call_result(struct remote_map *map, int64_t result)
{
	if ((uint64_t)result == map->address)
		return 0;
	switch (result) {
	case -EEXIST:
		return -EEXIST;
	case -EPERM:
	case -EACCES:
		map->code = "target-permission";
		map->message =
			"the kernel's security policy forbids new executable mappings (SELinux execmem?)";
		return -EACCES;
	case -ENOMEM:
		map->code = "no-space-near";
		map->message = "no memory can be mapped (address space limit, or too many mappings)";
		return -ENOMEM;
	}
	map->code = "no-space-near";
	map->message = "mmap failed in the target";
	return -EIO;
}

#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
#endif

// A thread in a restartable sequence (rseq(2)) must not be led away from it: the kernel would forget the sequence
// and not abort it. Such a sequence makes no system calls and is over in a moment.
static bool in_rseq(const struct process *process, const struct task *task)
{
	struct {
		uint64_t address;
		uint32_t size, signature, flags, padding;
	} configuration = {0};
	struct {
		uint32_t version, flags;
		uint64_t start, length, abort;
	} section;
	uint64_t pointer;
	static const size_t pointer_offset = 8; // struct rseq.rseq_cs, include/uapi/linux/rseq.h

	if ((int64_t)task->registers.orig_rax >= 0 ||
	    ptrace(PTRACE_GET_RSEQ_CONFIGURATION, task->tid, sizeof(configuration), &configuration) <= 0 ||
	    !configuration.address ||
	    process_read(process, configuration.address + pointer_offset, &pointer, sizeof(pointer)) ||
	    !pointer || process_read(process, pointer, &section, sizeof(section)))
		return false;
	return task->registers.rip - section.start < section.length;
}

static int call_in_thread(const struct process *process, struct task *task, struct remote_map *map,
			  uint64_t deadline)
{
	static const uint64_t restore_patience_ns = 2000000000;
	struct user_regs_struct original, context;
	int64_t result = 0;
	bool stub_free = false;
	sigset_t mask = {0};
	int error;

	error = task_stop(task, deadline);
	if (!error)
		error = task_read_registers(task);
	if (!error && !process_same(process))
		error = -ESRCH;
	if (error)
		return error;
	if (in_rseq(process, task))
		return -EAGAIN;
	error = task_repair_interrupted(task);
	if (error || !seccomp_lets(process, task->tid, map))
		return error ? error : -EPERM;
	// Makes a temporary mask (sigsuspend, ppoll, pselect) the real one: the kernel gives GETSIGMASK the mask to
	// go back to. Else a signal that the temporary mask lets through is lost.
	if (ptrace(PTRACE_GETSIGMASK, task->tid, 8, &mask) || ptrace(PTRACE_SETSIGMASK, task->tid, 8, &mask))
		return -errno;
	original = task->registers;
	context = resume_context(&original);
	error = write_stub(process, map->stub, &context);
	if (error)
		return error;
	task->registers = call_registers(&original, map);
	mlock(&task->registers,
	      sizeof(task->registers)); // a page fault must not split the one register write
	task->signals_seen = false;
	error = task_write_registers(task);
	if (!error)
		error = run_call(task, map, deadline, &result);
	if (error == -ETIMEDOUT) // this thread may be using the stub: no other one may
		error = -EAGAIN;
	// The call is made. A thread that does not come to its stop in time finishes by itself, and keeps the stub.
	if (!error)
		restore(task, &original, map, monotonic_ns() + restore_patience_ns, &stub_free);
	if (stub_free)
		clear_stub(process, map->stub);
	return error ? error : call_result(map, result);
}

struct call {
	const struct process *process;
	struct remote_map *map;
	uint64_t deadline;
};

// The main thread first; when it does not stop in a moment (vfork, uninterruptible sleep) the next one.
static int call_in_any_thread(void *argument)
{
	static const uint64_t patience_ns = 100000000;
	struct call *call = argument;
	struct ticker *ticker = ticker_start();
	size_t count = 0;
	pid_t *tids = process_threads(call->process, &count);
	int error = tids ? -EAGAIN : -ESRCH;

	for (size_t i = 0; i < count && ticker && monotonic_ns() < call->deadline; i++) {
		struct task task = {.tid = tids[i]};
		uint64_t end = monotonic_ns() + patience_ns;

		error = task_seize(&task);
		if (!error)
			error = call_in_thread(call->process, &task, call->map,
					       end < call->deadline ? end : call->deadline);
		task_detach(&task);
		if (error != -ESRCH && error != -ETIMEDOUT)
			break;
	}
	free(tids);
	ticker_stop(ticker);
	return error == -ETIMEDOUT ? -EAGAIN : error;
}

int remote_mmap(const struct process *process, struct remote_map *map, uint64_t deadline)
{
	struct call call = {.process = process, .map = map, .deadline = deadline};
	int error = with_tracer(call_in_any_thread, &call);

	if (error == -EPERM && !map->code) {
		map->code = "target-traced";
		map->message = "another tracer holds a thread of it, or tracing is not permitted";
	}
	if (error == -ENOEXEC) {
		map->code = "arch-mismatch";
		map->message = "it runs 32-bit code";
	}
	return error;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return !size || (!*bytes && !memcmp(bytes, bytes + 1, size - 1));
}

static uint64_t look_at_tail(const struct process *process, uint64_t start, uint64_t end, uint64_t **left,
			     size_t *left_count, size_t *left_room)
{
	uint8_t tail[PAGE];
	uint64_t place = 0;

	start = (start + 15) & ~(uint64_t)15;
	if (start >= end || end - start > PAGE || process_read(process, start, tail, end - start))
		return 0;
	for (uint64_t at = start; end - at >= STUB_SIZE; at += 16) {
		if (stub_is(tail + (at - start))) {
			if (*left_count == *left_room)
				*left = vec_grow(*left, left_room, sizeof(**left));
			(*left)[(*left_count)++] = at;
		} else if (!place && all_zero(tail + (at - start), end - at)) {
			place = at; // zero from here to the end of the page: nothing is kept here
		}
	}
	return place;
}

uint64_t stub_place(const struct process *process, uint64_t **left, size_t *left_count)
{
	size_t left_room = *left_count;
	uint64_t place = 0;

	for (size_t i = 0; i < process->image_count; i++) {
		const struct image *image = &process->images[i];

		for (size_t j = 0; j < image->segment_count; j++) {
			uint64_t end =
				image->segments[j].vaddr + image->segments[j].memory_size + image->bias;
			const struct mapping *mapping = process_mapping_at(process, end - 1);
			uint64_t found;

			if (!(image->segments[j].flags & PF_X) || !mapping || !mapping->execute ||
			    mapping->write)
				continue;
			found = look_at_tail(process, end, (end + PAGE - 1) & ~(uint64_t)(PAGE - 1), left,
					     left_count, &left_room);
			if (!place)
				place = found;
		}
	}
	return place;
}
