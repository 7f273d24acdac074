// SPDX-License-Identifier: GPL-3.0-or-later
#include "tiny.h"

const char linux_banner[] = "Linux version 6.1.0-tiny (nobody) (cc) #1 SMP\n";
long call_key = 7, jiffies;
__asm__(".pushsection .text.entry,\"ax\"\n.globl __fentry__\n.type __fentry__, @function\n__fentry__: ret\n"
	".size __fentry__, . - __fentry__\n.popsection");
#ifdef NEW_DATA
int limit = 4;
#else
int limit = 3;
#endif

__weak noinline int overridden(int x)
{
	return x - 1;
}

/* As struct lock_class_key without lockdep: a datum without size, where another one begins. */
static struct { } key;
const void *key_user;

static noinline int same_name(int x)
{
	key_user = &key;
	return x * 3 + (int)jiffies;
}

noinline int twin(int x)
{
	CALL_SITE(call_key);
	return same_name(x) + 1;
}

#if defined(NEW_HOOKS) || defined(NEW_LONE_HOOK) || defined(NEW_HOOK_TWICE) || defined(NEW_HOOK_OLD)
/* Hooks of a patch: a pointer to each in a section that says when it runs. */
#define HOOK(phase, function)                                                                                \
	static const void *const hook_##function                                                             \
		__attribute__((used, section(".hotpatch.hooks." #phase))) = function
static int hooked;
static int before(void *object)
{
	return object ? ++hooked : -22;
}
static void behind(void *object)
{
	hooked += object != 0;
}
#ifdef NEW_HOOK_OLD
HOOK(pre_patch, twin);
#else
HOOK(pre_patch, before);
#endif
#ifdef NEW_HOOK_TWICE
HOOK(pre_patch, behind);
#else
HOOK(post_unpatch, behind);
#endif
#ifndef NEW_LONE_HOOK
#define NEW_PLAIN
#endif
#endif
#ifdef NEW_HOOK_LATE
static void late(void *object)
{
	key_user = object;
}
static const void *const hook_late __attribute__((used, section(".kpatch.callbacks.later"))) = late;
#define NEW_PLAIN
#endif

int plain(int x)
{
	if (x > limit)
		BUG_SITE();
#ifdef NEW_PLAIN
	if (x == 17)
		return -22;
	key_user = &key;
#endif
	return overridden(x) + twin(x);
}
EXPORT(plain);

/* A table without symbols that the linker puts together, like __tracepoints_ptrs. */
#ifdef NEW_TABLE
#define IN_TABLE "twin"
#else
#define IN_TABLE "plain"
#endif
__asm__(".pushsection tiny_ptrs,\"a\"\n.balign 4\n.long " IN_TABLE " - ., limit - .\n.popsection");

notrace noinline int quiet(int x)
{
#ifdef NEW_NOTRACE
	x++;
#endif
	return x ^ limit;
}

static int __init start(int x)
{
#ifdef NEW_INIT
	x += 2;
#endif
	return quiet(x) + plain(x);
}
int (*const starter)(int) = start;
