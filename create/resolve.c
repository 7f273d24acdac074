// SPDX-License-Identifier: GPL-3.0-or-later
// Binds every reference that leaves the payload, as far as the image tells: to an address of the image, to one
// of its own GOT slots, or, for what it never imported, to a name and version (DESIGN.md 5.4).
#include "create/kernel-target.h"

#include <elf.h>
#include <string.h>

static uint8_t undefined_info(bool function)
{
	return (uint8_t)ELF64_ST_INFO(STB_GLOBAL, function ? STT_FUNC : STT_NOTYPE);
}

static struct payload_symbol *bind(struct target *target, const char *key, const char *name,
				   const struct hp_binding *binding)
{
	void **place = strmap_put(target->bound_names, arena_strdup(target->arena, key));
	struct bound *bound;

	if (*place)
		return *place;
	*place = payload_add_symbol(target->payload, arena_strdup(target->arena, name), NULL, 0, 0,
				    undefined_info(binding->flags & HP_BINDING_FUNCTION));
	bound = vec_push(&target->bindings);
	*bound = (struct bound){.symbol = *place, .binding = *binding};
	// The payload's symbol has the name already; only a look-up needs it beside.
	if (binding->kind == HP_BIND_DYNAMIC)
		bound->binding.name = ((struct payload_symbol *)*place)->name;
	return *place;
}

struct payload_symbol *bind_image(struct target *target, const char *name, uint64_t vaddr, bool function)
{
	char *key = arena_printf(target->arena, "image %s %llx", name, (unsigned long long)vaddr);
	struct hp_binding binding = {
		.kind = HP_BIND_IMAGE, .vaddr = vaddr, .flags = function ? HP_BINDING_FUNCTION : 0};

	return bind(target, key, name, &binding);
}

struct payload_symbol *bind_slot(struct target *target, const char *name, uint64_t vaddr)
{
	char *key = arena_printf(target->arena, "slot %llx", (unsigned long long)vaddr);
	struct hp_binding binding = {.kind = HP_BIND_SLOT, .vaddr = vaddr};

	return bind(target, key, arena_printf(target->arena, "hp.slot.%s", name), &binding);
}

struct payload_symbol *bind_value(struct target *target, const char *name, uint32_t kind, uint64_t vaddr,
				  int64_t addend)
{
	char *key = arena_printf(target->arena, "value %u %s %llx %lld", kind, name,
				 (unsigned long long)vaddr, (long long)addend);
	struct hp_binding binding = {.kind = kind, .vaddr = vaddr, .addend = addend};

	return bind(target, key, name, &binding);
}

struct payload_symbol *old_entry(struct target *target, const struct member *member)
{
	return bind_image(target, arena_printf(target->arena, "hp.old.%s", member->unit->name),
			  member->old_vaddr, true);
}

// ---- symbols the image never imported --------------------------------------------------------------------------

// The version NEW's image asks for; a name that it imports in two versions is not to be told apart here.
static const char *wanted_version(struct target *target, const struct member *member, const char *name)
{
	const struct image *image = target->new_image;
	const struct image_symbol *found = NULL;

	for (size_t i = 1; image && i < image->dynamic_count; i++) {
		const struct image_symbol *symbol = &image->dynamic[i];

		if (symbol->defined || strcmp(symbol->name, name))
			continue;
		if (found)
			refuse(target, member->unit, "symbol-ambiguous",
			       "`%s` is imported in several versions by the new image; have one of them",
			       name);
		found = symbol;
	}
	return found ? found->version : NULL;
}

static struct payload_symbol *bind_dynamic(struct target *target, const struct member *member,
					   const struct symbol *symbol, const char *version)
{
	struct hp_binding binding = {.kind = HP_BIND_DYNAMIC, .version = version};
	char *key = arena_printf(target->arena, "dynamic %s@%s", symbol->name, version ? version : "");

	if (target->image->is_static) {
		refuse(target, member->unit, "symbol-missing",
		       "`%s` is not in the image, which is static: nothing can be looked up when applying; "
		       "keep to "
		       "what is linked in",
		       symbol->name);
	}
	if (symbol->binding == BINDING_WEAK)
		binding.flags |= HP_BINDING_WEAK;
	return bind(target, key, symbol->name, &binding);
}

// ---- what a relocation refers to -------------------------------------------------------------------------------

static const struct piece *piece_of(const struct target *target, const struct object *object)
{
	return intmap_get(target->piece_of, (uintptr_t)object);
}

