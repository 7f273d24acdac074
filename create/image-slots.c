// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the dynamic linker fills in: dynamic relocations, the GOT entries that the static linker filled already,
 * PLT stubs, and how an import is reached through them.
 */
#include "create/image-elf.h"

#include <stdlib.h>
#include <string.h>

typedef VEC(struct image_slot) slot_list;

static enum slot_kind kind_of(const struct image *image, uint32_t type)
{
	switch (image->private->link->dynamic_kind(type)) {
	case DYNAMIC_ADDRESS:
		return SLOT_ADDRESS;
	case DYNAMIC_JUMP:
		return SLOT_JUMP;
	case DYNAMIC_COPY:
		return SLOT_COPY;
	case DYNAMIC_RELATIVE:
		return SLOT_RELATIVE;
	case DYNAMIC_IRELATIVE:
		return SLOT_IRELATIVE;
	case DYNAMIC_TLS_MODULE:
		return SLOT_TLS_MODULE;
	case DYNAMIC_TLS_OFFSET:
		return SLOT_TLS_OFFSET;
	case DYNAMIC_TP_OFFSET:
		return SLOT_TP_OFFSET;
	case DYNAMIC_TLS_DESCRIPTOR:
		return SLOT_TLS_DESCRIPTOR;
	default:
		return SLOT_OTHER;
	}
}

static bool is_got_name(const char *name)
{
	return !strcmp(name, ".got") || !strcmp(name, ".got.plt") || !strcmp(name, ".igot") ||
	       !strcmp(name, ".igot.plt");
}

static bool in_got(const struct image *image, uint64_t vaddr)
{
	const struct hp_image_section *section = image_section_at(image, vaddr);

	return section && is_got_name(section->name);
}

// ---- dynamic relocations -------------------------------------------------------------------------

static const char *add_relocation(struct image *image, const Elf64_Rela *raw, slot_list *slots)
{
	uint32_t type = ELF64_R_TYPE(raw->r_info), index = ELF64_R_SYM(raw->r_info);
	struct image_slot slot = {
		.vaddr = raw->r_offset, .kind = kind_of(image, type), .type = type, .addend = raw->r_addend};

	if (image->private->link->dynamic_kind(type) == DYNAMIC_NONE)
		return NULL;
	if (index && index >= image->dynamic_count)
		return "has a dynamic relocation of a symbol that does not exist";
	if (index)
		slot.symbol = &image->dynamic[index];
	if (slot.kind == SLOT_RELATIVE || slot.kind == SLOT_IRELATIVE)
		slot.target = (uint64_t)raw->r_addend;
	slot.lazy = slot.kind == SLOT_JUMP && !image->bind_now;
	slot.in_got = slot.kind != SLOT_COPY && in_got(image, slot.vaddr);
	*vec_push(slots) = slot;
	return NULL;
}

static const char *add_table(struct image *image, struct elf_range table, slot_list *slots)
{
	const char *wrong = NULL;
	Elf64_Rela raw;

	for (size_t at = 0; table.size - at >= sizeof(raw) && !wrong; at += sizeof(raw)) {
		memcpy(&raw, table.at + at, sizeof(raw));
		wrong = add_relocation(image, &raw, slots);
	}
	return wrong;
}

static void add_relative_word(struct image *image, uint64_t vaddr, slot_list *slots)
{
	struct image_slot slot = {.vaddr = vaddr, .kind = SLOT_RELATIVE};

	// The table is sorted; were it not, a small one could name the same words without end.
	if (slots->count && slots->at[slots->count - 1].kind == SLOT_RELATIVE &&
	    !slots->at[slots->count - 1].type && slots->at[slots->count - 1].vaddr >= vaddr)
		return;
	if (!image_read(image, vaddr, &slot.target, sizeof(slot.target)))
		return;
	slot.in_got = in_got(image, vaddr);
	*vec_push(slots) = slot;
}

