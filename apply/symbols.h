/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --symbols: an ELF file that tells gdb what the new code is. */
#ifndef APPLY_SYMBOLS_H
#define APPLY_SYMBOLS_H

#include "apply/session.h"

/* Writes symbols of all bodies, trampolines and relocated prologues of the process, and their CFI, at the addresses
 * they have there. 0 or -1. */
int symbols_write(struct session *session, const char *path);

#endif
