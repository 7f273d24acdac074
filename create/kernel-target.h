/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private to create/: what is different when the image is a kernel's or a module's. References are bound by symbol name and
 * position among namesakes, functions are found by ftrace, and the entries of special sections travel one by one.
 */
#ifndef CREATE_KERNEL_TARGET_H
#define CREATE_KERNEL_TARGET_H

#include "create/resolve.h"

/* kernel-running.c: the object as it was linked is proven to be in the image (RUNNING); where is that what OLD, the same
 * source compiled with other flags, has? Never NULL; like match_object()'s. */
struct placement *kernel_translate(const struct placement *running, const struct object *old,
				   struct interner *names, struct diags *diags);

/* kernel-special.c */
/* Table entries of a function that must travel with it, of PART_COUNT parts. */
bool kernel_entry_travels(const struct unit *entry);
/* A member that is a table entry is in its payload section; what goes with it in a parallel table follows. */
void kernel_emit_beside(struct target *target, const struct member *member);
/* Takes entries out of the members that cannot be in a livepatch, and refuses those that change what the code does. */
void kernel_leave_out_entries(struct target *target);
void kernel_check_entries(struct target *target);

/* kernel-callers.c */
/* ftrace redirects a function when its call is the first instruction, or follows endbr64. */
#define KERNEL_ENTRY_BYTES 5
/* A function of the image without an ftrace site that nothing but its own object's calls leads to. */
bool kernel_goes_with_callers(const struct target *target, const struct unit *unit);
/* Functions that call UNIT and existed before, one by one; *AT begins with 0. NULL: no more. */
struct unit *kernel_next_caller(const struct target *target, const struct unit *unit, size_t *at);

/* kernel-target.c */
void kernel_resolve(struct target *target, struct member *member, const struct reloc *reloc, bool call);
void kernel_describe_functions(struct target *target);
void kernel_check_members(struct target *target);
/* Objects that no compiler made are refused, once each. */
bool kernel_refuse_assembly(struct target *target);

#endif
