// SPDX-License-Identifier: GPL-3.0-or-later
// Which build lies on disk: a restart takes that one. The one place where a path from a process's maps is opened, in
// the process's own root and for reading.
#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/hp-apply.h"

// The kernel shows paths of our own mount namespace from our root (also those of a process with another root
// directory), others from the root of theirs.
static bool same_mounts(const struct process *process)
{
	struct stat own, its;

	return !stat("/proc/self/ns/mnt", &own) && !fstatat(process->directory, "ns/mnt", &its, 0) &&
	       own.st_ino == its.st_ino && own.st_dev == its.st_dev;
}

static int open_regular(const struct process *process, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY};
	struct stat status;
	int root, file;

	if (same_mounts(process)) {
		file = open(path, (int)how.flags);
	} else {
		how.resolve = RESOLVE_IN_ROOT;
		root = openat(process->directory, "root", O_PATH | O_CLOEXEC);
		file = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (root >= 0)
			close(root);
	}
	if (file >= 0 && (fstat(file, &status) || !S_ISREG(status.st_mode))) {
		close(file);
		return -1;
	}
	return file;
}

static bool read_at(int file, uint64_t offset, void *to, size_t size)
{
	return offset <= INT64_MAX && pread(file, to, size, (off_t)offset) == (ssize_t)size;
}

static bool take_note(int file, const Elf64_Phdr *segment, uint8_t id[BUILD_ID_MAX], size_t *size)
{
	uint64_t at = 0;
	size_t align = segment->p_align == 8 ? 8 : 4;

	while (at < segment->p_filesz && segment->p_filesz - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		char name[4];

		if (!read_at(file, segment->p_offset + at, &note, sizeof(note)))
			return false;
		at += sizeof(note);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz <= BUILD_ID_MAX &&
		    read_at(file, segment->p_offset + at, name, 4) && !memcmp(name, "GNU", 4)) {
			*size = note.n_descsz;
			return read_at(file, segment->p_offset + at + 4, id, note.n_descsz);
		}
		at += ((uint64_t)note.n_namesz + align - 1) & ~(uint64_t)(align - 1);
		at += ((uint64_t)note.n_descsz + align - 1) & ~(uint64_t)(align - 1);
	}
	return false;
}

static bool read_build_id(int file, uint8_t id[BUILD_ID_MAX], size_t *size)
{
	Elf64_Ehdr header;

	if (!read_at(file, 0, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		if (!read_at(file, header.e_phoff + i * sizeof(segment), &segment, sizeof(segment)))
			return false;
		if (segment.p_type == PT_NOTE && segment.p_filesz < (1 << 20) &&
		    take_note(file, &segment, id, size))
			return true;
	}
	return false;
}

bool disk_build_id(const struct process *process, const struct image *image, uint8_t id[BUILD_ID_MAX],
		   size_t *size)
{
	bool found;
	int file;

	if (*image->path != '/')
		return false;
	file = open_regular(process, image->path);
	if (file < 0)
		return false;
	found = read_build_id(file, id, size);
	close(file);
	return found;
}
