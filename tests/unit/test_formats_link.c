// SPDX-License-Identifier: GPL-3.0-or-later
// Linking a payload: the bytes are those that the linker makes of the same object at the same addresses.
#include <criterion/criterion.h>

#include "tests/unit/test_formats.h"

enum { CODE = 0x10000000, DATA = 0x10004000, BIAS = 0x20000000, STRLCPY = 0x23450, THREAD_OFFSET = -0x100 };

struct linked {
	struct sample *sample;
	struct hp_package *package;
	const struct hp_layout *layout;
	struct hp_place place;
	uint8_t *code, *data;
	struct hp_error error;
};

static int resolve(void *arg, const struct hp_binding *binding, uint64_t *value)
{
	const char *missing = arg;

	if (binding->kind == HP_BIND_TLS_OFFSET) {
		*value = (uint64_t)(int64_t)THREAD_OFFSET;
		return 0;
	}
	if (missing && !strcmp(binding->name, missing))
		return -1;
	*value = STRLCPY;
	return 0;
}

static struct linked open_linked(struct sample *sample)
{
	struct linked linked = {.sample = sample, .place = {.bias = BIAS, .address = {CODE, DATA}}};

	cr_assert_eq(hp_open_memory(sample->bytes, sample->size, &linked.package, &linked.error), 0);
	cr_assert_eq(hp_layout(linked.package, 0, &linked.layout, &linked.error), 0);
	linked.code = malloc(linked.layout->size[0]);
	linked.data = malloc(linked.layout->size[1]);
	memset(linked.code, 0xee, linked.layout->size[0]);
	memset(linked.data, 0xee, linked.layout->size[1]);
	return linked;
}

static int link_it(struct linked *linked, const char *missing)
{
	return hp_link(linked->package, 0, &linked->place, resolve, (void *)(uintptr_t)missing, linked->code,
		       linked->data, &linked->error);
}

static void close_linked(struct linked *linked)
{
	hp_close(linked->package);
	free(linked->code);
	free(linked->data);
	sample_free(linked->sample);
}

