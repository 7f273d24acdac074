// SPDX-License-Identifier: GPL-3.0-or-later
// Finds the objects, archive members and images of a tree. Only the first bytes of each file are read here.
#include "diff/model.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARCHIVE_MAGIC "!<arch>\n"
#define THIN_MAGIC    "!<thin>\n"
#define MAGIC_SIZE    8
#define MEMBER_HEADER 60
#define DEPTH_MAX     200
#define CHANGED_SHOWN 4 // files that something wrote to meanwhile; a build writes to all of them

enum content { CONTENT_OTHER, CONTENT_OBJECT, CONTENT_IMAGE, CONTENT_ARCHIVE, CONTENT_THIN, CONTENT_PACKAGE };

struct scan {
	struct tree *tree;
	struct diags *diags;
};

PRINTF_LIKE(4, 5)
static void report(const struct scan *scan, const char *code, const char *path, const char *format, ...)
{
	struct diag place = {.severity = DIAG_ERROR, .code = code, .object = path};
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	diags_add(scan->diags, &place, "%s", message);
}

static bool ends_with(const char *text, const char *tail)
{
	size_t length = strlen(text), tail_length = strlen(tail);

	return length >= tail_length && !strcmp(text + length - tail_length, tail);
}

// ---- what a file is ------------------------------------------------------------------------------

/* By its first bytes; a file that calls itself an object and is none is listed too, so that loading it says
 * so. */
