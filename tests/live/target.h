/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_LIVE_TARGET_H
#define TESTS_LIVE_TARGET_H

enum { PARTS = 40 };

extern int (*const parts[PARTS])(int);
void parts_call(int x, int versions[PARTS]);

#endif
