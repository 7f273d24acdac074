// SPDX-License-Identifier: MIT
// A payload as an object for kbuild. The sections stay as they are; the symbol table is written anew, behind them:
//
//	payload      [ headers | sections ... | section headers ]
//	object       [ headers | sections ..., RELA with new symbol numbers | symbols | names | section headers ]
#include "formats/klp-text.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
	struct hp_package *package;
	const struct hp_target *target;
	size_t index;
	const char *symvers;
	const struct linkage *linkage;
	struct buffer file, symbols, names;
	uint32_t *number; // new symbol number by old one
	uint32_t count, locals;
	struct hp_error *error;
};

static const struct hp_binding *binding_of(const struct maker *maker, size_t symbol)
{
	uint32_t binding = maker->linkage->symbols[symbol].binding;

	return binding == HP_NONE ? NULL : &maker->target->bindings[binding];
}

// Who exports NAME, by Module.symvers ("0xCRC\tNAME\tOBJECT\tKIND\tNAMESPACE\n"): false when it is not there. OBJECT: the
// module's name as the kernel has it. A symbol in a namespace counts as not exported: looked up, it needs no import.
static bool find_exporter(const struct maker *maker, const char *name, char object[KLP_NAME_SIZE],
			  bool *spaced)
{
	size_t length = strlen(name);

	for (const char *at = maker->symvers; at && (at = strstr(at, name)); at += length) {
		const char *path = at + length + 1, *end = path + strcspn(path, "\t\n"), *base = end, *space;

		if (at == maker->symvers || at[-1] != '\t' || at[length] != '\t' || *end != '\t')
			continue;
		while (base > path && base[-1] != '/')
			base--;
		snprintf(object, KLP_NAME_SIZE, "%.*s", (int)(end - base), base);
		for (char *c = object; *c; c++)
			*c = *c == '-' ? '_' : *c;
		space = end + 1 + strcspn(end + 1, "\t\n");
		*spaced = *space == '\t' && space[1] && space[1] != '\n';
		return true;
	}
	return false;
}

// The kernel reads ".klp.sym.%55[^.].%511[^,],%lu" (kernel/livepatch/core.c).
static int name_binding(struct maker *maker, const struct hp_binding *binding)
{
	const char *object = binding->object ? binding->object : "vmlinux";
	const char *target = klp_object_name(maker->target);
	char exporter[KLP_NAME_SIZE];
	bool spaced, exported = !binding->object && binding->flags & HP_BINDING_EXPORTED;

	// What a module imports from another one must not make the patch depend on that one.
	if (exported && find_exporter(maker, binding->name, exporter, &spaced)) {
		exported = !strcmp(exporter, "vmlinux") && !spaced;
		object = exporter;
	}
	if (exported) {
		buffer_print(&maker->names, "%s", binding->name);
		return HP_OK;
	}
	if (strlen(object) >= KLP_NAME_SIZE || strpbrk(object, ".,#") || strlen(binding->name) > 511 ||
	    strpbrk(binding->name, ",#"))
		return fail(maker->error, HP_UNSUPPORTED, HP_NONE, 0,
			    "the kernel cannot be asked for a symbol named %s in %s", binding->name, object);
	buffer_print(&maker->names, KLP_SYMBOL_PREFIX "%s.%s,%u", object, binding->name, binding->position);
	if (strcmp(object, "vmlinux") && strcmp(object, target))
		buffer_print(&maker->names, "%c%s", KLP_WAITS_FOR, target);
	return HP_OK;
}

static void add_symbol(struct maker *maker, Elf64_Sym symbol)
{
	symbol.st_name = (Elf64_Word)maker->names.size;
	buffer_add(&maker->symbols, &symbol, sizeof(symbol));
	maker->count++;
}

// A definition stays what it is but becomes local: the kernel has another one of that name.
static void add_definition(struct maker *maker, size_t index)
{
	const struct elf_symbol *from = &maker->linkage->symbols[index];

	maker->number[index] = maker->count;
	add_symbol(maker, (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(from->info)),
				      .st_shndx = (Elf64_Section)from->section,
				      .st_value = from->value,
				      .st_size = from->size});
	buffer_add(&maker->names, from->name, strlen(from->name) + 1);
}

static int add_undefined(struct maker *maker, size_t index)
{
	const struct hp_binding *binding = binding_of(maker, index);
	int status;

	if (!binding || binding->kind != HP_BIND_KERNEL)
		return fail(maker->error, HP_UNSUPPORTED, HP_NONE, 0,
			    "payload symbol %s is not bound to a kernel symbol",
			    maker->linkage->symbols[index].name);
	maker->number[index] = maker->count;
	add_symbol(maker, (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE)});
	status = name_binding(maker, binding);
	buffer_add(&maker->names, "", 1);
	return status;
}

static void add_alias(struct maker *maker, const char *format, size_t number, uint32_t symbol)
{
	const struct elf_symbol *of = &maker->linkage->symbols[symbol];

	add_symbol(maker, (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_GLOBAL, ELF64_ST_TYPE(of->info)),
				      .st_shndx = (Elf64_Section)of->section,
				      .st_value = of->value,
				      .st_size = of->size});
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buffer_print(&maker->names, format, maker->index, number);
#pragma GCC diagnostic pop
	buffer_add(&maker->names, "", 1);
}

