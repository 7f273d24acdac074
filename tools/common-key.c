// SPDX-License-Identifier: GPL-3.0-or-later
// Reading and writing key files.
#include "tools/common-key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/util.h"

#define SECRET_WORD "hotpatch-secret-key-1 "
#define PUBLIC_WORD "hotpatch-public-key-1 "
#define LINE_ROOM   256

// The first line of PATH, without its end; -errno when it cannot be read.
static int read_line(const char *path, char line[LINE_ROOM])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t size;

	if (fd < 0)
		return -errno;
	size = read(fd, line, LINE_ROOM - 1);
	if (size < 0)
		size = -errno;
	close(fd);
	if (size < 0)
		return (int)size;
	line[size] = 0;
	line[strcspn(line, "\r\n")] = 0;
	return 0;
}

static bool parse_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t got;

	return strlen(text) == size * 2 && !sodium_hex2bin(bytes, size, text, size * 2, NULL, &got, NULL) &&
	       got == size;
}

static int read_key(const char *program, const char *path, const char *word, uint8_t *key, size_t size)
{
	char line[LINE_ROOM];
	int error = read_line(path, line);
	bool good = !error && !strncmp(line, word, strlen(word)) && parse_hex(line + strlen(word), key, size);

	sodium_memzero(line, sizeof(line));
	if (good)
		return 0;
	if (error)
		fprintf(stderr, "%s: %s: cannot be read: %s\n", program, path, strerror(-error));
	else
		fprintf(stderr, "%s: %s: not a %.*s file; make one with 'hp-sign keygen NAME'\n", program,
			path, (int)strlen(word) - 3, word);
	return -1;
}

int read_secret_key(const char *program, const char *path, uint8_t secret[64])
{
	uint8_t public_key[32], again[64];
	bool same;

	if (read_key(program, path, SECRET_WORD, secret, 64))
		return -1;
	// The second half is the public key of the first; a file in which they disagree is damaged.
	crypto_sign_seed_keypair(public_key, again, secret);
	same = !memcmp(public_key, secret + 32, 32);
	sodium_memzero(again, sizeof(again));
	if (same)
		return 0;
	fprintf(stderr, "%s: %s: the key is damaged: its two halves do not belong together\n", program, path);
	sodium_memzero(secret, 64);
	return -1;
}

int read_public_key(const char *program, const char *text, uint8_t key[32])
{
	return parse_hex(text, key, 32) ? 0 : read_key(program, text, PUBLIC_WORD, key, 32);
}

static int write_new(const char *program, const char *path, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode), error = 0;
	size_t size = strlen(text);

	if (fd < 0)
		error = errno;
	else {
		ssize_t done = write(fd, text, size);

		if (done < 0 || (size_t)done != size || fsync(fd))
			error = done >= 0 && (size_t)done != size ? ENOSPC : errno;
		if (close(fd) && !error)
			error = errno;
		if (error)
			unlink(path);
	}
	if (error)
		fprintf(stderr, "%s: %s: cannot be written: %s\n", program, path, strerror(error));
	return error ? -1 : 0;
}

int write_key_pair(const char *program, const char *name, const uint8_t secret[64])
{
	char secret_hex[129], public_hex[65], text[LINE_ROOM];
	char *secret_path = xasprintf("%s.key", name), *public_path = xasprintf("%s.pub", name);
	int status;

	sodium_bin2hex(secret_hex, sizeof(secret_hex), secret, 64);
	sodium_bin2hex(public_hex, sizeof(public_hex), secret + 32, 32);
	snprintf(text, sizeof(text), PUBLIC_WORD "%s\n", public_hex);
	status = write_new(program, public_path, 0644, text);
	if (!status) {
		snprintf(text, sizeof(text), SECRET_WORD "%s\n", secret_hex);
		status = write_new(program, secret_path, 0600, text);
		if (status)
			unlink(public_path);
	}
	sodium_memzero(text, sizeof(text));
	sodium_memzero(secret_hex, sizeof(secret_hex));
	free(secret_path);
	free(public_path);
	return status;
}
