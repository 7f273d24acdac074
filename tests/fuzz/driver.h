/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a fuzzer defines for driver.c, and what it may ask of it. */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Files and folders to begin with, separated by spaces; NULL: none. */
extern const char *fuzz_seeds;

/*
 * Runs a shell script, with $D a new folder that is removed when the fuzzer ends, and stands in the project's own folder.
 * For a constructor: the tools at hand make the seeds of their like. The folder, or NULL when it cannot be made; what the
 * script could not make is not in it.
 */
const char *fuzz_make_seeds(const char *script);

/* Damages up to 4 bytes of the LENGTH at BYTES, and which of them follows from the end of the input. */
void fuzz_damage(uint8_t *bytes, size_t length, const uint8_t *input, size_t size);

#endif
