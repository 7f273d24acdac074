// SPDX-License-Identifier: GPL-3.0-or-later
// Inline functions and templates: COMDAT groups, of which the linker keeps one copy.
#include <cstdio>

struct base {
	virtual ~base()
	{
		puts("base");
	}
	virtual int value(int by)
	{
		return by * 3;
	}
};

template <typename T> __attribute__((noinline)) T twice(T value)
{
	static T calls;

	calls += value;
	return calls + value;
}

inline __attribute__((noinline)) int counted(int value)
{
	static int calls;

	return calls += twice(value);
}

#define JOIN(a, b)  a##b
#define NAMED(a, b) JOIN(a, b)
int NAMED(run_, NAME)(int value)
{
	base *object = new base;
	int result = object->value(value) + counted(value) + (int)twice(1.5 * value);

	delete object;
	return result;
}

#ifdef MAIN
int run_two(int value);

int main(int argc, char **)
{
	return run_one(argc) + run_two(argc);
}
#endif
