// SPDX-License-Identifier: GPL-3.0-or-later
// What is not the object's code is not taken for it; what was taken away (symbols) is found by the code itself.
#include "tests/unit/test_match.h"

#define PIE     SECTIONS " -fPIE"
#define PROGRAM "main other"

// main.c is object 0, other.c object 1.
static struct linked *program(void)
{
	return link_all(PROGRAM, PIE, "-pie");
}

static uint64_t vaddr_of(const struct linked *linked, size_t i, const char *name)
{
	const struct unit_place *place = place_named(linked, i, name);

	cr_assert_eq(place->state, PLACE_MATCHED, "%s is not matched", name);
	return place->vaddr;
}

static void recompile(struct linked *linked, const char *flags)
{
	compile(linked, flags);
	load_objects(linked);
	match_all(linked);
}

static void expect_partial(const struct linked *linked, size_t i, const char *named)
{
	const struct placement *placement = linked->placements[i];
	struct arena *arena = arena_new();
	const char *why = placement_explain(placement, arena);

	cr_expect_eq(placement->result, MATCH_PARTIAL, "%s: %s", result_name(placement->result), why);
	if (named)
		cr_expect(strstr(why, named), "%s is not named: %s", named, why);
	arena_free(arena);
}

Test(match_refused, other_optimization_does_not_match)
{
	struct linked *linked = program();

	recompile(linked, "-O1 -fPIE -ffunction-sections -fdata-sections");
	expect_partial(linked, 0, "functions match");
	expect_partial(linked, 1, "functions match");
	linked_free(linked);
}

Test(match_refused, other_defines_do_not_match)
{
	struct linked *linked = program();

	recompile(linked, PIE " -Dfirst=first_one -D__builtin_abs=-");
	cr_expect_neq(linked->placements[1]->result, MATCH_ABSENT);
	linked_free(linked);
}

Test(match_refused, other_compiler_does_not_match_and_is_named)
{
	struct linked *linked;

	if (!have_command("clang"))
		cr_skip_test("clang is not installed");
	linked = program();
	linked->compiler = "clang";
	recompile(linked, PIE);
	expect_partial(linked, 0, "the image was made by GCC");
	linked_free(linked);
}

Test(match_refused, one_changed_byte_is_found)
{
	struct linked *linked = program();
	uint64_t vaddr = vaddr_of(linked, 0, "second");
	const uint8_t *code = image_bytes(linked->image, vaddr, 16);
	uint64_t at = 0;

	while (at < 16 && code[at] != 0x55) // value ^ 0x55
		at++;
	cr_assert_lt(at, 16);
	poke_image(linked, vaddr + at, "\x54", 1);
	expect_partial(linked, 0, "`second`");
	cr_expect_eq(linked->placements[0]->mismatches[0].offset, at);
	cr_expect_eq(place_named(linked, 0, "second")->state, PLACE_DIFFERS);
	cr_expect_eq(place_named(linked, 0, "scaled")->state, PLACE_MATCHED);
	linked_free(linked);
}

// The first call instruction of a function.
static uint64_t find_call(const struct linked *linked, uint64_t vaddr, uint64_t target)
{
	const uint8_t *code = image_bytes(linked->image, vaddr, 200);

	for (uint64_t at = 0; code && at < 195; at++) {
		int32_t distance;

		memcpy(&distance, code + at + 1, 4);
		if ((code[at] == 0xe8 || code[at] == 0xe9) &&
		    vaddr + at + 5 + (uint64_t)(int64_t)distance == target)
			return vaddr + at + 1;
	}
	cr_assert_fail("no such call");
	return 0;
}

static void redirect(struct linked *linked, uint64_t field, uint64_t target)
{
	int32_t distance = (int32_t)(target - field - 4);

	poke_image(linked, field, &distance, 4);
}

Test(match_refused, call_of_another_function_is_found)
{
	struct linked *linked = program();
	uint64_t field = find_call(linked, vaddr_of(linked, 0, "doubled"), vaddr_of(linked, 0, "helper"));

	redirect(linked, field, vaddr_of(linked, 0, "second"));
	expect_partial(linked, 0, "`doubled`");
	linked_free(linked);
}

