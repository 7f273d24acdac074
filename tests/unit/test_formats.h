/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sample package with something in every table; its payload is assembled from testdata/formats/payload.s. */
#ifndef TESTS_UNIT_TEST_FORMATS_H
#define TESTS_UNIT_TEST_FORMATS_H

#include <elf.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/hp.h"

/* Criterion is not there when a fuzzer uses this. */
#define NEED(condition, what)                                                                                \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s: cannot be made\n", what);                                       \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

enum {
	BODY,
	PROLOGUE,
	ABSOLUTE,
	THREAD,
	OUTSIDE,
	OUTSIDE_DATA,
	SLOT,
	OFFSET32,
	OFFSET64,
	WEAK,
	NOWHERE,
	COUNTER,
	NAMES
};

static const char *const sample_names[NAMES] = {"body",     "prologue",     "absolute", "thread",
						"outside",  "outside_data", "slot",     "offset32",
						"offset64", "weak",         "nowhere",  "counter"};

struct sample {
	struct hp_target target;
	struct hp_content content;
	struct hp_segment segments[2];
	struct hp_image_section sections[1];
	struct hp_function functions[2];
	struct hp_part parts[3];
	struct hp_mask masks[1];
	struct hp_binding bindings[8]; /* the last one is for tests */
	struct hp_state states[1];
	struct hp_hook hooks[1];
	uint32_t symbols[NAMES];
	char directory[64], object[96];
	uint8_t *payload;
	size_t payload_size;
	uint8_t *bytes; /* of the package */
	size_t size;
};

static inline uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;

	NEED(file, path);
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*size + 1);
	NEED(fread(bytes, 1, *size, file) == *size, path);
	fclose(file);
	return bytes;
}

static inline void run_command(const char *command)
{
	NEED(system(command) == 0, command);
}

static inline void find_symbols(struct sample *sample)
{
	const Elf64_Ehdr *header = (const void *)sample->payload;
	const Elf64_Shdr *sections = (const void *)(sample->payload + header->e_shoff);

	for (unsigned s = 0; s < header->e_shnum; s++) {
		const Elf64_Sym *symbols = (const void *)(sample->payload + sections[s].sh_offset);

		if (sections[s].sh_type != SHT_SYMTAB)
			continue;
		for (uint32_t i = 1; i < sections[s].sh_size / sizeof(*symbols); i++) {
			const char *name = (const char *)sample->payload +
					   sections[sections[s].sh_link].sh_offset + symbols[i].st_name;

			for (unsigned n = 0; n < NAMES; n++)
				if (!strcmp(name, sample_names[n]))
					sample->symbols[n] = i;
		}
	}
}

