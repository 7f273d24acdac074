// SPDX-License-Identifier: GPL-3.0-or-later
// Facts about a process: who it is (stat, status, cgroup), what it maps, its threads.
#include "apply/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/image.h"

// A whole file below /proc/PID, NUL-terminated, malloc'ed; NULL with errno when it cannot be read.
static char *read_proc(const struct process *process, const char *name, size_t *size)
{
	size_t room = 1 << 16, used = 0;
	int file = openat(process->directory, name, O_RDONLY | O_CLOEXEC);
	char *text;

	if (file < 0)
		return NULL;
	text = xalloc(room);
	for (;;) {
		ssize_t got = read(file, text + used, room - used - 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int saved = errno;

			close(file);
			free(text);
			errno = saved;
			return NULL;
		}
		if (got == 0)
			break;
		used += (size_t)got;
		if (room - used < 4096)
			text = xrealloc(text, room *= 2);
	}
	close(file);
	text[used] = '\0';
	if (size)
		*size = used;
	return text;
}

// /proc/PID/stat: the name in parentheses may hold anything, so count from the last one. proc(5): state is field
// 3, flags 9, starttime 22.
static bool parse_stat(const char *text, char *state, unsigned long *flags, uint64_t *start_time)
{
	const char *at = strrchr(text, ')');
	unsigned field = 3;

	if (!at || at[1] != ' ')
		return false;
	for (at += 2; at && field <= 22; field++) {
		if (field == 3)
			*state = *at;
		else if (field == 9)
			*flags = strtoul(at, NULL, 10);
		else if (field == 22)
			*start_time = strtoull(at, NULL, 10);
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return field == 23;
}

static uint64_t status_number(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

void process_read_tracer(struct process *process)
{
	char *status = read_proc(process, "status", NULL);

	if (status)
		process->tracer = (pid_t)status_number(status, "\nTracerPid:");
	free(status);
}

static bool all_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
	}
	return length > 0;
}

// Container engines name the control group after the container: docker-ID.scope, libpod-ID.scope,
// cri-containerd-ID.scope, /docker/ID, /lxc.payload.NAME, /lxc/NAME, machine-NAME.scope.
static void note_cgroup_part(struct process *process, const char *part, size_t length, const char *parent)
{
	const char *dash = memrchr(part, '-', length);
	bool scope = length > 6 && !memcmp(part + length - 6, ".scope", 6);
	bool service = length > 8 && !memcmp(part + length - 8, ".service", 8);
	size_t id = scope ? length - 6 : length;

	if (service || scope)
		snprintf(process->unit, sizeof(process->unit), "%.*s", (int)length, part);
	if (scope && dash && (size_t)(part + id - dash - 1) == 64 && all_hex(dash + 1, 64))
		snprintf(process->container, sizeof(process->container), "%.*s", 64, dash + 1);
	else if (length == 64 && all_hex(part, 64))
		snprintf(process->container, sizeof(process->container), "%.*s", 64, part);
	else if (length > 12 && !memcmp(part, "lxc.payload.", 12))
		snprintf(process->container, sizeof(process->container), "%.*s", (int)length - 12, part + 12);
	else if (scope && length > 14 && !memcmp(part, "machine-", 8))
		snprintf(process->container, sizeof(process->container), "%.*s", (int)id - 8, part + 8);
	else if (parent && (!strncmp(parent, "lxc/", 4)))
		snprintf(process->container, sizeof(process->container), "%.*s", (int)length, part);
}

static void read_cgroup(struct process *process)
{
	char *text = read_proc(process, "cgroup", NULL);
	char *line = text ? strstr(text, "0::/") : NULL;
	const char *parent = NULL;

	if (!line && text) // version 1 hierarchies only: systemd's own names the unit
		line = strstr(text, ":name=systemd:/");
	line = line ? strchr(line, '/') : NULL;
	if (line) {
		line[strcspn(line, "\n")] = '\0';
		for (const char *part = line + 1; *part;) {
			size_t length = strcspn(part, "/");

			note_cgroup_part(process, part, length, parent);
			parent = part;
			part += length;
			part += *part == '/';
		}
	}
	free(text);
}

