// SPDX-License-Identifier: GPL-3.0-or-later
// The entry jump covers whole instructions that nothing enters sideways; what it covers can run elsewhere.
#include <criterion/criterion.h>
#include <string.h>

#include "create/prologue.h"
#include "util/util.h"

static int build(const char *code, size_t size, size_t room, const uint64_t *landings, size_t count,
		 struct prologue *prologue, const char **reason)
{
	uint8_t bytes[256];
	struct decoder *decoder = decoder_new();
	struct prologue_input input = {.code = bytes,
				       .vaddr = 0x1000,
				       .size = size,
				       .room = room,
				       .landings = landings,
				       .landing_count = count};
	int result;

	memset(bytes, 0x90, sizeof(bytes));
	memcpy(bytes, code, size);
	result = prologue_build(decoder, &input, prologue, reason);
	decoder_free(decoder);
	return result;
}

#define CODE(text) text, sizeof(text) - 1, sizeof(text) - 1
static struct prologue made;
static const char *why;

Test(prologue, whole_instructions_are_covered)
{
	// push %rbx; mov %rdi,%rbx; mov %rsi,%rax; pop; ret
	cr_assert_eq(build(CODE("\x53\x48\x89\xfb\x48\x89\xf0\x5b\xc3"), NULL, 0, &made, &why), 0);
	cr_expect_eq(made.jump_offset, 0);
	cr_expect_eq(made.jump_size, 7);
	cr_expect_eq(made.size, 7 + 5);
	cr_expect_arr_eq(made.bytes, "\x53\x48\x89\xfb\x48\x89\xf0\xe9", 8);
	cr_assert_eq(made.field_count, 1);
	cr_expect_eq(made.fields[0].target, 0x1007);
	cr_expect_eq(made.fields[0].offset, 8);
}

Test(prologue, endbr64_stays_in_front_of_the_jump)
{
	cr_assert_eq(build(CODE("\xf3\x0f\x1e\xfa\x31\xc0\xb8\x01\0\0\0\xc3"), NULL, 0, &made, &why), 0);
	cr_expect(made.endbr);
	cr_expect_eq(made.jump_offset, 4);
	cr_expect_eq(made.jump_size, 7);
	cr_expect_arr_eq(made.bytes, "\x31\xc0\xb8", 3);
}

Test(prologue, patchable_entry_nops_take_the_jump)
{
	cr_assert_eq(build(CODE("\x90\x90\x90\x90\x90\x31\xc0\xc3"), NULL, 0, &made, &why), 0);
	cr_expect_eq(made.jump_size, 5);
}

Test(prologue, rip_relative_operand_becomes_a_field_with_its_tail)
{
	// cmpb $7, 0x100(%rip); ret
	cr_assert_eq(build(CODE("\x80\x3d\x00\x01\0\0\x07\xc3"), NULL, 0, &made, &why), 0);
	cr_assert_eq(made.field_count, 2);
	cr_expect_eq(made.fields[0].offset, 2);
	cr_expect_eq(made.fields[0].target, 0x1107);
	cr_expect_eq(made.fields[0].tail, 1);
	cr_expect_eq(made.bytes[6], 7);
}

Test(prologue, short_branch_becomes_near)
{
	// test %edi,%edi; je +4; xor %eax,%eax; ret; nop; mov $1,%eax; ret
	cr_assert_eq(build(CODE("\x85\xff\x74\x04\x31\xc0\xc3\x90\xb8\x01\0\0\0\xc3"), NULL, 0, &made, &why),
		     0);
	cr_expect_eq(made.jump_size, 6);
	cr_expect_arr_eq(made.bytes, "\x85\xff\x0f\x84", 4);
	cr_expect_eq(made.fields[0].target, 0x1008);
}

Test(prologue, jrcxz_becomes_a_near_form)
{
	cr_assert_eq(build(CODE("\xe3\x05\x31\xc0\x31\xd2\xc3\xb8\x01\0\0\0\xc3"), NULL, 0, &made, &why), 0);
	cr_expect_arr_eq(made.bytes, "\xe3\x02\xeb\x05\xe9", 5);
	cr_expect_eq(made.fields[0].target, 0x1007);
}

Test(prologue, function_shorter_than_the_jump_is_too_small)
{
	cr_assert_eq(build(CODE("\x31\xc0\xc3"), NULL, 0, &made, &why), -1);
	cr_expect_str_eq(why, "is shorter than the jump");
}

Test(prologue, proven_padding_may_be_covered)
{
	cr_assert_eq(build("\x31\xc0\xc3", 3, 16, NULL, 0, &made, &why), 0);
	cr_expect_eq(made.jump_size, 5);
}

Test(prologue, branch_into_the_covered_bytes_is_too_small)
{
	// push %rbx; 1: add $1,%eax; cmp %edi,%eax; jne 1b; pop; ret
	cr_assert_eq(build(CODE("\x53\x83\xc0\x01\x39\xf8\x75\xf9\x5b\xc3"), NULL, 0, &made, &why), -1);
	cr_expect_str_eq(why, "branches back into its first bytes");
}

Test(prologue, branch_to_the_entry_itself_is_no_obstacle)
{
	cr_assert_eq(build(CODE("\x83\xc0\x01\x39\xf8\x75\xf9\xc3"), NULL, 0, &made, &why), 0);
}

Test(prologue, call_that_returns_into_the_covered_bytes_is_too_small)
{
	// call *%rdi; add $1,%eax; ret
	cr_assert_eq(build(CODE("\xff\xd7\x83\xc0\x01\xc3"), NULL, 0, &made, &why), -1);
	cr_expect(strstr(why, "return into the jump"));
}

Test(prologue, call_that_ends_where_the_jump_ends_is_moved)
{
	cr_assert_eq(build(CODE("\xe8\xfb\x0f\0\0\x83\xc0\x01\xc3"), NULL, 0, &made, &why), 0);
	cr_expect_eq(made.jump_size, 5);
	cr_expect_eq(made.fields[0].target, 0x2000);
}

Test(prologue, landing_from_elsewhere_is_too_small)
{
	cr_assert_eq(
		build(CODE("\x53\x48\x89\xfb\x48\x89\xf0\x5b\xc3"), (const uint64_t[]){0, 4}, 2, &made, &why),
		-1);
	cr_assert_eq(
		build(CODE("\x53\x48\x89\xfb\x48\x89\xf0\x5b\xc3"), (const uint64_t[]){0, 7}, 2, &made, &why),
		0);
}

Test(prologue, xbegin_is_not_moved)
{
	cr_assert_eq(build(CODE("\xc7\xf8\x02\0\0\0\x31\xc0\xc3"), NULL, 0, &made, &why), -1);
}
