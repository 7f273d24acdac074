// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program that checks itself while it is patched: many threads that keep registers, vector state and red zone
 * over long stretches, sleep in every kind of call, exchange signals that are counted, and call functions that
 * must always be all of one version. It ends with a message and status 9 at the first thing that is wrong.
 *
 * Commands on standard input, one a line; each is answered by one line:
 *   check    every thread has gone on since the question: "ok VERSION eintr=N in CALL,..."
 *   quit     ends
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

enum { SLEEP_MS = 20, STUCK_MS = 20000, WORKERS_MAX = 32, EXTRA_MAX = 1024 };

struct worker {
	const char *name;
	void (*run)(struct worker *);
	_Atomic uint64_t rounds;
	atomic_uint interrupted; /* EINTR that no handler explains */
	pthread_t thread;
};
static struct worker workers[WORKERS_MAX];
static unsigned worker_count;

__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("WRONG ");
	vprintf(format, arguments);
	printf("\n");
	fflush(stdout);
	va_end(arguments);
	_exit(9);
}

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

// ---- registers, red zone, vector state ---------------------------------------------------------------------

/* Loads 13 registers and the red zone, spins COUNT times, compares. Returns 0 or the number of the first difference. */
uint64_t keep_registers(uint64_t count);
__asm__(".text\n.globl keep_registers\n.type keep_registers,@function\nkeep_registers:\n"
	".cfi_startproc\n"
	"push %rbx\n.cfi_adjust_cfa_offset 8\npush %rbp\n.cfi_adjust_cfa_offset 8\n"
	"push %r12\n.cfi_adjust_cfa_offset 8\npush %r13\n.cfi_adjust_cfa_offset 8\n"
	"push %r14\n.cfi_adjust_cfa_offset 8\npush %r15\n.cfi_adjust_cfa_offset 8\n"
	"mov %rdi,-8(%rsp)\n"
	".irp at,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128\n"
	"movq $0x5a5\\at,-\\at(%rsp)\n.endr\n"
	"mov $0x1111111111111101,%rax\nmov $0x1111111111111102,%rbx\nmov $0x1111111111111103,%rcx\n"
	"mov $0x1111111111111104,%rdx\nmov $0x1111111111111105,%rsi\nmov $0x1111111111111106,%rbp\n"
	"mov $0x1111111111111108,%r8\nmov $0x1111111111111109,%r9\nmov $0x111111111111110a,%r10\n"
	"mov $0x111111111111110b,%r11\nmov $0x111111111111110c,%r12\nmov $0x111111111111110d,%r13\n"
	"mov $0x111111111111110e,%r14\nmov $0x111111111111110f,%r15\n"
	"1: decq -8(%rsp)\njnz 1b\n"
	".macro keep_check reg value\nmov $\\value,%rdi\ncmp %rdi,\\reg\njne 2f\n.endm\n"
	"keep_check %rax 0x1111111111111101\nkeep_check %rbx 0x1111111111111102\n"
	"keep_check %rcx 0x1111111111111103\nkeep_check %rdx 0x1111111111111104\n"
	"keep_check %rsi 0x1111111111111105\nkeep_check %rbp 0x1111111111111106\n"
	"keep_check %r8 0x1111111111111108\nkeep_check %r9 0x1111111111111109\n"
	"keep_check %r10 0x111111111111110a\nkeep_check %r11 0x111111111111110b\n"
	"keep_check %r12 0x111111111111110c\nkeep_check %r13 0x111111111111110d\n"
	"keep_check %r14 0x111111111111110e\nkeep_check %r15 0x111111111111110f\n"
	".irp at,16,24,32,40,48,56,64,72,80,88,96,104,112,120,128\n"
	"mov $0x5a5\\at,%rdi\ncmp %rdi,-\\at(%rsp)\njne 2f\n.endr\n"
	"xor %edi,%edi\n"
	"2: mov %rdi,%rax\n"
	"pop %r15\n.cfi_adjust_cfa_offset -8\npop %r14\n.cfi_adjust_cfa_offset -8\n"
	"pop %r13\n.cfi_adjust_cfa_offset -8\npop %r12\n.cfi_adjust_cfa_offset -8\n"
	"pop %rbp\n.cfi_adjust_cfa_offset -8\npop %rbx\n.cfi_adjust_cfa_offset -8\n"
	"ret\n.cfi_endproc\n.size keep_registers,.-keep_registers\n");

