// SPDX-License-Identifier: GPL-3.0-or-later
// The same two functions in another order: the numbers of their statics are exchanged, their meaning is not.
int next_number(void);

#define FIRST                                                                                                \
	int first(void)                                                                                      \
	{                                                                                                    \
		static int n;                                                                                \
		return n += next_number();                                                                   \
	}
#define SECOND                                                                                               \
	int second(void)                                                                                     \
	{                                                                                                    \
		static int n;                                                                                \
		return n -= next_number();                                                                   \
	}

#ifdef OLD
FIRST
SECOND
#else
SECOND
FIRST
#endif
