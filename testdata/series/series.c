// SPDX-License-Identifier: GPL-3.0-or-later
// A program and three fixes of it, one after the other (-DFIX=0 to 3). The first brings a lock and a counter, the later
// ones use them and bring more. Answers commands on standard input.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int total;

#if FIX >= 1
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static int guarded;
#endif

__attribute__((noinline)) static const char *lock(int take)
{
#if FIX >= 1
	static int turns = 100;

	turns++;
	if (!take)
		return pthread_mutex_unlock(&guard) ? "not mine" : "unlocked";
	if (pthread_mutex_trylock(&guard))
		return "taken already";
	guarded += turns > 100;
	return "locked";
#else
	return take ? "no lock" : "none";
#endif
}

__attribute__((noinline)) static int add(int x)
{
#if FIX >= 2
	static int largest;

	if (x > largest)
		largest = x;
	if (x > 1000)
		return -largest;
#endif
	return total += x;
}

__attribute__((noinline)) static int report(void)
{
#if FIX >= 3
	static int reports;

	return total * 1000 + guarded * 100 + ++reports;
#elif FIX >= 1
	return total * 1000 + guarded * 100;
#else
	return total * 1000;
#endif
}

__attribute__((noinline)) static void serve(const char *line)
{
	int x = 0;

	if (!strcmp(line, "lock"))
		puts(lock(1));
	else if (!strcmp(line, "unlock"))
		puts(lock(0));
	else if (sscanf(line, "add %d", &x) == 1)
		printf("%d\n", add(x));
	else
		printf("%d\n", report());
	fflush(stdout);
}

int main(void)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		serve(line);
	}
	return 0;
}
