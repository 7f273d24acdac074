// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Decodes a function through libopcodes and puts names where the linker will put addresses.
 *
 * libopcodes prints an instruction in pieces that say what they are (register, immediate, address). The
 *fields that relocations fill are set to numbers that occur nowhere else before decoding; a piece that shows
 *such a number is replaced by the relocation's target:
 *
 *	lea 0x5a5a0000(%rip),%rsi     ->  lea "syntax error",%rsi
 *	call 0x5a5a1234               ->  call luaL_error
 *
 * Machines with fields too small for that (four-byte instructions) have one relocation an instruction, and
 *the name goes where the zero in its field shows, or behind the instruction.
 */
#include "diff/disassemble.h"

#include <dis-asm.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MARK_FIRST 0x5a5a0000u
#define MARK_STEP  0x100u // more than the longest instruction, so that "mark + next address" is still unique
#define MARKS_MAX  8
#define LONGEST    16
#define TEXT_ROOM  1024

struct mark {
	const struct reloc *reloc;
	uint64_t number; // 0: the field was too small, it is zero
	bool shown;
};

struct piece_buffer {
	char text[TEXT_ROOM];
	size_t length;
};

struct decoder {
	const struct unit *unit;
	struct arena *arena;
	disassemble_info info;
	disassembler_ftype decode;
	uint8_t *bytes; // the unit's, with marks in relocated fields

	// of the instruction being decoded
	uint64_t at;
	struct mark marks[MARKS_MAX];
	size_t mark_count;
	bool comment, failed;
	struct piece_buffer text, key, form, shape, mnemonic;
	struct instruction *instruction;
};

// libopcodes keeps state in static variables for some machines (aarch64-dis.c: last_mapping_sym and others).
static pthread_mutex_t libopcodes = PTHREAD_MUTEX_INITIALIZER;

static void put(struct piece_buffer *buffer, const char *text)
{
	size_t length = strlen(text);

	if (length >= sizeof(buffer->text) - buffer->length)
		length = sizeof(buffer->text) - buffer->length - 1;
	memcpy(buffer->text + buffer->length, text, length);
	buffer->length += length;
	buffer->text[buffer->length] = 0;
}

static void clear(struct piece_buffer *buffer)
{
	buffer->length = 0;
	buffer->text[0] = 0;
}

// Text, and what stands for it in the key, the form and the shape.
static void put_all(struct decoder *decoder, const char *text, const char *key, const char *form,
		    const char *shape)
{
	put(&decoder->text, text);
	put(&decoder->key, key);
	put(&decoder->form, form);
	put(&decoder->shape, shape);
}

static const char *keep(struct decoder *decoder, struct piece_buffer *buffer)
{
	while (buffer->length &&
	       (buffer->text[buffer->length - 1] == ' ' || buffer->text[buffer->length - 1] == '\t'))
		buffer->length--;
	return arena_strndup(decoder->arena, buffer->text, buffer->length);
}

// ---- relocated operands -----------------------------------------------------------------------------

static bool is_function(const struct reloc *reloc)
{
	if (reloc->target)
		return reloc->target->kind == UNIT_FUNCTION;
	return reloc->info->kind == RELOC_CALL || reloc->symbol->kind == SYMBOL_FUNCTION;
}

// x86 call and jmp, bl and b of aarch64, ppc and loongarch, brasl and jg of s390
static bool transfers_control(const char *mnemonic)
{
	static const char *const prefixes[] = {"call", "j", "bl", "br", "notrack", "bnd"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(mnemonic, prefixes[i]))
			return true;
	return !strcmp(mnemonic, "b");
}

// To another place of the same function, or between it and its split-off part: where exactly means nothing.
static bool stays_inside(const struct reloc *reloc, const struct unit *unit)
{
	const struct unit *target = reloc->target;

	if (!target || (target == unit && !reloc->target_offset))
		return false;
	return target == unit || target->owner == unit || unit->owner == target;
}