static uint64_t field(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

// Where a payload symbol is in the linked bytes.
static uint8_t *at_symbol(struct linked *linked, unsigned name)
{
	struct hp_symbol symbol;

	cr_assert_eq(hp_symbol(linked->package, 0, linked->sample->symbols[name], &symbol, &linked->error),
		     0);
	cr_assert_str_eq(symbol.name, sample_names[name]);
	return (symbol.region == HP_REGION_CODE ? linked->code : linked->data) + symbol.offset;
}

// The section names of the payload, in the order of their headers.
static const char *section_name(const struct sample *sample, size_t index)
{
	const Elf64_Ehdr *header = (const void *)sample->payload;
	const Elf64_Shdr *sections = (const void *)(sample->payload + header->e_shoff);

	return (const char *)sample->payload + sections[header->e_shstrndx].sh_offset +
	       sections[index].sh_name;
}

// ld with each section at the address that hp_layout() gives it. Thread-local fields are left out: ld wants the
// program's TLS segment for them.
static uint8_t *link_with_ld(const struct linked *linked, size_t *size)
{
	char script[128], output[128], command[700];
	FILE *file;
	uint8_t *bytes;

	snprintf(script, sizeof(script), "%s/script", linked->sample->directory);
	snprintf(output, sizeof(output), "%s/output", linked->sample->directory);
	file = fopen(script, "w");
	fprintf(file, "SECTIONS {\n");
	for (unsigned region = 0; region < 2; region++) // ld wants addresses to rise
		for (size_t i = 0; i < linked->layout->section_count; i++)
			if (linked->layout->region[i] == region)
				fprintf(file, "  .r%zu 0x%llx : { *(%s) }\n", i,
					(unsigned long long)(linked->place.address[region] +
							     linked->layout->offset[i]),
					section_name(linked->sample, i));
	fprintf(file, "}\n");
	fclose(file);
	snprintf(command, sizeof(command),
		 "objcopy --remove-relocations=.text.thread %s/payload.o %s/input && "
		 "ld -no-pie --oformat=binary -T %s -o %s --defsym=outside=0x%x --defsym=outside_data=0x%x "
		 "--defsym=slot=0x%x --defsym=weak=0x%x --defsym=nowhere=0x%x %s/input",
		 linked->sample->directory, linked->sample->directory, script, output, BIAS + 0x2000,
		 BIAS + 0x9100 - 16, BIAS + 0x9008, STRLCPY, STRLCPY, linked->sample->directory);
	run_command(command);
	bytes = read_whole(output, size);
	snprintf(command, sizeof(command), "%s/input", linked->sample->directory);
	unlink(command);
	unlink(script);
	unlink(output);
	return bytes;
}

Test(link, bytes_are_those_of_the_linker)
{
	struct linked linked = open_linked(sample_new());
	size_t size, thread;
	uint8_t *wanted;

	cr_assert_eq(link_it(&linked, NULL), 0, "%s", linked.error.message);
	wanted = link_with_ld(&linked, &size);
	thread = (size_t)(at_symbol(&linked, THREAD) - linked.code);
	memset(linked.code + thread + 9, 0, 24); // compared in thread_local_fields_are_filled
	for (size_t i = 0; i < linked.layout->size[0]; i++)
		cr_assert_eq(linked.code[i], wanted[i], "code +%#zx: %02x, ld has %02x", i, linked.code[i],
			     wanted[i]);
	for (size_t i = 0; i < linked.layout->size[1]; i++) {
		uint8_t byte = DATA - CODE + i < size ? wanted[DATA - CODE + i] : 0;

		cr_assert_eq(linked.data[i], byte, "data +%#zx: %02x, ld has %02x", i, linked.data[i], byte);
	}
	free(wanted);
	close_linked(&linked);
}

Test(link, thread_local_fields_are_filled)
{
	struct linked linked = open_linked(sample_new());
	const uint8_t *thread;

	cr_assert_eq(link_it(&linked, NULL), 0);
	thread = at_symbol(&linked, THREAD);
	cr_assert_eq((int32_t)field(thread + 9, 4), -0x28);
	cr_assert_eq((int32_t)field(thread + 13, 4), -0x28);
	cr_assert_eq((int64_t)field(thread + 17, 8), THREAD_OFFSET + 8);
	cr_assert_eq((int64_t)field(thread + 25, 8), THREAD_OFFSET + 8);
	close_linked(&linked);
}

Test(link, same_place_gives_the_same_bytes)
{
	struct linked one = open_linked(sample_new()), two = open_linked(sample_new());

	memset(two.code, 0x11, two.layout->size[0]);
	cr_assert_eq(link_it(&one, NULL), 0);
	cr_assert_eq(link_it(&two, NULL), 0);
	cr_assert_eq(memcmp(one.code, two.code, one.layout->size[0]), 0);
	cr_assert_eq(memcmp(one.data, two.data, one.layout->size[1]), 0);
	close_linked(&one);
	close_linked(&two);
}

Test(link, sections_lie_in_order_at_their_alignment)
{
	struct linked linked = open_linked(sample_new());
	const struct hp_layout *layout = linked.layout;

	cr_assert_eq(layout->align[HP_REGION_CODE], 32);
	cr_assert_eq(layout->align[HP_REGION_DATA], 64);
	cr_assert_eq(layout->size[HP_REGION_DATA], 64 + 100);
	for (size_t i = 0; i < layout->section_count; i++)
		if (!strcmp(section_name(linked.sample, i), ".note.GNU-stack"))
			cr_assert_eq(layout->region[i], HP_REGION_NONE);
	close_linked(&linked);
}

Test(link, a_payload_that_is_too_far_away_is_refused)
{
	struct linked linked = open_linked(sample_new());

	linked.place.bias = 0x100000000000;
	cr_assert_eq(link_it(&linked, NULL), HP_OVERFLOW);
	cr_assert(strstr(linked.error.message, ".text+0x5: ") && strstr(linked.error.message, "(outside)"));
	linked.place.bias = BIAS;
	linked.place.address[HP_REGION_DATA] = (uint64_t)CODE + ((uint64_t)2 << 30) + 0x1000;
	cr_assert_eq(link_it(&linked, NULL), HP_OVERFLOW);
	linked.place.address[HP_REGION_DATA] = DATA;
	cr_assert_eq(link_it(&linked, NULL), 0);
	close_linked(&linked);
}

Test(link, absolute_fields_refuse_what_they_would_cut)
{
	struct linked linked = open_linked(sample_new());

	// 32-bit absolute fields: outside zero-extends up to 4 GiB, outside_data sign-extends only up to 2 GiB.
	linked.place.address[0] = 0x70000000;
	linked.place.address[1] = 0x70004000;
	linked.place.bias = 0x80000000;
	cr_assert_eq(link_it(&linked, NULL), HP_OVERFLOW);
	linked.place.bias = 0x7fff0000;
	cr_assert_eq(link_it(&linked, NULL), 0, "%s", linked.error.message);
	close_linked(&linked);
}

Test(link, a_missing_symbol_is_refused_and_a_missing_weak_one_is_zero)
{
	struct linked linked = open_linked(sample_new());
	const uint8_t *counter;

	cr_assert_eq(link_it(&linked, "strlcpy"), HP_UNRESOLVED);
	cr_assert(strstr(linked.error.message, "strlcpy@GLIBC_2.38"));
	cr_assert_eq(link_it(&linked, "maybe"), 0);
	counter = at_symbol(&linked, COUNTER);
	cr_assert_eq(field(counter, 8), 3);
	cr_assert_eq(field(counter + 16, 8), STRLCPY);
	cr_assert_eq(hp_link(linked.package, 0, &linked.place, NULL, NULL, linked.code, linked.data,
			     &linked.error),
		     HP_UNRESOLVED);
	close_linked(&linked);
}

Test(link, memory_that_is_missing_or_not_aligned_is_refused)
{
	struct linked linked = open_linked(sample_new());

	cr_assert_eq(hp_link(linked.package, 0, &linked.place, resolve, NULL, linked.code, NULL, NULL),
		     HP_MALFORMED);
	linked.place.address[0] += 8;
	cr_assert_eq(link_it(&linked, NULL), HP_MALFORMED);
	cr_assert_eq(hp_link(linked.package, 1, &linked.place, resolve, NULL, linked.code, linked.data, NULL),
		     HP_MALFORMED);
	close_linked(&linked);
}

// A superseding package goes on with the data of the one before.
Test(link, data_that_was_taken_over_is_referred_to_where_it_is)
{
	struct linked linked = open_linked(sample_new());
	struct hp_moved moved = {.symbol = linked.sample->symbols[COUNTER], .address = CODE + 0x123400};
	const uint8_t *body;

	linked.place.moved = &moved;
	linked.place.moved_count = 1;
	cr_assert_eq(link_it(&linked, NULL), 0);
	body = at_symbol(&linked, BODY);
	// addl $7, counter(%rip): the field at 0x18, one byte of immediate behind it
	cr_assert_eq((int32_t)field(body + 0x18, 4),
		     (int32_t)(moved.address - (CODE + (body - linked.code) + 0x18 + 5)));
	close_linked(&linked);
}

// Changes the first relocation of a payload and says what linking makes of it.
static int link_with(uint64_t offset, uint32_t symbol, uint32_t type)
{
	struct sample *sample = sample_make();
	Elf64_Ehdr *header = (void *)sample->payload;
	Elf64_Shdr *sections = (void *)(sample->payload + header->e_shoff);
	struct linked linked;
	int status;

	for (unsigned i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_RELA) {
			Elf64_Rela *rela = (void *)(sample->payload + sections[i].sh_offset);

			rela->r_offset = offset;
			rela->r_info = ELF64_R_INFO(symbol, type);
			break;
		}
	status = hp_encode(&sample->content, &sample->bytes, &sample->size, NULL);
	if (status) {
		sample_free(sample);
		return status;
	}
	linked = open_linked(sample);
	status = link_it(&linked, NULL);
	close_linked(&linked);
	return status;
}

// The linker's object has -4 as addend there: as an unsigned field it would need 64 bits.
Test(link, an_unsigned_field_takes_no_negative_value)
{
	cr_assert_eq(link_with(5, 0, R_X86_64_32), HP_OVERFLOW);
	cr_assert_eq(link_with(5, 0, R_X86_64_32S), HP_OK);
}

Test(link, relocations_that_payloads_must_not_have_are_refused)
{
	cr_assert_eq(link_with(5, 0, R_X86_64_GOTPCREL), HP_UNSUPPORTED);
	cr_assert_eq(link_with(5, 0, R_X86_64_GOTTPOFF), HP_UNSUPPORTED);
	cr_assert_eq(link_with(5, 0, R_X86_64_16), HP_UNSUPPORTED);
	cr_assert_eq(link_with(5, 0, 0xffff), HP_UNSUPPORTED);
	cr_assert_eq(link_with(5, 4711, R_X86_64_64), HP_MALFORMED);
	// Counts from the GOT, and no symbol says where that is.
	cr_assert_eq(link_with(5, 0, R_X86_64_GOTOFF64), HP_MALFORMED);
	cr_assert_eq(link_with(33, 0, R_X86_64_PC32), HP_MALFORMED);
	cr_assert_eq(link_with(UINT64_MAX, 0, R_X86_64_64), HP_MALFORMED);
	cr_assert_eq(link_with(5, 0, R_X86_64_PC32), HP_OK);
}

Test(link, relocations_without_addend_are_refused)
{
	struct sample *sample = sample_make();
	Elf64_Ehdr *header = (void *)sample->payload;
	Elf64_Shdr *sections = (void *)(sample->payload + header->e_shoff);
	struct linked linked;

	for (unsigned i = 0; i < header->e_shnum; i++)
		if (!strcmp(section_name(sample, i), ".rela.data"))
			sections[i].sh_type = SHT_REL;
	cr_assert_eq(hp_encode(&sample->content, &sample->bytes, &sample->size, NULL), 0);
	linked = open_linked(sample);
	cr_assert_eq(link_it(&linked, NULL), HP_UNSUPPORTED);
	close_linked(&linked);
}