// What matched old code uses for a symbol of that name, NULL when it refers to none.
static const struct symbol_place *seen_place(const struct target *target, const struct member *member,
					     const struct symbol *symbol)
{
	const struct piece *piece = piece_of(target, member->unit->object);

	if (!piece || !piece->placement)
		return NULL;
	for (size_t i = 1; i < piece->old->symbol_count; i++)
		if (piece->old->symbols[i].name == symbol->name && !piece->old->symbols[i].section &&
		    piece->placement->symbols[i].seen)
			return &piece->placement->symbols[i];
	return NULL;
}

// Can another module's definition take the place of this one?
static bool can_be_interposed(const struct target *target, const struct reloc *reloc, const struct unit *unit)
{
	const struct symbol *symbol = reloc->symbol;

	if (target->image->executable || target->image->symbolic || symbol->binding == BINDING_LOCAL ||
	    symbol->visibility != VISIBILITY_DEFAULT)
		return false;
	if (!symbol->section && unit)
		symbol = object_find(unit->object, symbol->name);
	return !symbol || (symbol->visibility == VISIBILITY_DEFAULT && symbol->binding != BINDING_LOCAL);
}

static bool is_function(const struct unit *unit)
{
	return unit->kind == UNIT_FUNCTION;
}

// An indirect function of the image itself is called, and known, through the stub the linker made for it.
static uint64_t ifunc_stub(const struct target *target, uint64_t resolver)
{
	for (size_t i = 0; i < target->image->plt_count; i++) {
		const struct image_plt *plt = &target->image->plt[i];

		if (plt->slot && plt->slot->kind == SLOT_IRELATIVE && plt->slot->target == resolver)
			return plt->vaddr;
	}
	return 0;
}

static bool is_ifunc(const struct unit *unit)
{
	return unit->symbol_count && unit->symbols[0]->kind == SYMBOL_IFUNC;
}

static struct payload_symbol *image_unit(struct target *target, const struct member *member,
					 const struct unit *unit, uint64_t vaddr)
{
	if (is_ifunc(unit)) {
		uint64_t stub = ifunc_stub(target, vaddr);

		if (!stub)
			refuse(target, member->unit, "ifunc-changed",
			       "`%s` is an indirect function that the image does not call yet", unit->name);
		vaddr = stub;
	}
	return bind_image(target, *unit->name ? unit->name : "hp.local", vaddr, is_function(unit));
}

// The one definition the image's symbol table has for a name that objects know as global. A hidden global is
// local in the image, where a static namesake may stand beside it.
static const struct image_symbol *image_definition(struct target *target, const struct member *member,
						   const char *name)
{
	const struct image_symbol *found = NULL;
	const struct image_symbol *const *all;
	size_t count, locals = 0;

	all = image_find(target->image, name, &count);
	for (size_t i = 0; i < count; i++) {
		if (all[i]->binding != BINDING_LOCAL)
			return all[i];
		locals += !found || found->vaddr != all[i]->vaddr;
		found = all[i];
	}
	if (locals > 1) {
		refuse(target, member->unit, "symbol-ambiguous",
		       "image has %zu symbols `%s`, and nothing tells which is meant; keep the old objects "
		       "that define "
		       "them in the tree",
		       locals, name);
	}
	return found;
}

struct address payload_address(const struct member *member)
{
	return (struct address){.symbol = member->symbol,
				.base = member->symbol == member->section->start ? (int64_t)member->offset
										 : 0};
}

// Nobody defines a weak symbol: a static link, and one that made no import of it, wrote zero.
static bool is_left_zero(const struct target *target, const struct symbol *symbol)
{
	struct image_import import;
	bool ambiguous = false;

	if (symbol->binding != BINDING_WEAK)
		return false;
	if (target->image->is_static)
		return true;
	return target->new_image && !image_export(target->new_image, symbol->name) &&
	       !image_import(target->new_image, symbol->name, &import, &ambiguous) && !ambiguous;
}

