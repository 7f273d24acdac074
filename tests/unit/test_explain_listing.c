// SPDX-License-Identifier: GPL-3.0-or-later
// Instructions with names instead of addresses, and how two listings are aligned.
#include "diff/explain.h"
#include "tests/unit/test_diff.h"

// ---- alignment of made-up listings: "a b c>0 d": >N is a branch to the N-th instruction -----------------

static struct listing make_listing(const char *words, struct arena *arena)
{
	VEC(struct instruction) list = {0};
	char *copy = arena_strdup(arena, words), *rest = copy;
	struct listing listing;

	for (char *word; (word = strsep(&rest, " "));) {
		struct instruction instruction = {.at = list.count * 4, .length = 4, .branch = -1};
		char *target = strchr(word, '>');

		if (target) {
			*target = 0;
			instruction.branch = 4 * atoi(target + 1);
		}
		instruction.key = instruction.text = word;
		*vec_push(&list) = instruction;
	}
	listing.count = list.count;
	listing.at = arena_array(arena, list.count, sizeof(*list.at));
	memcpy(listing.at, list.at, list.count * sizeof(*list.at));
	free(list.at);
	return listing;
}

static void expect_steps(const char *old, const char *new_words, const char *expected)
{
	struct arena *arena = arena_new();
	struct listing left = make_listing(old, arena), right = make_listing(new_words, arena);
	struct alignment alignment = align(&left, &right, arena);
	char *sides = arena_alloc(arena, alignment.count + 1);

	for (size_t i = 0; i < alignment.count; i++)
		sides[i] = alignment.steps[i].side == ' ' ? '=' : alignment.steps[i].side;
	cr_expect_str_eq(sides, expected, "%s | %s: got %s, expected %s", old, new_words, sides, expected);
	arena_free(arena);
}

Test(explain_listing, equal_listings_have_no_difference)
{
	expect_steps("a b c", "a b c", "===");
}

Test(explain_listing, insertion_is_one_step)
{
	expect_steps("a b c", "a x b c", "=+==");
	expect_steps("a b c", "x a b c", "+===");
	expect_steps("a b c", "a b c x", "===+");
}

Test(explain_listing, removal_is_one_step)
{
	expect_steps("a x b c", "a b c", "=-==");
}

Test(explain_listing, exchange_is_two_steps)
{
	expect_steps("a b c", "a x c", "=-+=");
}

Test(explain_listing, unique_instruction_anchors_the_alignment)
{
	// "m" is the only one of its kind on both sides: the "p"s before it may not be aligned with those behind it
	expect_steps("p p m q", "m p p q", "--=++=");
}

Test(explain_listing, shifted_branch_is_no_difference)
{
	expect_steps("j>2 a b", "j>3 x a b", "=+=="); // to b; but a is not the same place
	expect_steps("j>1 a b", "j>2 x a b", "=+==");
}

Test(explain_listing, branch_elsewhere_is_a_difference)
{
	expect_steps("j>1 a b c", "j>2 a b c", "-+===");
}

Test(explain_listing, branch_to_what_was_inserted_before_its_target_is_no_difference)
{
	expect_steps("j>2 a b", "j>2 a x b", "==+=");
}

Test(explain_listing, empty_side_gives_the_other)
{
	struct arena *arena = arena_new();
	struct listing none = {0}, some = make_listing("a b", arena);

	cr_expect_eq(align(&none, &some, arena).count, 2);
	cr_expect_eq(align(&some, &none, arena).count, 2);
	cr_expect_eq(align(&none, &none, arena).count, 0);
	arena_free(arena);
}

// Thousands of differing instructions end in time, and every one of both sides is in exactly one step.
Test(explain_listing, very_different_listings_end, .timeout = 20)
{
	enum { COUNT = 20000 };
	struct arena *arena = arena_new();
	struct listing sides[2];
	struct alignment alignment;
	size_t old = 0, new_count = 0;

	for (size_t s = 0; s < 2; s++) {
		sides[s].at = arena_array(arena, COUNT, sizeof(struct instruction));
		sides[s].count = COUNT;
		for (size_t i = 0; i < COUNT; i++)
			sides[s].at[i] = (struct instruction){.at = i,
							      .length = 1,
							      .branch = -1,
							      .key = (i * (s + 3)) % 7 ? "x"
								     : s               ? "y"
										       : "z"};
	}
	alignment = align(&sides[0], &sides[1], arena);
	for (size_t i = 0; i < alignment.count; i++) {
		old += alignment.steps[i].side != '+';
		new_count += alignment.steps[i].side != '-';
	}
	cr_expect_eq(old, COUNT);
	cr_expect_eq(new_count, COUNT);
	arena_free(arena);
}

