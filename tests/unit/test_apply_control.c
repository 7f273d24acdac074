// SPDX-License-Identifier: GPL-3.0-or-later
// The control block as it comes from a process: our own memory serves as the target's.
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apply/control.h"
#include "apply/record.h"

static struct process *own_process(void)
{
	struct process *process = process_open(getpid());

	cr_assert(process);
	cr_assert_eq(process_open_memory(process), 0);
	cr_assert_eq(process_read_maps(process), 0);
	return process;
}

static void *map_block(void)
{
	void *block = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
			   -1, 0);

	cr_assert_neq(block, MAP_FAILED);
	return block;
}

static struct control *fresh(struct process **process)
{
	const char *message;
	void *block = map_block();
	struct control *control;

	*process = own_process();
	cr_assert_eq(control_create(*process, (uint64_t)block), 0);
	control = control_find(*process, &message);
	cr_assert(control, "%s", message ? message : "not found");
	cr_assert_eq(control->address, (uint64_t)block);
	return control;
}

static void add_one_of_each(struct control *control)
{
	uint32_t active[] = {0};
	const char *texts[] = {"CVE-1", "CVE-2"};
	struct control_range part = {0x1000, 0x1100};

	cr_assert_eq(control_add_image(control, &(struct control_image){.start = 0x1000,
									.end = 0x9000,
									.build_id_size = 3,
									.build_id = {1, 2, 3},
									.name = "image"}),
		     0);
	cr_assert_eq(control_add_region(control, &(struct control_region){.protection = PROT_READ | PROT_EXEC,
									  .address = 0x10000,
									  .size = 0x10000}),
		     0);
	cr_assert_eq(control_add_package(
			     control,
			     &(struct control_package){.id = "KB1", .title = "a title", .fixes = {texts, 2}}),
		     0);
	cr_assert_eq(control_add_code(control, &(struct control_code){.address = 0x10040, .size = 0x100}), 0);
	cr_assert_eq(control_add_function(control, &(struct control_function){.entry = 0x1000,
									      .jump = 0x1004,
									      .jump_size = 5,
									      .old_size = 0x100,
									      .original_size = 5,
									      .name = "function",
									      .parts = &part,
									      .part_count = 1}),
		     0);
	cr_assert_eq(control_add_body(control, &(struct control_body){.address = 0x10040}), 0);
	cr_assert_eq(control_add_trampoline(
			     control, &(struct control_trampoline){.generation = 1, .address = 0x10140}),
		     0);
	cr_assert_eq(control_add_state(control, &(struct control_state){.name = "counter", .size = 4}), 0);
	cr_assert_eq(control_add_generation(control, &(struct control_generation){.number = 1,
										  .packages = active,
										  .package_count = 1}),
		     0);
}

static struct control *read_again(struct control *control, const char **message)
{
	struct process *process = control->process;
	uint64_t address = control->address;
	uint8_t *bytes = malloc(CONTROL_SIZE);
	struct control *again;

	cr_assert_eq(process_read(process, address, bytes, CONTROL_SIZE), 0);
	again = control_parse(process, address, bytes, CONTROL_SIZE, message);
	free(bytes);
	return again;
}

Test(apply_control, reads_what_was_written)
{
	struct process *process;
	struct control *control = fresh(&process), *again;
	const char *message;

	add_one_of_each(control);
	again = read_again(control, &message);
	cr_assert(again, "%s", message);
	cr_assert_str_eq(again->images.at[0].name, "image");
	cr_assert_str_eq(again->packages.at[0].fixes.at[1], "CVE-2");
	cr_assert_str_eq(again->functions.at[0].name, "function");
	cr_assert_eq(again->functions.at[0].parts[0].end, 0x1100);
	cr_assert_eq(again->regions.at[0].used, 0x160, "space that records name is given away");
	cr_assert_eq(again->generations.at[0].packages[0], 0);
	cr_assert_eq(again->sequence, 9);
	cr_assert(!again->torn);
	cr_assert(!control_active(again), "the word is still 0");
	cr_assert_eq(control_last_generation(again), 1);
}

Test(apply_control, record_torn_by_death_is_dropped_and_written_over)
{
	struct process *process;
	struct control *control = fresh(&process), *again;
	const uint8_t torn[20] = {RECORD_PACKAGE, 0, 0, 0, 64, 0, 0, 0, 9};
	const char *message;

	add_one_of_each(control);
	cr_assert_eq(process_write(process, control->address + control->end, torn, sizeof(torn)), 0);
	again = read_again(control, &message);
	cr_assert(again);
	cr_assert(again->torn);
	cr_assert_eq(again->packages.count, 1);
	cr_assert_eq(control_add_package(again, &(struct control_package){.id = "KB2", .title = ""}), 0);
	again = read_again(again, &message);
	cr_assert_eq(again->packages.count, 2);
	cr_assert(!again->torn);
}