// gABI "Relative Relocation Table": an even word is an address, an odd one a bitmap of the 63 words behind it.
static void add_relr(struct image *image, slot_list *slots)
{
	const struct elf_range *table = &image->private->relr;
	uint64_t next = 0, word;

	for (size_t at = 0; table->size - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, table->at + at, sizeof(word));
		if (!(word & 1)) {
			add_relative_word(image, word, slots);
			next = word + 8;
			continue;
		}
		for (unsigned i = 0; i < 63; i++)
			if (word >> (i + 1) & 1)
				add_relative_word(image, next + 8 * i, slots);
		next += 63 * 8;
	}
}

// A program without dynamic section has its IRELATIVE relocations between __rela_iplt_start and _end, which is a
// section of its own.
static const char *add_sections(struct image *image, slot_list *slots)
{
	const struct elf_view *elf = &image->private->elf;
	const char *wrong = NULL;

	for (size_t i = 1; i < elf->section_count && !wrong; i++)
		if (elf->sections[i].sh_type == SHT_RELA && elf->sections[i].sh_flags & SHF_ALLOC)
			wrong = add_table(image, elf_section_range(elf, &elf->sections[i]), slots);
	return wrong;
}

static const char *add_relocations(struct image *image, slot_list *slots)
{
	const struct image_private *private = image->private;
	const char *wrong;

	if (!private->rela.size && !private->jump_rela.size)
		wrong = add_sections(image, slots);
	else
		wrong = add_table(image, private->rela, slots);
	if (!wrong)
		wrong = add_table(image, private->jump_rela, slots);
	add_relr(image, slots);
	return wrong;
}

static int compare_slots(const void *a, const void *b)
{
	const struct image_slot *one = a, *other = b;

	if (one->vaddr != other->vaddr)
		return one->vaddr < other->vaddr ? -1 : 1;
	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return one->addend < other->addend ? -1 : one->addend > other->addend;
}

// DT_RELA may include the range of DT_JMPREL: then every jump slot is there twice.
static size_t drop_repeated(struct image_slot *slots, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!kept || slots[i].vaddr != slots[kept - 1].vaddr || slots[i].type != slots[kept - 1].type)
			slots[kept++] = slots[i];
	return kept;
}

// ---- GOT entries that need no dynamic relocation ---------------------------------------------------

