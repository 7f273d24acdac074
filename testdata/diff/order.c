// SPDX-License-Identifier: GPL-3.0-or-later
// The same functions and data in another order.
int puts(const char *);
#define A static int first_state = 3; int first(int x) { puts("first"); return first_state += x; }
#define B static int second_state = 4; int second(int x) { puts("second"); return second_state -= x; }
#define C const int third_table[4] = {1, 2, 3, 4}; int third(int x) { puts("third"); return third_table[x & 3]; }
#ifdef OLD
A B C
#else
C B A
#endif
