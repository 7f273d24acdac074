// SPDX-License-Identifier: GPL-3.0-or-later
// The directory of a livepatch module: written beside its place, built by the kernel's own makefiles, then renamed.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/hp-export.h"

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int write_file(const struct export *export, const char *name, const void *bytes, size_t size)
{
	char *path = path_join(export->directory, name);
	int status = file_write(path, bytes, size);

	if (status)
		export_error(EXPORT_BAD, path, "cannot be written: %s", strerror(-status));
	free(path);
	return status ? EXPORT_BAD : EXPORT_DONE;
}

static int write_text(const struct export *export, const char *name, char *text)
{
	int status = write_file(export, name, text, strlen(text));

	free(text);
	return status;
}

// kbuild copies NAME.o_shipped to NAME.o, and wants to read how it was made.
static int write_payload(const struct export *export, size_t index)
{
	const struct hp_target *target = hp_target(export->package, index);
	const char *object = target->kind == HP_TARGET_LINUX ? "vmlinux" : target->name;
	char *name = xasprintf("payload-%s.o_shipped", object),
	     *command = xasprintf(".payload-%s.o.cmd", object);
	struct hp_error error;
	uint8_t *bytes;
	size_t size;
	int status;

	if (klp_object(export->package, index, &export->options, &bytes, &size, &error)) {
		status = export_failed(export->request->package, &error);
	} else {
		status = write_file(export, name, bytes, size);
		free(bytes);
	}
	if (!status)
		status = write_text(export, command, xasprintf("cmd_payload-%s.o :=\n", object));
	free(name);
	free(command);
	return status;
}

static int make_directory(struct export *export)
{
	const char *output = export->request->output;
	size_t length = strlen(output);

	while (length > 1 && output[length - 1] == '/')
		length--;
	export->directory = xasprintf("%.*s.XXXXXX", (int)length, output);
	if (!mkdtemp(export->directory)) {
		int failed = export_error(EXPORT_BAD, output, "cannot be made: %s", strerror(errno));

		free(export->directory);
		export->directory = NULL;
		return failed;
	}
	return chmod(export->directory, 0755) ? EXPORT_BAD : EXPORT_DONE;
}

// A directory that is there is replaced only when it is one of ours.
static int check_output(const struct export *export)
{
	char *source = path_join(export->request->output, "patch.c");
	bool there = !access(export->request->output, F_OK), ours = !access(source, F_OK);

	free(source);
	if (there && !ours && rmdir(export->request->output))
		return export_error(EXPORT_BAD, export->request->output,
				    "is there and was not written by hp-export; name another directory");
	return EXPORT_DONE;
}

static char *headers_of(const struct export *export)
{
	const char *release =
		json_string_value(json_object_get(json_object_get(export->manifest, "kernel"), "release"));

	if (export->request->headers)
		return realpath(export->request->headers, NULL);
	return release && !strchr(release, '/') ? xasprintf("/lib/modules/%s/build", release) : NULL;
}

// Where the headers are at hand, they tell which module exports what; a package that changes no module does without.
static void read_symvers(struct export *export)
{
	char *headers = headers_of(export), *path = headers ? path_join(headers, "Module.symvers") : NULL;
	struct file file;

	if (path && !file_map(path, &file)) {
		export->symvers = xasprintf("%.*s", (int)file.size, (const char *)file.data);
		export->options.symvers = export->symvers;
		file_unmap(&file);
	}
	free(headers);
	free(path);
}

int export_source(struct export *export)
{
	struct hp_error error;
	char *text;
	int status = check_output(export);

	if (!status)
		status = make_directory(export);
	read_symvers(export);
	for (size_t i = 0; i < hp_target_count(export->package) && !status; i++)
		if (hp_target(export->package, i)->function_count)
			status = write_payload(export, i);
	if (status)
		return status;
	if (klp_source(export->package, &export->options, &text, &error))
		return export_failed(export->request->package, &error);
	status = write_text(export, "patch.c", text);
	if (status)
		return status;
	if (klp_makefile(export->package, &export->options, &text, &error))
		return export_failed(export->request->package, &error);
	return write_text(export, "Makefile", text);
}

// Runs a program with its output in LOG; its exit status, or -1.
static int run_logged(char *const *arguments, const char *log)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return -1;
	if (!child) {
		int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

		// A make around this one must not hand its goals and job slots to kbuild.
		unsetenv("MAKEFLAGS");
		unsetenv("MFLAGS");
		unsetenv("MAKELEVEL");
		setenv("LC_ALL", "C", 1);
		if (file >= 0 && dup2(file, 1) >= 0 && dup2(file, 2) >= 0)
			execvp(arguments[0], arguments);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void print_errors(const char *log)
{
	struct file file;
	unsigned printed = 0;

	if (file_map(log, &file))
		return;
	for (const char *at = (const char *)file.data, *end = at + file.size; at < end && printed < 10;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line_end ? line_end : end) - at);

		if (memmem(at, length, "rror", 4) || memmem(at, length, "not found", 9) ||
		    memmem(at, length, "***", 3)) {
			fprintf(stderr, "  %.*s\n", (int)length, at);
			printed++;
		}
		at += length + 1;
	}
	file_unmap(&file);
}

static int run_make(const struct export *export, const char *headers, const char *log)
{
	char *kernel = xasprintf("KERNEL_HEADERS=%s", headers);
	char self[4096] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *tool = xasprintf("HP_EXPORT=%s", length > 0 ? self : "hp-export");
	char *arguments[] = {"make", "-C", export->directory, kernel, tool, NULL};
	int status = run_logged(arguments, log);

	free(kernel);
	free(tool);
	return status;
}

