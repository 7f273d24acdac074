/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Key files. One line of text each: "hotpatch-secret-key-1 HEX" (128 hexadecimal digits: libsodium's Ed25519 secret
 * key, seed and public key) in NAME.key, "hotpatch-public-key-1 HEX" (64 digits) in NAME.pub.
 */
#ifndef TOOLS_COMMON_KEY_H
#define TOOLS_COMMON_KEY_H

#include <stdint.h>

/* Reads a secret key file; 0, or -1 after one line on stderr. The caller wipes SECRET after use. */
int read_secret_key(const char *program, const char *path, uint8_t secret[64]);
/* Reads a public key file, or takes TEXT itself when it is 64 hexadecimal digits; 0, or -1 after one line on stderr. */
int read_public_key(const char *program, const char *text, uint8_t key[32]);
/* Writes NAME.key (mode 0600) and NAME.pub; never over an existing file. 0, or -1 after one line on stderr. */
int write_key_pair(const char *program, const char *name, const uint8_t secret[64]);

#endif
