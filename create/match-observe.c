// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Run-pre matching, one field: what its value in the image says about the symbol that the object's relocation
 * names. Every claim is checked against what the image itself knows: its symbols, its dynamic relocations, its PLT.
 */
#include "create/match-private.h"

#include <elf.h>
#include <string.h>

struct look {
	const struct matching *matching;
	const struct image *image;
	const struct symbol *symbol;
	const struct reloc *reloc;
	struct observation *seen;
	const char **what;
};

PRINTF_LIKE(2, 3) static bool wrong(const struct look *look, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	*look->what = arena_strdup(look->matching->arena, text);
	return false;
}

static const char *name_at(const struct image *image, uint64_t vaddr)
{
	const struct image_symbol *symbol = image_symbol_over(image, vaddr);

	return symbol ? symbol->name : "something without name";
}

static const char *wanted_name(const struct look *look)
{
	const struct unit *target = look->reloc->target;

	if (*look->symbol->name && look->symbol->kind != SYMBOL_SECTION)
		return look->symbol->name;
	return target && *target->name ? target->name : "a constant of its own";
}

static bool is_local(const struct symbol *symbol)
{
	return symbol->binding == BINDING_LOCAL;
}

static bool is_weak_undefined(const struct symbol *symbol)
{
	return !symbol->section && !symbol->common && !symbol->absolute && symbol->binding == BINDING_WEAK;
}

// --wrap=name makes references to `name` go to `__wrap_name`, those to `__real_name` to `name`.
static bool same_name(const char *object_name, const char *image_name)
{
	if (!strcmp(object_name, image_name))
		return true;
	if (!strncmp(image_name, "__wrap_", 7) && !strcmp(image_name + 7, object_name))
		return true;
	return !strncmp(object_name, "__real_", 7) && !strcmp(object_name + 7, image_name);
}

bool match_names_agree(const struct matching *matching, const struct symbol *symbol, uint64_t vaddr)
{
	const struct image *image = matching->image;
	const struct image_symbol *const *list;
	bool tls = symbol->kind == SYMBOL_TLS;
	size_t count;

	if (symbol->kind == SYMBOL_SECTION || !*symbol->name)
		return true;
	if (!image->full_symbols && is_local(symbol))
		return true; // .dynsym knows no statics; of the same name it may have another's global
	list = image_find(image, symbol->name, &count);
	for (size_t i = 0; i < count; i++)
		if ((list[i]->kind == SYMBOL_TLS ? image->tls_vaddr + list[i]->vaddr : list[i]->vaddr) ==
		    vaddr)
			return true;
	if (count) // --wrap
		list = image_symbols_at(image, vaddr, &count);
	else if (!image->full_symbols || symbol->section || tls)
		return true; // no names to disagree
	else
		list = image_symbols_at(image, vaddr, &count);
	for (size_t i = 0; i < count; i++)
		if (same_name(symbol->name, list[i]->name))
			return true;
	return false;
}

// The symbol of a dynamic relocation is the one the object names.
static bool is_symbol_of(const struct look *look, const struct image_slot *slot)
{
	return slot->symbol && !is_local(look->symbol) && same_name(look->symbol->name, slot->symbol->name);
}

static bool other_symbol(const struct look *look, const struct image_slot *slot)
{
	return wrong(look, "slot of `%s` instead of `%s`", slot->symbol ? slot->symbol->name : "no symbol",
		     wanted_name(look));
}

static bool see_zero(const struct look *look)
{
	look->seen->zero = true;
	return true;
}

// The symbol is at VADDR, directly.
static bool see_address(const struct look *look, uint64_t vaddr)
{
	const struct image_plt *plt = image_plt_at(look->image, vaddr);

	if (plt && plt->slot->kind == SLOT_IRELATIVE) { // an IFUNC's address is its stub
		look->seen->plt = plt;
		vaddr = plt->slot->target;
	} else if (plt && plt->slot->kind == SLOT_STATIC) { // a stub that a static link did not need
		vaddr = plt->slot->target;
	} else if (plt) { // canonical PLT entry, or a call
		if (!is_symbol_of(look, plt->slot))
			return wrong(look, "goes to `%s` instead of `%s`",
				     plt->slot->symbol ? plt->slot->symbol->name : "a stub",
				     wanted_name(look));
		look->seen->plt = plt;
		return true;
	}
	if (!vaddr && is_weak_undefined(look->symbol))
		return see_zero(look);
	if (!match_names_agree(look->matching, look->symbol, vaddr))
		return wrong(look, "refers to `%s` instead of `%s`", name_at(look->image, vaddr),
			     wanted_name(look));
	look->seen->has_address = true;
	look->seen->vaddr = vaddr;
	return true;
}