// ---- text -------------------------------------------------------------------------------------------

// Does an instruction of the function read so, spaces aside?
static void expect_instruction(const char *flags, const char *function, const char *text)
{
	struct build *build = build_pair("explain.c", flags);
	struct arena *arena = arena_new();
	struct listing listing = disassemble(find_unit(build->new_object, function), arena);
	bool found = false;

	for (size_t i = 0; i < listing.count; i++)
		found |= strstr(listing.at[i].text, text) != NULL;
	cr_expect(found, "%s %s: no instruction with %s", function, flags, text);
	arena_free(arena);
	build_free(build);
}

// Numbers as people write them: decimal, but masks and addresses; bytes of text as letters; what is below zero with its sign.
Test(explain_listing, constants_read_as_people_write_them)
{
	static const struct {
		const char *mnemonic, *text, *shown;
	} cases[] = {
		{"cmp", "cmp    $0x4000,%r9d", "cmp    $16384,%r9d"},
		{"cmpb", "cmpb   $0x2f,(%rdi)", "cmpb   $'/',(%rdi)"},
		{"cmp", "cmp    $0x7f,%al", "cmp    $127,%al"},
		{"cmp", "cmp    $0xff,%al", "cmp    $-1,%al"},
		{"cmpb", "cmpb   $0x5,0xc(%r12)", "cmpb   $5,0xc(%r12)"},
		{"mov", "mov    $0xffffffff,%eax", "mov    $-1,%eax"},
		{"mov", "mov    $0xffffffff,%rax", "mov    $0xffffffff,%rax"},
		{"movq", "movq   $0xffffffffffffffff,0x8(%rsp)", "movq   $-1,0x8(%rsp)"},
		{"movl", "movl   $0x73757461,0x3(%rbp)", "movl   $0x73757461,0x3(%rbp)"},
		{"and", "and    $0x3f00,%eax", "and    $0x3f00,%eax"},
		{"testb", "testb  $0x20,(%rdi)", "testb  $0x20,(%rdi)"},
		{"mov", "mov\tw0, #0xffffffff", "mov\tw0, #-1"},
		{"mov", "mov\tx1, #0x1000", "mov\tx1, #4096"},
		{"orr", "orr\tw0, w0, #0x1000", "orr\tw0, w0, #0x1000"},
		{"lea", "lea    \"$0x10\"(%rip),%rdi", "lea    \"$0x10\"(%rip),%rdi"},
		{"ret", "ret", "ret"},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct instruction instruction = {.mnemonic = cases[i].mnemonic, .text = cases[i].text};

		cr_expect_str_eq(instruction_text(&instruction, arena), cases[i].shown);
	}
	arena_free(arena);
}

// Room in front of what is jumped to says nothing; what a table points to will be written over, and the first instruction too.
Test(explain_listing, only_room_that_aligns_is_padding)
{
	static const struct special_section special = {.name = "__jump_table"};
	struct section table = {.special = &special};
	struct unit function = {.kind = UNIT_FUNCTION, .size = 48},
		    entry = {.kind = UNIT_ENTRY, .section = &table};
	struct unit *parts[] = {&entry};
	struct reloc site = {.target = &function, .target_offset = 27};
	struct instruction at[] = {
		{.at = 0, .mnemonic = "nopw", .text = "nopw   0x0(%rax)"},
		{.at = 8, .mnemonic = "ret", .text = "ret"},
		{.at = 9, .mnemonic = "nopl", .text = "nopl   0x0(%rax)"}, // up to 16
		{.at = 16, .mnemonic = "inc", .text = "inc    %eax"},
		{.at = 18, .mnemonic = "nop", .text = "nop"}, // up to 19: aligns nothing
		{.at = 19, .mnemonic = "jmp", .text = "jmp    .+0x10"},
		{.at = 27,
		 .mnemonic = "nopl",
		 .text = "nopl   0x0(%rax,%rax,1)"}, // a jump label, though it ends at 32
		{.at = 32, .mnemonic = "ret", .text = "ret"},
		{.at = 33, .mnemonic = "xchg", .text = "xchg   %ax,%ax"}, // the end
	};
	static const bool expected[] = {false, false, true, false, false, false, false, false, true};
	struct listing listing = {.at = at, .count = ARRAY_SIZE(at)};
	bool padding[ARRAY_SIZE(at)];

	function.parts = parts;
	function.part_count = 1;
	entry.relocs = &site;
	entry.reloc_count = 1;
	mark_padding(&function, &listing, padding);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		cr_expect_eq(padding[i], expected[i], "%s at %zu", at[i].text, (size_t)at[i].at);
}

