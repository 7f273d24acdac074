/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELF images as they lie in a process's memory. */
#ifndef APPLY_IMAGE_H
#define APPLY_IMAGE_H

#include "apply/process.h"

/* Fills process->images from its mappings: every mapping that begins with an ELF header of 64 bits. */
void images_find(struct process *process);

#endif