static void run_registers(struct worker *worker)
{
	(void)worker;
	uint64_t bad = keep_registers(200000);

	if (bad)
		wrong("register or red zone: %#lx changed", bad);
}

static void fill_pattern(uint64_t *words, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		words[i] = seed = seed * 6364136223846793005u + 1442695040888963407u;
}

#define SPIN "mov $200000,%%ecx\n1: dec %%ecx\njnz 1b\n"

static void run_vectors(struct worker *worker)
{
	static _Alignas(64) uint64_t in[32 * 8], out[32 * 8];
	size_t words;

	fill_pattern(in, 32 * 8, worker->rounds);
	if (__builtin_cpu_supports("avx512f")) {
		words = 32 * 8;
		__asm__ volatile(
			".altmacro\n.macro v512 n\nvmovdqu64 \\n*64(%0),%%zmm\\n\n.endm\n"
			".set i,0\n.rept 32\nv512 %%i\n.set i,i+1\n.endr\n.purgem v512\n" SPIN
			".macro v512 n\nvmovdqu64 %%zmm\\n,\\n*64(%1)\n.endm\n"
			".set i,0\n.rept 32\nv512 %%i\n.set i,i+1\n.endr\n.purgem v512\n.noaltmacro\n"
			"vzeroupper\n"
			:
			: "r"(in), "r"(out)
			: "rcx", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			  "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	} else {
		words = 16 * 2;
		__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
				 "movdqu \\n*16(%0),%%xmm\\n\n.endr\n" SPIN
				 ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
				 "movdqu %%xmm\\n,\\n*16(%1)\n.endr\n"
				 :
				 : "r"(in), "r"(out)
				 : "rcx", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
				   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
				   "xmm14", "xmm15");
	}
	if (memcmp(in, out, words * sizeof(*in)) != 0)
		wrong("vector registers changed");
}

static void run_checksum(struct worker *worker)
{
	static uint8_t buffer[65536];
	static uint32_t expected;
	uint32_t sum = 1;

	for (size_t i = 0; i < sizeof(buffer); i++) {
		sum = sum * 31 + buffer[i];
		if (i % 4096 == 0)
			sum ^= (uint32_t)(parts[i / 4096 % PARTS](7) % 1000); // the same in both versions
	}
	if (worker->rounds == 0)
		expected = sum;
	if (sum != expected)
		wrong("checksum is %x, was %x", sum, expected);
}

// ---- versions ----------------------------------------------------------------------------------------------

static atomic_int version_now;

/*
 * A pass sees one version, or one change of it. A pass in which it changes back and forth may only be one that
 * was interrupted for long; passes that stay mixed are a torn switch.
 */
static void run_versions(struct worker *worker)
{
	static _Thread_local unsigned mixed;
	int versions[PARTS], changes = 0;
	uint64_t start = now_us(), took;

	if (worker->rounds % 2)
		parts_call((int)(worker->rounds % 997), versions);
	else
		for (int i = 0; i < PARTS; i++)
			versions[i] = (parts[i](i) - i * 3) / 1000;
	took = now_us() - start;
	for (int i = 0; i < PARTS; i++) {
		if (versions[i] != 1 && versions[i] != 2)
			wrong("part %d says version %d", i, versions[i]);
		changes += i && versions[i] != versions[i - 1];
	}
	mixed = changes ? mixed + 1 : 0;
	if (mixed > 3)
		wrong("torn: versions stay mixed");
	if (changes > 1 && took < 300)
		wrong("torn: %d changes within %lu us", changes, took);
	if (!changes)
		version_now = versions[0];
	usleep(300); // or nobody could ever replace them
}

