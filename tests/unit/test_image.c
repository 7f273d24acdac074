// SPDX-License-Identifier: GPL-3.0-or-later
// What an image says about itself.
#include "tests/unit/test_match.h"

#include <elf.h>

#define PIE     SECTIONS " -fPIE"
#define PROGRAM "main other"

static struct image_import import_of(const struct linked *linked, const char *name)
{
	struct image_import import = {0};
	bool ambiguous;

	cr_assert(image_import(linked->image, name, &import, &ambiguous), "%s is not imported", name);
	cr_assert_not(ambiguous);
	return import;
}

// ---- kinds ---------------------------------------------------------------------------------------

static void expect_kind(const char *sources, const char *compile_flags, const char *link_flags, uint16_t type,
			bool executable, bool is_static)
{
	struct linked *linked = link_all(sources, compile_flags, link_flags);

	cr_expect_eq(linked->image->elf_type, type, "%s", link_flags);
	cr_expect_eq(linked->image->executable, executable, "%s", link_flags);
	cr_expect_eq(linked->image->is_static, is_static, "%s", link_flags);
	cr_expect_eq(linked->image->build_id_size, 20);
	cr_expect_eq(strlen(linked->image->build_id_text), 40);
	linked_free(linked);
}

Test(image, position_independent_program)
{
	expect_kind(PROGRAM, PIE, "-pie", ET_DYN, true, false);
}

Test(image, program_at_a_fixed_address)
{
	expect_kind(PROGRAM, SECTIONS " -fno-pie", "-no-pie", ET_EXEC, true, false);
}

Test(image, static_program)
{
	expect_kind(PROGRAM, SECTIONS " -fno-pie", "-static", ET_EXEC, true, true);
}

Test(image, static_position_independent_program)
{
	expect_kind(PROGRAM, PIE, "-static-pie", ET_DYN, true, true);
}

Test(image, shared_library)
{
	expect_kind(PROGRAM, SECTIONS " -fPIC -DLIBRARY", "-shared", ET_DYN, false, false);
}

Test(image, header_facts_reach_the_package)
{
	struct linked *linked =
		link_all(PROGRAM, SECTIONS " -fPIC -DLIBRARY", "-shared -Wl,-soname,libthing.so.3");
	struct hp_target target;

	image_fill_target(linked->image, &target);
	cr_expect_eq(target.machine, EM_X86_64);
	cr_expect_eq(target.elf_type, ET_DYN);
	cr_expect_eq(target.flags & HP_TARGET_PIE, 0);
	cr_expect_str_eq(target.soname, "libthing.so.3");
	cr_expect_str_eq(target.name, "image");
	cr_expect_geq(target.segment_count, 3);
	cr_expect_gt(target.tls_size, 0);
	cr_assert_geq(linked->image->needed_count, 1);
	cr_expect_str_eq(linked->image->needed[0], "libc.so.6");
	linked_free(linked);
}

Test(image, binding_at_start_is_seen)
{
	struct linked *lazy = link_all(PROGRAM, PIE, "-pie -Wl,-z,lazy");
	struct linked *now = link_all(PROGRAM, PIE, "-pie -Wl,-z,now");

	cr_expect_not(lazy->image->bind_now);
	cr_expect(import_of(lazy, "getenv").jump->lazy);
	cr_expect(now->image->bind_now);
	cr_expect_not(import_of(now, "getenv").jump->lazy);
	linked_free(lazy);
	linked_free(now);
}

Test(image, written_code_is_flagged)
{
	struct linked *linked = link_all(PROGRAM, SECTIONS " -fPIC -DLIBRARY", "-shared");

	cr_expect_not(linked->image->text_relocations);
	linked_free(linked);
	linked = link_all("plain indirect", SECTIONS " -fno-pie -mcmodel=large", "-pie -Wl,-z,notext");
	cr_expect(linked->image->text_relocations);
	linked_free(linked);
}

// ---- imports -------------------------------------------------------------------------------------

Test(image, stub_leads_to_the_slot_of_its_import)
{
	static const char *const ways[] = {"-pie -Wl,-z,lazy", "-pie -Wl,-z,now", "-pie -Wl,-z,ibtplt",
					   "-pie -Wl,-z,ibt -Wl,-z,now"};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct linked *linked = link_all(PROGRAM, PIE " -fcf-protection=full", ways[i]);
		struct image_import import = import_of(linked, "getenv");

		cr_assert(import.plt, "%s", ways[i]);
		cr_expect_eq(import.plt, image_plt_at(linked->image, import.plt->vaddr));
		cr_expect_eq(import.plt->slot, import.jump, "%s", ways[i]);
		cr_expect_eq(import.jump, image_slot_at(linked->image, import.jump->vaddr));
		cr_expect(import.jump->in_got);
		cr_expect_str_eq(import.symbol->version, "GLIBC_2.2.5");
		cr_expect_str_eq(import.symbol->library, "libc.so.6");
		linked_free(linked);
	}
}