// Local symbols first, as the gABI wants it. A stack trace names the first of several symbols at one address, which is
// so the function's own name and not its alias.
static int make_symbols(struct maker *maker)
{
	const struct linkage *linkage = maker->linkage;
	int status = HP_OK;

	buffer_add(&maker->names, "", 1);
	buffer_add(&maker->symbols, NULL, sizeof(Elf64_Sym));
	maker->count = 1;
	for (size_t i = 1; i < linkage->symbol_count; i++)
		if (linkage->symbols[i].section)
			add_definition(maker, i);
	maker->locals = maker->count;
	for (size_t i = 1; i < linkage->symbol_count && !status; i++)
		if (!linkage->symbols[i].section)
			status = add_undefined(maker, i);
	for (size_t i = 0; i < maker->target->function_count; i++)
		add_alias(maker, KLP_FUNCTION_ALIAS, i, maker->target->functions[i].symbol);
	for (size_t i = 0; i < maker->target->hook_count; i++)
		add_alias(maker, KLP_HOOK_ALIAS, i, maker->target->hooks[i].symbol);
	return status;
}

static int renumber(struct maker *maker, const Elf64_Shdr *section, size_t index)
{
	for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= section->sh_size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela rela;

		memcpy(&rela, maker->file.at + section->sh_offset + at, sizeof(rela));
		if (ELF64_R_SYM(rela.r_info) >= maker->linkage->symbol_count)
			return fail(maker->error, HP_MALFORMED, HP_NONE, at,
				    "payload: a relocation of section %zu has no symbol", index);
		rela.r_info =
			ELF64_R_INFO(maker->number[ELF64_R_SYM(rela.r_info)], ELF64_R_TYPE(rela.r_info));
		memcpy(maker->file.at + section->sh_offset + at, &rela, sizeof(rela));
	}
	return HP_OK;
}

static int place_sections(struct maker *maker, Elf64_Shdr *sections, size_t count)
{
	int status = HP_OK;

	for (size_t i = 0; i < count && !status; i++) {
		if (sections[i].sh_type == SHT_RELA) {
			status = renumber(maker, &sections[i], i);
		} else if (sections[i].sh_type == SHT_SYMTAB) {
			buffer_align(&maker->file, 8);
			sections[i].sh_offset = maker->file.size;
			sections[i].sh_size = maker->symbols.size;
			sections[i].sh_info = maker->locals;
			sections[i].sh_link = (Elf64_Word)count; // the names, added behind
			buffer_add(&maker->file, maker->symbols.at, maker->symbols.size);
		} else if (sections[i].sh_type == SHT_GROUP || sections[i].sh_type == SHT_SYMTAB_SHNDX) {
			status = fail(maker->error, HP_UNSUPPORTED, HP_NONE, 0,
				      "payload: section %zu is of a type that a module cannot hold", i);
		}
	}
	return status;
}

static int make_file(struct maker *maker)
{
	const struct hp_target *target = maker->target;
	size_t count = maker->linkage->section_count;
	Elf64_Shdr *sections = calloc(count + 1, sizeof(*sections));
	Elf64_Ehdr header;
	int status;

	if (!sections || maker->file.failed || maker->symbols.failed || maker->names.failed) {
		free(sections);
		return fail(maker->error, HP_MEMORY, HP_NONE, 0, "out of memory");
	}
	memcpy(&header, target->payload, sizeof(header));
	memcpy(sections, target->payload + header.e_shoff, count * sizeof(*sections));
	buffer_add(&maker->file, target->payload, target->payload_size);
	status = maker->file.failed ? HP_MEMORY : place_sections(maker, sections, count);
	sections[count] = (Elf64_Shdr){.sh_name = sections[header.e_shstrndx].sh_name,
				       .sh_type = SHT_STRTAB,
				       .sh_offset = maker->file.size,
				       .sh_size = maker->names.size,
				       .sh_addralign = 1};
	buffer_add(&maker->file, maker->names.at, maker->names.size);
	buffer_align(&maker->file, 8);
	header.e_shoff = maker->file.size;
	header.e_shnum = (Elf64_Half)(count + 1);
	buffer_add(&maker->file, sections, (count + 1) * sizeof(*sections));
	if (!maker->file.failed)
		memcpy(maker->file.at, &header, sizeof(header));
	free(sections);
	return status;
}

int klp_object(struct hp_package *package, size_t target, const struct klp_options *options, uint8_t **bytes,
	       size_t *size, struct hp_error *error)
{
	struct maker maker = {.package = package,
			      .target = hp_target(package, target),
			      .index = target,
			      .symvers = options->symvers,
			      .error = error};
	const struct hp_layout *layout;
	int status = hp_layout(package, target, &layout, error);

	if (status)
		return status;
	maker.linkage = package->linkages[target];
	maker.number = calloc(maker.linkage->symbol_count, sizeof(*maker.number));
	if (!maker.number)
		return fail(error, HP_MEMORY, HP_NONE, 0, "out of memory");
	status = make_symbols(&maker);
	if (!status)
		status = make_file(&maker);
	free(maker.number);
	free(maker.symbols.at);
	free(maker.names.at);
	if (status)
		free(maker.file.at);
	return status ? status : buffer_take(&maker.file, bytes, size, error);
}
