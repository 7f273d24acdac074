// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whether a function or datum means the same in two images. Instructions are walked side by side: what does not
 * depend on places is equal byte for byte, what does must lead to corresponding things, slots, or equal constants.
 */
#include "create/missing-private.h"

#include <elf.h>
#include <string.h>

enum { DEPTH_MAX = 4, TABLE_ENTRIES_MAX = 4096 };

// How a place is used by the instruction that refers to it.
struct use {
	const struct thing *old, *new_thing; // the function, for jump tables
	bool address;                        // only its address is taken
	unsigned access;                     // bytes that are read there, at least
};

static bool same_place(const struct comparing *comparing, uint64_t old, uint64_t new_vaddr,
		       const struct use *use, unsigned depth);

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static bool same_dynamic(const struct image_symbol *old, const struct image_symbol *new_symbol)
{
	if (!old || !new_symbol)
		return old == new_symbol;
	return !strcmp(old->name, new_symbol->name) && same_text(old->version, new_symbol->version);
}

static bool same_slot(const struct comparing *comparing, const struct image_slot *old,
		      const struct image_slot *new_slot, unsigned depth)
{
	static const struct use pointer = {.address = true};

	if (old->kind != new_slot->kind || !same_dynamic(old->symbol, new_slot->symbol))
		return false;
	if (old->kind == SLOT_STATIC && comparing->old.image->elf_type != ET_EXEC)
		return old->target == new_slot->target;
	if (old->kind == SLOT_RELATIVE || old->kind == SLOT_IRELATIVE || old->kind == SLOT_STATIC)
		return same_place(comparing, old->target, new_slot->target, &pointer, depth);
	return old->addend == new_slot->addend;
}

// ---- places without a name -----------------------------------------------------------------------

static bool read_only(const struct image *image, uint64_t vaddr)
{
	return image_mapped(image, vaddr, 1, PF_R) && !image_mapped(image, vaddr, 1, PF_W);
}

// Bytes that the file has from VADDR to the end of its section.
static const uint8_t *tail_at(const struct image *image, uint64_t vaddr, uint64_t *size)
{
	const struct hp_image_section *section = image_section_at(image, vaddr);

	if (!section)
		return NULL;
	*size = section->size - (vaddr - section->vaddr);
	return image_bytes(image, vaddr, *size);
}

// A string literal: not empty, ends, the same on both sides. An empty one is the end of another or stands alone
// at an address that no aligned constant has.
static bool same_string(const uint8_t *old, uint64_t old_size, uint64_t old_vaddr, const uint8_t *new_bytes,
			uint64_t new_size, uint64_t new_vaddr)
{
	uint64_t least = old_size < new_size ? old_size : new_size;
	size_t length = strnlen((const char *)old, least);

	if (length == least || memcmp(old, new_bytes, length + 1) != 0)
		return false;
	return length || (old_vaddr & 7) || (new_vaddr & 7);
}

// Where entry I of a switch table leads: GCC's have distances from the table's start, or, in programs at a fixed place,
// addresses. 0: the table's bytes end before.
static uint64_t table_entry(const uint8_t *table, uint64_t size, uint64_t vaddr, unsigned width, unsigned i)
{
	uint64_t at = (uint64_t)width * i, address = 0;

	if (size < width || at > size - width)
		return 0;
	memcpy(&address, table + at, width);
	return width == 4 ? vaddr + (uint64_t)(int64_t)(int32_t)address : address;
}

/*
 * Nothing says where a table ends: it goes on while its entries lead into the function (or its cold part). Two that both
 * do, to different places, are a difference.
 */
static bool same_table(const struct comparing *comparing, const uint8_t *old, uint64_t old_size,
		       uint64_t old_vaddr, const uint8_t *new_bytes, uint64_t new_size, uint64_t new_vaddr,
		       const struct use *use, unsigned width)
{
	unsigned same = 0;

	for (; same < TABLE_ENTRIES_MAX; same++) {
		uint64_t one = table_entry(old, old_size, old_vaddr, width, same);
		uint64_t other = table_entry(new_bytes, new_size, new_vaddr, width, same);
		const struct thing *to = thing_over(&comparing->old, one);
		const struct thing *new_to = thing_over(&comparing->new_side, other);

		if (!to || !new_to || !to->code || !new_to->code)
			break;
		if (to != use->old && !strstr(to->symbol->name, ".cold"))
			break;
		if (to->other != new_to || one - to->vaddr != other - new_to->vaddr) {
			if (new_to == use->new_thing || strstr(new_to->symbol->name, ".cold"))
				return false;
			break;
		}
	}
	return same > 1;
}