static inline void fill_tables(struct sample *sample)
{
	static const uint8_t build_id[20] = {0xf4, 0xf7, 0x7e, 0x66, 1, 2, 3};
	const uint32_t *symbols = sample->symbols;

	sample->segments[0] = (struct hp_segment){0, 0, 0x8000, 0x8000, 0x1000, PF_R | PF_X};
	sample->segments[1] = (struct hp_segment){0x9000, 0x8000, 0x1000, 0x3000, 0x1000, PF_R | PF_W};
	sample->sections[0] =
		(struct hp_image_section){".text", 0x1000, 0x7000, SHF_ALLOC | SHF_EXECINSTR, SHT_PROGBITS};
	sample->functions[0] = (struct hp_function){.name = "serve",
						    .object = "src/serve.o",
						    .vaddr = 0x1200,
						    .old_size = 100,
						    .symbol = symbols[BODY],
						    .prologue = symbols[PROLOGUE],
						    .jump_offset = 4,
						    .jump_size = 7,
						    .flags = HP_FUNCTION_ENDBR | HP_FUNCTION_GLOBAL,
						    .position = 2,
						    .pad_before = 14,
						    .pad_after = 2,
						    .old_hash = {1, 2, 3},
						    .old_bytes = {0xf3, 0x0f, 0x1e, 0xfa}};
	sample->functions[1] = (struct hp_function){.name = "parse",
						    .vaddr = 0x1300,
						    .old_size = 5,
						    .symbol = symbols[ABSOLUTE],
						    .prologue = HP_NONE,
						    .jump_size = 5};
	sample->parts[0] = (struct hp_part){0, HP_NONE, 0x1200, 100};
	sample->parts[1] = (struct hp_part){0, symbols[BODY], 0, 30};
	sample->parts[2] = (struct hp_part){1, HP_NONE, 0x1300, 5};
	sample->masks[0] = (struct hp_mask){0, 96, 4};
	sample->bindings[0] = (struct hp_binding){.symbol = symbols[OUTSIDE],
						  .kind = HP_BIND_IMAGE,
						  .vaddr = 0x2000,
						  .flags = HP_BINDING_FUNCTION,
						  .name = "outside"};
	sample->bindings[1] = (struct hp_binding){.symbol = symbols[OUTSIDE_DATA],
						  .kind = HP_BIND_IMAGE,
						  .vaddr = 0x9100,
						  .addend = -16,
						  .object = "src/data.o"};
	sample->bindings[2] = (struct hp_binding){
		.symbol = symbols[SLOT], .kind = HP_BIND_SLOT, .vaddr = 0x9008, .name = "memcpy"};
	sample->bindings[3] =
		(struct hp_binding){.symbol = symbols[OFFSET32], .kind = HP_BIND_ABSOLUTE, .addend = -0x28};
	sample->bindings[4] = (struct hp_binding){
		.symbol = symbols[OFFSET64], .kind = HP_BIND_TLS_OFFSET, .vaddr = 0x9010, .addend = 8};
	sample->bindings[5] = (struct hp_binding){
		.symbol = symbols[WEAK], .kind = HP_BIND_DYNAMIC, .flags = HP_BINDING_WEAK, .name = "maybe"};
	sample->bindings[6] = (struct hp_binding){.symbol = symbols[NOWHERE],
						  .kind = HP_BIND_DYNAMIC,
						  .name = "strlcpy",
						  .version = "GLIBC_2.38"};
	sample->states[0] = (struct hp_state){.symbol = symbols[COUNTER],
					      .object = "src/serve.o",
					      .owner = "serve",
					      .name = "counter",
					      .size = 24,
					      .align = 16,
					      .initial_hash = {9}};
	sample->hooks[0] = (struct hp_hook){HP_HOOK_POST_PATCH, symbols[THREAD]};
	sample->target = (struct hp_target){.kind = HP_TARGET_PROCESS,
					    .machine = EM_X86_64,
					    .elf_type = ET_DYN,
					    .flags = HP_TARGET_PIE,
					    .build_id = build_id,
					    .build_id_size = sizeof(build_id),
					    .name = "server",
					    .soname = NULL,
					    .tls_size = 0x40,
					    .tls_align = 16,
					    .segments = sample->segments,
					    .segment_count = 2,
					    .sections = sample->sections,
					    .section_count = 1,
					    .functions = sample->functions,
					    .function_count = 2,
					    .parts = sample->parts,
					    .part_count = 3,
					    .masks = sample->masks,
					    .mask_count = 1,
					    .bindings = sample->bindings,
					    .binding_count = 7,
					    .states = sample->states,
					    .state_count = 1,
					    .hooks = sample->hooks,
					    .hook_count = 1,
					    .payload = sample->payload,
					    .payload_size = sample->payload_size};
}

/* Every field set; nothing encoded yet. */
static inline struct sample *sample_make(void)
{
	struct sample *sample = calloc(1, sizeof(*sample));
	char command[256];

	strcpy(sample->directory, "/tmp/hp-formats-XXXXXX");
	NEED(mkdtemp(sample->directory), sample->directory);
	snprintf(sample->object, sizeof(sample->object), "%s/payload.o", sample->directory);
	snprintf(command, sizeof(command), "as --64 -o %s testdata/formats/payload.s", sample->object);
	run_command(command);
	sample->payload = read_whole(sample->object, &sample->payload_size);
	find_symbols(sample);
	fill_tables(sample);
	sample->content =
		(struct hp_content){.manifest = "{\"schema\":1,\"id\":\"KB1\",\"fixes\":[\"CVE-1\"]}",
				    .targets = &sample->target,
				    .target_count = 1};
	return sample;
}

static inline struct sample *sample_new(void)
{
	struct sample *sample = sample_make();
	struct hp_error error;

	NEED(hp_encode(&sample->content, &sample->bytes, &sample->size, &error) == 0, error.message);
	return sample;
}

static inline void sample_free(struct sample *sample)
{
	unlink(sample->object);
	rmdir(sample->directory);
	free(sample->payload);
	free(sample->bytes);
	free(sample);
}

#endif
