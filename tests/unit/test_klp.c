// SPDX-License-Identifier: GPL-3.0-or-later
// The last step on a livepatch module (klp_finish), and the chunk that holds a finished one: what comes out is what the
// kernel's loader wants, and no hostile input gets through or out of bounds.
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/klp.h"

#define LIVEPATCH      0xff20
#define LIVEPATCH_RELA 0x00100000u

struct file {
	uint8_t *bytes;
	size_t size;
};

// testdata/klp/module.s, assembled.
static struct file module_file(void)
{
	char path[] = "/tmp/hp-klp-XXXXXX", command[128];
	int descriptor = mkstemp(path);
	struct file file;
	FILE *stream;

	cr_assert(descriptor >= 0);
	snprintf(command, sizeof(command), "as --64 -o %s testdata/klp/module.s", path);
	cr_assert_eq(system(command), 0);
	stream = fdopen(descriptor, "rb");
	fclose(stream);
	stream = fopen(path, "rb");
	file.bytes = malloc(1 << 16);
	file.size = fread(file.bytes, 1, 1 << 16, stream);
	fclose(stream);
	remove(path);
	return file;
}

static Elf64_Ehdr *header_of(struct file file)
{
	return (Elf64_Ehdr *)file.bytes;
}

static Elf64_Shdr *section_of(struct file file, size_t index)
{
	return (Elf64_Shdr *)(file.bytes + header_of(file)->e_shoff) + index;
}

static const char *name_of(struct file file, const Elf64_Shdr *section)
{
	return (const char *)file.bytes + section_of(file, header_of(file)->e_shstrndx)->sh_offset +
	       section->sh_name;
}

static Elf64_Shdr *find_section(struct file file, const char *name)
{
	for (size_t i = 1; i < header_of(file)->e_shnum; i++)
		if (!strcmp(name_of(file, section_of(file, i)), name))
			return section_of(file, i);
	return NULL;
}

static Elf64_Shdr *find_type(struct file file, uint32_t type)
{
	for (size_t i = 1; i < header_of(file)->e_shnum; i++)
		if (section_of(file, i)->sh_type == type)
			return section_of(file, i);
	return NULL;
}

static const Elf64_Sym *symbol_of(struct file file, size_t index, const char **name)
{
	const Elf64_Shdr *table = find_type(file, SHT_SYMTAB);
	const Elf64_Sym *symbol = (const Elf64_Sym *)(file.bytes + table->sh_offset) + index;

	*name = (const char *)file.bytes + section_of(file, table->sh_link)->sh_offset + symbol->st_name;
	return symbol;
}

static int finish(struct file file, struct file *finished)
{
	// Exactly as large as it is, so that a sanitizer sees every byte read behind it.
	uint8_t *copy = malloc(file.size ? file.size : 1);
	struct hp_error error = {0};
	int status;

	memcpy(copy, file.bytes, file.size);
	status = klp_finish(copy, file.size, &finished->bytes, &finished->size, &error);
	free(copy);
	if (status)
		cr_assert(error.message[0] && !strchr(error.message, '\n'));
	return status;
}

static void is_refused(struct file file, const char *what)
{
	struct file finished;

	cr_assert_eq(finish(file, &finished), HP_MALFORMED, "%s was taken", what);
}

static size_t relocations(struct file file, const char *section)
{
	const Elf64_Shdr *table = find_section(file, section);

	return table ? table->sh_size / sizeof(Elf64_Rela) : 0;
}

Test(klp, symbols_of_the_kernel_are_looked_up_by_it)
{
	struct file file = module_file(), finished;
	size_t livepatch = 0, count;
	const char *name;

	cr_assert_eq(finish(file, &finished), 0);
	count = find_type(finished, SHT_SYMTAB)->sh_size / sizeof(Elf64_Sym);
	for (size_t i = 1; i < count; i++) {
		const Elf64_Sym *symbol = symbol_of(finished, i, &name);

		cr_assert_eq(symbol->st_shndx == LIVEPATCH, !strncmp(name, ".klp.sym.", 9), "%s", name);
		cr_assert_null(strchr(name, '#'), "%s", name);
		cr_assert(strncmp(name, "hp_vmlinux_", 11) != 0);
		livepatch += symbol->st_shndx == LIVEPATCH;
	}
	cr_assert_eq(livepatch, 5);
}

Test(klp, relocations_move_to_the_object_they_wait_for)
{
	struct file file = module_file(), finished;

	cr_assert_eq(finish(file, &finished), 0);
	cr_assert_eq(relocations(finished, ".rela.text.changed"), 2, "__fentry__, printk");
	cr_assert_eq(relocations(finished, ".klp.rela.vmlinux..text.changed"), 3);
	cr_assert_eq(relocations(finished, ".klp.rela.other..text.changed"), 1);
	cr_assert_eq(relocations(finished, ".klp.rela.waiting..text.changed"), 1);
	cr_assert_eq(relocations(finished, ".rela.data"), 1);
	cr_assert_eq(relocations(finished, ".klp.rela.vmlinux..data"), 1);
	cr_assert(find_section(finished, ".klp.rela.vmlinux..data")->sh_flags & LIVEPATCH_RELA);
}