static bool same_constant(const struct comparing *comparing, uint64_t old_vaddr, uint64_t new_vaddr,
			  const struct use *use)
{
	const uint8_t *old, *new_bytes;
	uint64_t old_size = 0, new_size = 0, wanted = use->access ? use->access : 16;

	if (!read_only(comparing->old.image, old_vaddr) || !read_only(comparing->new_side.image, new_vaddr))
		return false;
	old = tail_at(comparing->old.image, old_vaddr, &old_size);
	new_bytes = tail_at(comparing->new_side.image, new_vaddr, &new_size);
	if (!old || !new_bytes)
		return false;
	if (use->address &&
	    (same_string(old, old_size, old_vaddr, new_bytes, new_size, new_vaddr) ||
	     same_table(comparing, old, old_size, old_vaddr, new_bytes, new_size, new_vaddr, use, 4) ||
	     (comparing->old.image->elf_type == ET_EXEC &&
	      same_table(comparing, old, old_size, old_vaddr, new_bytes, new_size, new_vaddr, use, 8))))
		return true;
	return old_size >= wanted && new_size >= wanted && !memcmp(old, new_bytes, wanted);
}

// Things that neither image names: the ends of sections, headers, stripped data. Same section, same distance from
// its start or end.
static bool same_in_section(const struct comparing *comparing, uint64_t old, uint64_t new_vaddr)
{
	const struct hp_image_section *section = image_section_at(comparing->old.image, old);
	const struct hp_image_section *other = image_section_at(comparing->new_side.image, new_vaddr);

	if (!section || !other) // the file's headers: __ehdr_start
		return !section && !other &&
		       old - comparing->old.image->segments[0].vaddr ==
			       new_vaddr - comparing->new_side.image->segments[0].vaddr;
	if (read_only(comparing->old.image, old))
		return false; // its contents were compared
	return !strcmp(section->name, other->name) &&
	       (old - section->vaddr == new_vaddr - other->vaddr ||
		section->size - (old - section->vaddr) == other->size - (new_vaddr - other->vaddr));
}

/*
 * Several things may begin at one address in one image and at several in the other: `stdout`, copied to the start of
 * .bss, and `__bss_start` and `__TMC_END__`, which mark it. Numbered names say nothing here.
 */
static bool share_name(const struct comparing *comparing, const struct thing *old,
		       const struct thing *new_thing)
{
	const struct image_symbol *const *list, *const *others;
	size_t count, other_count;

	list = image_symbols_at(comparing->old.image, old->vaddr, &count);
	others = image_symbols_at(comparing->new_side.image, new_thing->vaddr, &other_count);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < other_count; j++)
			if (!strcmp(list[i]->name, others[j]->name) && !strchr(list[i]->name, '.') &&
			    same_text(list[i]->file, others[j]->file))
				return true;
	return false;
}

bool thing_is_function_name(const struct thing *thing)
{
	return !thing->code && name_is_function_name(thing->symbol->name);
}

static bool same_bytes(const struct comparing *comparing, const struct thing *old,
		       const struct thing *new_thing)
{
	const uint8_t *bytes = image_bytes(comparing->old.image, old->vaddr, old->size);
	const uint8_t *new_bytes = image_bytes(comparing->new_side.image, new_thing->vaddr, new_thing->size);

	return bytes && new_bytes && old->size == new_thing->size && !memcmp(bytes, new_bytes, old->size);
}

static bool same_thing(const struct comparing *comparing, const struct thing *old,
		       const struct thing *new_thing)
{
	if (thing_is_function_name(old) && thing_is_function_name(new_thing))
		return same_bytes(comparing, old, new_thing);
	return old->other == new_thing || share_name(comparing, old, new_thing);
}

