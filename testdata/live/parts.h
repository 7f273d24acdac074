/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTDATA_LIVE_PARTS_H
#define TESTDATA_LIVE_PARTS_H

/* Replaced by the package: they differ by VERSION. */
int value(int x);
int held(int (*inside)(int), int x);
int forever(volatile int *end);
int pointers_agree(int (*remembered)(int));

/* Not replaced, calls what is. */
long kept_registers(long a, long b, long c, long d);

#endif