Test(apply_control, flipped_bit_in_any_record_ends_the_log_there_or_is_refused)
{
	struct process *process;
	struct control *control = fresh(&process);
	uint8_t *bytes = malloc(CONTROL_SIZE);
	const char *message;

	add_one_of_each(control);
	cr_assert_eq(process_read(process, control->address, bytes, CONTROL_SIZE), 0);
	for (uint64_t bit = CONTROL_RECORDS * 8; bit < control->end * 8; bit++) {
		struct control *again;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		again = control_parse(process, control->address, bytes, CONTROL_SIZE, &message);
		cr_assert(!again || again->sequence < control->sequence, "bit %lu is not noticed",
			  (unsigned long)bit);
		control_free(again);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (uint64_t bit = 0; bit < 64 * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert(!control_parse(process, control->address, bytes, CONTROL_SIZE, &message),
			  "header bit %lu is not noticed", (unsigned long)bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(bytes);
}

Test(apply_control, index_that_names_nothing_is_refused)
{
	struct process *process;
	struct control *control = fresh(&process);
	const char *message;
	struct builder builder = {0};
	uint8_t *record;
	size_t size;

	add_one_of_each(control);
	encode_body(&builder, &(struct control_body){.package = 7, .function = 0});
	record = record_finish(&builder, RECORD_BODY, control->sequence, &size);
	cr_assert_eq(process_write(process, control->address + control->end, record, size), 0);
	free(record);
	cr_assert(!read_again(control, &message));
	cr_assert(message);
}

Test(apply_control, texts_cannot_move_a_terminals_cursor)
{
	struct process *process;
	struct control *control = fresh(&process);

	cr_assert_eq(
		control_add_package(control, &(struct control_package){.id = "KB\x1b[2J\n", .title = ""}), 0);
	cr_assert_str_eq(control->packages.at[0].id, "KB?[2J?");
}

Test(apply_control, full_block_is_an_error)
{
	struct process *process;
	struct control *control = fresh(&process);
	int error = 0;

	for (int i = 0; i < 100000 && !error; i++)
		error = control_add_package(control,
					    &(struct control_package){.id = "KB", .title = "0123456789"});
	cr_assert_eq(error, -ENOSPC);
	cr_assert_leq(control->end, control->size);
}

Test(apply_control, blank_block_of_a_dead_applier_is_found)
{
	void *block = map_block();
	struct process *process = own_process();

	cr_assert_eq(control_find_blank(process), (uint64_t)block);
	cr_assert_eq(process_write(process, (uint64_t)block + CONTROL_SIZE - 1, "x", 1), 0);
	cr_assert_eq(control_find_blank(process), 0);
}

Test(apply_control, package_counts_as_active_only_on_the_way_of_generations)
{
	struct process *process;
	struct control *control = fresh(&process);
	uint32_t one[] = {0}, two[] = {1};

	control_add_package(control, &(struct control_package){.id = "A", .title = ""});
	control_add_package(control, &(struct control_package){.id = "B", .title = ""});
	control_add_generation(
		control, &(struct control_generation){.number = 1, .packages = two, .package_count = 1});
	control_add_generation(
		control, &(struct control_generation){.number = 2, .packages = one, .package_count = 1});
	control->word = 2;
	cr_assert(control_was_active(control, 0));
	cr_assert(!control_was_active(control, 1), "generation 1 was prepared by an applier that died");
}

Test(apply_control, word_above_every_generation_record_is_refused)
{
	struct process *process;
	struct control *control = fresh(&process);
	const char *message;

	for (uint64_t word = 0; word < 4; word++) {
		cr_assert_eq(process_write(process, control->address + CONTROL_WORD, &word, sizeof(word)), 0);
		cr_assert_eq(!read_again(control, &message), word > 0, "no record, word %lu",
			     (unsigned long)word);
		cr_assert_eq(!message, !word);
	}
	cr_assert_eq(process_write(process, control->address + CONTROL_WORD, &(uint64_t){0}, 8), 0);
	add_one_of_each(control);
	for (uint64_t word = 0; word < 4; word++) {
		cr_assert_eq(process_write(process, control->address + CONTROL_WORD, &word, sizeof(word)), 0);
		cr_assert_eq(!read_again(control, &message), word > 1, "one record, word %lu",
			     (unsigned long)word);
	}
}