struct reference classify_reference(struct target *target, const struct member *member,
				    const struct reloc *reloc)
{
	struct reference reference = {.unit = reloc_unit(target, reloc), .name = reloc->symbol->name};
	const struct symbol_place *seen;
	const struct image_symbol *symbol;

	reference.distance = reloc_distance(reloc, reference.unit);
	reference.interposable = can_be_interposed(target, reloc, reference.unit);
	reference.imported =
		(!reference.unit || reference.interposable) && *reference.name &&
		image_import(target->image, reference.name, &reference.import, &reference.ambiguous);
	if (reference.unit) {
		reference.member = member_find(target, reference.unit);
		if (reference.member || unit_in_image(target, reference.unit->match, &reference.vaddr)) {
			reference.in_image = !reference.member;
			return reference;
		}
	}
	if (reloc->symbol->section || reloc->symbol->binding == BINDING_LOCAL)
		return reference;
	seen = seen_place(target, member, reloc->symbol);
	if (seen && seen->zero) {
		reference.zero = true;
		return reference;
	}
	if (seen && seen->has_address) {
		reference.in_image = true;
		reference.vaddr = seen->vaddr;
		if (seen->plt && seen->plt->slot->kind == SLOT_IRELATIVE) // vaddr is the resolver's
			reference.vaddr = seen->plt->vaddr;
		return reference;
	}
	if (reference.imported)
		return reference;
	symbol = image_definition(target, member, reference.name);
	if (symbol && symbol->kind != SYMBOL_TLS) {
		reference.in_image = true;
		reference.vaddr = symbol->vaddr;
		if (symbol->kind == SYMBOL_IFUNC && !(reference.vaddr = ifunc_stub(target, symbol->vaddr)))
			refuse(target, member->unit, "ifunc-changed",
			       "`%s` is an indirect function that the image does not call yet",
			       reference.name);
	}
	reference.zero = !symbol && is_left_zero(target, reloc->symbol);
	return reference;
}

// ---- addresses, calls, slots -----------------------------------------------------------------------------------

static void refuse_ambiguous(struct target *target, const struct member *member,
			     const struct reference *reference)
{
	refuse(target, member->unit, "symbol-ambiguous",
	       "image imports `%s` in several versions; have one of them", reference->name);
}

static struct payload_symbol *looked_up(struct target *target, const struct member *member,
					const struct reloc *reloc, const struct reference *reference)
{
	const char *version = reference->imported ? reference->import.symbol->version : NULL;

	if (reference->ambiguous)
		refuse_ambiguous(target, member, reference);
	if (!reference->imported)
		version = wanted_version(target, member, reference->name);
	return bind_dynamic(target, member, reloc->symbol, version);
}

// Does the reference mean a position within the function it is in, not the function's identity? In code, what
// is not the entry itself; in a jump table, everything.
static bool means_position(const struct member *member, const struct reloc *reloc)
{
	if (reloc->target_offset)
		return true;
	return member->unit->kind == UNIT_ANONYMOUS && reloc->info->kind == RELOC_RELATIVE;
}

struct address address_of(struct target *target, const struct member *member, const struct reloc *reloc,
			  const struct reference *reference)
{
	struct address none = {0};

	if (reference->member) {
		// The address of a replaced function is its old entry, in new code too.
		if (reference->member->old && !reference->unit->owner && !means_position(member, reloc))
			return (struct address){.symbol = old_entry(target, reference->member)};
		return payload_address(reference->member);
	}
	if (reference->zero)
		return (struct address){.symbol =
						bind_value(target, reference->name, HP_BIND_ABSOLUTE, 0, 0)};
	if (reference->in_image) {
		if (reference->unit)
			return (struct address){
				.symbol = image_unit(target, member, reference->unit, reference->vaddr)};
		return (struct address){.symbol =
						bind_image(target, reference->name, reference->vaddr, false)};
	}
	if (reference->imported && (reference->import.copy || reference->import.canonical)) {
		return (struct address){.symbol = bind_image(target, reference->name,
							     reference->import.copy
								     ? reference->import.copy
								     : reference->import.canonical,
							     false)};
	}
	if (reloc->symbol->section) {
		refuse(target, member->unit, "symbol-missing",
		       "refers to `%s`, which the image does not have; build the old tree with the flags of "
		       "the image",
		       reference->unit ? reference->unit->name : reference->name);
		return none;
	}
	return (struct address){.symbol = looked_up(target, member, reloc, reference)};
}

// Never part of the output, so that the symbol's place in memory may stand for it.
static const char *address_key(struct target *target, const struct address *address)
{
	return arena_printf(target->arena, "%p %lld", (const void *)address->symbol,
			    (long long)address->base);
}

static struct address own_slot(struct target *target, struct address address)
{
	struct payload_section *section =
		payload_get_section(target->payload, ".hp.got", SHT_PROGBITS, SHF_ALLOC);
	void **place = strmap_put(target->own_slots, address_key(target, &address));

	if (!*place) {
		uint64_t offset = payload_append(section, NULL, 8, 8);

		payload_relocate(section, offset, R_X86_64_64, address.symbol, address.base);
		*place = (void *)(uintptr_t)(offset + 1);
	}
	return (struct address){.symbol = payload_section_symbol(target->payload, section),
				.base = (int64_t)(uintptr_t)*place - 1};
}