Test(explain_listing, call_shows_callee)
{
	expect_instruction("", "call_added", "call   audit");
	expect_instruction("-fPIC", "call_added", "call   audit");
	expect_instruction("-fPIC -fno-plt", "call_added", "audit@GOT");
}

Test(explain_listing, string_is_shown)
{
	expect_instruction("", "string", "\"new\"(%rip)");
	expect_instruction("-fno-pie", "string", "\"new\"");
	expect_instruction("-O0", "string", "\"new\"");
}

Test(explain_listing, variable_is_shown_with_offset)
{
	expect_instruction("", "field", "settings+0xc(%rip)");
}

Test(explain_listing, thread_local_is_shown)
{
	expect_instruction("-fno-pie", "local", "depth@TLS");
}

Test(explain_listing, function_address_is_shown)
{
	expect_instruction("-fno-pie", "pointer", "audit");
}

// No relocated field is shown as the number that stands in the object.
Test(explain_listing, no_mark_is_left_in_the_text)
{
	static const char *const flags[] = {"",         "-O0",           "-fPIC", "-fPIC -fno-plt",
					    "-fno-pie", "-mcmodel=large"};

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
		struct build *build = build_pair("explain.c", flags[f]);
		struct arena *arena = arena_new();

		for (size_t i = 0; i < build->new_object->unit_count; i++) {
			const struct unit *unit = &build->new_object->units[i];
			struct listing listing = {0};

			if (unit->kind == UNIT_FUNCTION)
				listing = disassemble(unit, arena);
			for (size_t k = 0; k < listing.count; k++)
				cr_expect_null(strstr(listing.at[k].text, "5a5a"), "%s %s: %s", flags[f],
					       unit->name, listing.at[k].text);
		}
		arena_free(arena);
		build_free(build);
	}
}

Test(explain_listing, patch_keeps_context_and_counts_the_rest)
{
	struct build *build = build_pair("explain.c", "");
	struct arena *arena = arena_new();
	const struct unit *unit = find_unit(build->new_object, "call_added");
	struct patch patch = unit_patch(unit->match, unit, 1, arena);
	bool added = false;

	for (size_t i = 0; i < patch.count; i++)
		added |= patch.lines[i].side == '+' && strstr(patch.lines[i].text, "audit");
	cr_expect(added);
	cr_expect_eq(unit_patch(unit, unit, 3, arena).count, 0, "equal sides have no line");
	arena_free(arena);
	build_free(build);
}

// ---- text of files on its way to a terminal ----------------------------------------------------------------

static void expect_quoted(const char *bytes, const char *expected)
{
	struct arena *arena = arena_new();

	cr_expect_str_eq(quote((const uint8_t *)bytes, strlen(bytes), arena), expected);
	arena_free(arena);
}

Test(explain_listing, quoted_text_holds_no_command_of_a_terminal)
{
	expect_quoted("a\n\"b\"", "\"a\\n\\\"b\\\"\"");
	expect_quoted("\033[2J", "\"\\x1b[2J\"");
	expect_quoted("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""); // UTF-8 stays
	expect_quoted("\xc2\x9b"
		      "2J",
		      "\"\\xc2\\x9b"
		      "2J\"");                               // a control character, though UTF-8
	expect_quoted("\x9c\\t\x8b", "\"\\x9c\\\\t\\x8b\""); // none, and cut off
	expect_quoted("\xe2\x86", "\"\\xe2\\x86\"");
}

Test(explain_listing, characters_are_those_of_utf_8)
{
	static const char *const none[] = {"",
					   "\n",
					   "\x7f",
					   "\x80",
					   "\xc0\xaf",
					   "\xc1\xbf",
					   "\xe0\x80\xaf",
					   "\xed\xa0\x80",
					   "\xf0\x80\x80\x80",
					   "\xf4\x90\x80\x80",
					   "\xf8",
					   "\xc3",
					   "\xc3(",
					   "\xe2\x82",
					   "\xc2\x80"};
	static const char *const some[] = {"a", "\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x92\xa9",
					   "\xf4\x8f\xbf\xbf"};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		cr_expect_eq(text_character(none[i], strlen(none[i])), 0, "%zu", i);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		cr_expect_eq(text_character(some[i], strlen(some[i])), strlen(some[i]), "%zu", i);
}