Test(match_refused, call_of_a_namesake_in_another_object_is_found)
{
	struct linked *linked = program();
	uint64_t field = find_call(linked, vaddr_of(linked, 0, "doubled"), vaddr_of(linked, 0, "helper"));

	redirect(linked, field, vaddr_of(linked, 1, "helper"));
	cr_expect_neq(linked->placements[0]->result, MATCH_FULL);
	linked_free(linked);
}

Test(match_refused, call_of_another_import_is_found)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie -Wl,-z,lazy");
	struct image_import import, other;
	bool ambiguous;

	cr_assert(image_import(linked->image, "getenv", &import, &ambiguous) && import.plt);
	cr_assert(image_import(linked->image, "strerror", &other, &ambiguous) && other.plt);
	redirect(linked, find_call(linked, vaddr_of(linked, 0, "name_of"), import.plt->vaddr),
		 other.plt->vaddr);
	expect_partial(linked, 0, "instead of `getenv`");
	linked_free(linked);
}

// Nothing else refers to it: only the image's symbol table knows that another variable is there.
Test(match_refused, reference_to_another_global_is_found)
{
	struct linked *linked = link_all(PROGRAM, SECTIONS " -fno-pie", "-no-pie");
	uint64_t from = vaddr_of(linked, 0, "all"), to = symbol_named(linked, 0, "other_value")->vaddr;
	const uint8_t *code = image_bytes(linked->image, from, 200);
	uint64_t at = 0;
	int32_t distance = 0;

	for (; at < 196; at++) {
		memcpy(&distance, code + at, 4);
		if (from + at + 4 + (uint64_t)(int64_t)distance == to)
			break;
	}
	cr_assert_lt(at, 196, "no reference");
	distance += 4;
	poke_image(linked, from + at, &distance, 4);
	expect_partial(linked, 0, "instead of `other_value`");
	linked_free(linked);
}

Test(match_refused, changed_constant_is_found)
{
	struct linked *linked = program();
	const struct unit *constant = NULL;

	for (size_t u = 0; u < linked->objects[0]->unit_count; u++)
		if (linked->objects[0]->units[u].kind == UNIT_LITERAL &&
		    linked->objects[0]->units[u].size == 8)
			constant = &linked->objects[0]->units[u];
	cr_assert(constant, "no 8-byte constant");
	poke_image(linked, place_of(linked->placements[0], constant)->vaddr + 6, "\x01", 1);
	expect_partial(linked, 0, "`scaled`");
	linked_free(linked);
}

Test(match_refused, changed_string_is_found)
{
	struct linked *linked = program();
	const struct unit *string = NULL;

	for (size_t u = 0; u < linked->objects[0]->unit_count; u++) {
		const struct unit *unit = &linked->objects[0]->units[u];

		if (unit->kind == UNIT_LITERAL && unit->size == 5 &&
		    !strcmp((const char *)unit->section->data + unit->offset, "four"))
			string = unit;
	}
	cr_assert(string);
	poke_image(linked, place_of(linked->placements[0], string)->vaddr, "F", 1);
	cr_expect_eq(linked->placements[0]->result, MATCH_PARTIAL);
	linked_free(linked);
}

Test(match_refused, changed_initial_value_is_found)
{
	struct linked *linked = program();

	poke_image(linked, vaddr_of(linked, 0, "numbers") + 4, "\x09", 1);
	expect_partial(linked, 0, "`numbers`");
	linked_free(linked);
}

// main.c's `total` was changed, and other.c's has now the value main.c's should have: it is still not main.c's.
Test(match_refused, namesake_of_another_file_is_no_candidate)
{
	struct linked *linked = program();
	uint64_t ours = vaddr_of(linked, 0, "total"), other = vaddr_of(linked, 1, "total");

	poke_image(linked, other, "\x07", 1);
	poke_image(linked, ours, "\x63", 1);
	expect_partial(linked, 0, "`total`");
	cr_expect_eq(place_named(linked, 0, "total")->state, PLACE_DIFFERS);
	cr_expect_eq(linked->placements[0]->differing, 0, "functions are blamed for a datum");
	linked_free(linked);
}