// ---- sleeping ----------------------------------------------------------------------------------------------

// ERROR is what a call of SLEEP_MS that nothing ends must give.
static void check_sleep(struct worker *worker, const char *call, long result, int error, uint64_t start)
{
	uint64_t took = now_us() - start;
	int got = result < 0 ? errno : 0;

	if (result < 0 && got == EINTR) {
		worker->interrupted++;
		return;
	}
	if (got != error || (error == 0 && result != 0))
		wrong("%s gives %ld, %s", call, result, strerror(got));
	// Sockets and poll count in ticks of the kernel (4 ms at 250 Hz), the first and the last of them partly.
	if (took + 8000 < SLEEP_MS * 1000)
		wrong("%s slept %lu us", call, took);
	if (took > STUCK_MS * 1000ul)
		wrong("%s slept %lu us", call, took);
}

static const struct timespec sleep_time = {.tv_nsec = SLEEP_MS * 1000000};

static void run_nanosleep(struct worker *worker)
{
	uint64_t start = now_us();

	check_sleep(worker, "nanosleep", nanosleep(&sleep_time, NULL), 0, start);
}

static void run_poll(struct worker *worker)
{
	uint64_t start = now_us();

	check_sleep(worker, "poll", poll(NULL, 0, SLEEP_MS), 0, start);
}

static void run_futex(struct worker *worker)
{
	static uint32_t word;
	uint64_t start = now_us();

	check_sleep(worker, "futex", syscall(SYS_futex, &word, FUTEX_WAIT, 0, &sleep_time, NULL, 0),
		    ETIMEDOUT, start);
}

static void run_epoll(struct worker *worker)
{
	static int file = -1;
	struct epoll_event event;
	uint64_t start = now_us();

	if (file < 0)
		file = epoll_create1(0);
	check_sleep(worker, "epoll_wait", epoll_wait(file, &event, 1, SLEEP_MS), 0, start);
}

static void run_sigtimedwait(struct worker *worker)
{
	sigset_t set;
	uint64_t start = now_us();

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	check_sleep(worker, "sigtimedwait", sigtimedwait(&set, NULL, &sleep_time), EAGAIN, start);
}

static void run_recv(struct worker *worker)
{
	static int pair[2] = {-1, -1};
	struct timeval time = {.tv_usec = SLEEP_MS * 1000};
	char byte;
	uint64_t start;

	if (pair[0] < 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			wrong("socketpair");
		setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	}
	start = now_us();
	check_sleep(worker, "recv", recv(pair[0], &byte, 1, 0), EAGAIN, start);
}

// ---- talking -----------------------------------------------------------------------------------------------

static int there[2], back[2];

static void transfer(struct worker *worker, int file, bool out, uint64_t *word)
{
	ssize_t size = out ? write(file, word, sizeof(*word)) : read(file, word, sizeof(*word));

	if (size < 0 && errno == EINTR) {
		worker->interrupted++;
		transfer(worker, file, out, word);
	} else if (size != sizeof(*word)) {
		wrong("pipe: %zd bytes", size);
	}
}

static void run_ask(struct worker *worker)
{
	static uint64_t count;
	uint64_t word = ++count;

	transfer(worker, there[1], true, &word);
	transfer(worker, back[0], false, &word);
	if (word != count + 1)
		wrong("pipe: %lu comes back as %lu", count, word);
	if (count % 64 == 0)
		usleep(1000);
}

