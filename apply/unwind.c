// SPDX-License-Identifier: GPL-3.0-or-later
// Collects the unwind information of a process and walks the stacks of its threads by it.
#include "apply/unwind.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "apply/unwind-private.h"

enum {
	HEADER_MAX = 16, // of .eh_frame_hdr, without its search table
	PIECE = 1 << 20, // code is searched in pieces of this size
	LOADS_MAX = 256, // stack windows per walk: 8 MiB
	MAPS_MAX = 64 << 20,
};
static const uint64_t EH_FRAME_MAX = UINT64_C(1) << 30, CODE_MAX = UINT64_C(1) << 30;

// ---- preparing ---------------------------------------------------------------------------------------------

static int compare_entries(const void *left, const void *right)
{
	const struct cfi_entry *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

static int compare_aliases(const void *left, const void *right)
{
	const struct unwind_alias *a = left, *b = right;

	return a->code.start < b->code.start ? -1 : a->code.start > b->code.start;
}

static int compare_words(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

// Where .eh_frame starts, from .eh_frame_hdr (LSB "Exception Frame Header": version, three encodings, pointer).
static uint64_t eh_frame_address(const struct process *process, const struct image *image)
{
	uint8_t header[HEADER_MAX] = {0};
	int32_t near;
	uint64_t far;

	if (!image->eh_frame_hdr || image->eh_frame_hdr_size < 8 ||
	    process_read(process, image->eh_frame_hdr, header, image->eh_frame_hdr_size < 12 ? 8 : 12) ||
	    header[0] != 1)
		return 0;
	memcpy(&near, header + 4, 4);
	memcpy(&far, header + 4, 8);
	switch (header[1]) {
	case 0x1b: // pc-relative, signed 4 bytes: what every linker writes
		return image->eh_frame_hdr + 4 + (uint64_t)(int64_t)near;
	case 0x03: // absolute, 4 bytes
		return (uint32_t)near;
	case 0x04:
	case 0x0c:
	case 0x00:
		return far;
	case 0x1c:
		return image->eh_frame_hdr + 4 + far;
	default:
		return 0;
	}
}

// .eh_frame has no program header: it ends at its terminator, at the latest with its segment's file contents.
static uint64_t eh_frame_room(const struct image *image, uint64_t address)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];
		uint64_t start = image->bias + segment->vaddr;

		if (address >= start && address - start < segment->file_size)
			return segment->file_size - (address - start);
	}
	return 0;
}

static void add_section(struct unwinder *unwinder, uint64_t address, uint64_t size, bool exact,
			struct address_range code)
{
	struct cfi_section *section = &unwinder->sections[unwinder->section_count];
	uint8_t *bytes;

	if (size == 0 || size > EH_FRAME_MAX)
		return;
	bytes = malloc(size);
	if (!bytes || process_read(unwinder->process, address, bytes, size)) {
		free(bytes);
		return;
	}
	*section = (struct cfi_section){bytes, size, address, exact};
	// A broken table ends early; what it does not describe has no entry, and no walk through it is complete.
	cfi_collect(section, (uint32_t)unwinder->section_count, code.start, code.end, &unwinder->entries);
	unwinder->section_count++;
}

static void add_image(struct unwinder *unwinder, const struct image *image)
{
	uint64_t address = image->eh_frame_hdr ? eh_frame_address(unwinder->process, image)
					       : unwind_search_eh_frame(unwinder->process, image);

	if (address)
		add_section(unwinder, address, eh_frame_room(image, address), false,
			    (struct address_range){image->start, image->end});
}

// The kernel returns from a signal handler through code that the process named to rt_sigaction; glibc, musl, Go
// and others all have these two instructions there, and gdb knows signal frames by them too (amd64-linux-tdep.c).
static void find_restorers(struct unwinder *unwinder, const struct mapping *mapping, uint8_t *buffer)
{
	static const uint8_t code[SIGRETURN_CODE] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t shorter[7] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
	uint64_t at = mapping->start, size;

	for (; at < mapping->end && at - mapping->start < CODE_MAX; at += PIECE - sizeof(code)) {
		const uint8_t *found, *end;

		size = mapping->end - at < PIECE ? mapping->end - at : PIECE;
		if (process_read(unwinder->process, at, buffer, size))
			return;
		end = buffer + size;
		for (found = buffer; (found = memmem(found, (size_t)(end - found), code + 3, 6)); found++) {
			uint64_t place = at + (uint64_t)(found - buffer);

			if (found - buffer >= 3 && !memcmp(found - 3, code, sizeof(code)))
				*vec_push(&unwinder->restorers) = place - 3;
			else if (found > buffer && !memcmp(found - 1, shorter, sizeof(shorter)))
				*vec_push(&unwinder->restorers) = place - 1;
		}
		if (size < PIECE)
			return;
	}
}

