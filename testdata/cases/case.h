/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What most cases need: things from outside, and attributes that keep functions apart. */
#ifndef CASE_H
#define CASE_H

#ifdef __cplusplus
extern "C" {
#endif
void use(long value);
void use_text(const char *text);
void use_pointer(const void *pointer);
void use_line(const char *text, int line);
long get(void);
char *get_text(void);
#ifdef __cplusplus
}
#endif

/* A function that its callers are compiled without any knowledge of. */
#if defined(__clang__)
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noipa))
#endif
#define NOINLINE __attribute__((noinline))
#define INLINE   static inline __attribute__((always_inline))
#define KEEP     __attribute__((used))

#endif