static bool same_place(const struct comparing *comparing, uint64_t old, uint64_t new_vaddr,
		       const struct use *use, unsigned depth)
{
	const struct image_plt *plt = image_plt_at(comparing->old.image, old);
	const struct image_plt *new_plt = image_plt_at(comparing->new_side.image, new_vaddr);
	const struct image_slot *slot = image_slot_at(comparing->old.image, old);
	const struct image_slot *new_slot = image_slot_at(comparing->new_side.image, new_vaddr);
	const struct thing *thing, *other;

	if (!depth)
		return false;
	if (plt || new_plt)
		return plt && new_plt && same_slot(comparing, plt->slot, new_plt->slot, depth - 1);
	thing = thing_over(&comparing->old, old);
	other = thing_over(&comparing->new_side, new_vaddr);
	if (thing || other)
		return thing && other && same_thing(comparing, thing, other) &&
		       old - thing->vaddr == new_vaddr - other->vaddr;
	if (slot && new_slot && slot->in_got && new_slot->in_got)
		return same_slot(comparing, slot, new_slot, depth - 1);
	if (same_constant(comparing, old, new_vaddr, use))
		return true;
	return same_in_section(comparing, old, new_vaddr);
}

// ---- code ----------------------------------------------------------------------------------------

static uint64_t distance_at(const uint8_t *field)
{
	int32_t distance;

	memcpy(&distance, field, sizeof(distance));
	return (uint64_t)(int64_t)distance;
}

static const struct image_symbol *tls_symbol_over(const struct side *side, uint64_t offset)
{
	for (size_t i = 0; i < side->tls_symbol_count; i++)
		if (offset - side->tls_symbols[i]->vaddr < side->tls_symbols[i]->size)
			return side->tls_symbols[i];
	return NULL;
}

/*
 * Numbers that are offsets of one thread-local variable: from the thread pointer in programs, in the block in
 * libraries. That of an undefined weak one is the thread pointer's distance to address 0 (GNU ld).
 */
static bool same_tls_variable(const struct comparing *comparing, uint64_t old, uint64_t new_number)
{
	const struct image *image = comparing->old.image, *new_image = comparing->new_side.image;
	const struct image_symbol *symbol, *other;

	if (!image->tls_size || !new_image->tls_size)
		return false;
	if (image->executable) {
		old -= (uint64_t)image_tp_offset(image, 0);
		new_number -= (uint64_t)image_tp_offset(new_image, 0);
		if (!(old + image->tls_vaddr) && !(new_number + new_image->tls_vaddr))
			return true;
	}
	symbol = tls_symbol_over(&comparing->old, old);
	other = tls_symbol_over(&comparing->new_side, new_number);
	return symbol && other && !strcmp(symbol->name, other->name) &&
	       same_text(symbol->file, other->file) && old - symbol->vaddr == new_number - other->vaddr;
}

static bool starts_function(const struct side *side, uint64_t vaddr)
{
	const struct thing *thing = thing_over(side, vaddr);

	return thing && thing->code && thing->vaddr == vaddr;
}

// Not the linker's own tables (.rela.plt), which it lays out anew.
static bool is_constant(const struct image *image, uint64_t vaddr)
{
	const struct hp_image_section *section = image_section_at(image, vaddr);

	return section && !strncmp(section->name, ".rodata", 7);
}

/*
 * Words of a program at a fixed place may be numbers or addresses. Equal ones are not yet the same: another string or
 * function may lie at that address now. One that leads into the middle of code (O_TMPFILE is 0x410000) or to data that
 * the program writes is taken for the number it may be.
 */
static bool same_address(const struct comparing *comparing, uint64_t old, uint64_t new_vaddr,
			 const struct use *use)
{
	const struct image *image = comparing->old.image, *new_image = comparing->new_side.image;

	if (old == new_vaddr && !(is_constant(image, old) && is_constant(new_image, old)) &&
	    !(starts_function(&comparing->old, old) && starts_function(&comparing->new_side, old)))
		return true;
	return image_mapped(image, old, 1, PF_R) && image_mapped(new_image, new_vaddr, 1, PF_R) &&
	       same_place(comparing, old, new_vaddr, use, DEPTH_MAX);
}

static bool same_number(const struct comparing *comparing, const uint8_t *old, const uint8_t *new_bytes,
			unsigned size, const struct thing *function, const struct thing *new_function)
{
	const struct use use = {function, new_function, true, 0};
	bool equal = !memcmp(old, new_bytes, size);
	uint64_t one = 0, other = 0;

	if (!equal && size == 4 && same_tls_variable(comparing, distance_at(old), distance_at(new_bytes)))
		return true;
	if (comparing->old.image->elf_type != ET_EXEC)
		return equal; // addresses are PC-relative, so it is a number
	memcpy(&one, old, size);
	memcpy(&other, new_bytes, size);
	return same_address(comparing, one, other, &use);
}

