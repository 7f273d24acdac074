// SPDX-License-Identifier: GPL-3.0-or-later
// Thread-local variables that the image has already. In executables their distance from the thread pointer is
// fixed, and every access sequence becomes local-exec, as the linker does it (psABI x86-64, TLS: "ELF Handling
// For Thread-Local Storage", 5.4 linker relaxation). In libraries the image's own TLS slots are used.
#include <elf.h>
#include <string.h>

#include "create/resolve.h"

struct variable {
	const struct reloc *reloc;
	bool known;
	uint64_t offset; // in the image's TLS block
	const struct image_slot *module, *tp_offset, *descriptor;
};

static void refuse_model(struct target *target, const struct member *member, const struct reloc *reloc)
{
	refuse(target, member->unit, "tls-model",
	       "reaches thread-local `%s` by %s, and the image has no slot for that; build with the TLS "
	       "model it was "
	       "built with",
	       reloc->symbol->name, reloc->info->name);
}

static const struct piece *piece_of(const struct target *target, const struct member *member)
{
	return intmap_get(target->piece_of, (uintptr_t)member->unit->object);
}

static void take_seen(struct variable *variable, const struct symbol_place *seen)
{
	if (!seen->seen)
		return;
	if (seen->has_tls_offset) {
		variable->known = true;
		variable->offset = seen->tls_offset;
	}
	variable->module = seen->tls_module;
	variable->tp_offset = seen->tp_offset;
	variable->descriptor = seen->tls_descriptor;
}

// What old code of the same object used for it.
static void look_at_old(const struct piece *piece, const struct unit *unit, const struct symbol *symbol,
			struct variable *variable)
{
	const struct unit *old = unit ? unit->match : NULL;

	if (!piece || !piece->placement || !piece->old)
		return;
	for (size_t i = 1; i < piece->old->symbol_count; i++) {
		const struct symbol *known = &piece->old->symbols[i];

		if (known->kind != SYMBOL_TLS && known->section)
			continue;
		if (old ? known->unit == old : known->name == symbol->name && !known->section)
			take_seen(variable, &piece->placement->symbols[i]);
	}
}

static void look_at_names(const struct target *target, const char *name, struct variable *variable)
{
	const struct image_symbol *const *all;
	size_t count, found = 0;

	all = image_find(target->image, name, &count);
	for (size_t i = 0; i < count; i++) {
		if (all[i]->kind != SYMBOL_TLS)
			continue;
		if (!found || all[i]->binding != BINDING_LOCAL) {
			variable->known = true;
			variable->offset = all[i]->vaddr;
		}
		found++;
	}
	if (found > 1)
		variable->known = false;
}

static bool find_variable(struct target *target, const struct member *member, const struct reloc *reloc,
			  struct variable *variable)
{
	struct unit *unit = reloc_unit(target, reloc);
	const char *name = unit && *unit->name ? unit->name : reloc->symbol->name;
	struct image_import import;
	bool ambiguous = false;

	*variable = (struct variable){.reloc = reloc};
	if (unit && !unit->match) {
		refuse(target, member->unit, "tls-new",
		       "uses new thread-local variable `%s`; a running program's threads have "
		       "no room for it, keep it per object instead",
		       name);
		return false;
	}
	look_at_old(piece_of(target, member), unit, reloc->symbol, variable);
	if (!variable->known)
		look_at_names(target, name, variable);
	if (reloc->symbol->binding != BINDING_LOCAL &&
	    image_import(target->image, name, &import, &ambiguous)) {
		variable->module = variable->module ? variable->module : import.tls_module;
		variable->tp_offset = variable->tp_offset ? variable->tp_offset : import.tp_offset;
		variable->descriptor = variable->descriptor ? variable->descriptor : import.tls_descriptor;
	}
	return true;
}

static uint64_t at(const struct member *member, const struct reloc *reloc)
{
	return reloc->offset - member->unit->offset;
}

static void point_at(struct target *target, struct member *member, const struct reloc *reloc,
		     struct payload_symbol *slot)
{
	(void)target;
	payload_relocate(member->section, member->offset + at(member, reloc), R_X86_64_PC32, slot,
			 reloc->addend);
}

// ---- executables: local-exec -----------------------------------------------------------------------------------

static uint8_t *code_at(struct member *member, uint64_t offset)
{
	return member->section->bytes.at + member->offset + offset;
}

static bool code_is(struct member *member, uint64_t offset, const char *bytes, size_t size)
{
	return offset <= member->unit->size && size <= member->unit->size - offset &&
	       !memcmp(code_at(member, offset), bytes, size);
}

#define CODE_IS(member, offset, text) code_is(member, offset, text, sizeof(text) - 1)