// What a process calls itself reaches terminals and logs.
static void make_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			*text = '?';
	}
}

static bool read_identity(struct process *process)
{
	char *stat = read_proc(process, "stat", NULL), *status = read_proc(process, "status", NULL);
	char *comm = read_proc(process, "comm", NULL), state = 0;
	unsigned long flags = 0;
	bool good = stat && status && parse_stat(stat, &state, &flags, &process->start_time) &&
		    !(flags & 0x200000); // PF_KTHREAD of include/linux/sched.h

	if (good) {
		process->tracer = (pid_t)status_number(status, "\nTracerPid:");
		process->seccomp = (unsigned)status_number(status, "\nSeccomp:");
		if (comm)
			snprintf(process->comm, sizeof(process->comm), "%.*s", (int)strcspn(comm, "\n"),
				 comm);
		read_cgroup(process);
		make_printable(process->comm);
		make_printable(process->unit);
		make_printable(process->container);
	}
	free(stat);
	free(status);
	free(comm);
	return good;
}

struct process *process_open(pid_t pid)
{
	struct arena *arena = arena_new();
	struct process *process = arena_alloc(arena, sizeof(*process));
	char path[32];

	process->arena = arena;
	process->pid = pid;
	process->memory = -1;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	process->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process->directory < 0 || !read_identity(process)) {
		process_close(process);
		return NULL;
	}
	return process;
}

void process_close(struct process *process)
{
	if (!process)
		return;
	if (process->memory >= 0)
		close(process->memory);
	if (process->directory >= 0)
		close(process->directory);
	arena_free(process->arena);
}

bool process_same(const struct process *process)
{
	char *stat = read_proc(process, "stat", NULL), state = 0;
	unsigned long flags = 0;
	uint64_t start = 0;
	bool same = stat && parse_stat(stat, &state, &flags, &start) && start == process->start_time;

	free(stat);
	return same;
}

char process_task_state(const struct process *process, pid_t tid)
{
	char name[32], *stat, state = 0;
	unsigned long flags = 0;
	uint64_t start = 0;

	snprintf(name, sizeof(name), "task/%d/stat", tid);
	stat = read_proc(process, name, NULL);
	if (stat && !parse_stat(stat, &state, &flags, &start))
		state = 0;
	free(stat);
	return state;
}

pid_t *process_threads(const struct process *process, size_t *count)
{
	int fd = openat(process->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	VEC(pid_t) list = {0};
	struct dirent *entry;

	*count = 0;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while ((entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0)
			*vec_push(&list) = tid;
	}
	closedir(dir);
	*count = list.count;
	return list.at ? list.at : xalloc(sizeof(pid_t));
}

pid_t *process_list(size_t *count)
{
	DIR *dir = opendir("/proc");
	VEC(pid_t) list = {0};
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			*vec_push(&list) = pid;
	}
	if (dir)
		closedir(dir);
	*count = list.count;
	return list.at ? list.at : xalloc(sizeof(pid_t));
}

// The main thread may have ended before the others (pthread_exit): then it is a zombie without memory, and the
// files of a live thread serve.
static int live_task_file(const struct process *process, const char *name, char *path, size_t size)
{
	size_t count;
	pid_t *tids;

	snprintf(path, size, "%s", name);
	if (process_task_state(process, process->pid) != 'Z')
		return 0;
	tids = process_threads(process, &count);
	for (size_t i = 0; tids && i < count; i++) {
		if (tids[i] != process->pid && process_task_state(process, tids[i]) != 'Z') {
			snprintf(path, size, "task/%d/%s", tids[i], name);
			free(tids);
			return 0;
		}
	}
	free(tids);
	return -ESRCH;
}