static void run_answer(struct worker *worker)
{
	uint64_t word;

	transfer(worker, there[0], false, &word);
	word++;
	transfer(worker, back[1], true, &word);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned turn;

static void take_turn(unsigned mine)
{
	pthread_mutex_lock(&lock);
	while (turn % 2 != mine)
		pthread_cond_wait(&changed, &lock);
	turn++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	if (turn % 128 == 0)
		usleep(1000);
}

static void run_even(struct worker *worker)
{
	(void)worker;
	take_turn(0);
}

static void run_odd(struct worker *worker)
{
	(void)worker;
	take_turn(1);
}

// ---- signals -----------------------------------------------------------------------------------------------

static _Atomic uint64_t queued_got, suspended_got, timer_got;
static atomic_bool suspend_ready, queue_ready;
static pthread_t queue_thread, suspend_thread;
static _Atomic uint64_t suspended_sent;

static void on_queued(int number, siginfo_t *info, void *context)
{
	uint64_t expected = queued_got + 1;

	(void)number;
	(void)context;
	if ((uint64_t)(uintptr_t)info->si_value.sival_ptr != expected)
		wrong("signal %lu comes as %lu", expected, (uint64_t)(uintptr_t)info->si_value.sival_ptr);
	queued_got = expected;
}

static void on_suspended(int number)
{
	(void)number;
	suspended_got++;
}

// On its own stack; uses the functions that are being replaced and vector registers.
static void on_timer(int number)
{
	char text[32];
	int saved = errno;

	(void)number;
	snprintf(text, sizeof(text), "%d %f", parts[timer_got % PARTS](1), 1.5);
	timer_got++;
	errno = saved;
}

static void allow(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void run_queue_receiver(struct worker *worker)
{
	(void)worker;
	if (!queue_ready) {
		queue_thread = pthread_self();
		allow(SIGRTMIN + 1);
		queue_ready = true;
	}
	nanosleep(&sleep_time, NULL); // ends with EINTR: that is what signals do
}

static void run_queue_sender(struct worker *worker)
{
	static uint64_t sent;
	uint64_t start = now_us();

	(void)worker;
	if (!queue_ready) {
		usleep(1000);
		return;
	}
	for (int i = 0; i < 8; i++) {
		sent++;
		while (pthread_sigqueue(queue_thread, SIGRTMIN + 1,
					(union sigval){.sival_ptr = (void *)sent}))
			usleep(1000);
	}
	while (queued_got != sent) {
		if (now_us() - start > STUCK_MS * 1000ul)
			wrong("signals lost: %lu of %lu came", queued_got, sent);
		usleep(200);
	}
}

static void run_suspend(struct worker *worker)
{
	sigset_t open;
	uint64_t before = suspended_got;

	if (!suspend_ready) {
		suspend_thread = pthread_self();
		suspend_ready = true;
	}
	pthread_sigmask(SIG_SETMASK, NULL, &open);
	sigdelset(&open, SIGUSR2);
	if (sigsuspend(&open) != -1 || errno != EINTR)
		wrong("sigsuspend gives %d", errno);
	if (suspended_got == before)
		worker->interrupted++; // ended without its signal
	else if (suspended_got != before + 1)
		wrong("sigsuspend ended after %lu signals", suspended_got - before);
}

static void run_waker(struct worker *worker)
{
	uint64_t start = now_us();

	(void)worker;
	if (!suspend_ready) {
		usleep(1000);
		return;
	}
	suspended_sent++;
	pthread_kill(suspend_thread, SIGUSR2);
	while (suspended_got != suspended_sent) {
		if (now_us() - start > STUCK_MS * 1000ul)
			wrong("sigsuspend: %lu of %lu signals came", suspended_got, suspended_sent);
		usleep(500);
	}
}

static void run_timer(struct worker *worker)
{
	static timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	struct itimerspec time = {.it_interval.tv_nsec = 2000000, .it_value.tv_nsec = 2000000};
	stack_t stack = {.ss_size = 65536};
	uint64_t before = timer_got, start = now_us();

	if (worker->rounds == 0) {
		stack.ss_sp =
			mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sigaltstack(&stack, NULL);
		event._sigev_un._tid = gettid();
		if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &time, NULL))
			wrong("timer");
		allow(SIGUSR1);
	}
	while (timer_got == before) {
		if (now_us() - start > STUCK_MS * 1000ul)
			wrong("the timer came %lu times and stopped", timer_got);
		keep_registers(20000);
	}
}