// The large code model: lea x@tlsgd(%rip),%rdi; movabs $__tls_get_addr@PLTOFF,%rax; add %reg,%rax; call *%rax.
static bool is_large_call(struct member *member, uint64_t field)
{
	return field >= 3 && CODE_IS(member, field - 3, "\x48\x8d\x3d") &&
	       CODE_IS(member, field + 4, "\x48\xb8") && CODE_IS(member, field + 17, "\xff\xd0");
}

static void relax_large_general(struct member *member, uint64_t field, int32_t tp_offset)
{
	memcpy(code_at(member, field - 3),
	       "\x64\x48\x8b\x04\x25\0\0\0\0\x48\x8d\x80\0\0\0\0\x66\x0f\x1f\x44\0\0", 22);
	memcpy(code_at(member, field + 9), &tp_offset, 4);
	member->tls_call_done = field + 6;
}

static void relax_large_local(struct member *member, uint64_t field)
{
	memcpy(code_at(member, field - 3),
	       "\x66\x66\x66\x66\x2e\x0f\x1f\x84\0\0\0\0\0\x64\x48\x8b\x04\x25\0\0\0\0", 22);
	member->tls_call_done = field + 6;
}

/* leaq x@tlsgd(%rip),%rdi; call __tls_get_addr  ->  mov %fs:0,%rax; lea x@tpoff(%rax),%rax */
static bool relax_general(struct member *member, uint64_t field, int32_t tp_offset)
{
	if (is_large_call(member, field)) {
		relax_large_general(member, field, tp_offset);
		return true;
	}
	if (field < 4 || !CODE_IS(member, field - 4, "\x66\x48\x8d\x3d") ||
	    (!CODE_IS(member, field + 4, "\x66\x66\x48\xe8") &&
	     !CODE_IS(member, field + 4, "\x66\x48\xff\x15")))
		return false;
	memcpy(code_at(member, field - 4), "\x64\x48\x8b\x04\x25\0\0\0\0\x48\x8d\x80", 12);
	memcpy(code_at(member, field + 8), &tp_offset, 4);
	member->tls_call_done = field + 8;
	return true;
}

/* leaq x@tlsld(%rip),%rdi; call __tls_get_addr  ->  mov %fs:0,%rax */
static bool relax_local(struct member *member, uint64_t field)
{
	if (field < 3 || !CODE_IS(member, field - 3, "\x48\x8d\x3d"))
		return false;
	if (CODE_IS(member, field + 4, "\xe8")) {
		memcpy(code_at(member, field - 3), "\x66\x66\x66\x64\x48\x8b\x04\x25\0\0\0\0", 12);
		member->tls_call_done = field + 5;
	} else if (CODE_IS(member, field + 4, "\xff\x15")) {
		memcpy(code_at(member, field - 3), "\x66\x66\x66\x66\x64\x48\x8b\x04\x25\0\0\0\0", 13);
		member->tls_call_done = field + 6;
	} else if (is_large_call(member, field)) {
		relax_large_local(member, field);
	} else {
		return false;
	}
	return true;
}

/* mov x@gottpoff(%rip),%reg -> mov $x@tpoff,%reg;  add x@gottpoff(%rip),%reg -> add $x@tpoff,%reg */
static bool relax_initial(struct member *member, uint64_t field, int32_t tp_offset)
{
	uint8_t *insn, reg;

	if (field < 3)
		return false;
	insn = code_at(member, field - 3);
	reg = insn[2] >> 3 & 7;
	if ((insn[0] != 0x48 && insn[0] != 0x4c) || (insn[2] & 0xc7) != 0x05 ||
	    (insn[1] != 0x8b && insn[1] != 0x03))
		return false;
	insn[0] = insn[0] == 0x4c ? 0x49
				  : 0x48; // the register moves from ModRM.reg to ModRM.r/m: REX.R -> REX.B
	insn[1] = insn[1] == 0x8b ? 0xc7 : 0x81;
	insn[2] = (uint8_t)(0xc0 | reg);
	memcpy(insn + 3, &tp_offset, 4);
	return true;
}

/* leaq x@tlsdesc(%rip),%reg -> mov $x@tpoff,%reg;  call *x@tlscall(%rax) -> xchg %ax,%ax */
static bool relax_descriptor(struct member *member, uint64_t field, int32_t tp_offset)
{
	uint8_t *insn, reg;

	if (field < 3)
		return false;
	insn = code_at(member, field - 3);
	reg = insn[2] >> 3 & 7;
	if ((insn[0] != 0x48 && insn[0] != 0x4c) || insn[1] != 0x8d || (insn[2] & 0xc7) != 0x05)
		return false;
	insn[0] = insn[0] == 0x4c ? 0x49 : 0x48;
	insn[1] = 0xc7;
	insn[2] = (uint8_t)(0xc0 | reg);
	memcpy(insn + 3, &tp_offset, 4);
	return true;
}