static const char *mark_text(struct decoder *decoder, struct mark *mark)
{
	const struct unit *unit = decoder->unit, *target = mark->reloc->target;
	const char *text = reloc_text(unit, mark->reloc, decoder->arena);
	struct instruction *instruction = decoder->instruction;

	mark->shown = true;
	if (*text == '"')
		instruction->string = text;
	else if (is_function(mark->reloc) &&
		 (transfers_control(decoder->mnemonic.text) ||
		  (!decoder->decode && mark->reloc->info->kind == RELOC_CALL)) &&
		 !stays_inside(mark->reloc, unit))
		instruction->callee = text;
	else if ((!target || target->kind != UNIT_ANONYMOUS) && !stays_inside(mark->reloc, unit))
		instruction->reference = text;
	switch (mark->reloc->info->kind) {
	case RELOC_GOT:
		return arena_printf(decoder->arena, "%s@GOT", text);
	case RELOC_TLS:
		return arena_printf(decoder->arena, "%s@TLS", text);
	case RELOC_GOT_BASE:
		return arena_printf(decoder->arena, "%s@GOTOFF", text);
	case RELOC_SIZE:
		return arena_printf(decoder->arena, "%s@SIZE", text);
	default:
		return text;
	}
}

static void put_mark(struct decoder *decoder, struct mark *mark)
{
	const char *text = mark_text(decoder, mark);
	const char *key = stays_inside(mark->reloc, decoder->unit) ? "L" : text;

	// a number is no place: another one is more than another order of the same
	put_all(decoder, text, key, key, mark->reloc->loads ? text : "@");
}

// The mark that a printed number shows; ADDRESS: it may be relative to the end of the instruction.
static struct mark *find_mark(struct decoder *decoder, uint64_t number, bool address)
{
	for (size_t i = 0; i < decoder->mark_count; i++) {
		struct mark *mark = &decoder->marks[i];
		uint64_t base = decoder->unit->offset + decoder->at;

		uint64_t shown = mark->number << mark->reloc->info->shift;

		if (!mark->number)
			continue;
		if ((uint32_t)number == (uint32_t)shown)
			return mark;
		if (address && (uint32_t)(number - base - shown) <= LONGEST)
			return mark;
	}
	return NULL;
}

// Where no mark fits a field, the only relocation is the one meant.
static struct mark *find_unmarked(struct decoder *decoder)
{
	for (size_t i = 0; i < decoder->mark_count; i++)
		if (!decoder->marks[i].number && !decoder->marks[i].shown)
			return &decoder->marks[i];
	return NULL;
}

// ---- what libopcodes calls --------------------------------------------------------------------------

static void print_address(bfd_vma address, disassemble_info *info)
{
	struct decoder *decoder = info->application_data;
	const struct unit *unit = decoder->unit, *other;
	struct mark *mark;
	char text[64];

	if (decoder->comment)
		return;
	mark = find_mark(decoder, address, true);
	if (!mark)
		mark = find_unmarked(decoder);
	if (mark) {
		put_mark(decoder, mark);
		return;
	}
	if (address - unit->offset < unit->size) {
		uint64_t offset = address - unit->offset;

		decoder->instruction->branch = (int64_t)offset;
		snprintf(text, sizeof(text), ".+0x%" PRIx64, offset);
		put_all(decoder, text, "L", "L", "L");
		return;
	}
	// the assembler itself resolves branches to local functions of the same section
	other = section_unit_at(unit->section, address);
	if (other && *other->name) {
		if (address == other->offset && transfers_control(decoder->mnemonic.text))
			decoder->instruction->callee = other->name;
		put_all(decoder, other->name, other->name, other->name, "@");
		if (address != other->offset) {
			snprintf(text, sizeof(text), "+0x%" PRIx64, address - other->offset);
			put_all(decoder, text, text, text, "");
		}
		return;
	}
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)address);
	put_all(decoder, text, text, "#", "#");
}

// A number with what stands before it ("$0x10", "#-4"). false: no number.
static bool parse_piece(const char *piece, size_t *prefix, uint64_t *number)
{
	bool negative;
	char *end;

	*prefix = strspn(piece, "$#");
	negative = piece[*prefix] == '-';
	if (piece[*prefix + negative] < '0' || piece[*prefix + negative] > '9')
		return false;
	*number = strtoull(piece + *prefix + negative, &end, 0);
	if (negative)
		*number = -*number;
	return !end[strspn(end, " \t")]; // aarch64 fills up its moves of constants with blanks
}

