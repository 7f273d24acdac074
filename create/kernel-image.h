/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to create/: what makes an image a kernel's: its facts beyond those of any ELF image, and how they are read. */
#ifndef CREATE_KERNEL_IMAGE_H
#define CREATE_KERNEL_IMAGE_H

#include "create/image-elf.h"

struct kernel_facts {
	const char
		*banner; /* "Linux version 6.1.0-56-cloud-amd64 (...) (gcc-12 ...) ...", NULL for modules */
	const char *release;   /* "6.1.0-56-cloud-amd64"; of a module: from its vermagic */
	uint64_t *trace_sites; /* addresses of calls that ftrace may redirect, sorted */
	size_t trace_site_count;
	uint64_t
		imports; /* modules: symbols at this address and above are other modules' or vmlinux's; else UINT64_MAX */
};

/* kernel-kallsyms.c: fills image->symbols from the kernel's own table. NULL, or what is wrong. */
const char *kallsyms_read(struct image *image);

/* kernel-module.c: a relocatable module as if it were linked: sections get addresses, relocations are applied to a copy of
 * the file, undefined symbols lie behind facts->imports. NULL, or what is wrong. */
const char *module_read(struct image *image);

#endif