static enum content find_content(const char *name, const uint8_t *head, size_t size)
{
	if (ends_with(name, ".dwo")) // split debug information, no code
		return CONTENT_OTHER;
	if (ends_with(name, ".dwp") && size >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		return CONTENT_PACKAGE;
	if (size >= MAGIC_SIZE && !memcmp(head, ARCHIVE_MAGIC, MAGIC_SIZE))
		return CONTENT_ARCHIVE;
	if (size >= MAGIC_SIZE && !memcmp(head, THIN_MAGIC, MAGIC_SIZE))
		return CONTENT_THIN;
	if (size >= 18 && !memcmp(head, ELFMAG, SELFMAG)) {
		unsigned type =
			head[EI_DATA] == ELFDATA2MSB ? head[17] | head[16] << 8 : head[16] | head[17] << 8;

		if (type == ET_REL)
			return CONTENT_OBJECT;
		if (type == ET_EXEC || type == ET_DYN)
			return CONTENT_IMAGE;
	}
	if (ends_with(name, ".o") || (size >= 4 && !memcmp(head, "BC\xc0\xde", 4)))
		return CONTENT_OBJECT;
	return CONTENT_OTHER;
}

static int read_head(const char *path, const char *name, enum content *content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t head[64];
	ssize_t size;

	if (fd < 0)
		return -errno;
	size = pread(fd, head, sizeof(head), 0);
	close(fd);
	if (size < 0)
		return -errno;
	*content = find_content(name, head, (size_t)size);
	return 0;
}

// ---- archives ------------------------------------------------------------------------------------

struct archive {
	const struct scan *scan;
	const char *path, *file; // as listed, as opened
	struct file map;
	bool thin, whole_tree;
	const char *long_names; // contents of the "//" member
	uint64_t long_names_size;
	struct strmap *seen; // how often each member name came by
};

// A decimal number in a field padded with spaces, as <ar.h> has it.
static bool parse_number(const uint8_t *field, size_t width, uint64_t *value)
{
	size_t i = 0;

	for (*value = 0; i < width && field[i] >= '0' && field[i] <= '9'; i++)
		*value = *value * 10 + (field[i] - '0');
	if (!i)
		return false;
	for (; i < width; i++)
		if (field[i] != ' ')
			return false;
	return true;
}

// "/123": the name starts at 123 of the long-name table and ends with "/\n".
static char *long_name(const struct archive *archive, uint64_t offset)
{
	const char *start = archive->long_names + offset, *end;

	if (offset >= archive->long_names_size)
		return NULL;
	end = memchr(start, '\n', archive->long_names_size - offset);
	if (!end || end == start)
		return NULL;
	if (end[-1] == '/')
		end--;
	return arena_strndup(archive->scan->tree->arena, start, (size_t)(end - start));
}

/* The member's name in the GNU ("name/", "/123") or BSD ("#1/20", name first in the data) form; NULL: broken.
 */
static char *member_name(const struct archive *archive, const uint8_t *header, const uint8_t *data,
			 uint64_t *start, uint64_t *size)
{
	struct arena *arena = archive->scan->tree->arena;
	uint64_t number;
	size_t length = 16;

	if (header[0] == '/' && parse_number(header + 1, 15, &number))
		return long_name(archive, number);
	if (!memcmp(header, "#1/", 3) && parse_number(header + 3, 13, &number)) {
		if (archive->thin || number > *size)
			return NULL;
		*start += number;
		*size -= number;
		return arena_strndup(arena, (const char *)data, strnlen((const char *)data, number));
	}
	while (length && header[length - 1] == ' ')
		length--;
	if (length && header[length - 1] == '/')
		length--;
	return length ? arena_strndup(arena, (const char *)header, length) : NULL;
}

// Archives may hold several members of one name; from the second on they are numbered.
static const char *unique_name(const struct archive *archive, const char *name)
{
	void **count = strmap_put(archive->seen, name);
	size_t number = (size_t)*count + 1;

	*count = (void *)number;
	return number == 1 ? name : arena_printf(archive->scan->tree->arena, "%s(%zu)", name, number);
}

// Does a thin archive's member lie below the root that is being walked, where it is found anyway?
static bool is_below_root(const struct archive *archive, const char *name)
{
	const char *slash = strrchr(archive->path, '/');
	int depth = 0;

	if (!archive->whole_tree || *name == '/')
		return false;
	for (const char *at = archive->path; slash && at < slash; at++)
		depth += *at == '/';
	depth += slash != NULL;
	for (const char *at = name; *at;) {
		const char *end = strchrnul(at, '/');

		if (end - at == 2 && !memcmp(at, "..", 2))
			depth--;
		else if (end > at && !(end - at == 1 && *at == '.'))
			depth++;
		if (depth < 0)
			return false;
		at = *end ? end + 1 : end;
	}
	return true;
}

static struct read_file file_state(const char *path, const char *file, const struct stat *status)
{
	return (struct read_file){.path = path,
				  .file = file,
				  .device = status->st_dev,
				  .inode = status->st_ino,
				  .size = (uint64_t)status->st_size,
				  .written = status->st_mtim};
}

static void add_thin_member(const struct archive *archive, const char *name)
{
	struct tree *tree = archive->scan->tree;
	const char *slash = strrchr(archive->file, '/');
	struct input input = {
		.path = arena_printf(tree->arena, "%s:%s", archive->path, unique_name(archive, name))};
	struct stat status;
	enum content content;

	if (is_below_root(archive, name))
		return;
	input.file = *name == '/' || !slash ? name
					    : arena_printf(tree->arena, "%.*s/%s",
							   (int)(slash - archive->file), archive->file, name);
	if (stat(input.file, &status) || read_head(input.file, name, &content)) {
		report(archive->scan, "unreadable", input.path,
		       "the member of a thin archive cannot be read: %s", strerror(errno));
		return;
	}
	input.size = (uint64_t)status.st_size;
	if (content != CONTENT_OBJECT)
		return;
	*vec_push(&tree->objects) = input;
	*vec_push(&tree->files) = file_state(input.path, input.file, &status);
}

static void add_member(const struct archive *archive, const char *name, uint64_t start, uint64_t size)
{
	struct tree *tree = archive->scan->tree;
	const char *unique = unique_name(archive, name);

	if (find_content(name, archive->map.data + start, size) != CONTENT_OBJECT)
		return;
	*vec_push(&tree->objects) =
		(struct input){.path = arena_printf(tree->arena, "%s:%s", archive->path, unique),
			       .file = archive->file,
			       .start = start,
			       .size = size};
}

// The members "/", "/SYM64/" and "__.SYMDEF" index symbols, "//" holds long names.
static bool is_symbol_index(const uint8_t *header)
{
	return !memcmp(header, "/               ", 16) || !memcmp(header, "/SYM64/ ", 8) ||
	       !memcmp(header, "__.SYMDEF", 9);
}

static bool walk_archive(struct archive *archive)
{
	uint64_t at = MAGIC_SIZE;

	while (archive->map.size - at >= MEMBER_HEADER) {
		const uint8_t *header = archive->map.data + at;
		bool stored = !archive->thin || is_symbol_index(header) || !memcmp(header, "// ", 3);
		uint64_t start = at + MEMBER_HEADER, size, full;
		char *name;

		if (memcmp(header + 58, "`\n", 2) || !parse_number(header + 48, 10, &size))
			return false;
		if (stored && size > archive->map.size - start)
			return false;
		full = stored ? size : 0;
		if (!memcmp(header, "// ", 3)) {
			archive->long_names = (const char *)archive->map.data + start;
			archive->long_names_size = size;
		} else if (!is_symbol_index(header)) {
			name = member_name(archive, header, archive->map.data + start, &start, &size);
			if (!name || !text_is_printable(name))
				return false;
			if (archive->thin)
				add_thin_member(archive, name);
			else if (strcmp(name, "__.SYMDEF") && strcmp(name, "__.SYMDEF SORTED"))
				add_member(archive, name, start, size);
		}
		at += MEMBER_HEADER + full;
		if (at & 1 && at < archive->map.size)
			at++;
	}
	return at == archive->map.size;
}

static void scan_archive(const struct scan *scan, const char *path, const char *file, bool thin,
			 bool whole_tree)
{
	struct archive archive = {
		.scan = scan, .path = path, .file = file, .thin = thin, .whole_tree = whole_tree};
	int error = file_map(file, &archive.map);

	if (error) {
		report(scan, "unreadable", path, "cannot be read: %s", strerror(-error));
		return;
	}
	archive.seen = strmap_new();
	if (archive.map.size < MAGIC_SIZE || !walk_archive(&archive))
		report(scan, "malformed-object", path,
		       "the archive's member headers are broken; members behind the break are not seen, "
		       "build it again");
	strmap_free(archive.seen);
	file_unmap(&archive.map);
}

// ---- directories ---------------------------------------------------------------------------------

static void scan_file(const struct scan *scan, const char *path, const char *file, const struct stat *status,
		      bool whole_tree)
{
	struct tree *tree = scan->tree;
	struct input input = {.path = path, .file = file, .size = (uint64_t)status->st_size};
	enum content content;
	int error = read_head(file, path, &content);

	if (error) {
		report(scan, "unreadable", path, "cannot be read: %s", strerror(-error));
		return;
	}
	if (!whole_tree)
		tree->form = content == CONTENT_IMAGE                                ? TREE_IMAGE
			     : content == CONTENT_ARCHIVE || content == CONTENT_THIN ? TREE_ARCHIVE
										     : TREE_OBJECT;
	if (content == CONTENT_OBJECT || content == CONTENT_ARCHIVE || content == CONTENT_THIN)
		*vec_push(&tree->files) = file_state(path, file, status);
	switch (content) {
	case CONTENT_OBJECT:
		*vec_push(&tree->objects) = input;
		break;
	case CONTENT_IMAGE:
		*vec_push(&tree->images) = input;
		break;
	case CONTENT_ARCHIVE:
	case CONTENT_THIN:
		scan_archive(scan, path, file, content == CONTENT_THIN, whole_tree);
		break;
	case CONTENT_PACKAGE:
		*vec_push(&tree->packages) = input;
		break;
	case CONTENT_OTHER:
		if (!whole_tree)
			report(scan, "malformed-object", path,
			       "is neither an object, an archive nor an image");
	}
}

static void scan_directory(const struct scan *scan, const char *prefix, unsigned depth)
{
	struct arena *arena = scan->tree->arena;
	const char *root = scan->tree->root;
	const char *directory = *prefix ? arena_printf(arena, "%s/%s", root, prefix) : root;
	DIR *stream = opendir(directory);
	struct dirent *entry;

	if (!stream || depth > DEPTH_MAX) {
		report(scan, "unreadable", *prefix ? prefix : root, "the directory cannot be read: %s",
		       stream ? "too deep" : strerror(errno));
		if (stream)
			closedir(stream);
		return;
	}
	while ((entry = readdir(stream))) {
		const char *path, *file;
		struct stat status;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = *prefix ? arena_printf(arena, "%s/%s", prefix, entry->d_name)
			       : arena_strdup(arena, entry->d_name);
		file = arena_printf(arena, "%s/%s", root, path);
		// A link to a directory is not followed: what it names is in the tree, or is no part of it.
		if (fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISLNK(status.st_mode) && (stat(file, &status) || S_ISDIR(status.st_mode)))
			continue;
		if (S_ISDIR(status.st_mode))
			scan_directory(scan, path, depth + 1);
		else if (S_ISREG(status.st_mode))
			scan_file(scan, path, file, &status, true);
	}
	closedir(stream);
}

static int compare_inputs(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

int tree_scan(const char *path, struct tree *tree, struct diags *diags)
{
	struct scan scan = {.tree = tree, .diags = diags};
	struct stat status;

	*tree = (struct tree){.root = xstrdup(path), .arena = arena_new()};
	for (size_t length = strlen(tree->root); length > 1 && tree->root[length - 1] == '/';)
		tree->root[--length] = 0;
	if (stat(path, &status)) {
		report(&scan, "unreadable", path, "cannot be read: %s", strerror(errno));
		return -1;
	}
	if (S_ISDIR(status.st_mode)) {
		scan_directory(&scan, "", 0);
	} else if (S_ISREG(status.st_mode)) {
		const char *slash = strrchr(tree->root, '/');
		size_t before = diags_count(diags);

		scan_file(&scan, slash ? slash + 1 : tree->root, tree->root, &status, false);
		if (diags_count(diags) > before && !tree->objects.count)
			return -1;
	} else {
		report(&scan, "unreadable", path, "is neither a file nor a directory");
		return -1;
	}
	if (tree->objects.count)
		qsort(tree->objects.at, tree->objects.count, sizeof(struct input), compare_inputs);
	if (tree->images.count)
		qsort(tree->images.at, tree->images.count, sizeof(struct input), compare_inputs);
	if (tree->packages.count)
		qsort(tree->packages.at, tree->packages.count, sizeof(struct input), compare_inputs);
	return 0;
}

void tree_free(struct tree *tree)
{
	free(tree->objects.at);
	free(tree->images.at);
	free(tree->packages.at);
	free(tree->files.at);
	arena_free(tree->arena);
	free(tree->root);
	*tree = (struct tree){0};
}

static bool is_unchanged(const struct read_file *was)
{
	struct read_file is;
	struct stat status;

	if (stat(was->file, &status))
		return false;
	is = file_state(was->path, was->file, &status);
	return is.device == was->device && is.inode == was->inode && is.size == was->size &&
	       is.written.tv_sec == was->written.tv_sec && is.written.tv_nsec == was->written.tv_nsec;
}

bool tree_is_unchanged(const struct tree *tree, struct diags *diags)
{
	struct diag place = {.severity = DIAG_ERROR, .code = "unreadable"};
	size_t changed = 0;

	for (size_t i = 0; i < tree->files.count; i++) {
		const struct read_file *file = &tree->files.at[i];

		if (is_unchanged(file) || ++changed > CHANGED_SHOWN)
			continue;
		place.object = file->path;
		diags_add(diags, &place,
			  "%s was written to or removed while it was compared; run this again when nothing "
			  "writes there",
			  file->file);
	}
	place.object = tree->root;
	if (changed > CHANGED_SHOWN)
		diags_add(diags, &place, "so were %zu other files", changed - CHANGED_SHOWN);
	return !changed;
}

struct object *tree_load(const struct tree *tree, const struct input *input, struct interner *names,
			 struct diags *diags)
{
	struct diag place = {.severity = DIAG_ERROR, .code = "unreadable", .object = input->path};
	struct file file;
	struct object *object;
	const uint8_t *bytes;
	uint8_t *copy = NULL;
	int error = file_map(input->file, &file);

	if (error) {
		diags_add(diags, &place, "cannot be read: %s", strerror(-error));
		return NULL;
	}
	if (input->start > file.size || input->size > file.size - input->start) {
		diags_add(diags, &place,
			  "became shorter while it was read; try again when nothing writes to it");
		file_unmap(&file);
		return NULL;
	}
	bytes = file.data + input->start;
	if ((uintptr_t)bytes % 8) { // archives align members to 2 bytes, the structures of ELF64 want 8
		bytes = copy = memcpy(xalloc(input->size), bytes, input->size);
		file_unmap(&file);
	}
	object = object_load(input->path, bytes, input->size, names, diags);
	if (!object) {
		file_unmap(&file);
		free(copy);
		return NULL;
	}
	object->file = file;
	object->copy = copy;
	object->tree_root = tree->root;
	object->tree = tree;
	object->file_path = input->file;
	return object;
}
