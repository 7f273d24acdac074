/* SPDX-License-Identifier: MIT */
/* Private to the livepatch exporter: a growing buffer, and the names its files agree on. */
#ifndef FORMATS_KLP_TEXT_H
#define FORMATS_KLP_TEXT_H

#include "formats/klp.h"
#include "formats/package.h"

/* Bytes that grow; `failed` once memory ran out, and everything after that does nothing. */
struct buffer {
	uint8_t *at;
	size_t size, room;
	bool failed;
};
void buffer_add(struct buffer *buffer, const void *bytes, size_t size); /* BYTES NULL: zeros */
void buffer_print(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_align(struct buffer *buffer, size_t align);
/* Gives the bytes out, or HP_MEMORY. */
int buffer_take(struct buffer *buffer, uint8_t **bytes, size_t *size, struct hp_error *error);

/* "vmlinux" or the module's name: what the kernel calls the target. */
const char *klp_object_name(const struct hp_target *target);
/* Name of the payload's files without suffix: "payload-OBJECT". */
#define KLP_PAYLOAD "payload-%s"
/* Global aliases of replacement functions and hooks: target number, function or hook number. */
#define KLP_FUNCTION_ALIAS "hp_new_%zu_%zu"
#define KLP_HOOK_ALIAS     "hp_hook_%zu_%zu"
/* The kernel's own names, for the C source, which cannot spell ".klp.sym.vmlinux.NAME,0". */
#define KLP_VMLINUX_PREFIX "hp_vmlinux_"
#define KLP_SYMBOL_PREFIX  ".klp.sym."
#define KLP_RELA_PREFIX    ".klp.rela."
/* Between a livepatch symbol and the module whose loading it waits for, where that is not the defining one. */
#define KLP_WAITS_FOR '#'

#endif