// Does the slot hold the function's address, not only a way to call it? Lazily bound ones do not.
static const struct image_slot *address_slot(const struct reference *reference)
{
	if (!reference->imported)
		return NULL;
	if (reference->import.address && !reference->import.address->addend)
		return reference->import.address;
	if (reference->import.jump && !reference->import.jump->lazy && !reference->import.canonical)
		return reference->import.jump;
	return NULL;
}

struct address slot_of(struct target *target, const struct member *member, const struct reloc *reloc,
		       const struct reference *reference)
{
	const struct image_slot *slot = address_slot(reference);

	// The image's slot leads to the old constant.
	if (reference->member && reference->unit->kind != UNIT_FUNCTION)
		slot = NULL;
	if (slot)
		return (struct address){.symbol = bind_slot(target, reference->name, slot->vaddr)};
	return own_slot(target, address_of(target, member, reloc, reference));
}

// jmp *slot(%rip): changes no register, and neither flags.
static struct address veneer(struct target *target, struct address slot)
{
	struct payload_section *section =
		payload_get_section(target->payload, ".hp.plt", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);
	void **place = strmap_put(target->veneers, address_key(target, &slot));

	if (!*place) {
		uint64_t offset = payload_append(section, "\xff\x25\0\0\0\0\xcc\xcc", 8, 8);

		payload_relocate(section, offset + 2, R_X86_64_PC32, slot.symbol, slot.base - 4);
		*place = (void *)(uintptr_t)(offset + 1);
	}
	return (struct address){.symbol = payload_section_symbol(target->payload, section),
				.base = (int64_t)(uintptr_t)*place - 1};
}

struct address call_of(struct target *target, const struct member *member, const struct reloc *reloc,
		       const struct reference *reference)
{
	const struct image_slot *slot = NULL;

	if (reference->imported && (!reference->in_image || reference->interposable))
		slot = reference->import.jump ? reference->import.jump : address_slot(reference);
	if (slot) {
		struct payload_symbol *symbol = bind_slot(target, reference->name, slot->vaddr);

		return veneer(target, (struct address){.symbol = symbol});
	}
	// Direct calls inside the payload go to the new body.
	if (reference->member)
		return payload_address(reference->member);
	// A call of what is not there is never run; linkers let it go to address 0 of the image.
	if (reference->zero)
		return (struct address){.symbol = bind_image(target, reference->name, 0, false)};
	if (reference->in_image || reloc->symbol->section)
		return address_of(target, member, reloc, reference);
	return veneer(target, own_slot(target, address_of(target, member, reloc, reference)));
}

// ---- one relocation --------------------------------------------------------------------------------------------

static bool is_direct_branch(const struct member *member, uint64_t at)
{
	const uint8_t *code = member->section->bytes.at + member->offset + at;

	if (member->unit->kind != UNIT_FUNCTION || at < 1)
		return false;
	return code[-1] == 0xe8 || code[-1] == 0xe9 ||
	       (at >= 2 && code[-2] == 0x0f && (code[-1] & 0xf0) == 0x80);
}

void write_field(struct member *member, uint64_t at, uint64_t value, unsigned size)
{
	memcpy(member->section->bytes.at + member->offset + at, &value, size);
}

static void relocate(struct member *member, const struct reloc *reloc, uint32_t type, struct address address,
		     int64_t distance)
{
	payload_relocate(member->section, member->offset + (reloc->offset - member->unit->offset), type,
			 address.symbol, address.base + distance);
}

static bool is_looked_up(const struct target *target, const struct payload_symbol *symbol)
{
	for (size_t i = 0; i < target->bindings.count; i++)
		if (target->bindings.at[i].symbol == symbol)
			return target->bindings.at[i].binding.kind == HP_BIND_DYNAMIC;
	return false;
}

static void resolve_process(struct target *target, struct member *member, const struct reloc *reloc,
			    bool call)
{
	struct reference reference = classify_reference(target, member, reloc);
	struct address address = call ? call_of(target, member, reloc, &reference)
				      : address_of(target, member, reloc, &reference);
	uint32_t type = reloc->info->type == R_X86_64_PLT32 ? R_X86_64_PC32 : reloc->info->type;

	if (reference.ambiguous && !reference.in_image && !reference.member)
		refuse_ambiguous(target, member, &reference);
	if (!call && reloc->info->size == 4 && is_looked_up(target, address.symbol))
		refuse(target, member->unit, "symbol-missing",
		       "refers directly to `%s` of another library, which may be out of reach; build with "
		       "-fPIC or "
		       "-mno-direct-extern-access",
		       reference.name);
	relocate(member, reloc, type, address, reference.distance);
}

