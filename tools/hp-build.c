// SPDX-License-Identifier: GPL-3.0-or-later
// hp-build: from two builds of a program to one package that repairs the running program, or a refusal.
#include "tools/hp-build.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common.h"
#include "tools/common-key.h"

enum { WRITTEN = 0, NOTHING = 1, REFUSED = 2, BAD = 3 };

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && !strcmp(text + length - wanted, end);
}

// A file at -o that no earlier run can have left: an argument was forgotten, and an object or image stands there.
static bool is_foreign(const char *path)
{
	struct hp_package *package;
	struct stat status;
	bool foreign;

	if (lstat(path, &status) || !S_ISREG(status.st_mode) || !status.st_size || ends_with(path, ".hp"))
		return false;
	foreign = hp_open(path, &package, NULL);
	if (!foreign)
		hp_close(package);
	return foreign;
}

// Whatever package stood at -o before is none for these builds; but only a file is taken away, and no foreign one.
static void clear_output(const struct request *request)
{
	struct stat status;

	if (request->output && !request->dry && !lstat(request->output, &status) && S_ISREG(status.st_mode) &&
	    !is_foreign(request->output))
		unlink(request->output);
}

// Without --id the contents name the package, so that equal input gives the equal name.
static const char *derive_id(const struct build *build, char text[32])
{
	crypto_hash_sha256_state state;
	uint8_t digest[32];

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < build->target_count; i++) {
		crypto_hash_sha256_update(&state, build->targets[i].build_id,
					  build->targets[i].build_id_size);
		crypto_hash_sha256_update(&state, build->targets[i].payload, build->targets[i].payload_size);
	}
	crypto_hash_sha256_final(&state, digest);
	strcpy(text, "HP");
	for (size_t i = 0; i < 5; i++)
		snprintf(text + 2 + 2 * i, 3, "%02X", digest[i]);
	return text;
}

static int report_hp_error(const char *doing, const struct hp_error *error)
{
	fprintf(stderr, "hp-build: %s: %s [%s]\n", doing, error->message, hp_status_text(error->status));
	return BAD;
}

static int sign_package(const struct request *request, struct package *package)
{
	uint8_t secret[64], *signed_bytes;
	struct hp_error error = {0};
	size_t size;
	int status;

	if (read_secret_key("hp-build", request->sign, secret))
		return BAD;
	status = hp_sign(package->bytes, package->size, secret, &signed_bytes, &size, &error);
	memcpy(package->key, secret + 32, 32);
	sodium_memzero(secret, sizeof(secret));
	if (status)
		return report_hp_error("signing", &error);
	free(package->bytes);
	package->bytes = signed_bytes;
	package->size = size;
	package->is_signed = true;
	return WRITTEN;
}

static int encode_package(const struct request *request, const struct build *build, struct package *package)
{
	char *manifest = make_manifest(request, build);
	struct hp_content content = {
		.manifest = manifest, .targets = build->targets, .target_count = build->target_count};
	struct hp_error error = {0};
	int status;

	if (!manifest) {
		fprintf(stderr, "hp-build: manifest: a name or text is not UTF-8\n");
		return BAD;
	}
	status = hp_encode(&content, &package->bytes, &package->size, &error);
	free(manifest);
	if (status)
		return report_hp_error("writing the package", &error);
	status = request->sign ? sign_package(request, package) : WRITTEN;
	if (!status)
		crypto_hash_sha256(package->digest, package->bytes, package->size);
	return status;
}

static int write_package(const struct request *request, const struct package *package)
{
	int error = request->dry ? 0 : file_write(request->output, package->bytes, package->size);

	if (error)
		fprintf(stderr, "hp-build: %s: cannot be written: %s\n", request->output, strerror(-error));
	return error ? BAD : WRITTEN;
}

static void print_refusal(const struct request *request, const struct diags *diags)
{
	size_t count = 0;

	for (size_t i = 0; i < diags_count(diags); i++)
		count += diags_at(diags, i)->severity != DIAG_WARNING && !diags_at(diags, i)->allowed;
	fprintf(stderr, "hp-build: refused: %zu reason%s", count, count == 1 ? "" : "s");
	if (request->output && !request->dry)
		fprintf(stderr, "; %s not written", request->output);
	fprintf(stderr, "\n");
}