// ---- threads that come and go ------------------------------------------------------------------------------

static void *short_life(void *argument)
{
	int part = (int)(intptr_t)argument % PARTS;

	return (void *)(intptr_t)(parts[part](3) % 1000);
}

static void run_creator(struct worker *worker)
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, short_life, (void *)(intptr_t)(worker->rounds % PARTS)))
		wrong("pthread_create");
	pthread_join(thread, &result);
	if ((intptr_t)result != 9)
		wrong("a short thread says %ld", (intptr_t)result);
	usleep(3000);
}

static void *sleep_forever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

// ---- main --------------------------------------------------------------------------------------------------

static void *work(void *argument)
{
	struct worker *worker = argument;

	for (;;) {
		worker->run(worker);
		worker->rounds++;
	}
	return NULL;
}

static void add(const char *name, void (*run)(struct worker *))
{
	workers[worker_count++] = (struct worker){.name = name, .run = run};
}

static void on_signal(int number, void (*handler)(int), void (*action)(int, siginfo_t *, void *), int flags)
{
	struct sigaction how = {.sa_flags = flags | SA_RESTART};

	if (action) {
		how.sa_flags |= SA_SIGINFO;
		how.sa_sigaction = action;
	} else {
		how.sa_handler = handler;
	}
	sigaction(number, &how, NULL);
}

static void answer_check(void)
{
	uint64_t before[WORKERS_MAX], start = now_us();
	unsigned interrupted = 0;
	char names[512] = "";

	for (unsigned i = 0; i < worker_count; i++)
		before[i] = workers[i].rounds;
	for (unsigned i = 0; i < worker_count; i++) {
		// Two rounds: the first one may have begun before the question.
		while (workers[i].rounds < before[i] + 2) {
			if (now_us() - start > STUCK_MS * 1000ul)
				wrong("%s stands still", workers[i].name);
			usleep(500);
		}
		if (workers[i].interrupted) {
			interrupted += workers[i].interrupted;
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s,",
				 workers[i].name);
		}
	}
	printf("ok %d eintr=%u in %s\n", version_now, interrupted, names);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned extra = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	char line[64];
	sigset_t all;
	pthread_t thread;

	on_signal(SIGRTMIN + 1, NULL, on_queued, 0);
	on_signal(SIGUSR2, on_suspended, NULL, 0);
	on_signal(SIGUSR1, on_timer, NULL, SA_ONSTACK);
	sigemptyset(&all);
	sigaddset(&all, SIGRTMIN + 1);
	sigaddset(&all, SIGUSR1);
	sigaddset(&all, SIGUSR2);
	sigaddset(&all, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	if (pipe(there) || pipe(back))
		wrong("pipe");
	add("registers", run_registers);
	add("vectors", run_vectors);
	add("checksum", run_checksum);
	add("versions", run_versions);
	add("versions2", run_versions);
	add("nanosleep", run_nanosleep);
	add("poll", run_poll);
	add("futex", run_futex);
	add("epoll_wait", run_epoll);
	add("sigtimedwait", run_sigtimedwait);
	add("recv", run_recv);
	add("ask", run_ask);
	add("answer", run_answer);
	add("even", run_even);
	add("odd", run_odd);
	add("queue-receiver", run_queue_receiver);
	add("queue-sender", run_queue_sender);
	add("suspend", run_suspend);
	add("waker", run_waker);
	add("timer", run_timer);
	add("creator", run_creator);
	for (unsigned i = 0; i < worker_count; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			wrong("pthread_create");
	for (unsigned i = 0; i < extra && i < EXTRA_MAX; i++)
		if (pthread_create(&thread, NULL, sleep_forever, NULL))
			wrong("pthread_create");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "check", 5))
			answer_check();
		else if (!strncmp(line, "quit", 4))
			break;
	}
	_exit(0);
}