static bool has_entries(const struct unwinder *unwinder, const struct mapping *mapping)
{
	size_t low = 0, high = unwinder->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unwinder->entries.at[middle].end <= mapping->start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unwinder->entries.count && unwinder->entries.at[low].start < mapping->end;
}

static void note_code(struct unwinder *unwinder)
{
	const struct process *process = unwinder->process;
	uint8_t *buffer = xalloc(PIECE);

	for (size_t i = 0; i < process->mapping_count; i++) {
		const struct mapping *mapping = &process->mappings[i];

		if (!mapping->execute)
			continue;
		find_restorers(unwinder, mapping, buffer);
		if (has_entries(unwinder, mapping))
			*vec_push(&unwinder->images) = *mapping;
	}
	free(buffer);
	if (unwinder->restorers.count)
		qsort(unwinder->restorers.at, unwinder->restorers.count, sizeof(uint64_t), compare_words);
}

static void copy_aliases(struct unwinder *unwinder, const struct unwind_extra *extra)
{
	if (!extra || !extra->alias_count)
		return;
	unwinder->aliases = xalloc(extra->alias_count * sizeof(*extra->aliases));
	memcpy(unwinder->aliases, extra->aliases, extra->alias_count * sizeof(*extra->aliases));
	unwinder->alias_count = extra->alias_count;
	qsort(unwinder->aliases, unwinder->alias_count, sizeof(*unwinder->aliases), compare_aliases);
}

// Memory in one piece may be several mappings: mlock() and madvise() of a part of a stack split it.
static void note_readable(struct unwinder *unwinder, const struct mapping *mapping)
{
	bool stack = mapping->write && !mapping->shared && mapping->inode == 0;
	struct address_range *last =
		unwinder->readable.count ? &unwinder->readable.at[unwinder->readable.count - 1] : NULL;

	if (!mapping->read)
		return;
	if (stack && unwinder->last_stack && last && last->end == mapping->start)
		last->end = mapping->end;
	else
		*vec_push(&unwinder->readable) = (struct address_range){mapping->start, mapping->end};
	unwinder->last_stack = stack;
}

struct unwinder *unwinder_new(const struct process *process, const struct unwind_extra *extra)
{
	struct unwinder *unwinder = xalloc(sizeof(*unwinder));
	size_t tables = extra ? extra->table_count : 0;

	*unwinder = (struct unwinder){.process = process, .window = xalloc(WINDOW_SIZE)};
	memset(unwinder->window, 0, WINDOW_SIZE); // its pages are there before the stop
	unwinder->sections = xalloc((process->image_count + tables + 1) * sizeof(*unwinder->sections));
	for (size_t i = 0; i < process->image_count; i++)
		add_image(unwinder, &process->images[i]);
	for (size_t i = 0; i < tables; i++) {
		const struct unwind_table *table = &extra->tables[i];

		add_section(unwinder, table->eh_frame, table->eh_frame_size, true, table->code);
	}
	copy_aliases(unwinder, extra);
	if (unwinder->entries.count)
		qsort(unwinder->entries.at, unwinder->entries.count, sizeof(struct cfi_entry),
		      compare_entries);
	note_code(unwinder);
	for (size_t i = 0; i < process->mapping_count; i++)
		note_readable(unwinder, &process->mappings[i]);
	return unwinder;
}

void unwinder_free(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	for (size_t i = 0; i < unwinder->section_count; i++)
		free((void *)unwinder->sections[i].bytes);
	free(unwinder->sections);
	free(unwinder->entries.at);
	free(unwinder->aliases);
	free(unwinder->restorers.at);
	free(unwinder->images.at);
	free(unwinder->readable.at);
	free(unwinder->window);
	free(unwinder);
}