static void resolve_plain(struct target *target, struct member *member, const struct reloc *reloc, bool call)
{
	if (target->image->kernel)
		kernel_resolve(target, member, reloc, call);
	else
		resolve_process(target, member, reloc, call);
}

static void resolve_slot(struct target *target, struct member *member, const struct reloc *reloc)
{
	struct reference reference = classify_reference(target, member, reloc);
	uint32_t type = reloc->info->size == 8 ? R_X86_64_PC64 : R_X86_64_PC32;

	relocate(member, reloc, type, slot_of(target, member, reloc, &reference), reloc->addend);
}

// Whether the image tells where its GOT is. All distances from it are kept to that place: a split-off part uses the
// one that its function has computed.
static bool has_got_base(struct target *target, const struct member *member)
{
	if (!target->image->got_base)
		refuse(target, member->unit, "section-unsupported",
		       "uses the GOT's address, and the image tells no GOT; build it with the small code "
		       "model");
	return target->image->got_base;
}

static struct payload_symbol *got_base(struct target *target)
{
	return bind_image(target, "_GLOBAL_OFFSET_TABLE_", target->image->got_base, false);
}

// lea next(%rip), %r; movabs $_GLOBAL_OFFSET_TABLE_ + (. - next), %r11; add: where the GOT is.
static void resolve_got_base(struct target *target, struct member *member, const struct reloc *reloc)
{
	uint32_t type = reloc->info->type == R_X86_64_GOTPC64 ? R_X86_64_PC64 : R_X86_64_PC32;

	if (has_got_base(target, member))
		relocate(member, reloc, type, (struct address){.symbol = got_base(target)}, reloc->addend);
}

// What the large code model adds to the GOT's address: the distance of a datum, of a function or its stub, of a slot.
static void resolve_got_offset(struct target *target, struct member *member, const struct reloc *reloc)
{
	struct reference reference = classify_reference(target, member, reloc);
	struct address address;

	if (!has_got_base(target, member))
		return;
	got_base(target);
	if (reloc->info->kind == RELOC_GOT) {
		relocate(member, reloc, R_X86_64_GOTOFF64, slot_of(target, member, reloc, &reference),
			 reloc->addend);
		return;
	}
	address = reloc->info->kind == RELOC_CALL ? call_of(target, member, reloc, &reference)
						  : address_of(target, member, reloc, &reference);
	if (reference.ambiguous && !reference.in_image && !reference.member)
		refuse_ambiguous(target, member, &reference);
	relocate(member, reloc, R_X86_64_GOTOFF64, address, reference.distance);
}

static void resolve_reloc(struct target *target, struct member *member, const struct reloc *reloc)
{
	uint64_t at = reloc->offset - member->unit->offset;
	struct unit *unit;

	if (at && member->tls_call_done == at)
		return;
	if (reloc->info->size && member->section->type != SHT_NOBITS)
		write_field(member, at, 0, reloc->info->size);
	switch (reloc->info->type) {
	case R_X86_64_NONE:
		return;
	case R_X86_64_64:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC64:
		resolve_plain(target, member, reloc, false);
		return;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		resolve_plain(target, member, reloc, is_direct_branch(member, at));
		return;
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
	case R_X86_64_GOTPCREL64:
		resolve_slot(target, member, reloc);
		return;
	case R_X86_64_GOTPC32:
	case R_X86_64_GOTPC64:
		resolve_got_base(target, member, reloc);
		return;
	case R_X86_64_GOTOFF64:
	case R_X86_64_PLTOFF64:
	case R_X86_64_GOT64:
	case R_X86_64_GOTPLT64:
		resolve_got_offset(target, member, reloc);
		return;
	case R_X86_64_SIZE32:
	case R_X86_64_SIZE64:
		unit = reloc_unit(target, reloc);
		if (unit) {
			write_field(member, at, unit->size + (uint64_t)reloc->addend, reloc->info->size);
			return;
		}
		break;
	default:
		if (reloc->info->kind == RELOC_TLS || reloc->info->tls != TLS_NONE) {
			resolve_tls(target, member, reloc);
			return;
		}
	}
	refuse(target, member->unit, "section-unsupported",
	       "relocation %s against `%s` cannot be brought into a running program; build with the small "
	       "code model",
	       reloc->info->name, reloc->symbol->name);
}

void resolve_members(struct target *target)
{
	for (size_t i = 0; i < target->members.count; i++) {
		struct member *member = target->members.at[i];

		for (size_t r = 0; r < member->unit->reloc_count; r++)
			resolve_reloc(target, member, &member->unit->relocs[r]);
	}
}