static int finish(struct request *request, const struct diff *diff, const struct build *build,
		  struct diags *diags)
{
	struct package package = {0};
	char id[32], output[80];
	int status, error;

	if (!request->id)
		request->id = derive_id(build, id);
	if (!request->output) {
		snprintf(output, sizeof(output), "%s.hp", request->id);
		request->output = output;
	}
	status = encode_package(request, build, &package);
	if (!status && request->json) {
		error = write_json(request, diff, diags, build, &package);
		if (error) {
			fprintf(stderr, "hp-build: %s: cannot be written: %s\n", request->json,
				strerror(-error));
			status = BAD;
		}
	}
	if (!status)
		status = write_package(request, &package);
	if (!status && !request->quiet) {
		print_report(request, build, &package);
		if (!finish_output("hp-build"))
			status = BAD;
	}
	free(package.bytes);
	if (status)
		clear_output(request);
	request->output = request->output == output ? NULL : request->output;
	return status;
}

// "key=value" lines, for programs that have to know whether an image fits before they compile anything for it.
static int tell_images(const struct request *request, struct diags *diags)
{
	struct arena *arena = arena_new();
	struct kernel_identity identity;
	int status = WRITTEN;

	for (size_t i = 0; i < request->images.count; i++) {
		if (!identify_kernel(request->images.at[i], arena, &identity, diags)) {
			status = BAD;
			continue;
		}
		printf("name=%s\nrelease=%s\nbuild_id=%s\nsymbols=%zu\n", identity.name, identity.release,
		       identity.build_id, identity.symbols);
		if (identity.banner)
			printf("banner=%s\n", identity.banner);
	}
	print_findings("hp-build", diags);
	arena_free(arena);
	return finish_output("hp-build") ? status : BAD;
}

static int run(struct request *request, struct diags *diags)
{
	struct diff_options diff_options = {.jobs = request->jobs, .quiet = request->quiet};
	struct build_options options = {.images = request->images.at,
					.image_count = request->images.count,
					.running = request->running,
					.target = request->linux_target ? HP_TARGET_LINUX : HP_TARGET_PROCESS,
					.allow = request->allow.at,
					.allow_count = request->allow.count,
					.jobs = request->jobs,
					.quiet = request->quiet};
	struct diff *diff = diff_trees(request->old, request->new, &diff_options, diags);
	struct build *build = NULL;
	int status = diff ? build_targets(diff, &options, &build, diags) : BAD;

	// What was matched and what was taken may be of two builds.
	if (diff && !diff_is_current(diff, diags)) {
		build_free(build);
		build = NULL;
		status = REFUSED;
	}
	print_findings("hp-build", diags);
	if (status == REFUSED)
		print_refusal(request, diags);
	else if (status == NOTHING && !request->quiet)
		printf("nothing to patch\n");
	if (build)
		status = finish(request, diff, build, diags);
	else if (request->json && diff && write_json(request, diff, diags, NULL, NULL))
		status = BAD;
	build_free(build);
	diff_free(diff);
	return status;
}

int main(int argc, char **argv)
{
	struct request request;
	struct diags *diags;
	int status = parse_request(argc, argv, &request);

	if (status < 0 && sodium_init() < 0)
		status = BAD;
	if (status < 0 && request.output && !request.dry && is_foreign(request.output)) {
		fprintf(stderr, "hp-build: %s: is there and is no package; name another file\n",
			request.output);
		status = BAD;
	}
	if (status < 0) {
		guard_mapped_files("hp-build", REFUSED);
		guard_output(request.dry ? NULL : request.output);
		diags = diags_new();
		status = request.old ? run(&request, diags) : tell_images(&request, diags);
		diags_free(diags);
	}
	if (status != WRITTEN)
		clear_output(&request);
	free_request(&request);
	return status;
}