static int sign_module(const struct export *export, const char *headers, const char *module, const char *log)
{
	const struct export_request *request = export->request;
	char *tool = path_join(headers, "scripts/sign-file");
	char *arguments[] = {tool,           "sha256", (char *)request->key, (char *)request->certificate,
			     (char *)module, NULL};
	int status = request->key ? run_logged(arguments, log) : 0;

	free(tool);
	if (!status)
		return EXPORT_DONE;
	export_error(EXPORT_REFUSED, request->key, "the module cannot be signed with it:");
	print_errors(log);
	return EXPORT_REFUSED;
}

static char *module_path(const struct export *export)
{
	return xasprintf("%s/%s.ko", export->directory, export->name);
}

int export_build(struct export *export)
{
	char *headers = headers_of(export), *log = path_join(export->directory, "build.log");
	char *module = module_path(export), *makefile = headers ? path_join(headers, "Makefile") : NULL;
	struct progress *progress = progress_new("building the module", 1, export->request->quiet);
	int status = EXPORT_DONE;

	if (!makefile || access(makefile, R_OK)) {
		status = export_error(
			EXPORT_BAD, headers ? headers : export->request->package,
			"the kernel's headers are not there; install them or name them with --headers=DIR");
	} else if (run_make(export, headers, log) || access(module, R_OK)) {
		status =
			export_error(EXPORT_REFUSED, export->request->package, "the module cannot be built:");
		print_errors(log);
	} else {
		status = sign_module(export, headers, module, log);
	}
	progress_free(progress);
	free(headers);
	free(log);
	free(module);
	free(makefile);
	return status;
}

static const struct hp_target *kernel_of(struct hp_package *package)
{
	for (size_t i = 0; i < hp_target_count(package); i++)
		if (hp_target(package, i)->kind == HP_TARGET_LINUX)
			return hp_target(package, i);
	return NULL;
}

static bool is_record(const char *type)
{
	return !strcmp(type, "MANI") || !strcmp(type, "TARG") || !strcmp(type, "PAYL") ||
	       !strcmp(type, KLP_CHUNK);
}

// The package once more, with CHUNK in the place of an earlier module.
static int encode_with(struct export *export, const struct hp_chunk *chunk, uint8_t **bytes, size_t *size,
		       struct hp_error *error)
{
	VEC(struct hp_target) targets = {0};
	VEC(struct hp_chunk) extra = {0};
	struct hp_content content = {.manifest = hp_manifest(export->package, NULL)};
	int status;

	for (size_t i = 0; i < hp_target_count(export->package); i++)
		*vec_push(&targets) = *hp_target(export->package, i);
	for (size_t i = 0; i < hp_chunk_count(export->package); i++)
		if (!is_record(hp_chunk(export->package, i)->type))
			*vec_push(&extra) = *hp_chunk(export->package, i);
	*vec_push(&extra) = *chunk;
	content.targets = targets.at;
	content.target_count = targets.count;
	content.extra = extra.at;
	content.extra_count = extra.count;
	status = hp_encode(&content, bytes, size, error);
	free(targets.at);
	free(extra.at);
	return status;
}

static int embed_module(struct export *export, const struct file *module)
{
	const char *path = export->request->package;
	const struct hp_target *kernel = kernel_of(export->package);
	struct klp_embedded embedded = {.build_id = kernel ? kernel->build_id : export->build_id,
					.build_id_size = kernel ? kernel->build_id_size
								: export->options.build_id_size,
					.name = export->name,
					.module = module->data,
					.module_size = module->size};
	struct hp_chunk chunk = {.type = KLP_CHUNK, .flags = HP_CHUNK_OPTIONAL};
	uint8_t *record = NULL, *bytes = NULL;
	struct hp_error error;
	size_t size;
	int status = klp_embed(&embedded, &record, &size, &error);

	chunk.data = record;
	chunk.raw_size = size;
	if (!status)
		status = encode_with(export, &chunk, &bytes, &size, &error);
	if (status) {
		status = export_failed(path, &error);
	} else {
		status = file_write(path, bytes, size);
		if (status)
			status = export_error(EXPORT_BAD, path, "cannot be written: %s", strerror(-status));
	}
	free(record);
	free(bytes);
	return status;
}

int export_embed(struct export *export)
{
	char *path = module_path(export);
	struct file module;
	int status;

	if (hp_signature_count(export->package)) {
		free(path);
		return export_error(EXPORT_REFUSED, export->request->package,
				    "is signed, and a module inside would make the signature wrong; embed "
				    "first, then sign");
	}
	status = file_map(path, &module);
	if (status) {
		status = export_error(EXPORT_BAD, path, "cannot be read: %s", strerror(-status));
	} else {
		status = embed_module(export, &module);
		file_unmap(&module);
	}
	free(path);
	return status;
}

int export_publish(struct export *export)
{
	remove_tree(export->request->output);
	if (rename(export->directory, export->request->output))
		return export_error(EXPORT_BAD, export->request->output, "cannot be written: %s",
				    strerror(errno));
	free(export->directory);
	export->directory = NULL;
	return EXPORT_DONE;
}

void export_discard(struct export *export)
{
	if (export->directory)
		remove_tree(export->directory);
}

int finish_module(const char *path)
{
	struct hp_error error;
	struct file module;
	uint8_t *bytes;
	size_t size;
	int status = file_map(path, &module);

	if (status)
		return export_error(EXPORT_BAD, path, "cannot be read: %s", strerror(-status));
	status = klp_finish(module.data, module.size, &bytes, &size, &error);
	file_unmap(&module);
	if (status)
		return export_failed(path, &error);
	status = file_write(path, bytes, size);
	free(bytes);
	return status ? export_error(EXPORT_BAD, path, "cannot be written: %s", strerror(-status))
		      : EXPORT_DONE;
}
