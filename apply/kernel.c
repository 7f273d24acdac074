// SPDX-License-Identifier: GPL-3.0-or-later
// Livepatches of the running kernel: /sys/kernel/livepatch (Documentation/livepatch/livepatch.rst), /sys/module.
#include "apply/kernel.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LIVEPATCH "/sys/kernel/livepatch"
#define MODULES   "/sys/module"

static ssize_t read_whole(const char *path, void *bytes, size_t room)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = file < 0 ? -1 : read(file, bytes, room);

	if (file >= 0)
		close(file);
	return size;
}

// 1 the patch's flag is set, 0 it is not, -errno when the patch is not there.
static int flag_of(const char *module, const char *flag)
{
	char path[256], text[8];
	ssize_t size;

	snprintf(path, sizeof(path), LIVEPATCH "/%s/%s", module, flag);
	size = read_whole(path, text, sizeof(text));
	return size > 0 ? *text == '1' : size < 0 ? -errno : -ENODATA;
}

// Build ID among ELF notes.
static size_t find_build_id(const uint8_t *notes, size_t size, uint8_t id[KERNEL_BUILD_ID_MAX])
{
	Elf64_Nhdr note;

	for (size_t at = 0; at + sizeof(note) <= size;) {
		size_t name, description;

		memcpy(&note, notes + at, sizeof(note));
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		description = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		at += sizeof(note);
		if (name > size - at || description > size - at - name)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + at, "GNU", 4) &&
		    note.n_descsz <= KERNEL_BUILD_ID_MAX) {
			memcpy(id, notes + at + name, note.n_descsz);
			return note.n_descsz;
		}
		at += name + description;
	}
	return 0;
}

void kernel_read(struct kernel *kernel)
{
	struct utsname names;
	uint8_t notes[4096];
	ssize_t size = read_whole("/sys/kernel/notes", notes, sizeof(notes));

	*kernel = (struct kernel){.livepatch = !access(LIVEPATCH, F_OK)};
	if (!uname(&names))
		snprintf(kernel->release, sizeof(kernel->release), "%s", names.release);
	if (size > 0)
		kernel->build_id_size = find_build_id(notes, (size_t)size, kernel->build_id);
}

// One line of a file, printable; NULL when it cannot be read.
static const char *read_line(struct arena *arena, const char *format, const char *a, const char *b)
{
	char path[512], text[1024];
	ssize_t size;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(path, sizeof(path), format, a, b);
#pragma GCC diagnostic pop
	size = read_whole(path, text, sizeof(text) - 1);
	if (size < 0)
		return NULL;
	text[size] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at == 0x7f)
			*at = '?';
	return arena_strdup(arena, text);
}

// Whether the kernel has the object, so that its functions are replaced: a module may come later. Linux before 6.1 does not say.
static bool is_object_there(const char *module, const char *object)
{
	char path[512], text[4];

	snprintf(path, sizeof(path), LIVEPATCH "/%s/%s/patched", module, object);
	if (read_whole(path, text, sizeof(text)) > 0)
		return *text == '1';
	snprintf(path, sizeof(path), MODULES "/%s/initstate", object);
	return !strcmp(object, "vmlinux") || !access(path, F_OK);
}

static size_t count_functions(const char *module, const char *object)
{
	char path[512];
	struct dirent *function;
	DIR *functions;
	size_t count = 0;

	snprintf(path, sizeof(path), LIVEPATCH "/%s/%s", module, object);
	functions = opendir(path);
	while (functions && (function = readdir(functions)))
		count += function->d_type == DT_DIR && *function->d_name != '.';
	if (functions)
		closedir(functions);
	return count;
}

static int is_directory(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && *entry->d_name != '.';
}

static const char *add_word(struct arena *arena, const char *list, const char *word)
{
	return arena_printf(arena, "%s%s%s", list, *list ? " " : "", word);
}

// Objects are directories of the patch, functions directories of the objects.
static void read_objects(struct arena *arena, struct kernel_patch *patch)
{
	char path[512];
	struct dirent **objects;
	int object_count;

	snprintf(path, sizeof(path), LIVEPATCH "/%s", patch->module);
	patch->objects = patch->waits_for = "";
	object_count = scandir(path, &objects, is_directory, alphasort);
	for (int i = 0; i < object_count; i++) {
		const char *name = objects[i]->d_name;
		size_t count = count_functions(patch->module, name);

		patch->objects = add_word(arena, patch->objects, name);
		patch->functions += count;
		if (!is_object_there(patch->module, name)) {
			patch->waiting += count;
			patch->waits_for = add_word(arena, patch->waits_for, name);
		}
		free(objects[i]);
	}
	if (object_count >= 0)
		free(objects);
}

