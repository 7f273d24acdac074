// SPDX-License-Identifier: GPL-3.0-or-later
// Objects that are not what they say: every one is a finding, none ends the program.
#include "tests/unit/test_diff.h"

#include <elf.h>

struct bytes {
	uint8_t *data;
	size_t size;
};

// A good object, to be broken.
static struct bytes good_object(const char *source)
{
	char *directory = make_directory(), *path = path_join(directory, "good.o");
	struct bytes bytes;
	struct file file;

	run_command("%s " SECTIONS "-DNEW -c -o %s testdata/diff/%s", compiler(), path, source);
	cr_assert_eq(file_map(path, &file), 0);
	bytes = (struct bytes){xalloc(file.size), file.size};
	memcpy(bytes.data, file.data, file.size);
	file_unmap(&file);
	free(path);
	remove_directory(directory);
	return bytes;
}

// The finding's code when the bytes cannot be loaded, "" when they can.
static const char *load_code(const uint8_t *data, size_t size)
{
	static char code[300]; // and the message behind it
	struct interner *names = interner_new();
	struct diags *diags = diags_new();
	struct object *object = object_load("broken.o", data, size, names, diags);

	*code = 0;
	if (!object) {
		cr_assert_eq(diags_count(diags), 1, "a refusal says why, once");
		snprintf(code, sizeof(code), "%s", diags_at(diags, 0)->code);
		snprintf(code + strlen(code) + 1, sizeof(code) - strlen(code) - 1, "%s",
			 diags_at(diags, 0)->message);
	}
	object_free(object);
	diags_free(diags);
	interner_free(names);
	return code;
}

Test(load, empty_and_text_files_are_malformed)
{
	cr_expect_str_eq(load_code((const uint8_t *)"", 0), "malformed-object");
	cr_expect_str_eq(
		load_code((const uint8_t *)"hello, this is no object at all, but long enough to be one....",
			  62),
		"malformed-object");
}

Test(load, bitcode_is_named)
{
	cr_expect_str_eq(load_code((const uint8_t *)"BC\xc0\xde and so on", 14), "lto-bytecode");
}

Test(load, slim_lto_object_is_named)
{
	char *directory = make_directory(), *path = path_join(directory, "slim.o");
	struct file file;

	run_command("gcc -O2 -flto -fno-fat-lto-objects -DNEW -c -o %s testdata/diff/one_function.c", path);
	cr_assert_eq(file_map(path, &file), 0);
	cr_expect_str_eq(load_code(file.data, file.size), "lto-bytecode");
	file_unmap(&file);
	free(path);
	remove_directory(directory);
}

Test(load, other_machines_and_kinds_are_named)
{
	struct bytes bytes = good_object("one_function.c");
	uint16_t machine = EM_PARISC, type = ET_EXEC;

	memcpy(bytes.data + offsetof(Elf64_Ehdr, e_machine), &machine, 2);
	cr_expect_str_eq(load_code(bytes.data, bytes.size), "arch-mismatch");
	machine = EM_X86_64;
	memcpy(bytes.data + offsetof(Elf64_Ehdr, e_machine), &machine, 2);
	cr_expect_str_eq(load_code(bytes.data, bytes.size), "");
	memcpy(bytes.data + offsetof(Elf64_Ehdr, e_type), &type, 2);
	cr_expect_str_eq(load_code(bytes.data, bytes.size), "malformed-object");
	bytes.data[EI_CLASS] = ELFCLASS32;
	cr_expect_str_eq(load_code(bytes.data, bytes.size), "arch-mismatch");
	free(bytes.data);
}

Test(load, every_truncation_is_a_finding)
{
	struct bytes bytes = good_object("one_function.c");

	for (size_t size = 0; size < bytes.size; size += size < 256 ? 1 : 37) {
		uint8_t *exact = xalloc(size); // so that the sanitizer sees a read behind the end

		memcpy(exact, bytes.data, size);
		cr_expect_str_eq(load_code(exact, size), "malformed-object", "%zu bytes", size);
		free(exact);
	}
	free(bytes.data);
}

Test(load, every_header_byte_may_be_wrong)
{
	struct bytes bytes = good_object("strings.c");
	uint64_t sections;

	memcpy(&sections, bytes.data + offsetof(Elf64_Ehdr, e_shoff), 8);
	for (size_t i = 0; i < bytes.size; i = i == sizeof(Elf64_Ehdr) ? (size_t)sections : i + 1) {
		uint8_t saved = bytes.data[i];

		for (unsigned bit = 0; bit < 8; bit += 3) {
			bytes.data[i] = (uint8_t)(saved ^ 1u << bit);
			load_code(bytes.data, bytes.size);
		}
		bytes.data[i] = 0xff;
		load_code(bytes.data, bytes.size);
		bytes.data[i] = saved;
	}
	free(bytes.data);
}

// Wherever the name stands on its own, it gets another first character.
static void rename_first(struct bytes bytes, const char *name, char first)
{
	size_t size = strlen(name) + 1, found = 0;

	for (size_t i = 1; i + size <= bytes.size; i++)
		if (!bytes.data[i - 1] && !memcmp(bytes.data + i, name, size)) {
			bytes.data[i] = (uint8_t)first;
			found++;
		}
	cr_assert_neq(found, 0, "%s is there", name);
}

Test(load, names_that_a_terminal_obeys_are_malformed)
{
	static const char *const names[] = {"fixed", ".strtab"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct bytes bytes = good_object("one_function.c");

		cr_expect_str_eq(load_code(bytes.data, bytes.size), "");
		rename_first(bytes, names[i], '\033');
		cr_expect_str_eq(load_code(bytes.data, bytes.size), "malformed-object", "%s", names[i]);
		free(bytes.data);
	}
}

