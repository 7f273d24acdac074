// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Separate debug files of a stripped image, where gdb looks for them too (gdb manual, "Debugging Information in
 * Separate Files"): by build ID, and by .gnu_debuglink beside the image, in .debug, and under /usr/lib/debug. Only a
 * file with the image's build ID is taken.
 */
#include "create/image-elf.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#define DEBUG_ROOT "/usr/lib/debug"

static bool take_debug_file(struct image *image, const char *path)
{
	struct image_private *private = image->private;
	struct elf_range id;
	struct elf_view view;

	if (file_map(path, &private->debug_file) != 0)
		return false;
	private->debug_open = true;
	if (!elf_view_open(&view, private->debug_file.data, private->debug_file.size, image->arena)) {
		id = elf_build_id(&view);
		if (id.size == image->build_id_size && !memcmp(id.at, image->build_id, id.size) &&
		    image_read_symbols(image, &view)) {
			image->full_symbols = true;
			image->debug_path = arena_strdup(image->arena, path);
			return true;
		}
	}
	file_unmap(&private->debug_file);
	private->debug_open = false;
	return false;
}

static bool try_build_id(struct image *image)
{
	char path[256];

	if (image->build_id_size < 2)
		return false;
	snprintf(path, sizeof(path), DEBUG_ROOT "/.build-id/%.2s/%s.debug", image->build_id_text,
		 image->build_id_text + 2);
	return take_debug_file(image, path);
}

static bool try_link(struct image *image, const char *directory, const char *name)
{
	char *paths[] = {xasprintf("%s/%s", directory, name), xasprintf("%s/.debug/%s", directory, name),
			 xasprintf(DEBUG_ROOT "%s/%s", directory, name)};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		found = found || take_debug_file(image, paths[i]);
		free(paths[i]);
	}
	return found;
}

void image_open_debug(struct image *image, const char *file)
{
	const struct elf_view *elf = &image->private->elf;
	struct elf_range link = elf_section_range(elf, elf_find_section(elf, ".gnu_debuglink"));
	const char *name = elf_string(&link, 0);
	char *absolute, *directory;

	if (try_build_id(image) || !*name || strchr(name, '/'))
		return;
	absolute = realpath(file, NULL);
	if (!absolute)
		return;
	directory = dirname(absolute);
	try_link(image, directory, name);
	free(absolute);
}