Test(klp, finished_twice_is_finished_once)
{
	struct file file = module_file(), once, twice;

	cr_assert_eq(finish(file, &once), 0);
	cr_assert_eq(finish(once, &twice), 0);
	cr_assert_eq(once.size, twice.size);
	cr_assert_arr_eq(once.bytes, twice.bytes, once.size);
}

Test(klp, truncated_modules_are_refused)
{
	struct file file = module_file();

	for (size_t size = 0; size < file.size; size++)
		is_refused((struct file){file.bytes, size}, "a truncated module");
}

Test(klp, modules_of_another_kind_are_refused)
{
	struct file file = module_file();

	header_of(file)->e_type = ET_DYN;
	is_refused(file, "a shared library");
	header_of(file)->e_type = ET_REL;
	file.bytes[EI_DATA] = ELFDATA2MSB;
	is_refused(file, "a big-endian module");
	file.bytes[EI_DATA] = ELFDATA2LSB;
	file.bytes[EI_CLASS] = ELFCLASS32;
	is_refused(file, "a module of 32 bits");
}

// Section 0 describes no bytes; as a string table it would be one that nobody looked at.
Test(klp, string_table_in_section_0_is_refused)
{
	struct file file = module_file();
	Elf64_Shdr *nothing = section_of(file, 0);

	*nothing = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = UINT64_MAX / 2, .sh_size = 16};
	find_type(file, SHT_SYMTAB)->sh_link = 0;
	is_refused(file, "section 0 as string table");
}

Test(klp, forged_headers_are_refused)
{
	struct file file = module_file();
	Elf64_Shdr *table = find_section(file, ".rela.text.changed"), saved = *table;
	Elf64_Rela *first = (Elf64_Rela *)(file.bytes + table->sh_offset);

	table->sh_size = UINT64_MAX - 8;
	is_refused(file, "a section that wraps round");
	*table = saved;
	table->sh_info = 0xffff;
	is_refused(file, "relocations of no section");
	*table = saved;
	table->sh_size -= 1;
	is_refused(file, "half a relocation");
	*table = saved;
	first->r_info = ELF64_R_INFO(1 << 20, R_X86_64_64);
	is_refused(file, "a relocation of no symbol");
}

Test(klp, names_that_name_nothing_are_refused)
{
	static const char *const wrong[] = {".klp.sym.", ".klp.sym.x", ".klp.sym..a,0",
					    ".klp.sym.vmlinux.ab"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct file file = module_file();
		const char *name;

		symbol_of(file, 3, &name);
		cr_assert_str_eq(name, ".klp.sym.vmlinux.static_one,2");
		strcpy((char *)(uintptr_t)name, wrong[i]);
		is_refused(file, wrong[i]);
	}
}

// ---- the chunk ---------------------------------------------------------------------------------------------------

static struct file chunk_of(const char *name)
{
	static const uint8_t id[20] = {1, 2, 3};
	struct klp_embedded embedded = {.build_id = id,
					.build_id_size = sizeof(id),
					.name = name,
					.module = (const uint8_t *)"module",
					.module_size = 6};
	struct file file;

	cr_assert_eq(klp_embed(&embedded, &file.bytes, &file.size, NULL), 0);
	return file;
}

static int read_chunk(struct file file, struct klp_embedded *embedded)
{
	struct hp_chunk chunk = {.raw_size = file.size};
	uint8_t *copy = malloc(file.size ? file.size : 1);
	struct hp_error error = {0};

	memcpy(copy, file.bytes, file.size);
	chunk.data = copy;
	return klp_embedded(&chunk, embedded, &error);
}

Test(klp, embedded_module_comes_back)
{
	struct klp_embedded embedded;

	cr_assert_eq(read_chunk(chunk_of("hp_first"), &embedded), 0);
	cr_assert_str_eq(embedded.name, "hp_first");
	cr_assert_eq(embedded.build_id_size, 20);
	cr_assert_eq(embedded.module_size, 6);
	cr_assert_arr_eq(embedded.module, "module", 6);
}

Test(klp, forged_chunks_are_refused)
{
	struct file file = chunk_of("hp_first");
	struct klp_embedded embedded;

	for (size_t size = 0; size < file.size; size++)
		cr_assert_neq(read_chunk((struct file){file.bytes, size}, &embedded), 0, "%zu bytes", size);
	file.bytes[0] = 2;
	cr_assert_eq(read_chunk(file, &embedded), HP_UNSUPPORTED, "another version");
	file.bytes[0] = 1;
	memset(file.bytes + 4, 0xff, 4);
	cr_assert_eq(read_chunk(file, &embedded), HP_MALFORMED, "a build ID longer than the chunk");
	// A name goes to the kernel, and into paths below /sys/module.
	cr_assert_neq(read_chunk(chunk_of("../../etc"), &embedded), 0);
	cr_assert_neq(read_chunk(chunk_of(""), &embedded), 0);
}
