// SPDX-License-Identifier: GPL-3.0-or-later
// An ELF file whose sections lie at the run-time addresses: gdb's add-symbol-file takes it as it is, for a live
// process and for its core dump.
#include "apply/symbols.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply/symbols-frame.h"

struct writer {
	VEC(uint8_t) bytes;
	VEC(Elf64_Shdr) sections;
	VEC(Elf64_Sym) symbols;
	VEC(char) strings, names;
	struct debug_frame frames;
};

static uint32_t add_text(char **at, size_t *count, size_t *room, const char *text)
{
	uint32_t offset = (uint32_t)*count;

	do {
		if (*count == *room)
			*at = vec_grow(*at, room, 1);
		(*at)[(*count)++] = *text;
	} while (*text++);
	return offset;
}

#define ADD_TEXT(list, text) add_text(&(list).at, &(list).count, &(list).room, text)

static uint64_t add_bytes(struct writer *writer, const void *from, size_t size)
{
	uint64_t offset;

	while (writer->bytes.count % 16)
		*vec_push(&writer->bytes) = 0;
	offset = writer->bytes.count;
	for (size_t i = 0; i < size; i++)
		*vec_push(&writer->bytes) = ((const uint8_t *)from)[i];
	return offset;
}

static void add_symbol(struct writer *writer, const char *name, uint64_t address, uint64_t size,
		       uint16_t section)
{
	*vec_push(&writer->symbols) = (Elf64_Sym){
		.st_name = ADD_TEXT(writer->strings, name),
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = section,
		.st_value = address,
		.st_size = size,
	};
}

static void add_section(struct writer *writer, const char *name, uint32_t type, uint64_t flags,
			uint64_t address, const void *bytes, uint64_t size)
{
	Elf64_Shdr section = {
		.sh_name = ADD_TEXT(writer->names, name),
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = address,
		.sh_size = size,
		.sh_addralign = type == SHT_SYMTAB ? 8 : 1,
	};

	section.sh_offset = add_bytes(writer, bytes, size);
	*vec_push(&writer->sections) = section;
}

// Code that belongs to no section yet may not be named: one section for each payload, trampolines absolute.
static int add_codes(struct session *session, struct writer *writer)
{
	const struct control *control = session->control;
	struct arena *arena = session->result->arena;

	for (size_t i = 0; i < control->codes.count; i++) {
		const struct control_code *code = &control->codes.at[i];
		uint8_t *bytes = code->size <= CONTROL_SIZE_MAX ? xalloc(code->size + 1) : NULL;
		const char *id = control->packages.at[code->package].id;

		if (!bytes || process_read(session->process, code->address, bytes, code->size)) {
			free(bytes);
			return session_refuse(session, "target-modified", "new code cannot be read back");
		}
		add_section(writer, arena_printf(arena, ".text.%s.%zu", id, i), SHT_PROGBITS,
			    SHF_ALLOC | SHF_EXECINSTR, code->address, bytes, code->size);
		for (size_t j = 0; j < control->bodies.count; j++) {
			const struct control_body *body = &control->bodies.at[j];

			if (body->address >= code->address && body->address - code->address < code->size)
				add_symbol(writer,
					   arena_printf(arena, "%s.%s",
							control->functions.at[body->function].name, id),
					   body->address, control_body_size(control, body),
					   (uint16_t)(writer->sections.count - 1));
		}
		if (code->eh_frame_size && code->eh_frame >= code->address &&
		    code->eh_frame - code->address <= code->size &&
		    code->eh_frame_size <= code->size - (code->eh_frame - code->address))
			debug_frame_add(&writer->frames, bytes + (code->eh_frame - code->address),
					code->eh_frame_size, code->eh_frame);
		free(bytes);
	}
	for (size_t i = 0; i < control->trampolines.count; i++) {
		const struct control_trampoline *trampoline = &control->trampolines.at[i];

		add_symbol(writer,
			   arena_printf(arena, "%s.trampoline",
					control->functions.at[trampoline->function].name),
			   trampoline->address, TRAMPOLINE_SIZE, SHN_ABS);
		debug_frame_add_leaf(&writer->frames, trampoline->address, TRAMPOLINE_SIZE);
	}
	return 0;
}

static int finish_file(struct session *session, struct writer *writer, const char *path)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	int error;

	add_section(writer, ".debug_frame", SHT_PROGBITS, 0, 0, writer->frames.bytes.at,
		    writer->frames.bytes.count);
	add_section(writer, ".symtab", SHT_SYMTAB, 0, 0, writer->symbols.at,
		    writer->symbols.count * sizeof(Elf64_Sym));
	writer->sections.at[writer->sections.count - 1].sh_entsize = sizeof(Elf64_Sym);
	writer->sections.at[writer->sections.count - 1].sh_info = 1;
	writer->sections.at[writer->sections.count - 1].sh_link = (uint32_t)writer->sections.count;
	add_section(writer, ".strtab", SHT_STRTAB, 0, 0, writer->strings.at, writer->strings.count);
	add_section(writer, ".shstrtab", SHT_STRTAB, 0, 0, NULL, 0);
	writer->sections.at[writer->sections.count - 1].sh_offset =
		add_bytes(writer, writer->names.at, writer->names.count);
	writer->sections.at[writer->sections.count - 1].sh_size = writer->names.count;
	header.e_shnum = (uint16_t)writer->sections.count;
	header.e_shstrndx = (uint16_t)(writer->sections.count - 1);
	header.e_shoff = add_bytes(writer, writer->sections.at, writer->sections.count * sizeof(Elf64_Shdr));
	memcpy(writer->bytes.at, &header, sizeof(header));
	error = file_write(path, writer->bytes.at, writer->bytes.count);
	return error ? session_refuse(session, "target-permission", "%s: %s", path, strerror(-error)) : 0;
}

int symbols_write(struct session *session, const char *path)
{
	static const uint8_t header[sizeof(Elf64_Ehdr)];
	struct writer writer = {0};
	int error;

	add_bytes(&writer, header, sizeof(header));
	*vec_push(&writer.sections) = (Elf64_Shdr){0};
	*vec_push(&writer.symbols) = (Elf64_Sym){0};
	ADD_TEXT(writer.strings, "");
	ADD_TEXT(writer.names, "");
	error = add_codes(session, &writer);
	if (!error)
		error = finish_file(session, &writer, path);
	free(writer.frames.bytes.at);
	free(writer.bytes.at);
	free(writer.sections.at);
	free(writer.symbols.at);
	free(writer.strings.at);
	free(writer.names.at);
	return error;
}
