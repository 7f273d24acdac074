// SPDX-License-Identifier: GPL-3.0-or-later
// hp-sign: makes keys, signs packages, verifies signatures.
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hp.h"
#include "tools/common-key.h"
#include "tools/common.h"
#include "util/util.h"

enum { DONE = 0, REFUSED = 2, BAD = 3 };

static const char help[] =
	"Usage: hp-sign keygen NAME\n"
	"       hp-sign sign KEY KB.hp\n"
	"       hp-sign verify PUBKEY KB.hp\n"
	"Makes Ed25519 keys, signs hotpatch packages, verifies signatures.\n"
	"\n"
	"  keygen NAME       write NAME.key (secret, mode 0600) and NAME.pub; never over existing files\n"
	"  sign KEY KB.hp    append a signature by the secret key file KEY to KB.hp, in place; several may "
	"follow\n"
	"                    each other, each over every byte before it\n"
	"  verify PUBKEY KB.hp\n"
	"                    check that KB.hp is intact and signed by PUBKEY, a file or 64 hexadecimal "
	"digits\n"
	"\n"
	"      --help        show this help and exit\n"
	"      --version     show the version and exit\n"
	"\n"
	"Exit status: 0 done or verified, 2 the signature is missing or wrong, 3 bad usage or an unreadable "
	"file.\n";

static int report(const char *path, const struct hp_error *error)
{
	fprintf(stderr, "hp-sign: %s: %s [%s]\n", path, error->message, hp_status_text(error->status));
	return error->status == HP_SIGNATURE ? REFUSED : BAD;
}

static int keygen(char **arguments)
{
	uint8_t public_key[32], secret[64];
	char hex[65];
	int status;

	crypto_sign_keypair(public_key, secret);
	status = write_key_pair("hp-sign", arguments[0], secret);
	sodium_memzero(secret, sizeof(secret));
	if (status)
		return BAD;
	sodium_bin2hex(hex, sizeof(hex), public_key, sizeof(public_key));
	printf("%s.key, %s.pub: %s\n", arguments[0], arguments[0], hex);
	return DONE;
}

static int sign_file(const uint8_t secret[64], const char *path)
{
	struct hp_package *package;
	struct hp_error error;
	uint8_t *bytes;
	struct file file;
	size_t size;
	int status = hp_open(path, &package, &error); // only what is intact is signed

	if (status)
		return report(path, &error);
	hp_close(package);
	status = file_map(path, &file);
	if (!status) {
		int failed = hp_sign(file.data, file.size, secret, &bytes, &size, &error);

		file_unmap(&file);
		if (failed)
			return report(path, &error);
		status = file_write(path, bytes, size);
		free(bytes);
	}
	if (status) {
		fprintf(stderr, "hp-sign: %s: cannot be written: %s\n", path, strerror(-status));
		return BAD;
	}
	return DONE;
}

static int sign(char **arguments)
{
	uint8_t secret[64];
	char hex[65];
	int status;

	if (read_secret_key("hp-sign", arguments[0], secret))
		return BAD;
	status = sign_file(secret, arguments[1]);
	sodium_bin2hex(hex, sizeof(hex), secret + 32, 32);
	sodium_memzero(secret, sizeof(secret));
	if (status == DONE)
		printf("%s: signed by %s\n", arguments[1], hex);
	return status;
}

static int verify(char **arguments)
{
	struct hp_package *package;
	struct hp_error error;
	uint8_t key[32];
	char hex[65];
	int status;

	if (read_public_key("hp-sign", arguments[0], key))
		return BAD;
	status = hp_open(arguments[1], &package, &error);
	if (status)
		return report(arguments[1], &error);
	status = hp_verify(package, key, &error);
	hp_close(package);
	if (status)
		return report(arguments[1], &error);
	sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
	printf("%s: signature ok, by %s\n", arguments[1], hex);
	return DONE;
}

static const struct command {
	const char *name;
	int arguments;
	int (*run)(char **arguments);
} commands[] = {{"keygen", 1, keygen}, {"sign", 2, sign}, {"verify", 2, verify}};

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return finish_output("hp-sign") ? DONE : BAD;
	}
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		print_version("hp-sign");
		return finish_output("hp-sign") ? DONE : BAD;
	}
	if (argc < 2)
		return usage_error("hp-sign", BAD, "a command is missing: keygen, sign or verify");
	if (sodium_init() < 0)
		return usage_error("hp-sign", BAD, "libsodium cannot be used here");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		int status;

		if (strcmp(argv[1], commands[i].name))
			continue;
		if (argc - 2 != commands[i].arguments)
			return usage_error("hp-sign", BAD, "%s takes %d argument%s", argv[1],
					   commands[i].arguments, commands[i].arguments == 1 ? "" : "s");
		status = commands[i].run(argv + 2);
		return finish_output("hp-sign") ? status : BAD;
	}
	return usage_error("hp-sign", BAD, "unknown command '%s'", argv[1]);
}