// ---- what is mapped during the stop ------------------------------------------------------------------------

// A whole file of /proc below the process's directory; a main thread that ended has an empty one.
static char *read_maps_file(const struct process *process, const char *name)
{
	int file = openat(process->directory, name, O_RDONLY | O_CLOEXEC);
	size_t room = 1 << 16, used = 0;
	char *text;

	if (file < 0)
		return NULL;
	text = xalloc(room);
	for (;;) {
		ssize_t got = read(file, text + used, room - used - 1);

		if (got <= 0 || room > MAPS_MAX)
			break;
		used += (size_t)got;
		if (room - used < 8192)
			text = xrealloc(text, room *= 2);
	}
	close(file);
	text[used] = '\0';
	if (used)
		return text;
	free(text);
	return NULL;
}

static char *read_maps(const struct process *process)
{
	char *text = read_maps_file(process, "maps"), name[64];
	size_t count = 0;
	pid_t *threads;

	if (text)
		return text;
	threads = process_threads(process, &count);
	for (size_t i = 0; threads && i < count && !text; i++) {
		snprintf(name, sizeof(name), "task/%d/maps", threads[i]);
		text = read_maps_file(process, name);
	}
	free(threads);
	return text;
}

static const char *read_hex(const char *at, uint64_t *value)
{
	*value = 0;
	for (;; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (digit > 9) {
			digit = (unsigned)(*at - 'a');
			if (digit > 5)
				return at;
			digit += 10;
		}
		*value = *value << 4 | digit;
	}
}

// "start-end rwxp offset major:minor inode": by hand, since a process with 256 threads has 600 such lines and
// all its threads wait meanwhile.
static bool parse_line(const char *at, struct mapping *mapping)
{
	uint64_t major, minor;

	*mapping = (struct mapping){.path = ""};
	at = read_hex(at, &mapping->start);
	if (*at != '-')
		return false;
	at = read_hex(at + 1, &mapping->end);
	if (*at != ' ' || !at[1] || !at[2] || !at[3] || !at[4] || at[5] != ' ')
		return false;
	mapping->read = at[1] == 'r';
	mapping->write = at[2] == 'w';
	mapping->execute = at[3] == 'x';
	mapping->shared = at[4] == 's';
	at = read_hex(at + 6, &mapping->offset);
	if (*at != ' ')
		return false;
	at = read_hex(at + 1, &major);
	if (*at != ':')
		return false;
	at = read_hex(at + 1, &minor);
	mapping->major = (unsigned)major;
	mapping->minor = (unsigned)minor;
	mapping->inode = strtoull(at, NULL, 10);
	return mapping->start < mapping->end;
}

static bool same_mapping(const struct mapping *a, const struct mapping *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset && a->inode == b->inode &&
	       a->major == b->major && a->minor == b->minor && a->execute == b->execute;
}

bool unwinder_stopped(struct unwinder *unwinder)
{
	char *text = read_maps(unwinder->process), *line, *next;
	size_t seen = 0;

	if (!text)
		return false;
	unwinder->readable.count = 0;
	for (line = text; *line; line = next) {
		struct mapping mapping;

		next = strchr(line, '\n');
		next = next ? next + 1 : line + strlen(line);
		if (!parse_line(line, &mapping))
			continue;
		note_readable(unwinder, &mapping);
		// Both lists are in order of address.
		if (seen < unwinder->images.count && same_mapping(&mapping, &unwinder->images.at[seen]))
			seen++;
	}
	free(text);
	return seen == unwinder->images.count;
}

// ---- stack memory ------------------------------------------------------------------------------------------

struct address_range unwind_mapping(const struct unwinder *unwinder, uint64_t address)
{
	size_t low = 0, high = unwinder->readable.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unwinder->readable.at[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < unwinder->readable.count && unwinder->readable.at[low].start <= address)
		return unwinder->readable.at[low];
	return (struct address_range){0, 0};
}