struct kernel_patch *kernel_patches(struct arena *arena, size_t *count)
{
	VEC(struct kernel_patch) patches = {0};
	struct kernel_patch *all;
	DIR *directory = opendir(LIVEPATCH);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		struct kernel_patch *patch;
		char path[512];
		uint8_t note[256];
		ssize_t size;

		if (*entry->d_name == '.')
			continue;
		patch = vec_push(&patches);
		*patch = (struct kernel_patch){.module = arena_strdup(arena, entry->d_name)};
		patch->id = read_line(arena, MODULES "/%s/parameters/%s", patch->module, "hotpatch_id");
		patch->title = read_line(arena, MODULES "/%s/parameters/%s", patch->module, "hotpatch_title");
		patch->fixes = read_line(arena, MODULES "/%s/parameters/%s", patch->module, "hotpatch_fixes");
		patch->enabled = flag_of(patch->module, "enabled") == 1;
		patch->transition = flag_of(patch->module, "transition") == 1;
		read_objects(arena, patch);
		snprintf(path, sizeof(path), MODULES "/%s/notes/.note.gnu.build-id", patch->module);
		size = read_whole(path, note, sizeof(note));
		if (size > 0)
			patch->build_id_size = find_build_id(note, (size_t)size, patch->build_id);
	}
	if (directory)
		closedir(directory);
	*count = patches.count;
	all = arena_array(arena, patches.count + 1, sizeof(*all));
	if (patches.count)
		memcpy(all, patches.at, patches.count * sizeof(*all));
	free(patches.at);
	return all;
}

bool kernel_find_module(const struct kernel *kernel, const struct hp_package *package,
			struct klp_embedded *module, bool *any)
{
	*any = false;
	for (size_t i = 0; i < hp_chunk_count(package); i++) {
		const struct hp_chunk *chunk = hp_chunk(package, i);

		if (strcmp(chunk->type, KLP_CHUNK) || klp_embedded(chunk, module, NULL))
			continue;
		*any = true;
		if (module->build_id_size == kernel->build_id_size &&
		    !memcmp(module->build_id, kernel->build_id, kernel->build_id_size))
			return true;
	}
	return false;
}

size_t module_build_id(const uint8_t *module, size_t size, uint8_t id[KERNEL_BUILD_ID_MAX])
{
	Elf64_Ehdr header;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, module, sizeof(header));
	if (header.e_shoff > size || header.e_shnum > (size - header.e_shoff) / sizeof(Elf64_Shdr))
		return 0;
	for (size_t i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr section;
		size_t found;

		memcpy(&section, module + header.e_shoff + i * sizeof(section), sizeof(section));
		if (section.sh_type != SHT_NOTE || section.sh_offset > size ||
		    section.sh_size > size - section.sh_offset)
			continue;
		found = find_build_id(module + section.sh_offset, section.sh_size, id);
		if (found)
			return found;
	}
	return 0;
}

int kernel_load(const struct klp_embedded *module)
{
	int file = memfd_create(module->name, MFD_CLOEXEC), status = 0;

	if (file < 0)
		return -errno;
	for (size_t at = 0; at < module->module_size && !status;) {
		ssize_t size = write(file, module->module + at, module->module_size - at);

		if (size < 0 && errno != EINTR)
			status = -errno;
		at += size > 0 ? (size_t)size : 0;
	}
	if (!status && syscall(SYS_finit_module, file, "", 0))
		status = -errno;
	close(file);
	return status;
}

int kernel_unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

int kernel_disable(const char *module)
{
	char path[256];
	int file, status = 0;

	snprintf(path, sizeof(path), LIVEPATCH "/%s/enabled", module);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	if (write(file, "0", 1) != 1)
		status = -errno;
	close(file);
	return status;
}

int kernel_settled(const char *module)
{
	int transition = flag_of(module, "transition");

	return transition < 0 ? transition : !transition;
}

int kernel_enabled(const char *module)
{
	return flag_of(module, "enabled");
}
