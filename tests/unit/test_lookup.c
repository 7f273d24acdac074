// SPDX-License-Identifier: GPL-3.0-or-later
// Symbols of a real process: the same answers as the dynamic linker gives inside of it; broken tables are noticed.
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/lookup.h"

static pid_t child;
static struct process *process;
static struct lookup *lookup;
static struct lookup_result found;

// A failed assertion must not leave children behind.
static void wait_for_end(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

// The child is a copy of this process: what dlsym() says here holds there.
static void open_copy(void)
{
	child = fork();
	if (child == 0)
		wait_for_end();
	process = process_open(child);
	cr_assert_not_null(process);
	cr_assert_eq(process_open_memory(process), 0);
	cr_assert_eq(process_read_maps(process), 0);
	lookup = lookup_new(process);
}

static void close_copy(void)
{
	lookup_free(lookup);
	process_close(process);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static const struct image *image_of(const void *address)
{
	const struct image *image = process_image_at(process, (uint64_t)(uintptr_t)address);

	cr_assert_not_null(image);
	return image;
}

static const struct image *executable(void)
{
	return image_of((const void *)(uintptr_t)open_copy);
}

static struct link_map *map_of(const char *part)
{
	struct link_map *map = _r_debug.r_map;

	while (map && !strstr(map->l_name, part))
		map = map->l_next;
	cr_assert_not_null(map, "%s is not loaded", part);
	return map;
}

struct tables {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint16_t *versions;
	const Elf64_Verdef *definitions;
	size_t count;
};

static struct tables tables_of(const struct link_map *map)
{
	struct tables tables = {0};
	const uint32_t *gnu = NULL, *chain;
	uint32_t last = 0;

	for (const Elf64_Dyn *entry = map->l_ld; entry->d_tag; entry++) {
		// The dynamic linker relocates the pointers that it uses in place, but not DT_VERDEF.
		bool relocated = entry->d_un.d_ptr >= map->l_addr;
		void *at = (void *)(entry->d_un.d_ptr + (relocated ? 0 : map->l_addr));

		if (entry->d_tag == DT_SYMTAB)
			tables.symbols = at;
		else if (entry->d_tag == DT_STRTAB)
			tables.strings = at;
		else if (entry->d_tag == DT_VERSYM)
			tables.versions = at;
		else if (entry->d_tag == DT_VERDEF)
			tables.definitions = at;
		else if (entry->d_tag == DT_GNU_HASH)
			gnu = at;
	}
	for (uint32_t i = 0; i < gnu[0]; i++) {
		uint32_t first = gnu[4 + 2 * gnu[2] + i];

		last = first > last ? first : last;
	}
	chain = gnu + 4 + 2 * gnu[2] + gnu[0];
	while (!(chain[last - gnu[1]] & 1))
		last++;
	tables.count = last + 1;
	return tables;
}

static const char *version_of(const struct tables *tables, size_t i)
{
	const Elf64_Verdef *at = tables->definitions;
	unsigned number = tables->versions[i] & 0x7fff;

	while (number > 1 && at->vd_ndx != number && at->vd_next)
		at = (const void *)((const char *)at + at->vd_next);
	return number > 1
		       ? tables->strings + ((const Elf64_Verdaux *)((const char *)at + at->vd_aux))->vda_name
		       : NULL;
}

// Every function and datum of the C library, by name and version.
Test(lookup, whole_c_library_is_found_as_dlvsym_finds_it)
{
	struct tables libc = tables_of(map_of("libc.so"));
	unsigned compared = 0, indirect = 0;

	open_copy();
	for (size_t i = 1; i < libc.count; i++) {
		const Elf64_Sym *symbol = &libc.symbols[i];
		const char *name = libc.strings + symbol->st_name, *version = version_of(&libc, i);
		enum lookup_status status;
		void *expected;

		if (!symbol->st_shndx || !version || ELF64_ST_TYPE(symbol->st_info) == STT_TLS ||
		    symbol->st_shndx == SHN_ABS)
			continue;
		status = lookup_symbol(lookup, executable(), name, version, &found);
		if (status == LOOKUP_IFUNC) {
			indirect++;
			continue;
		}
		// A library before it may take the place of any version (the sanitizers' does).
		expected = strstr(found.object, "/libc.so") ? dlvsym(RTLD_DEFAULT, name, version)
							    : dlsym(RTLD_DEFAULT, name);
		cr_assert_eq(status, LOOKUP_FOUND, "%s@%s: %s", name, version, found.message);
		cr_assert_eq(found.address, (uint64_t)(uintptr_t)expected, "%s@%s: %lx, not %p (%s)", name,
			     version, found.address, expected, found.object);
		compared++;
	}
	cr_expect_gt(compared, 2000, "%u compared", compared);
	cr_expect_gt(indirect, 20, "memcpy and friends: %u", indirect);
	close_copy();
}

Test(lookup, default_version_is_taken_without_one)
{
	open_copy();
	cr_expect_eq(lookup_symbol(lookup, executable(), "pthread_cond_wait", NULL, &found), LOOKUP_FOUND);
	cr_expect_eq(found.address,
		     (uint64_t)(uintptr_t)dlvsym(RTLD_DEFAULT, "pthread_cond_wait", "GLIBC_2.3.2"));
	cr_expect_eq(lookup_symbol(lookup, executable(), "pthread_cond_wait", "GLIBC_2.2.5", &found),
		     LOOKUP_FOUND);
	cr_expect_eq(found.address,
		     (uint64_t)(uintptr_t)dlvsym(RTLD_DEFAULT, "pthread_cond_wait", "GLIBC_2.2.5"));
	close_copy();
}

Test(lookup, old_versions_alone_are_no_answer_to_a_reference_without_one)
{
	open_copy();
	// Kept for old programs only: "gets@@" is there, "pthread_attr_init@" has none by default on its own.
	cr_expect_eq(lookup_symbol(lookup, executable(), "_IO_proc_close", "GLIBC_9.9", &found),
		     LOOKUP_MISSING);
	cr_expect_eq(lookup_symbol(lookup, executable(), "sys_sigabbrev", NULL, &found), LOOKUP_AMBIGUOUS,
		     "%s", found.message);
	close_copy();
}

Test(lookup, indirect_function_is_named_as_such)
{
	open_copy();
	cr_expect_eq(lookup_symbol(lookup, executable(), "rawmemchr", "GLIBC_2.2.5", &found), LOOKUP_IFUNC);
	cr_expect_eq(found.type, STT_GNU_IFUNC);
	cr_expect_neq(found.message[0], 0);
	close_copy();
}

Test(lookup, missing_symbol_is_missing)
{
	open_copy();
	cr_expect_eq(lookup_symbol(lookup, executable(), "no_such_function_anywhere", NULL, &found),
		     LOOKUP_MISSING);
	cr_expect_neq(found.message[0], 0);
	close_copy();
}

// What a program opened for itself is no answer for others, only for it.
Test(lookup, opened_library_is_seen_by_itself_alone)
{
	void *handle = dlopen("libnss_compat.so.2", RTLD_NOW | RTLD_LOCAL), *expected;
	const char *name = "_nss_compat_getpwnam_r";

	cr_assert_not_null(handle, "%s", dlerror());
	expected = dlsym(handle, name);
	cr_assert_not_null(expected);
	open_copy();
	cr_expect_eq(lookup_symbol(lookup, executable(), name, NULL, &found), LOOKUP_MISSING);
	cr_expect_eq(lookup_symbol(lookup, image_of(expected), name, NULL, &found), LOOKUP_FOUND);
	cr_expect_eq(found.address, (uint64_t)(uintptr_t)expected);
	// Its own closure brings the C library.
	cr_expect_eq(lookup_symbol(lookup, image_of(expected), "getpid", NULL, &found), LOOKUP_FOUND);
	cr_expect_eq(found.address, (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getpid"));
	close_copy();
}

Test(lookup, old_style_hash_table_serves_too)
{
	struct link_map *map = map_of("ld-linux");
	bool has = false;

	for (const Elf64_Dyn *entry = map->l_ld; entry->d_tag; entry++)
		has |= entry->d_tag == DT_HASH;
	if (!has) {
		// The vDSO has DT_HASH on every kernel so far; it is on the list under its own name.
		map = map_of("linux-vdso");
	}
	open_copy();
	cr_expect_eq(
		lookup_symbol(lookup, image_of(map->l_ld), has ? "_r_debug" : "__vdso_time", NULL, &found),
		LOOKUP_FOUND, "%s", found.message);
	close_copy();
}

// A list that runs in a circle, tables that point anywhere: an answer, in time, and not FOUND by chance.
Test(lookup, list_in_a_circle_ends, .timeout = 20)
{
	struct link_map *map = _r_debug.r_map, *kept = map->l_next->l_next;
	pid_t pid = fork();

	if (pid == 0) {
		map->l_next->l_next = map;
		wait_for_end();
	}
	usleep(50000);
	child = pid;
	process = process_open(child);
	cr_assert_eq(process_open_memory(process), 0);
	cr_assert_eq(process_read_maps(process), 0);
	lookup = lookup_new(process);
	cr_expect_eq(lookup_symbol(lookup, executable(), "getpid", NULL, &found), LOOKUP_MALFORMED);
	cr_expect_neq(kept, map);
	close_copy();
}

// Each word of the C library's dynamic section in turn becomes nonsense: bounded, and no crash.
Test(lookup, broken_dynamic_sections_are_survived, .timeout = 100)
{
	struct link_map *map = map_of("libc.so");
	static const uint64_t nonsense[] = {0, 8, UINT64_MAX, 0x7fffffffe000};
	size_t count = 0;

	while (map->l_ld[count].d_tag)
		count++;
	open_copy();
	for (size_t i = 0; i < 2 * count; i++) {
		uint64_t at = (uint64_t)(uintptr_t)map->l_ld + 8 * i, saved;

		cr_assert_eq(process_read(process, at, &saved, 8), 0);
		for (size_t n = 0; n < ARRAY_SIZE(nonsense); n++) {
			struct lookup *broken;

			cr_assert_eq(process_write(process, at, &nonsense[n], 8), 0);
			broken = lookup_new(process);
			lookup_symbol(broken, executable(), "getpid", "GLIBC_2.2.5", &found);
			lookup_symbol(broken, executable(), "no_such_function", NULL, &found);
			lookup_free(broken);
		}
		cr_assert_eq(process_write(process, at, &saved, 8), 0);
	}
	cr_expect_eq(lookup_symbol(lookup, executable(), "getpid", NULL, &found), LOOKUP_FOUND);
	close_copy();
}