bool unwind_load(struct unwinder *unwinder, uint64_t address)
{
	struct address_range mapping = unwind_mapping(unwinder, address);
	uint64_t size = mapping.end - address;
	ssize_t got;

	unwinder->window_start = unwinder->window_end = 0;
	if (mapping.start == mapping.end || address > INT64_MAX)
		return false;
	if (size > WINDOW_SIZE)
		size = WINDOW_SIZE;
	got = pread(unwinder->process->memory, unwinder->window, size, (off_t)address);
	if (got <= 0)
		return false;
	unwinder->window_start = address;
	unwinder->window_end = address + (uint64_t)got;
	return true;
}

static bool in_window(const struct unwinder *unwinder, uint64_t address)
{
	return address >= unwinder->window_start && unwinder->window_end - unwinder->window_start >= 8 &&
	       address - unwinder->window_start <= unwinder->window_end - unwinder->window_start - 8;
}

static bool read_word(void *argument, uint64_t address, uint64_t *word)
{
	struct unwinder *unwinder = argument;

	if (!in_window(unwinder, address)) {
		if (unwinder->loads++ == LOADS_MAX || !unwind_load(unwinder, address & ~UINT64_C(7)))
			return false;
		if (!in_window(unwinder, address))
			return process_read(unwinder->process, address, word, sizeof(*word)) == 0;
	}
	memcpy(word, unwinder->window + (address - unwinder->window_start), sizeof(*word));
	return true;
}

// ---- walking -----------------------------------------------------------------------------------------------