int process_open_memory(struct process *process)
{
	char path[64];
	int error = live_task_file(process, "mem", path, sizeof(path));

	if (error)
		return error;
	if (process->memory >= 0)
		close(process->memory);
	process->memory = openat(process->directory, path, O_RDWR | O_CLOEXEC);
	return process->memory < 0 ? -errno : 0;
}

int process_read(const struct process *process, uint64_t address, void *to, size_t size)
{
	uint8_t *at = to;

	if (address > INT64_MAX || size > INT64_MAX - address)
		return -EFAULT;
	while (size) {
		ssize_t got = pread(process->memory, at, size, (off_t)address);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EFAULT;
		at += got;
		address += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int process_write(const struct process *process, uint64_t address, const void *from, size_t size)
{
	const uint8_t *at = from;

	if (address > INT64_MAX || size > INT64_MAX - address)
		return -EFAULT;
	while (size) {
		ssize_t got = pwrite(process->memory, at, size, (off_t)address);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EFAULT;
		at += got;
		address += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

// Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 62 swapped, 61 file or shared. A page of a private mapping
// that was written to is neither; one that is not there at all comes from the file when it is next used.
enum page_kind process_page(const struct process *process, uint64_t address)
{
	static const uint64_t present = UINT64_C(1) << 63, swapped = UINT64_C(1) << 62,
			      of_file = UINT64_C(1) << 61;
	enum page_kind kind = PAGE_UNKNOWN;
	uint64_t entry;
	char path[64];
	int file = -1;

	if (!live_task_file(process, "pagemap", path, sizeof(path)))
		file = openat(process->directory, path, O_RDONLY | O_CLOEXEC);
	if (file >= 0 &&
	    pread(file, &entry, sizeof(entry), (off_t)(address / 4096 * sizeof(entry))) == sizeof(entry))
		kind = !(entry & (present | swapped)) || (entry & present && entry & of_file) ? PAGE_OF_FILE
											      : PAGE_OWN;
	if (file >= 0)
		close(file);
	return kind;
}

// "start-end rwxp offset major:minor inode   path"
static bool parse_mapping(struct arena *arena, char *line, struct mapping *mapping)
{
	char permissions[5];
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &mapping->start,
		   &mapping->end, permissions, &mapping->offset, &mapping->major, &mapping->minor,
		   &mapping->inode, &path) < 7 ||
	    mapping->start >= mapping->end)
		return false;
	mapping->read = permissions[0] == 'r';
	mapping->write = permissions[1] == 'w';
	mapping->execute = permissions[2] == 'x';
	mapping->shared = permissions[3] == 's';
	mapping->path = path ? arena_strdup(arena, line + path) : "";
	return true;
}

int process_read_maps(struct process *process)
{
	VEC(struct mapping) list = {0};
	char path[64], *text, *rest, *line;
	int error = live_task_file(process, "maps", path, sizeof(path));

	if (error)
		return error;
	text = read_proc(process, path, NULL);
	if (!text)
		return -errno;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		struct mapping mapping;

		if (*line && parse_mapping(process->arena, line, &mapping))
			*vec_push(&list) = mapping;
	}
	free(text);
	process->mappings = arena_array(process->arena, list.count + 1, sizeof(struct mapping));
	if (list.count)
		memcpy(process->mappings, list.at, list.count * sizeof(struct mapping));
	process->mapping_count = list.count;
	free(list.at);
	if (!process->mapping_count)
		return -ESRCH;
	images_find(process);
	return 0;
}

const struct mapping *process_mapping_at(const struct process *process, uint64_t address)
{
	size_t low = 0, high = process->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address >= process->mappings[middle].end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < process->mapping_count && address >= process->mappings[low].start
		       ? &process->mappings[low]
		       : NULL;
}

const struct image *process_image_at(const struct process *process, uint64_t address)
{
	for (size_t i = 0; i < process->image_count; i++) {
		if (address >= process->images[i].start && address < process->images[i].end)
			return &process->images[i];
	}
	return NULL;
}