static bool same_instruction(const struct comparing *comparing, const struct thing *old,
			     const struct thing *new_thing, uint64_t at, const uint8_t *code,
			     const uint8_t *new_code, const struct code_shape *shape)
{
	unsigned pc = shape->pc_field, number = shape->number, i = 0;

	for (; i < shape->length; i++) {
		if (pc && i == pc)
			i += 4;
		if (number && i == number)
			i += shape->number_size;
		if (i < shape->length && code[i] != new_code[i])
			return false;
	}
	if (number &&
	    !same_number(comparing, code + number, new_code + number, shape->number_size, old, new_thing))
		return false;
	if (pc) {
		uint64_t from = old->vaddr + at + shape->length,
			 new_from = new_thing->vaddr + at + shape->length;
		uint64_t to = from + distance_at(code + pc), new_to = new_from + distance_at(new_code + pc);
		const struct use use = {old, new_thing, shape->address, shape->access};

		// Within the function itself: the usual case, and the cheap one.
		if (to - old->vaddr < old->size && new_to - new_thing->vaddr < new_thing->size)
			return to - old->vaddr == new_to - new_thing->vaddr;
		return same_place(comparing, to, new_to, &use, DEPTH_MAX);
	}
	return true;
}

static uint64_t same_code(const struct comparing *comparing, const struct thing *old,
			  const struct thing *new_thing, uint64_t size)
{
	const uint8_t *code = image_bytes(comparing->old.image, old->vaddr, size);
	const uint8_t *new_code = image_bytes(comparing->new_side.image, new_thing->vaddr, size);
	uint64_t at = 0;

	if (!code || !new_code)
		return 0;
	while (at < size) {
		struct code_shape shape, new_shape;

		if (!comparing->link->shape(code + at, size - at, &shape) ||
		    !comparing->link->shape(new_code + at, size - at, &new_shape)) // data among the code
			return memcmp(code + at, new_code + at, size - at) ? at : size;
		if (memcmp(&shape, &new_shape, sizeof(shape)) != 0 ||
		    !same_instruction(comparing, old, new_thing, at, code + at, new_code + at, &shape))
			return at;
		at += shape.length;
	}
	return at;
}

// ---- data ----------------------------------------------------------------------------------------

static bool same_word(const struct comparing *comparing, const struct thing *old,
		      const struct thing *new_thing, uint64_t at, const uint8_t *bytes,
		      const uint8_t *new_bytes)
{
	const struct image_slot *slot = image_slot_at(comparing->old.image, old->vaddr + at);
	const struct image_slot *new_slot = image_slot_at(comparing->new_side.image, new_thing->vaddr + at);
	static const struct use pointer = {.address = true};
	uint64_t one, other;

	if (slot || new_slot)
		return slot && new_slot && same_slot(comparing, slot, new_slot, DEPTH_MAX);
	if (comparing->old.image->elf_type != ET_EXEC)
		return !memcmp(bytes, new_bytes, 8);
	memcpy(&one, bytes, 8);
	memcpy(&other, new_bytes, 8);
	return same_address(comparing, one, other, &pointer);
}

static uint64_t same_data(const struct comparing *comparing, const struct thing *old,
			  const struct thing *new_thing, uint64_t size)
{
	const uint8_t *bytes = image_bytes(comparing->old.image, old->vaddr, size);
	const uint8_t *new_bytes = image_bytes(comparing->new_side.image, new_thing->vaddr, size);
	uint64_t at = 0;

	if (!bytes || !new_bytes)
		return !bytes && !new_bytes ? size : 0; // .bss
	for (; size - at >= 8; at += 8)
		if (!same_word(comparing, old, new_thing, at, bytes + at, new_bytes + at))
			return at;
	return memcmp(bytes + at, new_bytes + at, size - at) ? at : size;
}

uint64_t things_same_until(const struct comparing *comparing, const struct thing *old,
			   const struct thing *new_thing)
{
	uint64_t least = old->size < new_thing->size ? old->size : new_thing->size;

	return old->code ? same_code(comparing, old, new_thing, least)
			 : same_data(comparing, old, new_thing, least);
}

bool things_equal(const struct comparing *comparing, const struct thing *old, const struct thing *new_thing)
{
	return old->size == new_thing->size && things_same_until(comparing, old, new_thing) >= old->size;
}
