/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Would a thread's seccomp filters let one system call pass? Asked before the call, because a filter may kill. */
#ifndef APPLY_SECCOMP_H
#define APPLY_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Runs one classic BPF program over DATA; its return value, or SECCOMP_RET_KILL_PROCESS for a program the kernel
 * would not have accepted. */
uint32_t seccomp_run(const struct sock_filter *program, size_t count, const struct seccomp_data *data);

enum seccomp_verdict { SECCOMP_PASSES, SECCOMP_DENIES, SECCOMP_UNREADABLE };
/* All filters of the stopped, traced thread TID. */
enum seccomp_verdict seccomp_ask(pid_t tid, const struct seccomp_data *data);

#endif