Test(match_refused, changed_function_table_is_found)
{
	struct linked *linked = link_all(PROGRAM, SECTIONS " -fno-pie", "-no-pie");
	uint64_t wrong = vaddr_of(linked, 0, "second");

	poke_image(linked, vaddr_of(linked, 0, "items") + 8, &wrong, 8); // items[0].run was `first`
	expect_partial(linked, 0, "`items`");
	linked_free(linked);
}

Test(match_refused, object_of_another_program_is_absent)
{
	struct linked *linked = program();
	struct linked *other = link_all("plain indirect", PIE, "-pie");
	struct placement *placement = match_object(linked->image, other->objects[1]);

	cr_expect_eq(placement->result, MATCH_ABSENT);
	placement_free(placement);
	linked_free(other);
	linked_free(linked);
}

// ---- taken away, or there twice --------------------------------------------------------------------

// Every function that is said to be somewhere in the stripped image is where it was before.
static void expect_same_places(const struct linked *linked, const struct placement *before, size_t i,
			       size_t least)
{
	const struct placement *now = linked->placements[i];
	size_t same = 0;

	for (size_t u = 0; u < linked->objects[i]->unit_count; u++) {
		if (now->units[u].state != PLACE_MATCHED || linked->objects[i]->units[u].kind == UNIT_LITERAL)
			continue;
		cr_expect_eq(now->units[u].vaddr, before->units[u].vaddr, "%s moved",
			     linked->objects[i]->units[u].name);
		same += linked->objects[i]->units[u].kind == UNIT_FUNCTION;
	}
	cr_expect_geq(same, least, "%s.o: only %zu functions found", linked->sources[i], same);
}

Test(match_refused, stripped_image_is_matched_by_its_code)
{
	struct linked *linked = program();
	struct placement *before[2] = {linked->placements[0], linked->placements[1]};
	struct image *whole = linked->image;

	linked->placements[0] = linked->placements[1] = NULL;
	linked->image = NULL;
	run_command("strip -o %s/stripped %s/image", linked->directory, linked->directory);
	open_image(linked, "stripped");
	cr_assert_not(linked->image->full_symbols);
	match_all(linked);
	expect_full(linked, "stripped");
	expect_same_places(linked, before[0], 0, 7);
	expect_same_places(linked, before[1], 1, 4);
	placement_free(before[0]);
	placement_free(before[1]);
	image_close(whole);
	linked_free(linked);
}

// Objects: twins.c, which calls both, and twin.c twice.
static struct linked *twins(void)
{
	struct linked *linked = link_all("twins", PIE, "-pie -Wl,--unresolved-symbols=ignore-all");
	static const char *const names[] = {"one", "two"};

	for (size_t i = 0; i < 2; i++)
		run_command("%s " PIE " -DNAME=%s -c -o %s/%s.o testdata/match/twin.c", linked->compiler,
			    names[i], linked->directory, names[i]);
	run_command("cd %s && %s -Wl,--build-id -pie -o image twins.o one.o two.o && strip -o stripped image",
		    linked->directory, linked->compiler);
	linked->sources[1] = "one";
	linked->sources[2] = "two";
	linked->count = 3;
	load_objects(linked);
	return linked;
}

Test(match_refused, copies_of_one_source_are_told_apart_by_their_callers_and_files)
{
	struct linked *linked = twins();

	open_image(linked, "image");
	match_all(linked);
	expect_full(linked, "twins");
	cr_expect_neq(vaddr_of(linked, 1, "step"), vaddr_of(linked, 2, "step"));
	cr_expect_neq(vaddr_of(linked, 1, "calls"), vaddr_of(linked, 2, "calls"));
	cr_expect_lt(vaddr_of(linked, 1, "step"), vaddr_of(linked, 2, "step"), "not in link order");
	linked_free(linked);
}

Test(match_refused, copies_that_nothing_tells_apart_are_not_guessed)
{
	struct linked *linked = twins();

	open_image(linked, "stripped");
	match_all(linked);
	for (size_t i = 1; i < 3; i++) {
		cr_expect_eq(linked->placements[i]->result, MATCH_AMBIGUOUS, "%s",
			     result_name(linked->placements[i]->result));
		cr_expect_eq(place_named(linked, i, i == 1 ? "run_one" : "run_two")->state, PLACE_AMBIGUOUS);
	}
	linked_free(linked);
}

