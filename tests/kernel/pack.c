// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a package for a kernel of one object written by hand: everything in it becomes the payload, functions named on the
// command line replace those of the same name. For tests of the exporter that need no run of hp-build.
//
//	pack OBJECT BUILD-ID SYMVERS OUT.hp ID FUNCTION...
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hp.h"
#include "util/util.h"

struct exports {
	struct file file;
};

// Module.symvers: "0xCRC\tNAME\tOBJECT\tKIND\tNAMESPACE".
static bool is_exported(const struct file *symvers, const char *name)
{
	char *wanted = xasprintf("\t%s\tvmlinux\t", name);
	bool found = memmem(symvers->data, symvers->size, wanted, strlen(wanted)) != NULL;

	free(wanted);
	return found;
}

static size_t read_id(const char *hex, uint8_t *id)
{
	size_t size = 0;

	for (unsigned byte; size < 20 && sscanf(hex + 2 * size, "%2x", &byte) == 1; size++)
		id[size] = (uint8_t)byte;
	return size;
}

int main(int argc, char **argv)
{
	VEC(struct hp_function) functions = {0};
	VEC(struct hp_binding) bindings = {0};
	struct file object, symvers;
	uint8_t id[20], *bytes;
	struct hp_target target = {
		.kind = HP_TARGET_LINUX, .machine = EM_X86_64, .elf_type = ET_EXEC, .name = "vmlinux"};
	struct hp_content content = {.targets = &target, .target_count = 1};
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections, *table = NULL;
	const Elf64_Sym *symbols;
	struct hp_error error;
	size_t size;

	if (argc < 7 || file_map(argv[1], &object) || file_map(argv[3], &symvers))
		return 3;
	target.build_id = id;
	target.build_id_size = read_id(argv[2], id);
	header = (const void *)object.data;
	sections = (const void *)(object.data + header->e_shoff);
	for (size_t i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB)
			table = &sections[i];
	symbols = (const void *)(object.data + table->sh_offset);
	for (uint32_t i = 1; i < table->sh_size / sizeof(*symbols); i++) {
		const char *name =
			(const char *)object.data + sections[table->sh_link].sh_offset + symbols[i].st_name;

		for (int j = 6; j < argc; j++)
			if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && !strcmp(name, argv[j]))
				*vec_push(&functions) = (struct hp_function){.name = name,
									     .object = "",
									     .vaddr = 0x1000,
									     .old_size = 1,
									     .symbol = i,
									     .prologue = HP_NONE};
		if (symbols[i].st_shndx == SHN_UNDEF)
			*vec_push(&bindings) = (struct hp_binding){
				.symbol = i,
				.kind = HP_BIND_KERNEL,
				.name = name,
				.flags = is_exported(&symvers, name) ? HP_BINDING_EXPORTED : 0};
	}
	target.functions = functions.at;
	target.function_count = functions.count;
	target.bindings = bindings.at;
	target.binding_count = bindings.count;
	target.payload = object.data;
	target.payload_size = object.size;
	content.manifest =
		xasprintf("{\"schema\":1,\"id\":\"%s\",\"title\":\"by hand\",\"fixes\":[]}", argv[5]);
	if (hp_encode(&content, &bytes, &size, &error) || file_write(argv[4], bytes, size)) {
		fprintf(stderr, "pack: %s\n", error.message);
		return 2;
	}
	return 0;
}