Test(load, sections_that_share_bytes_are_malformed)
{
	struct bytes bytes = good_object("strings.c");
	uint64_t sections, offset = 0, size = bytes.size;
	const char *code;
	uint16_t count;

	memcpy(&sections, bytes.data + offsetof(Elf64_Ehdr, e_shoff), 8);
	memcpy(&count, bytes.data + offsetof(Elf64_Ehdr, e_shnum), 2);
	for (uint16_t i = 1; i < count; i++) {
		uint8_t *header = bytes.data + sections + i * sizeof(Elf64_Shdr);
		uint32_t type;

		memcpy(&type, header + offsetof(Elf64_Shdr, sh_type), 4);
		if (type != SHT_PROGBITS)
			continue;
		memcpy(header + offsetof(Elf64_Shdr, sh_offset), &offset, 8);
		memcpy(header + offsetof(Elf64_Shdr, sh_size), &size, 8);
	}
	code = load_code(bytes.data, bytes.size);
	cr_expect_str_eq(code, "malformed-object");
	cr_expect_not_null(strstr(code + strlen(code) + 1, "overlap"), "%s", code + strlen(code) + 1);
	free(bytes.data);
}

Test(load, functions_own_their_parts)
{
	struct build *build = build_pair("cold_part.c", "");
	const struct unit *function = find_unit(build->new_object, "changed"), *cold = NULL;
	bool unwind = false;

	for (size_t i = 0; i < function->part_count; i++) {
		cold = function->parts[i]->kind == UNIT_FUNCTION ? function->parts[i] : cold;
		unwind |= function->parts[i]->section->role == ROLE_UNWIND;
	}
	cr_assert_not_null(cold);
	cr_expect_str_eq(cold->name, "changed.cold");
	cr_expect(unwind, "the unwind entry belongs to the function");
	cr_expect_eq(cold->status, UNIT_CHANGED);
	cr_expect_eq(function->changes[function->change_count - 1].kind, CHANGE_PART);
	build_free(build);
}

Test(load, immediates_do_not_shift_the_target)
{
	struct build *build = build_pair("immediate_tail.c", "-fno-data-sections");
	const struct unit *set = find_unit(build->old, "set");
	const struct {
		const char *name;
		int64_t offset;
	} expected[] = {{"bytes", 1}, {"words", 4}, {"longs", 0}};

	cr_assert_eq(set->reloc_count, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_not_null(set->relocs[i].target);
		cr_expect_str_eq(set->relocs[i].target->name, expected[i].name);
		cr_expect_eq(set->relocs[i].target_offset, expected[i].offset);
	}
	build_free(build);
}

Test(load, address_of_a_function_is_told_from_a_call)
{
	struct build *build = build_pair("function_table.c", "-fno-inline");

	cr_expect(find_unit(build->new_object, "add")->address_taken);
	cr_expect(!find_unit(build->new_object, "run")->address_taken);
	build_free(build);
}

Test(load, exception_table_belongs_to_its_function)
{
	struct build *build = build_pair("exceptions.cc", "");

	cr_expect(build->new_object->unit_count && find_unit(build->new_object, "_Z7guardedi")->has_lsda);
	build_free(build);
}

// Offsets are computed from addends, which may be any number: the sanitizer sees it when one overflows.
Test(load, every_addend_is_taken)
{
	struct bytes bytes = good_object("jump_table.c");
	uint64_t sections;
	uint16_t count;

	memcpy(&sections, bytes.data + offsetof(Elf64_Ehdr, e_shoff), 8);
	memcpy(&count, bytes.data + offsetof(Elf64_Ehdr, e_shnum), 2);
	for (uint16_t i = 1; i < count; i++) {
		Elf64_Shdr header;

		memcpy(&header, bytes.data + sections + i * sizeof(header), sizeof(header));
		for (size_t k = 0; header.sh_type == SHT_RELA && k < header.sh_size / sizeof(Elf64_Rela);
		     k++) {
			int64_t addend = k % 2 ? INT64_MIN + (int64_t)k / 2 : INT64_MAX - (int64_t)k / 2;

			memcpy(bytes.data + header.sh_offset + k * sizeof(Elf64_Rela) +
				       offsetof(Elf64_Rela, r_addend),
			       &addend, 8);
		}
	}
	cr_expect_str_eq(load_code(bytes.data, bytes.size), "");
	free(bytes.data);
}

Test(load, place_before_a_datum_means_the_datum)
{
	struct build *build = build_pair("outside.c", "-fno-pie");
	const struct unit *get = find_unit(build->old, "get");
	bool found = false;

	for (size_t i = 0; i < get->reloc_count; i++)
		found |= get->relocs[i].target && !strcmp(get->relocs[i].target->name, "table") &&
			 get->relocs[i].target_offset == -40;
	cr_expect(found);
	build_free(build);
}

// Entries of a jump table count from its start, their relocations from each entry.
Test(load, jump_table_entries_mean_places_in_the_function)
{
	struct build *tables = build_pair("jump_table.c", "-fPIE");
	size_t entries = 0;

	for (size_t i = 0; i < tables->old->unit_count; i++) {
		const struct unit *unit = &tables->old->units[i];

		if (unit->kind != UNIT_ANONYMOUS || !unit->reloc_count)
			continue;
		for (size_t k = 0; k < unit->reloc_count; k++, entries++) {
			cr_assert_not_null(unit->relocs[k].target);
			cr_expect_eq(unit->relocs[k].target_offset, unit->relocs[k].addend - 4 * (int64_t)k);
		}
	}
	cr_expect_eq(entries, 12, "two tables of six");
	build_free(tables);
}
