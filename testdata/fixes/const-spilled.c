// SPDX-License-Identifier: GPL-3.0-or-later
// A changed constant's address rests in the frame while something else of the frame is handed out: no matter.
// replaces: served
#include <unistd.h>

#include "host.h"

static const int table[10] = {1, 2, 3, VERSION == 2 ? 40 : 4, 5, 6, 7, 8, 9, 10};
static const int other[10] = {9, 9, 9};

void served(int x)
{
	char path[4096];
	const int *chosen = x >= 0 ? table : other;

	__asm__ volatile("" : "+r"(chosen));
	// Nothing is left of it in a register.
	__asm__ volatile(
		"xor %%eax,%%eax; xor %%ecx,%%ecx; xor %%edx,%%edx; xor %%esi,%%esi; xor %%r8d,%%r8d;"
		"xor %%r9d,%%r9d" ::
			: "rax", "rcx", "rdx", "rsi", "r8", "r9", "rdi", "rbx", "rbp", "r12", "r13", "r14",
			  "r15", "cc");
	if (!getcwd(path, sizeof(path)))
		return;
	__asm__ volatile("" ::: "rbx", "rbp", "r12", "r13", "r14", "r15");
	say("%d %d", chosen[x % 10], *path == '/');
}
