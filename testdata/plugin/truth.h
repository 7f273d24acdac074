/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each variable really is: the name of its section, at which nothing looks when variables are matched. */
#define TRUTH(name) __attribute__((section(".truth." #name)))
extern void use(int);