// libtool compiles every source twice; only the copy that was linked is in the library.
Test(match_refused, twin_of_other_code_model_does_not_match)
{
	struct linked *linked = link_all(PROGRAM, SECTIONS " -fPIC -DLIBRARY", "-shared");

	expect_full(linked, "the twin that was linked");
	recompile(linked, SECTIONS " -fno-pie -DLIBRARY");
	expect_partial(linked, 0, NULL);
	cr_expect_neq(linked->placements[1]->result, MATCH_FULL);
	linked_free(linked);
}

// Both objects of an inline function are in the image, though the linker kept one copy.
Test(match_refused, kept_copy_of_an_inline_function_counts_for_all)
{
	static const char *const names[] = {"one", "two"};
	struct linked *linked;

	if (!have_command("g++"))
		cr_skip_test("g++ is not installed");
	linked = program();
	for (size_t i = 0; i < 2; i++) {
		run_command("g++ " PIE " -DNAME=%s %s -c -o %s/%s.o testdata/match/inline.cc", names[i],
			    i ? "" : "-DMAIN", linked->directory, names[i]);
		linked->sources[i] = names[i];
	}
	run_command("g++ -Wl,--build-id -pie -o %s/image %s/one.o %s/two.o", linked->directory,
		    linked->directory, linked->directory);
	open_image(linked, "image");
	load_objects(linked);
	match_all(linked);
	expect_full(linked, "inline");
	cr_expect_eq(vaddr_of(linked, 0, "_Z7countedi"), vaddr_of(linked, 1, "_Z7countedi"));
	linked_free(linked);
}

Test(match_refused, hidden_global_is_found_as_a_local)
{
	struct linked *linked = program();
	const struct image_symbol *const *list;
	size_t count;

	list = image_find(linked->image, "hidden_function", &count);
	cr_assert_eq(count, 1);
	cr_expect_eq(list[0]->binding, BINDING_LOCAL);
	cr_expect_eq(vaddr_of(linked, 1, "hidden_function"), list[0]->vaddr);
	cr_expect(symbol_named(linked, 0, "hidden_function")->has_address);
	cr_expect_eq(symbol_named(linked, 0, "hidden_function")->vaddr, list[0]->vaddr);
	linked_free(linked);
}

Test(match_refused, overridden_weak_definition_is_no_mismatch)
{
	struct linked *linked = link_all(PROGRAM " strong", PIE, "-pie -Wl,--allow-multiple-definition");

	cr_expect_eq(linked->placements[1]->result, MATCH_FULL);
	cr_expect_eq(place_named(linked, 1, "weak_one")->state, PLACE_OVERRIDDEN);
	cr_expect_eq(place_named(linked, 1, "weak_one")->vaddr, vaddr_of(linked, 2, "weak_one"));
	linked_free(linked);
}

Test(match_refused, dropped_function_is_dropped)
{
	struct linked *linked = link_all(PROGRAM, PIE, "-pie -Wl,--gc-sections");

	expect_full(linked, "gc");
	cr_expect_eq(place_named(linked, 1, "unused")->state, PLACE_DROPPED);
	cr_expect_geq(linked->placements[1]->dropped, 1);
	linked_free(linked);
}

Test(match_refused, reference_forms_are_reported)
{
	struct linked *linked = link_all(PROGRAM, PIE " -fno-plt", "-pie");
	const struct symbol_place *import = symbol_named(linked, 0, "getenv");
	const struct symbol_place *thread = symbol_named(linked, 0, "other_thread_value");
	const struct symbol_place *absent = symbol_named(linked, 0, "absent");

	cr_assert(import->slot && import->slot->symbol);
	cr_expect_str_eq(import->slot->symbol->name, "getenv");
	cr_expect(thread->has_tls_offset || thread->tp_offset);
	cr_expect(absent->seen && !absent->has_address);
	linked_free(linked);
}