static bool relax_descriptor_call(struct member *member, uint64_t field)
{
	if (!CODE_IS(member, field, "\xff\x10"))
		return false;
	memcpy(code_at(member, field), "\x66\x90", 2);
	return true;
}

static bool make_local_exec(struct target *target, struct member *member, const struct reloc *reloc,
			    const struct variable *variable)
{
	uint64_t field = at(member, reloc);
	int64_t tp_offset = image_tp_offset(target->image, variable->offset);

	switch (reloc->info->type) {
	case R_X86_64_TLSGD:
		return relax_general(member, field, (int32_t)tp_offset);
	case R_X86_64_GOTTPOFF:
		return relax_initial(member, field, (int32_t)tp_offset);
	case R_X86_64_GOTPC32_TLSDESC:
		return relax_descriptor(member, field, (int32_t)tp_offset);
	case R_X86_64_TPOFF32:
	case R_X86_64_DTPOFF32:
		write_field(member, field, (uint64_t)(tp_offset + reloc->addend), 4);
		return true;
	case R_X86_64_TPOFF64:
	case R_X86_64_DTPOFF64:
		write_field(member, field, (uint64_t)(tp_offset + reloc->addend), 8);
		return true;
	}
	return false;
}

// ---- libraries: slots ------------------------------------------------------------------------------------------

// A pair of words for __tls_get_addr: the image's module, and an offset in its block.
static struct payload_symbol *own_pair(struct target *target, const struct image_slot *module,
				       uint64_t offset)
{
	struct payload_section *section =
		payload_get_section(target->payload, ".hp.got", SHT_PROGBITS, SHF_ALLOC);
	uint8_t words[16] = {0};
	uint64_t place;

	memcpy(words + 8, &offset, 8);
	place = payload_append(section, words, sizeof(words), 8);
	payload_relocate(section, place, R_X86_64_64,
			 bind_value(target, "hp.tls.module", HP_BIND_TLS_MODULE, module->vaddr, 0), 0);
	return payload_add_symbol(target->payload, "hp.got.tls", section, place, 16,
				  ELF64_ST_INFO(STB_LOCAL, STT_OBJECT));
}

static struct payload_symbol *pair_of(struct target *target, const struct variable *variable,
				      bool whole_module)
{
	const struct image_slot *module = image_own_tls_module(target->image);

	if (!whole_module && variable->module)
		return bind_slot(target, variable->reloc->symbol->name, variable->module->vaddr);
	if (!module || (!whole_module && !variable->known))
		return NULL;
	return own_pair(target, module, whole_module ? 0 : variable->offset);
}

static bool use_slots(struct target *target, struct member *member, const struct reloc *reloc,
		      const struct variable *variable)
{
	struct payload_symbol *slot = NULL;

	switch (reloc->info->type) {
	case R_X86_64_TLSGD:
	case R_X86_64_TLSLD:
		slot = pair_of(target, variable, reloc->info->type == R_X86_64_TLSLD);
		break;
	case R_X86_64_GOTTPOFF:
		if (variable->tp_offset)
			slot = bind_slot(target, reloc->symbol->name, variable->tp_offset->vaddr);
		break;
	case R_X86_64_GOTPC32_TLSDESC:
		if (variable->descriptor)
			slot = bind_slot(target, reloc->symbol->name, variable->descriptor->vaddr);
		break;
	case R_X86_64_DTPOFF32:
	case R_X86_64_DTPOFF64:
		if (variable->known)
			write_field(member, at(member, reloc), variable->offset + (uint64_t)reloc->addend,
				    reloc->info->size);
		return variable->known;
	}
	if (!slot)
		return false;
	point_at(target, member, reloc, slot);
	return true;
}

void resolve_tls(struct target *target, struct member *member, const struct reloc *reloc)
{
	struct variable variable;
	bool done;

	if (reloc->info->type == R_X86_64_TLSLD && target->image->executable) {
		if (!relax_local(member, at(member, reloc)))
			refuse_model(target, member, reloc);
		return;
	}
	if (reloc->info->type == R_X86_64_TLSLD) {
		if (!use_slots(target, member, reloc, &(struct variable){.reloc = reloc}))
			refuse_model(target, member, reloc);
		return;
	}
	if (!find_variable(target, member, reloc, &variable))
		return;
	if (reloc->info->type == R_X86_64_TLSDESC_CALL) {
		// Belongs to the descriptor load before it: rewritten exactly when that one is.
		if (target->image->executable && variable.known &&
		    !relax_descriptor_call(member, at(member, reloc)))
			refuse_model(target, member, reloc);
		return;
	}
	done = target->image->executable && variable.known ? make_local_exec(target, member, reloc, &variable)
							   : use_slots(target, member, reloc, &variable);
	if (!done)
		refuse_model(target, member, reloc);
}
