// SPDX-License-Identifier: GPL-3.0-or-later
// A static function gets another name: gone and new, and its caller refers to another one.
int sink(int);
#ifdef OLD
static __attribute__((noinline)) int before(int x) { return sink(x) + sink(x + 1); }
int caller(int x) { return before(x) + 1; }
#else
static __attribute__((noinline)) int after(int x) { return sink(x) + sink(x + 1); }
int caller(int x) { return after(x) + 1; }
#endif