Test(image, import_without_stub_has_an_address_slot)
{
	struct linked *linked = link_all(PROGRAM, PIE " -fno-plt", "-pie");
	struct image_import import = import_of(linked, "getenv");

	cr_expect_not(import.plt);
	cr_assert(import.address);
	cr_expect_eq(import.address->kind, SLOT_ADDRESS);
	cr_expect(import.address->in_got);
	linked_free(linked);
}

Test(image, copied_datum_lives_in_the_program)
{
	struct linked *linked = link_all(PROGRAM, SECTIONS " -fno-pie", "-no-pie");
	struct image_import import = import_of(linked, "stdout");

	cr_expect_gt(import.copy, 0);
	cr_expect(image_mapped(linked->image, import.copy, 8, PF_R | PF_W));
	linked_free(linked);
}

Test(image, slot_that_the_linker_filled_is_found_by_what_it_holds)
{
	static const char *const forms[][2] = {{SECTIONS " -fPIE -fno-plt", "-pie -Wl,--no-relax"},
					       {SECTIONS " -fPIC -fno-plt", "-no-pie -Wl,--no-relax"}};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct linked *linked = link_all(PROGRAM, forms[i][0], forms[i][1]);
		uint64_t vaddr = place_named(linked, 1, "other_twice")->vaddr;
		const struct image_slot *slot = image_slot_holding(linked->image, vaddr);
		uint64_t target;

		cr_assert(slot, "%s", forms[i][1]);
		cr_expect_eq(slot->kind, i ? SLOT_STATIC : SLOT_RELATIVE);
		cr_expect_eq(slot->target, vaddr);
		cr_expect(image_pointer(linked->image, slot->vaddr, &target));
		cr_expect_eq(target, vaddr);
		linked_free(linked);
	}
}

Test(image, name_that_was_never_imported_is_no_import)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie");
	struct image_import import;
	bool ambiguous;

	cr_expect_not(image_import(linked->image, "qsort", &import, &ambiguous));
	cr_expect_not(image_import(linked->image, "helper", &import, &ambiguous));
	linked_free(linked);
}

// ---- symbols -------------------------------------------------------------------------------------

Test(image, statics_of_one_name_are_told_by_their_files)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie");
	const struct image_symbol *const *list;
	size_t count;

	list = image_find(linked->image, "helper", &count);
	cr_assert_eq(count, 2);
	cr_expect_str_neq(list[0]->file, list[1]->file);
	cr_expect_neq(list[0]->file_position, list[1]->file_position);
	cr_expect(image_has_file(linked->image, "main.c"));
	cr_expect_not(image_has_file(linked->image, "strong.c"));
	linked_free(linked);
}

Test(image, aliases_share_an_address)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie");
	const struct image_symbol *const *list;
	size_t count;

	list = image_find(linked->image, "doubled", &count);
	cr_assert_eq(count, 1);
	list = image_symbols_at(linked->image, list[0]->vaddr, &count);
	cr_assert_eq(count, 2);
	cr_expect(!strcmp(list[0]->name, "doubled_alias") || !strcmp(list[1]->name, "doubled_alias"));
	cr_expect_eq(image_symbol_over(linked->image, list[0]->vaddr + 1)->vaddr, list[0]->vaddr);
	linked_free(linked);
}

Test(image, export_is_found_and_a_static_is_not)
{
	struct linked *linked = link_all(PROGRAM, SECTIONS " -fPIC -DLIBRARY", "-shared");

	cr_expect(image_export(linked->image, "doubled"));
	cr_expect_not(image_export(linked->image, "helper"));
	cr_expect_not(image_export(linked->image, "hidden_function"));
	cr_expect_not(image_export(linked->image, "getenv"));
	linked_free(linked);
}

// ---- thread-local storage --------------------------------------------------------------------------

Test(image, thread_pointer_offsets_are_those_the_linker_wrote)
{
	struct linked *linked = link_all("plain thread thread_other", SECTIONS " -fno-pie", "-no-pie");
	const struct symbol_place *place = symbol_named(linked, 1, "exported");

	cr_assert(place->has_tls_offset);
	cr_expect_lt(image_tp_offset(linked->image, place->tls_offset), 0);
	cr_expect_eq(image_tp_offset(linked->image, linked->image->tls_size + 64) -
			     image_tp_offset(linked->image, linked->image->tls_size),
		     64);
	linked_free(linked);
}

Test(image, library_has_a_module_slot_of_its_own)
{
	struct linked *linked = link_all("thread thread_other", SECTIONS " -fPIC", "-shared");
	const struct image_slot *slot = image_own_tls_module(linked->image);

	cr_assert(slot);
	cr_expect_eq(slot->kind, SLOT_TLS_MODULE);
	linked_free(linked);
}

// ---- separate debug files --------------------------------------------------------------------------

static void strip_with_debug_file(struct linked *linked, const char *debug)
{
	const char *directory = linked->directory;

	run_command("cd %s && mkdir -p .debug && objcopy --only-keep-debug image '%s' && "
		    "strip -o stripped image && objcopy --add-gnu-debuglink='%s' stripped",
		    directory, debug, debug);
}