static bool is_stack_pointer(const char *name)
{
	static const char *const names[] = {"%rsp", "sp", "%r15", "r1", "$sp", "$r3"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void take_number(struct decoder *decoder, enum disassembler_style style, const char *piece)
{
	struct instruction *instruction = decoder->instruction;
	struct mark *mark = NULL;
	uint64_t number;
	size_t prefix;

	if (!parse_piece(piece, &prefix, &number)) {
		put_all(decoder, piece, piece, piece, piece);
		return;
	}
	mark = find_mark(decoder, number, false);
	if (!mark && !number)
		mark = find_unmarked(decoder);
	if (mark) {
		put_mark(decoder, mark);
		return;
	}
	if (style == dis_style_immediate && !instruction->has_immediate) {
		instruction->has_immediate = true;
		instruction->immediate = (int64_t)number;
	} else if (style == dis_style_address_offset && !instruction->has_displacement) {
		instruction->has_displacement = true;
		instruction->displacement = (int64_t)number;
	}
	put_all(decoder, piece, piece, "#", "#");
}

static void take_piece(struct decoder *decoder, enum disassembler_style style, const char *piece)
{
	if (decoder->comment || style == dis_style_comment_start) {
		decoder->comment =
			true; // the address that a PC-relative operand gives: already in the operand
		return;
	}
	switch (style) {
	case dis_style_immediate:
	case dis_style_address:
	case dis_style_address_offset:
		take_number(decoder, style, piece);
		break;
	case dis_style_register:
		put_all(decoder, piece, piece, piece, "r");
		if (is_stack_pointer(piece))
			decoder->instruction->stack = true;
		break;
	case dis_style_mnemonic:
		put(&decoder->mnemonic, piece);
		put_all(decoder, piece, piece, piece, piece);
		break;
	default:
		put_all(decoder, piece, piece, piece, piece);
	}
}

static int print_styled(void *stream, enum disassembler_style style, const char *format, ...)
{
	char piece[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	take_piece(stream, style, piece);
	return (int)strlen(piece);
}

static int print_plain(void *stream, const char *format, ...)
{
	char piece[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	take_piece(stream, dis_style_text, piece);
	return (int)strlen(piece);
}

static void memory_error(int status, bfd_vma address, disassemble_info *info)
{
	struct decoder *decoder = info->application_data;

	(void)status;
	(void)address;
	decoder->failed = true;
}

// ---- one instruction --------------------------------------------------------------------------------

// Bytes that a field of INFO occupies; 0 for markers.
static size_t field_size(const struct reloc_info *info)
{
	return info->size <= 8 ? info->size : 0;
}

// Fills every relocated field of the unit: with its mark where the whole of four or eight bytes belongs to
// it.
static void write_marks(struct decoder *decoder)
{
	const struct unit *unit = decoder->unit;

	for (size_t i = 0; i < unit->reloc_count; i++) {
		const struct reloc *reloc = &unit->relocs[i];
		uint64_t at = reloc->offset - unit->offset;
		size_t size = field_size(reloc->info);
		uint64_t mask = reloc->info->mask, number = MARK_FIRST + MARK_STEP * (i % MARKS_MAX);

		if (at > unit->size || size > unit->size - at)
			continue;
		if (size >= 4 && (mask == UINT32_MAX || mask == UINT64_MAX)) {
			for (size_t b = 0; b < size; b++) {
				size_t place = unit->object->arch->big_endian ? size - 1 - b : b;

				decoder->bytes[at + place] = (uint8_t)(number >> (8 * b));
			}
			continue;
		}
		for (size_t b = 0; b < size; b++) {
			size_t place = unit->object->arch->big_endian ? size - 1 - b : b;

			decoder->bytes[at + place] &= (uint8_t) ~(mask >> (8 * b));
		}
	}
}

// The relocations whose field starts within the next LONGEST bytes; those behind the instruction show
// nowhere.
static size_t collect_marks(struct decoder *decoder, size_t reloc)
{
	const struct unit *unit = decoder->unit;
	uint64_t start = unit->offset + decoder->at;

	decoder->mark_count = 0;
	while (reloc < unit->reloc_count && unit->relocs[reloc].offset < start)
		reloc++;
	for (size_t i = reloc; i < unit->reloc_count && decoder->mark_count < MARKS_MAX; i++) {
		const struct reloc *candidate = &unit->relocs[i];
		uint64_t mask = candidate->info->mask;
		bool marked = field_size(candidate->info) >= 4 && (mask == UINT32_MAX || mask == UINT64_MAX);

		if (candidate->offset - start >= (marked ? LONGEST : 4))
			break;
		if (!field_size(candidate->info) || candidate->info->kind == RELOC_NONE)
			continue;
		decoder->marks[decoder->mark_count++] = (struct mark){
			.reloc = candidate, .number = marked ? MARK_FIRST + MARK_STEP * (i % MARKS_MAX) : 0};
	}
	return reloc;
}

// The number that an instruction holds, where the machine's file can tell without libopcodes.
static void find_immediate(struct decoder *decoder, unsigned length, char *form)
{
	const struct arch *arch = decoder->unit->object->arch;
	struct code_immediate found;

	if (decoder->decode || !arch->immediate_at ||
	    !arch->immediate_at(decoder->bytes, decoder->unit->size, decoder->at, &found) ||
	    found.start != decoder->at || found.length != length)
		return;
	decoder->instruction->has_immediate = true;
	decoder->instruction->immediate = found.value;
	strcpy(form, ".word #");
}

// An instruction of a machine that this libopcodes does not know, or bytes that are none.
static void show_bytes(struct decoder *decoder, unsigned length)
{
	bool big_endian = decoder->unit->object->arch->big_endian || decoder->decode;
	char text[8 + 2 * LONGEST + 1], form[sizeof(text)];
	size_t at = (size_t)sprintf(text, decoder->decode ? ".byte 0x" : ".word 0x");

	for (unsigned i = 0; i < length; i++)
		snprintf(text + at + 2 * i, 3, "%02x",
			 decoder->bytes[decoder->at + (big_endian ? i : length - 1 - i)]);
	clear(&decoder->text);
	clear(&decoder->key);
	clear(&decoder->form);
	clear(&decoder->shape);
	strcpy(form, text);
	find_immediate(decoder, length, form);
	put_all(decoder, text, text, form, form);
	put(&decoder->mnemonic, decoder->decode ? ".byte" : ".word");
}

// What a relocation names and the text did not show goes behind the instruction.
static void put_leftover_marks(struct decoder *decoder, unsigned length)
{
	uint64_t end = decoder->unit->offset + decoder->at + length;

	for (size_t i = 0; i < decoder->mark_count; i++) {
		struct mark *mark = &decoder->marks[i];

		if (mark->shown || mark->reloc->offset >= end || mark->reloc->info->kind == RELOC_HINT)
			continue;
		put_all(decoder, "  <", "  <", "  <", "  <");
		put_mark(decoder, mark);
		put_all(decoder, ">", ">", ">", ">");
	}
}

// What a comparison compares with. Registers and widths are the compiler's choice, and "cmp $0" is "test".
static const char *compared_with(struct decoder *decoder, const struct instruction *instruction)
{
	bool test = instruction->mnemonic[0] == 't';

	if (!instruction->has_immediate)
		return test ? "test" : "cmp";
	if (!instruction->immediate)
		return "test";
	return arena_printf(decoder->arena, "%s %" PRId64, test ? "test" : "cmp", instruction->immediate);
}

// s390 has names of their own for comparing with a number, alone or together with the branch.
static bool compares_on_s390(const char *mnemonic)
{
	static const char *const names[] = {"chi",   "cghi", "cfi",  "cgfi", "clfi",
					    "clgfi", "cij",  "cgij", "clij", "clgij"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (starts_with(mnemonic, names[i]))
			return true;
	return false;
}

static void classify(struct decoder *decoder)
{
	struct instruction *instruction = decoder->instruction;
	const char *mnemonic = instruction->mnemonic;

	instruction->compares = starts_with(mnemonic, "cmp") || starts_with(mnemonic, "test") ||
				starts_with(mnemonic, "tst") || starts_with(mnemonic, "ucomis") ||
				starts_with(mnemonic, "comis") || starts_with(mnemonic, "fcmp");
	instruction->compares |= decoder->info.arch == bfd_arch_s390 && compares_on_s390(mnemonic);
	if (instruction->compares)
		instruction->check = compared_with(decoder, instruction);
	instruction->conditional = transfers_control(mnemonic) && strcmp(mnemonic, "b") &&
				   strcmp(mnemonic, "bl") && strcmp(mnemonic, "br") &&
				   strcmp(mnemonic, "blr") && strcmp(mnemonic, "j") &&
				   strcmp(mnemonic, "jg") && !starts_with(mnemonic, "jmp") &&
				   !starts_with(mnemonic, "call") && !starts_with(mnemonic, "brasl");
	// only x86 has a conditional branch by the name of s390's unconditional one
	if (decoder->info.arch == bfd_arch_i386 && !strcmp(mnemonic, "jg"))
		instruction->conditional = true;
}

static int undecoded_length(const struct decoder *decoder, uint64_t left)
{
	const struct arch *arch = decoder->unit->object->arch;
	struct code_distance found;

	if (arch->distance && arch->distance(decoder->bytes + decoder->at, left, &found) &&
	    found.length <= left)
		return found.length;
	return left < 4 ? 1 : 4;
}

static unsigned decode_one(struct decoder *decoder, struct instruction *instruction)
{
	uint64_t left = decoder->unit->size - decoder->at;
	int length = -1;

	*instruction = (struct instruction){.at = decoder->at, .branch = -1};
	decoder->instruction = instruction;
	clear(&decoder->text);
	clear(&decoder->key);
	clear(&decoder->form);
	clear(&decoder->shape);
	clear(&decoder->mnemonic);
	decoder->comment = decoder->failed = false;
	if (decoder->decode)
		length = decoder->decode(decoder->unit->offset + decoder->at, &decoder->info);
	if (length <= 0 || decoder->failed || (uint64_t)length > left) {
		length = decoder->decode ? 1 : undecoded_length(decoder, left);
		show_bytes(decoder, (unsigned)length);
	}
	if (length > LONGEST)
		length = LONGEST;
	put_leftover_marks(decoder, (unsigned)length);
	instruction->length = (unsigned)length;
	instruction->mnemonic = keep(decoder, &decoder->mnemonic);
	instruction->text = keep(decoder, &decoder->text);
	instruction->key = keep(decoder, &decoder->key);
	instruction->form = keep(decoder, &decoder->form);
	instruction->shape = keep(decoder, &decoder->shape);
	classify(decoder);
	return (unsigned)length;
}

static void start_decoder(struct decoder *decoder, const struct unit *unit, struct arena *arena)
{
	const struct arch *arch = unit->object->arch;
	disassemble_info *info = &decoder->info;

	memset(decoder, 0, sizeof(*decoder));
	decoder->unit = unit;
	decoder->arena = arena;
	decoder->bytes = xalloc(unit->size + 1);
	memcpy(decoder->bytes, unit->section->data + unit->offset, unit->size);
	write_marks(decoder);
	init_disassemble_info(info, decoder, print_plain, print_styled);
	info->application_data = decoder;
	info->arch = (enum bfd_architecture)arch->bfd_arch;
	info->mach = arch->bfd_mach;
	info->endian = info->display_endian = arch->big_endian ? BFD_ENDIAN_BIG : BFD_ENDIAN_LITTLE;
	info->endian_code = info->endian;
	info->buffer = decoder->bytes;
	info->buffer_vma = unit->offset;
	info->buffer_length = unit->size;
	info->print_address_func = print_address;
	info->memory_error_func = memory_error;
	// NULL where this libopcodes was built without the machine
	decoder->decode = disassembler(info->arch, arch->big_endian, info->mach, NULL);
	if (decoder->decode)
		disassemble_init_for_target(info);
}

bool can_disassemble(const struct arch *arch)
{
	return disassembler((enum bfd_architecture)arch->bfd_arch, arch->big_endian, arch->bfd_mach, NULL) !=
	       NULL;
}

struct listing disassemble(const struct unit *unit, struct arena *arena)
{
	VEC(struct instruction) list = {0};
	struct listing listing = {0};
	struct decoder *decoder;
	size_t reloc = 0;

	if (!unit->section->data || !unit->size)
		return listing;
	decoder = xalloc(sizeof(*decoder));
	pthread_mutex_lock(&libopcodes);
	start_decoder(decoder, unit, arena);
	while (decoder->at < unit->size) {
		reloc = collect_marks(decoder, reloc);
		decoder->at += decode_one(decoder, vec_push(&list));
	}
	if (decoder->decode)
		disassemble_free_target(&decoder->info);
	pthread_mutex_unlock(&libopcodes);
	free(decoder->bytes);
	free(decoder);
	listing.at = arena_array(arena, list.count, sizeof(*list.at));
	memcpy(listing.at, list.at, list.count * sizeof(*list.at));
	listing.count = list.count;
	free(list.at);
	return listing;
}