static const struct cfi_entry *find_entry(const struct unwinder *unwinder, uint64_t pc)
{
	const struct cfi_entry *entries = unwinder->entries.at;
	size_t low = 0, high = unwinder->entries.count;

	while (low < high) { // the first that starts behind PC
		size_t middle = low + (high - low) / 2;

		if (entries[middle].start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && pc < entries[low - 1].end ? &entries[low - 1] : NULL;
}

static const struct unwind_alias *find_alias(const struct unwinder *unwinder, uint64_t pc)
{
	size_t low = 0, high = unwinder->alias_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unwinder->aliases[middle].code.start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && pc < unwinder->aliases[low - 1].code.end ? &unwinder->aliases[low - 1] : NULL;
}

bool unwind_is_restorer(const struct unwinder *unwinder, uint64_t address)
{
	size_t count = unwinder->restorers.count;

	if (!count || address < unwinder->restorers.at[0] || address > unwinder->restorers.at[count - 1])
		return false;
	return bsearch(&address, unwinder->restorers.at, count, sizeof(address), compare_words) != NULL;
}

bool unwind_in_restorer(const struct unwinder *unwinder, uint64_t pc)
{
	return unwind_is_restorer(unwinder, pc) || unwind_is_restorer(unwinder, pc - SIGRETURN_MOVE) ||
	       unwind_is_restorer(unwinder, pc - SIGRETURN_MOVE_SHORT);
}

static void take_registers(const struct user_regs_struct *from, struct cfi_registers *to)
{
	*to = (struct cfi_registers){
		.value = {from->rax, from->rdx, from->rcx, from->rbx, from->rsi, from->rdi, from->rbp,
			  from->rsp, from->r8, from->r9, from->r10, from->r11, from->r12, from->r13,
			  from->r14, from->r15, from->rip},
		.known = (1u << CFI_REGISTERS) - 1,
	};
}

// The frame that the kernel pushes (struct rt_sigframe of arch/x86/include/asm/sigframe.h): the restorer's
// address, then struct ucontext with the interrupted registers. PC has just popped the address, or is about to.
static enum cfi_status step_signal_frame(const struct cfi_memory *memory, struct cfi_registers *registers)
{
	// uc_mcontext.gregs (sys/ucontext.h) as DWARF numbers, from offset 40 of the ucontext.
	static const uint8_t order[CFI_REGISTERS] = {8,       9,       10,      11,      12,        13,
						     14,      15,      CFI_RDI, CFI_RSI, CFI_RBP,   CFI_RBX,
						     CFI_RDX, CFI_RAX, CFI_RCX, CFI_RSP, CFI_RETURN};
	uint64_t context = registers->value[CFI_RSP];
	struct cfi_registers interrupted = {.known = (1u << CFI_REGISTERS) - 1};

	for (unsigned i = 0; i < CFI_REGISTERS; i++) {
		if (!memory->read(memory->arg, context + 40 + 8 * i, &interrupted.value[order[i]]))
			return CFI_UNKNOWN;
	}
	*registers = interrupted;
	return CFI_OK;
}

static enum cfi_status step_trampoline(const struct cfi_memory *memory, struct cfi_registers *registers)
{
	uint64_t stack = registers->value[CFI_RSP];

	if (!memory->read(memory->arg, stack, &registers->value[CFI_RETURN]))
		return CFI_UNKNOWN;
	registers->value[CFI_RSP] = stack + 8;
	return CFI_OK;
}

struct position {
	struct cfi_registers registers;
	bool interrupted;
};

static const char *const problem[] = {
	[CFI_BAD] = "broken unwind information",
	[CFI_UNKNOWN] = "the caller's frame cannot be read",
};

// One frame outward. NULL: done; "": no caller, the walk is complete; else why it cannot go on.
static const char *step(struct unwinder *unwinder, struct position *position)
{
	const struct cfi_memory memory = {read_word, unwinder};
	uint64_t pc = position->registers.value[CFI_RETURN];
	const struct unwind_alias *alias = find_alias(unwinder, pc);
	const struct cfi_entry *entry;
	const struct cfi_section *section;
	enum cfi_status status;
	bool signal;

	if (alias) {
		// Trampolines and copies are jumped to and call nothing: no return address points there.
		if (!position->interrupted || alias->kind != UNWIND_TRAMPOLINE)
			return "in a relocated prologue";
		status = step_trampoline(&memory, &position->registers);
		position->interrupted = false;
		return status == CFI_OK ? NULL : problem[status];
	}
	if (position->interrupted ? unwind_in_restorer(unwinder, pc) : unwind_is_restorer(unwinder, pc)) {
		status = step_signal_frame(&memory, &position->registers);
		position->interrupted = true;
		return status == CFI_OK ? NULL : problem[status];
	}
	// A return address may lie behind the end of its function, when the call does not return.
	entry = find_entry(unwinder, position->interrupted ? pc : pc - 1);
	if (!entry)
		return pc ? "no unwind information" : "a return address is 0";
	section = &unwinder->sections[entry->section];
	signal = entry->signal;
	status = cfi_step(section, entry, position->interrupted || signal ? pc : pc - 1,
			  position->interrupted, &memory, &position->registers);
	position->interrupted = signal;
	if (status == CFI_OUTERMOST)
		return "";
	return status == CFI_OK ? NULL : problem[status];
}

void unwind_walk_on(struct unwinder *unwinder, const struct user_regs_struct *regs, struct unwind_walk *walk)
{
	struct position position = {.interrupted = true};
	struct unwind_frame *frame;
	const char *end = NULL;
	uint64_t stack;

	walk->frame_count = 0;
	walk->complete = false;
	walk->why = "too many frames";
	walk->why_pc = 0;
	take_registers(regs, &position.registers);
	unwinder->loads = 0;
	if (regs->rsp >= RED_ZONE && !in_window(unwinder, regs->rsp - RED_ZONE))
		unwind_load(unwinder, regs->rsp - RED_ZONE);
	while (walk->frame_count < UNWIND_FRAMES_MAX) {
		frame = &walk->frames[walk->frame_count++];
		*frame = (struct unwind_frame){.pc = position.registers.value[CFI_RETURN],
					       .interrupted = position.interrupted};
		walk->why_pc = frame->pc;
		stack = position.registers.value[CFI_RSP];
		end = step(unwinder, &position);
		if (end)
			break;
		// Only a signal can lead to another stack; a frame above its caller's would be a loop.
		if (!position.interrupted && position.registers.value[CFI_RSP] <= stack) {
			end = "a frame does not grow";
			break;
		}
		frame->cfa = position.registers.value[CFI_RSP];
	}
	if (end)
		walk->why = *end ? end : NULL;
	walk->complete = end && !*end;
}

void unwind_thread(struct unwinder *unwinder, const struct user_regs_struct *regs, struct unwind_walk *walk)
{
	unwinder->window_start = unwinder->window_end = 0; // it may have run since then
	unwind_walk_on(unwinder, regs, walk);
}
