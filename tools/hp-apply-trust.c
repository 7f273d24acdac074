// SPDX-License-Identifier: GPL-3.0-or-later
// Whose packages are taken: --trust, or the keys in /etc/hotpatch/trusted.d; with neither, all, with a warning.
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common-key.h"
#include "tools/hp-apply.h"

static const char trusted_directory[] = "/etc/hotpatch/trusted.d";

static bool signed_by(struct patch *patch, const uint8_t key[HP_KEY_SIZE], char **said)
{
	char hex[2 * HP_KEY_SIZE + 1];

	if (hp_verify(patch->package, key, NULL))
		return false;
	sodium_bin2hex(hex, sizeof(hex), key, HP_KEY_SIZE);
	*said = xasprintf("signature ok (%.8s…)", hex);
	return true;
}

static int refuse(const struct request *request, struct patch *patch)
{
	fprintf(stderr, "hp-apply: %s: %s; nothing changed\n", request->package,
		hp_signature_count(patch->package) ? "signed by no trusted key, or the signature is wrong"
						   : "not signed");
	return STATUS_REFUSED;
}

static bool is_key_file(const char *name)
{
	size_t length = strlen(name);

	return *name != '.' && length > 4 && !strcmp(name + length - 4, ".pub");
}

int check_trust(const struct request *request, struct patch *patch, char **said)
{
	uint8_t key[HP_KEY_SIZE];
	bool found = false, good = false;
	struct dirent *entry;
	DIR *directory;

	if (request->trust && strcmp(request->trust, "none")) {
		if (read_public_key("hp-apply", request->trust, key))
			return STATUS_USAGE;
		return signed_by(patch, key, said) ? 0 : refuse(request, patch);
	}
	directory = request->trust ? NULL : opendir(trusted_directory);
	if (!directory && !request->trust && errno != ENOENT) {
		fprintf(stderr, "hp-apply: %s: %s\n", trusted_directory, strerror(errno));
		return STATUS_REFUSED;
	}
	while (directory && (entry = readdir(directory))) {
		char *path = is_key_file(entry->d_name) ? path_join(trusted_directory, entry->d_name) : NULL;

		if (!path)
			continue;
		found = true;
		if (!good && !read_public_key("hp-apply", path, key))
			good = signed_by(patch, key, said);
		free(path);
	}
	if (directory)
		closedir(directory);
	if (good)
		return 0;
	if (found)
		return refuse(request, patch);
	fprintf(stderr, "hp-apply: warning: %s: %s\n", request->package,
		request->trust ? "signature not checked (--trust=none)"
			       : "signature not checked: no --trust and no keys in /etc/hotpatch/trusted.d");
	*said = xstrdup("signature not checked");
	return 0;
}