static bool see_tls_offset(const struct look *look, uint64_t offset)
{
	if (offset > look->image->tls_size)
		return wrong(look, "thread-local offset 0x%llx outside of the block, for `%s`",
			     (unsigned long long)offset, wanted_name(look));
	if (!match_names_agree(look->matching, look->symbol, look->image->tls_vaddr + offset))
		return wrong(look, "another thread-local variable than `%s`", wanted_name(look));
	look->seen->has_address = true;
	look->seen->vaddr = look->image->tls_vaddr + offset;
	return true;
}

static bool see_tp_offset(const struct look *look, uint64_t value)
{
	if (!look->image->executable)
		return wrong(look, "fixed thread-pointer offset in a library");
	return see_tls_offset(look, value - (uint64_t)image_tp_offset(look->image, 0));
}

// ---- slots ---------------------------------------------------------------------------------------

static const struct image_slot *slot_of(const struct look *look, uint64_t vaddr)
{
	const struct image_slot *slot = image_slot_at(look->image, vaddr);

	if (!slot)
		wrong(look, "no GOT slot at 0x%llx, for `%s`", (unsigned long long)vaddr, wanted_name(look));
	return slot;
}

static bool see_slot(const struct look *look, uint64_t vaddr)
{
	const struct image_slot *slot = slot_of(look, vaddr);

	if (!slot)
		return false;
	look->seen->slot = slot;
	switch (slot->kind) {
	case SLOT_ADDRESS:
	case SLOT_JUMP:
		return (is_symbol_of(look, slot) && !slot->addend) || other_symbol(look, slot);
	case SLOT_RELATIVE:
	case SLOT_IRELATIVE:
		return see_address(look, slot->target);
	case SLOT_STATIC:
		if (!slot->target && is_weak_undefined(look->symbol))
			return see_zero(look);
		if (look->image->elf_type == ET_EXEC || look->symbol->absolute)
			return see_address(look, slot->target);
		return wrong(look, "slot without relocation, for `%s`", wanted_name(look));
	default:
		return other_symbol(look, slot);
	}
}

// Two words: module and offset. Those of a local variable have the offset filled in already.
static bool see_tls_pair(const struct look *look, uint64_t vaddr)
{
	const struct image_slot *slot = slot_of(look, vaddr), *second;
	uint64_t offset;

	if (!slot)
		return false;
	look->seen->tls_module = slot;
	if (slot->kind != SLOT_TLS_MODULE)
		return other_symbol(look, slot);
	second = image_slot_at(look->image, vaddr + 8);
	if (slot->symbol) {
		if (!is_symbol_of(look, slot) ||
		    (second && (second->kind != SLOT_TLS_OFFSET || second->symbol != slot->symbol)))
			return other_symbol(look, slot);
		return true;
	}
	if (second || !image_read(look->image, vaddr + 8, &offset, sizeof(offset)))
		return other_symbol(look, slot);
	return see_tls_offset(look, offset);
}

static bool see_tls_module(const struct look *look, uint64_t vaddr)
{
	const struct image_slot *slot = slot_of(look, vaddr);

	if (slot && (slot->kind != SLOT_TLS_MODULE || slot->symbol))
		return other_symbol(look, slot);
	return slot;
}

static bool see_tp_slot(const struct look *look, uint64_t vaddr)
{
	const struct image_slot *slot = slot_of(look, vaddr);

	if (!slot)
		return false;
	look->seen->tp_offset = slot;
	if (slot->kind == SLOT_STATIC)
		return see_tp_offset(look, slot->target);
	if (slot->kind != SLOT_TP_OFFSET)
		return other_symbol(look, slot);
	if (slot->symbol)
		return (is_symbol_of(look, slot) && !slot->addend) || other_symbol(look, slot);
	return see_tls_offset(look, (uint64_t)slot->addend);
}

