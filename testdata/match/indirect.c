// SPDX-License-Identifier: GPL-3.0-or-later
// An indirect function, called and its address taken.
static int fast(int value)
{
	return value << 1;
}

static int slow(int value)
{
	return value + value;
}

int chosen(int value) __attribute__((ifunc("choose")));

static int (*choose(void))(int)
{
	return __builtin_cpu_supports("avx2") ? fast : slow;
}

int (*chosen_pointer)(int) = chosen;

__attribute__((noinline)) int call_chosen(int value)
{
	int (*volatile pointer)(int) = chosen;

	return chosen(value) + pointer(value) + chosen_pointer(value);
}