Test(image, symbols_come_from_the_linked_debug_file)
{
	static const char *const places[] = {"image.debug", ".debug/image.debug"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct linked *linked = link_all(PROGRAM, PIE " -g", "-pie");

		strip_with_debug_file(linked, places[i]);
		open_image(linked, "stripped");
		cr_assert(linked->image->full_symbols, "%s", places[i]);
		cr_expect(strstr(linked->image->debug_path, places[i]));
		match_all(linked);
		expect_full(linked, places[i]);
		expect_true_places(linked, places[i]);
		linked_free(linked);
	}
}

// Where distributions' -dbgsym packages put them: named by the build ID. Only root may try that.
Test(image, symbols_come_from_the_debug_file_of_that_build_id)
{
	struct linked *linked = link_all(PROGRAM, PIE " -g", "-pie");
	char *directory, *path;

	open_image(linked, "image");
	directory = xasprintf("/usr/lib/debug/.build-id/%.2s", linked->image->build_id_text);
	path = xasprintf("%s/%s.debug", directory, linked->image->build_id_text + 2);
	image_close(linked->image);
	linked->image = NULL;
	if (geteuid())
		cr_skip_test("only root can put files under /usr/lib/debug");
	run_command(
		"mkdir -p '%s' && cd %s && strip -o stripped image && objcopy --only-keep-debug image '%s'",
		directory, linked->directory, path);
	open_image(linked, "stripped");
	run_command("rm -f '%s' && rmdir --ignore-fail-on-non-empty '%s'", path, directory);
	cr_assert(linked->image->full_symbols);
	cr_expect_str_eq(linked->image->debug_path, path);
	match_all(linked);
	expect_full(linked, path);
	expect_true_places(linked, path);
	free(path);
	free(directory);
	linked_free(linked);
}

Test(image, debug_file_of_another_build_is_not_taken)
{
	struct linked *linked = link_all(PROGRAM, PIE " -g", "-pie");

	strip_with_debug_file(linked, "image.debug");
	run_command("cd %s && %s -Wl,--build-id -Wl,-z,now -o other main.o other.o -pie && "
		    "objcopy --only-keep-debug other image.debug",
		    linked->directory, linked->compiler);
	open_image(linked, "stripped");
	cr_expect_not(linked->image->full_symbols);
	linked_free(linked);
}

// ---- refused -------------------------------------------------------------------------------------

static void expect_refused(const char *command, const char *code, const char *message)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie");
	char *path = path_join(linked->directory, "bad");
	struct image *image;

	run_command("cd %s && %s", linked->directory, command);
	image = image_open(path, "bad", linked->diags);
	cr_expect_null(image);
	cr_assert_eq(diags_count(linked->diags), 1, "%s", command);
	cr_expect_str_eq(diags_at(linked->diags, 0)->code, code, "%s", command);
	cr_expect(strstr(diags_at(linked->diags, 0)->message, message), "%s: %s", command,
		  diags_at(linked->diags, 0)->message);
	free(path);
	linked_free(linked);
}

Test(image_refused, without_build_id)
{
	expect_refused("gcc -pie -Wl,--build-id=none -o bad main.o other.o", "image-mismatch",
		       "has no build ID");
}

Test(image_refused, object_is_no_image)
{
	expect_refused("cp main.o bad", "malformed-object", "no executable or shared library");
}

Test(image_refused, text_is_no_image)
{
	expect_refused("echo hello > bad", "malformed-object", "is no ELF file");
}

Test(image_refused, empty_file)
{
	expect_refused(": > bad", "malformed-object", "is no ELF file");
}

Test(image_refused, missing_file)
{
	expect_refused("true", "malformed-object", "cannot be read");
}

Test(image_refused, other_machine)
{
	expect_refused("cp image bad && printf '\\267' | dd of=bad bs=1 seek=18 conv=notrunc 2>/dev/null",
		       "arch-mismatch", "machine 183");
}

Test(image_refused, other_byte_order)
{
	expect_refused("cp image bad && printf '\\002' | dd of=bad bs=1 seek=5 conv=notrunc 2>/dev/null && "
		       "printf '\\000\\026' | dd of=bad bs=1 seek=18 conv=notrunc 2>/dev/null",
		       "arch-mismatch", "is for s390x (machine 22)");
}

Test(image_refused, truncated_anywhere_is_refused_or_harmless)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie");
	char *path = path_join(linked->directory, "image");
	struct file file;

	cr_assert_eq(file_map(path, &file), 0);
	for (size_t size = 0; size < file.size; size += 1 + size / 64) {
		uint8_t *copy = xalloc(size + 1); // so that a sanitizer sees a read behind the end
		struct image *image;

		memcpy(copy, file.data, size);
		image = image_open_memory("cut", copy, size, linked->diags);
		if (image)
			placement_free(match_object(image, linked->objects[0]));
		image_close(image);
		free(copy);
	}
	file_unmap(&file);
	free(path);
	linked_free(linked);
}