static bool see_descriptor(const struct look *look, uint64_t vaddr)
{
	const struct image_slot *slot = slot_of(look, vaddr);

	if (!slot)
		return false;
	look->seen->tls_descriptor = slot;
	if (slot->kind != SLOT_TLS_DESCRIPTOR)
		return other_symbol(look, slot);
	if (slot->symbol)
		return (is_symbol_of(look, slot) && !slot->addend) || other_symbol(look, slot);
	return see_tls_offset(look, (uint64_t)slot->addend);
}

// ---- whole words, which the dynamic linker may fill ------------------------------------------------

static bool see_word(const struct look *look, uint64_t at, uint64_t value)
{
	const struct image_slot *slot = image_slot_at(look->image, at);
	uint64_t addend = (uint64_t)look->reloc->addend;

	if (!slot) {
		if (look->image->elf_type == ET_EXEC || look->image->kernel || look->symbol->absolute ||
		    value == addend)
			return see_address(look, value - addend);
		return wrong(look, "pointer without relocation, for `%s`", wanted_name(look));
	}
	switch (slot->kind) {
	case SLOT_RELATIVE:
		return see_address(look, slot->target - addend);
	case SLOT_IRELATIVE:
		return see_address(look, slot->target);
	case SLOT_ADDRESS:
		return (is_symbol_of(look, slot) && slot->addend == look->reloc->addend) ||
		       other_symbol(look, slot);
	default:
		return other_symbol(look, slot);
	}
}

static bool see_size(const struct look *look, uint64_t size)
{
	const struct image_symbol *const *list;
	size_t count;

	if (look->symbol->section)
		return size == look->symbol->size || wrong(look, "another size of `%s`", wanted_name(look));
	list = image_find(look->image, look->symbol->name, &count);
	for (size_t i = 0; i < count; i++)
		if (list[i]->size == size)
			return true;
	return wrong(look, "another size of `%s`", wanted_name(look));
}

bool match_observe(const struct matching *matching, const struct section *section, const struct reloc *reloc,
		   const struct linked_field *field, uint64_t vaddr, struct observation *seen,
		   const char **what)
{
	struct look look = {matching, matching->image, reloc->symbol, reloc, seen, what};
	uint64_t addend = field->plain ? 0 : (uint64_t)reloc->addend;

	*seen = (struct observation){.reloc = reloc};
	switch (field->meaning) {
	case FIELD_NOTHING:
		return true;
	case FIELD_ADDRESS:
		if (reloc->info->kind == RELOC_ABSOLUTE &&
		    reloc->info->size == matching->object->arch->pointer_size)
			return see_word(&look, vaddr, field->value);
		return see_address(&look, field->value - addend);
	case FIELD_BRANCH:
		return see_address(&look, field->value - addend);
	case FIELD_SLOT:
		return see_slot(&look, field->value - addend);
	case FIELD_GOT_BASE:
		return field->value - addend == matching->image->got_base ||
		       wrong(&look, "another address of the GOT");
	case FIELD_GOT_OFFSET:
		return see_address(&look, field->value - addend + matching->image->got_base);
	case FIELD_SLOT_OFFSET:
		return see_slot(&look, field->value - addend + matching->image->got_base);
	case FIELD_SIZE:
		return see_size(&look, field->value - addend);
	case FIELD_TLS_PAIR:
		return see_tls_pair(&look, field->value - addend);
	case FIELD_TLS_MODULE:
		return see_tls_module(&look, field->value - addend);
	case FIELD_TLS_OFFSET:
		return see_tls_offset(&look, field->value - addend);
	case FIELD_TP_OFFSET:
		return see_tp_offset(&look, field->value - addend);
	case FIELD_TP_SLOT:
		return see_tp_slot(&look, field->value - addend);
	case FIELD_TLS_DESCRIPTOR:
		return see_descriptor(&look, field->value - addend);
	}
	(void)section;
	return false;
}
