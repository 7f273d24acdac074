// SPDX-License-Identifier: GPL-3.0-or-later
// Reading files by mapping them, writing them by way of a temporary.
#include "util/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map_descriptor(int fd, const struct stat *status, struct file *file)
{
	void *data;

	if (S_ISDIR(status->st_mode))
		return -EISDIR;
	if (!S_ISREG(status->st_mode))
		return -EINVAL;
	*file = (struct file){.data = (const uint8_t *)"", .size = (size_t)status->st_size};
	if (!file->size)
		return 0;
	data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	file->data = data;
	file->mapped = true;
	return 0;
}

int file_map(const char *path, struct file *file)
{
	// Not blocking: a named pipe in a tree must not hold the scan up; it is refused right after.
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct stat status;

	if (fd < 0)
		return -errno;
	error = fstat(fd, &status) ? -errno : map_descriptor(fd, &status, file);
	close(fd);
	return error;
}

void file_unmap(struct file *file)
{
	if (file->mapped)
		munmap((void *)file->data, file->size);
	*file = (struct file){.data = (const uint8_t *)""};
}

int file_equal(const char *a, const char *b)
{
	struct stat status_a, status_b;
	struct file file_a, file_b;
	int error;

	if (stat(a, &status_a) || stat(b, &status_b))
		return -errno;
	if (status_a.st_dev == status_b.st_dev && status_a.st_ino == status_b.st_ino)
		return 1;
	if (S_ISREG(status_a.st_mode) && S_ISREG(status_b.st_mode) && status_a.st_size != status_b.st_size)
		return 0;
	error = file_map(a, &file_a);
	if (error)
		return error;
	error = file_map(b, &file_b);
	if (error) {
		file_unmap(&file_a);
		return error;
	}
	error = file_a.size == file_b.size && !memcmp(file_a.data, file_b.data, file_a.size);
	file_unmap(&file_a);
	file_unmap(&file_b);
	return error;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static int replace_file(const char *path, const void *data, size_t size)
{
	char *temporary = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC), error;
	mode_t mask;

	if (fd < 0) {
		error = -errno;
		free(temporary);
		return error;
	}
	mask = umask(0);
	umask(mask);
	error = write_all(fd, data, size);
	if (!error && (fchmod(fd, 0666 & ~mask) || fsync(fd)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	free(temporary);
	return error;
}

// A device or pipe (/dev/stdout, /dev/full) is written to; a rename would put a file in its place.
static int write_special(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = write_all(fd, data, size);
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static bool is_special(const char *path)
{
	struct stat status;

	return !stat(path, &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

int file_write(const char *path, const void *data, size_t size)
{
	if (is_special(path))
		return write_special(path, data, size);
	return replace_file(path, data, size);
}

char *path_join(const char *dir, const char *name)
{
	size_t length = strlen(dir);

	return xasprintf("%s%s%s", dir, length && dir[length - 1] == '/' ? "" : "/", name);
}