static bool covered(const struct image_slot *slots, size_t count, uint64_t vaddr)
{
	size_t low = 0, high = count;

	while (low < high) { // first slot behind VADDR
		size_t middle = low + (high - low) / 2;

		if (slots[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	low--;
	if (slots[low].vaddr == vaddr)
		return true;
	return vaddr - slots[low].vaddr == 8 &&
	       (slots[low].kind == SLOT_TLS_MODULE || slots[low].kind == SLOT_TLS_DESCRIPTOR);
}

static void add_static_entries(struct image *image, slot_list *slots)
{
	size_t dynamic = slots->count;

	for (size_t i = 0; i < image->section_count; i++) {
		const struct hp_image_section *section = &image->sections[i];
		uint64_t at = 0;

		if (!is_got_name(section->name))
			continue;
		if (!strcmp(section->name, ".got.plt") || section->vaddr == image->got_base)
			at = 8ull * image->private->link->got_reserved;
		for (; at + 8 <= section->size; at += 8) {
			struct image_slot slot = {
				.vaddr = section->vaddr + at, .kind = SLOT_STATIC, .in_got = true};
			const uint8_t *bytes = image_bytes(image, slot.vaddr, 8);

			if (!bytes)
				break;
			memcpy(&slot.target, bytes, 8);
			if (!covered(slots->at, dynamic, slot.vaddr))
				*vec_push(slots) = slot;
		}
	}
}

static void find_got_base(struct image *image)
{
	const char *const names[] = {".got.plt", ".got"};

	for (size_t n = 0; n < ARRAY_SIZE(names) && !image->got_base; n++)
		for (size_t i = 0; i < image->section_count && !image->got_base; i++)
			if (!strcmp(image->sections[i].name, names[n]))
				image->got_base = image->sections[i].vaddr;
}

// ---- PLT -----------------------------------------------------------------------------------------

static void add_stubs(struct image *image, const struct hp_image_section *section, struct image_plt *to,
		      size_t *count)
{
	const uint8_t *code = image_bytes(image, section->vaddr, section->size);

	// Entries are 8 or 16 bytes; the header of a lazy .plt pushes first and is no stub.
	for (uint64_t at = 0; code && at < section->size; at += 8) {
		uint64_t slot;
		const struct image_slot *found;

		if (!image->private->link->plt_stub(code + at, section->size - at, section->vaddr + at,
						    &slot))
			continue;
		// GNU ld keeps "already filled" in the lowest bit of a GOT offset, and in static PIEs lets it slip
		// into the stubs of undefined weak functions, which nobody calls.
		found = image_slot_at(image, slot & ~1ull);
		if (found && (!(slot & 1) || (found->kind == SLOT_STATIC && !found->target)))
			to[(*count)++] = (struct image_plt){section->vaddr + at, found};
	}
}

static int compare_plt(const void *a, const void *b)
{
	const struct image_plt *one = a, *other = b;

	return one->vaddr < other->vaddr ? -1 : one->vaddr > other->vaddr;
}

static void read_plt(struct image *image)
{
	uint64_t room = 0;

	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < image->section_count; i++) {
			const struct hp_image_section *section = &image->sections[i];

			if (!(section->flags & SHF_EXECINSTR) ||
			    (strncmp(section->name, ".plt", 4) && strncmp(section->name, ".iplt", 5)))
				continue;
			if (pass)
				add_stubs(image, section, image->plt, &image->plt_count);
			else if (image_bytes(image, section->vaddr, section->size))
				room += section->size / 8 + 1;
		}
		if (!pass)
			image->plt = arena_array(image->arena, room + 1, sizeof(*image->plt));
	}
	qsort(image->plt, image->plt_count, sizeof(*image->plt), compare_plt);
}

// ---- imports -------------------------------------------------------------------------------------

static const struct image_slot *first(const struct image_slot *had, const struct image_slot *slot)
{
	return had ? had : slot;
}

static void note_slot(struct image_import *import, const struct image_slot *slot)
{
	switch (slot->kind) {
	case SLOT_ADDRESS:
		if (slot->in_got && !slot->addend)
			import->address = first(import->address, slot);
		break;
	case SLOT_JUMP:
		import->jump = first(import->jump, slot);
		break;
	case SLOT_COPY:
		import->copy = slot->vaddr;
		break;
	case SLOT_TLS_MODULE:
		import->tls_module = first(import->tls_module, slot);
		break;
	case SLOT_TLS_OFFSET:
		import->tls_offset = first(import->tls_offset, slot);
		break;
	case SLOT_TP_OFFSET:
		if (!slot->addend)
			import->tp_offset = first(import->tp_offset, slot);
		break;
	case SLOT_TLS_DESCRIPTOR:
		import->tls_descriptor = first(import->tls_descriptor, slot);
		break;
	default:
		break;
	}
}

static void index_imports(struct image *image)
{
	struct image_import *imports = arena_array(image->arena, image->dynamic_count + 1, sizeof(*imports));

	image->private->imports = imports;
	for (size_t i = 0; i < image->slot_count; i++)
		if (image->slots[i].symbol)
			note_slot(&imports[image->slots[i].symbol->position], &image->slots[i]);
	for (size_t i = 0; i < image->plt_count; i++) {
		const struct image_symbol *symbol = image->plt[i].slot->symbol;

		if (symbol && !imports[symbol->position].plt)
			imports[symbol->position].plt = &image->plt[i];
	}
	for (size_t i = 0; i < image->dynamic_count; i++) {
		const struct image_symbol *symbol = &image->dynamic[i];

		imports[i].symbol = symbol;
		// An executable that takes a function's address gives the function its own PLT entry as address.
		if (!symbol->defined && symbol->vaddr && symbol->kind == SYMBOL_FUNCTION)
			imports[i].canonical = symbol->vaddr;
	}
}

static bool reached(const struct image_import *import)
{
	return import->address || import->jump || import->plt || import->canonical || import->copy ||
	       import->tls_module || import->tls_offset || import->tp_offset || import->tls_descriptor;
}

bool image_import(const struct image *image, const char *name, struct image_import *import, bool *ambiguous)
{
	const struct image_private *private = image->private;
	const struct image_symbol *const *list;
	size_t count, found = 0;

	*ambiguous = false;
	if (!image->dynamic_count)
		return false;
	list = image_slice_of_name(private->dynamic_by_name, private->dynamic_hash, image->dynamic_count - 1,
				   name, &count);
	for (size_t i = 0; i < count; i++) {
		const struct image_import *one = &private->imports[list[i]->position];

		if (!reached(one))
			continue;
		if (!found++)
			*import = *one;
	}
	*ambiguous = found > 1;
	return found == 1;
}

// ---- looking up ----------------------------------------------------------------------------------

const struct image_slot *image_slot_at(const struct image *image, uint64_t vaddr)
{
	size_t low = 0, high = image->slot_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->slots[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->slot_count && image->slots[low].vaddr == vaddr ? &image->slots[low] : NULL;
}

const struct image_plt *image_plt_at(const struct image *image, uint64_t vaddr)
{
	size_t low = 0, high = image->plt_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->plt[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < image->plt_count && image->plt[low].vaddr == vaddr ? &image->plt[low] : NULL;
}

static int compare_targets(const void *a, const void *b)
{
	const struct image_slot *one = *(const struct image_slot *const *)a;
	const struct image_slot *other = *(const struct image_slot *const *)b;

	if (one->target != other->target)
		return one->target < other->target ? -1 : 1;
	return one->vaddr < other->vaddr ? -1 : one->vaddr > other->vaddr;
}

static void index_targets(struct image *image)
{
	struct image_private *private = image->private;

	private->by_target = arena_array(image->arena, image->slot_count + 1, sizeof(*private->by_target));
	for (size_t i = 0; i < image->slot_count; i++) {
		const struct image_slot *slot = &image->slots[i];
		// In a PIE an entry without relocation holds a number (0, a TLS offset), no address.
		bool address = slot->kind == SLOT_RELATIVE ||
			       (slot->kind == SLOT_STATIC && image->elf_type == ET_EXEC && slot->target);

		if (slot->in_got && address)
		private->by_target[private->by_target_count++] = slot;
	}
	qsort(private->by_target, private->by_target_count, sizeof(*private->by_target), compare_targets);
}

const struct image_slot *image_slot_holding(const struct image *image, uint64_t target)
{
	const struct image_private *private = image->private;
	size_t low = 0, high = private->by_target_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (private->by_target[middle]->target < target)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == private->by_target_count || private->by_target[low]->target != target)
		return NULL;
	return private->by_target[low];
}

const struct image_slot *image_own_tls_module(const struct image *image)
{
	for (size_t i = 0; i < image->slot_count; i++) {
		const struct image_slot *slot = &image->slots[i];

		// A default-visibility definition of a library may be interposed: its pair may be another module's.
		if (slot->kind == SLOT_TLS_MODULE &&
		    (!slot->symbol || (slot->symbol->defined && image->executable)))
			return slot;
	}
	return NULL;
}

const char *image_read_slots(struct image *image)
{
	slot_list slots = {0};
	const char *wrong = add_relocations(image, &slots);

	find_got_base(image);
	if (!wrong && slots.count) {
		qsort(slots.at, slots.count, sizeof(*slots.at), compare_slots);
		slots.count = drop_repeated(slots.at, slots.count);
	}
	if (!wrong)
		add_static_entries(image, &slots);
	if (slots.count)
		qsort(slots.at, slots.count, sizeof(*slots.at), compare_slots);
	image->slots = arena_array(image->arena, slots.count + 1, sizeof(*image->slots));
	if (slots.count)
		memcpy(image->slots, slots.at, slots.count * sizeof(*slots.at));
	image->slot_count = slots.count;
	free(slots.at);
	read_plt(image);
	index_targets(image);
	index_imports(image);
	return wrong;
}
