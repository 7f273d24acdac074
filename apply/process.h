/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts about a live process, from /proc/PID and its memory only: what its maps name may be another file in
 * another mount namespace, or gone, so no path of its maps is ever opened here.
 */
#ifndef APPLY_PROCESS_H
#define APPLY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/util.h"

enum { BUILD_ID_MAX = 64, IMAGE_SEGMENTS_MAX = 16 };

/* One line of /proc/PID/maps. */
struct mapping {
	uint64_t start, end, offset, inode;
	unsigned major, minor;
	bool read, write, execute, shared;
	const char *path; /* "" for anonymous memory; as the kernel prints it, "(deleted)" included */
};

struct image_segment { /* PT_LOAD, link-time addresses */
	uint64_t vaddr, offset, file_size, memory_size;
	uint32_t flags;
};

/* An ELF image as it is mapped; one that is mapped twice (dlmopen) is two. */
struct image {
	uint64_t base;       /* where its ELF header is mapped */
	uint64_t bias;       /* run-time address - link-time address */
	uint64_t start, end; /* run-time extent of its segments, whole pages */
	uint16_t machine, type;
	uint8_t build_id[BUILD_ID_MAX];
	size_t build_id_size; /* 0: it has none */
	struct image_segment segments[IMAGE_SEGMENTS_MAX];
	size_t segment_count;
	uint64_t dynamic, dynamic_size;           /* PT_DYNAMIC, run-time address; 0: none */
	uint64_t eh_frame_hdr, eh_frame_hdr_size; /* PT_GNU_EH_FRAME, run-time address; 0: none */
	uint64_t tls_size;
	const char *path; /* as in maps; for messages only */
	bool vdso;
};

/* What is known about one process. Everything belongs to the arena. */
struct process {
	struct arena *arena;
	pid_t pid;
	int directory; /* /proc/PID, kept open: no other process can take its place */
	int memory;    /* /proc/PID/mem of a task that still has memory; -1 until process_open_memory() */
	uint64_t start_time;
	char comm[64];
	char unit[256];      /* systemd unit, "" when none */
	char container[128]; /* container id or name, "" when none */
	pid_t tracer;
	unsigned seccomp; /* 0 none, 1 strict, 2 filter */
	struct mapping *mappings;
	size_t mapping_count;
	struct image *images;
	size_t image_count;
};

/* Opens /proc/PID and reads identity, comm, cgroup and status. NULL: no such process (or a kernel thread). */
struct process *process_open(pid_t pid);
void process_close(struct process *process);
/* Reads anew who traces it. */
void process_read_tracer(struct process *process);
/* Opens its memory for reading and writing. 0 or -errno. */
int process_open_memory(struct process *process);
/* Reads maps and finds the images, or does so again. 0 or -errno. */
int process_read_maps(struct process *process);
/* Still the same process, and alive. */
bool process_same(const struct process *process);

/* Exactly SIZE bytes; 0 or -errno (-EFAULT when only a part is there). */
int process_read(const struct process *process, uint64_t address, void *to, size_t size);
int process_write(const struct process *process, uint64_t address, const void *from, size_t size);

enum page_kind { PAGE_OF_FILE, PAGE_OWN, PAGE_UNKNOWN };
/* Has the process its own copy of the page at ADDRESS (it was written to), or is it still what the file has? */
enum page_kind process_page(const struct process *process, uint64_t address);

const struct mapping *process_mapping_at(const struct process *process, uint64_t address);
const struct image *process_image_at(const struct process *process, uint64_t address);

/* Its threads now: *count ids, malloc'ed. Zombies are left out. NULL: it is gone. */
pid_t *process_threads(const struct process *process, size_t *count);
/* State letter of a task ('R', 'S', 'D', 'T', 'Z', ...), 0 when it is gone. */
char process_task_state(const struct process *process, pid_t tid);

/* Every process that is not this one, by number, malloc'ed. */
pid_t *process_list(size_t *count);

#endif
