/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The running Linux kernel as a target: which build it is, which livepatches are active in it, loading one, waiting
 * until every task has gone over to it, taking it back. Everything is read from /sys and /proc at the moment it is asked.
 */
#ifndef APPLY_KERNEL_H
#define APPLY_KERNEL_H

#include "apply/apply.h"
#include "formats/klp.h"

#define KERNEL_BUILD_ID_MAX 64u

struct kernel {
	char release[128];
	uint8_t build_id[KERNEL_BUILD_ID_MAX];
	size_t build_id_size; /* 0: the kernel does not tell */
	bool livepatch;       /* has support for livepatches */
};
void kernel_read(struct kernel *kernel);

/* One livepatch that a package made, or NULL id: somebody else's. Texts belong to the arena. */
struct kernel_patch {
	const char *module, *id, *title, *fixes;
	bool enabled, transition;
	size_t functions;
	const char *objects;                   /* "vmlinux ext4" */
	size_t waiting;                        /* of the functions: their modules are not loaded */
	const char *waits_for;                 /* these modules, "" */
	uint8_t build_id[KERNEL_BUILD_ID_MAX]; /* of the module */
	size_t build_id_size;
};
/* All of them; *count of them. */
struct kernel_patch *kernel_patches(struct arena *arena, size_t *count);

/* The module for this kernel in PACKAGE; false when there is none. *any: there is one for another kernel. */
bool kernel_find_module(const struct kernel *kernel, const struct hp_package *package,
			struct klp_embedded *module, bool *any);
/* Build ID of a module file in memory; 0: it has none. */
size_t module_build_id(const uint8_t *module, size_t size, uint8_t id[KERNEL_BUILD_ID_MAX]);

/* The kernel's log from now on, or -1. */
int kernel_log_open(void);
/* The first warning since then of MODULE or of the livepatch code, or NULL. Closes LOG. */
const char *kernel_log_close(int log, struct arena *arena, const char *module);

/* 0 or -errno. */
int kernel_load(const struct klp_embedded *module);
int kernel_unload(const char *module);
int kernel_disable(const char *module);

/* 1 the transition is over, 0 it goes on, -errno when the patch is not there. */
int kernel_settled(const char *module);

/* 1 the kernel uses the patch, 0 it does not (a replaced one is listed a moment longer), -errno when it is not there. */
int kernel_enabled(const char *module);

/* A task that has not gone over yet, and where it is. */
struct kernel_task {
	int pid, tid;
	char comm[32];
	char at[128]; /* innermost kernel function of its stack, or "" */
	char stack[512];
};
/* Tasks whose patch state is not WANTED (0 unpatched, 1 patched), at most ROOM of them. */
size_t kernel_tasks(int wanted, struct kernel_task *tasks, size_t room);

#endif
