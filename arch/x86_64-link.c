// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What linkers make of x86-64 code. psABI "Procedure Linkage Table", "Optimize GOTPCRELX Relocations" and
 * "Thread-Local Storage: code models, linker optimizations"; the exact bytes are those of GNU ld
 * (bfd/elf64-x86-64.c: elf_x86_64_convert_load_reloc, elf_x86_64_relocate_section), which gold and lld write too.
 */
#include "arch/link.h"

#include <elf.h>
#include <string.h>

static enum dynamic_kind dynamic_kind(uint32_t type)
{
	switch (type) {
	case R_X86_64_NONE:
		return DYNAMIC_NONE;
	case R_X86_64_64:
	case R_X86_64_GLOB_DAT:
		return DYNAMIC_ADDRESS;
	case R_X86_64_JUMP_SLOT:
		return DYNAMIC_JUMP;
	case R_X86_64_COPY:
		return DYNAMIC_COPY;
	case R_X86_64_RELATIVE:
	case R_X86_64_RELATIVE64:
		return DYNAMIC_RELATIVE;
	case R_X86_64_IRELATIVE:
		return DYNAMIC_IRELATIVE;
	case R_X86_64_DTPMOD64:
		return DYNAMIC_TLS_MODULE;
	case R_X86_64_DTPOFF64:
		return DYNAMIC_TLS_OFFSET;
	case R_X86_64_TPOFF64:
		return DYNAMIC_TP_OFFSET;
	case R_X86_64_TLSDESC:
		return DYNAMIC_TLS_DESCRIPTOR;
	default:
		return DYNAMIC_OTHER;
	}
}

static uint64_t load(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static uint64_t load_signed32(const uint8_t *at)
{
	return (uint64_t)(int64_t)(int32_t)load(at, 4);
}

// [endbr64] [bnd] jmp *slot(%rip), in .plt, .plt.got and .plt.sec.
static size_t plt_stub(const uint8_t *code, size_t size, uint64_t vaddr, uint64_t *slot)
{
	size_t at = 0;

	if (size >= 4 && !memcmp(code, "\xf3\x0f\x1e\xfa", 4))
		at = 4;
	if (size - at >= 1 && code[at] == 0xf2)
		at++;
	if (size - at < 6 || code[at] != 0xff || code[at + 1] != 0x25)
		return 0;
	*slot = vaddr + at + 6 + load_signed32(code + at + 2);
	return at + 6;
}

// Variant II: the program's block ends at the thread pointer.
static int64_t tp_offset(uint64_t offset, uint64_t size, uint64_t align)
{
	uint64_t block = align > 1 ? (size + align - 1) & ~(align - 1) : size;

	return (int64_t)(offset - block);
}

// ---- the rewritten forms -------------------------------------------------------------------------

struct form {
	const struct link_place *place;
	const uint8_t *old, *now; // the field's bytes in object and image
	struct linked_field *field;
};

// BEFORE bytes in front of the field and AFTER behind its four lie in the section.
static bool has_room(const struct link_place *place, unsigned before, unsigned after)
{
	return place->offset >= before && place->size - place->offset >= 4u + after;
}

static bool found(struct form *form, enum field_meaning meaning, uint64_t value, unsigned before,
		  unsigned after)
{
	*form->field = (struct linked_field){
		.meaning = meaning, .value = value, .before = before, .after = after, .relocs = 1};
	return true;
}

static bool found_plain(struct form *form, enum field_meaning meaning, uint64_t value, unsigned before)
{
	found(form, meaning, value, before, 0);
	form->field->plain = true;
	return true;
}

static uint64_t pc_relative(const struct form *form)
{
	return form->place->vaddr + load_signed32(form->now);
}

static bool same_before(const struct form *form, unsigned count)
{
	if (form->place->offset < count)
		count = form->place->offset;
	return !memcmp(form->old - count, form->now - count, count);
}

// REX.R, which extended the register in ModRM.reg, becomes REX.B, which extends it in ModRM.rm.
static uint8_t moved_rex(uint8_t rex)
{
	return (rex & ~4) | (rex >> 2 & 1);
}

// ff 15 f        call *foo@GOTPCREL(%rip)   ->   67 e8 f  addr32 call foo, or  e8 f 90  with the nop behind
// ff 25 f        jmp *foo@GOTPCREL(%rip)    ->   e9 f 90  jmp foo; nop
static bool relaxed_branch(struct form *form)
{
	const uint8_t *old = form->old, *now = form->now;
	uint8_t opcode;

	if (!has_room(form->place, 2, 0) || old[-2] != 0xff || (old[-1] != 0x15 && old[-1] != 0x25))
		return false;
	opcode = old[-1] == 0x15 ? 0xe8 : 0xe9;
	if (opcode == 0xe8 && (now[-2] == 0x67 || now[-2] == 0x90) && now[-1] == opcode)
		return found(form, FIELD_BRANCH, pc_relative(form), 2, 0);
	if (now[-2] == opcode && (now[3] == 0x90 || (opcode == 0xe8 && now[3] == 0x67)))
		// the field moved one byte down; its end, which the addend counts from, too
		return found(form, FIELD_BRANCH, form->place->vaddr - 1 + load_signed32(now - 1), 2, 0);
	return false;
}

// [rex] 8b /r f  mov foo@GOTPCREL(%rip), %r  ->  [rex] 8d /r f  lea foo(%rip), %r
//                                            or  [rex'] c7 c0+r imm32  mov $foo, %r
// [rex] 85 /r f  test %r, foo@GOTPCREL(%rip) ->  [rex'] f7 c0+r imm32
// [rex] 03 /r f  add foo@GOTPCREL(%rip), %r  ->  [rex'] 81 /0 imm32; so or, adc, sbb, and, sub, xor, cmp
static bool relaxed_load(struct form *form)
{
	const uint8_t *old = form->old, *now = form->now;
	bool rex = form->place->info->type == R_X86_64_REX_GOTPCRELX ||
		   (form->place->info->type == R_X86_64_GOTPCREL && form->place->offset >= 3 &&
		    (old[-3] & 0xf0) == 0x40);
	uint8_t opcode, operand, to;

	if (!has_room(form->place, rex ? 3 : 2, 0) || (old[-1] & 0xc7) != 0x05)
		return false;
	if (old[-2] == 0x8b && now[-2] == 0x8d && now[-1] == old[-1] && (!rex || now[-3] == old[-3]))
		return found(form, FIELD_ADDRESS, pc_relative(form), rex ? 3 : 2, 0);
	to = old[-1] >> 3 & 7;
	if (old[-2] == 0x8b) {
		opcode = 0xc7;
		operand = 0xc0 | to;
	} else if (old[-2] == 0x85) {
		opcode = 0xf7;
		operand = 0xc0 | to;
	} else if ((old[-2] & 0xc7) == 0x03) {
		opcode = 0x81;
		operand = 0xc0 | to | (old[-2] & 0x38);
	} else {
		return false;
	}
	if (now[-2] != opcode || now[-1] != operand || (rex && now[-3] != moved_rex(old[-3])))
		return false;
	return found_plain(form, FIELD_ADDRESS, load_signed32(now), rex ? 3 : 2);
}

static bool read_got_load(struct form *form)
{
	// Opcode and ModRM; what is before them may be another field's last byte.
	if (same_before(form, 2))
		return found(form, FIELD_SLOT, pc_relative(form), 0, 0);
	return relaxed_branch(form) || relaxed_load(form);
}

static const uint8_t load_tp[] = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0}; // mov %fs:0, %rax

// The large code model has the same load before a call through a register:
//   48 8d 3d f  48 b8 g(8 bytes)  48 01 d8 (or 4c 01 f8)  ff d0
// lea x@tlsgd(%rip), %rdi; movabs $__tls_get_addr@PLTOFF, %rax; add %rbx, %rax; call *%rax. It is 22 bytes long.
static bool is_large_tls_call(const struct form *form)
{
	return form->place->next_info && form->place->next_info->type == R_X86_64_PLTOFF64 &&
	       form->place->next_offset == form->place->offset + 6 && has_room(form->place, 3, 15);
}

// mov %fs:0, %rax; lea x@tpoff(%rax), %rax  (or add x@gottpoff(%rip), %rax)  at START, the number behind them.
static bool read_tp_sequence(struct form *form, const uint8_t *start)
{
	const uint8_t *field = start + 12;

	if (memcmp(start, load_tp, sizeof(load_tp)) != 0)
		return false;
	if (!memcmp(start + 9, "\x48\x8d\x80", 3))
		return found_plain(form, FIELD_TP_OFFSET, load_signed32(field), 0);
	if (!memcmp(start + 9, "\x48\x03\x05", 3))
		return found(form, FIELD_TP_SLOT,
			     form->place->vaddr + (uint64_t)(field - form->now) + load_signed32(field), 0, 0);
	return false;
}

static bool covers(struct form *form, uint8_t before, uint8_t after)
{
	form->field->before = before;
	form->field->after = after;
	form->field->relocs = 2;
	return true;
}

// The same as below, and  66 0f 1f 44 00 00  nopw 0(%rax,%rax,1)  behind it.
static bool read_large_general_dynamic(struct form *form)
{
	const uint8_t *start = form->now - 3;

	if (same_before(form, 3))
		return found(form, FIELD_TLS_PAIR, pc_relative(form), 0, 0);
	return !memcmp(start + 16, "\x66\x0f\x1f\x44\0", 6) && read_tp_sequence(form, start) &&
	       covers(form, 3, 15);
}

/*
 * 66 48 8d 3d f  66 66 48 e8 g     lea x@tlsgd(%rip), %rdi; call __tls_get_addr@PLT   (or 66 48 ff 15 g)
 *   -> 64 48 8b 04 25 0 0 0 0  48 8d 80 imm32     mov %fs:0, %rax; lea x@tpoff(%rax), %rax
 *   -> 64 48 8b 04 25 0 0 0 0  48 03 05 f         mov %fs:0, %rax; add x@gottpoff(%rip), %rax
 */
static bool read_general_dynamic(struct form *form)
{
	if (is_large_tls_call(form))
		return read_large_general_dynamic(form);
	if (same_before(form, 4))
		return found(form, FIELD_TLS_PAIR, pc_relative(form), 0, 0);
	if (!has_room(form->place, 4, 8) || !form->place->next_info ||
	    form->place->next_offset != form->place->offset + 8)
		return false;
	return read_tp_sequence(form, form->now - 4) && covers(form, 4, 8);
}

/*
 * 48 8d 3d f  e8 g           lea x@tlsld(%rip), %rdi; call __tls_get_addr@PLT     (or ff 15 g: one byte more)
 *   -> 66 66 66  64 48 8b 04 25 0 0 0 0     mov %fs:0, %rax
 * and in the large code model 13 bytes of nop before it.
 */
static bool read_local_dynamic(struct form *form)
{
	static const uint8_t large[] = {0x66, 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
	const uint8_t *start = form->now - 3;
	unsigned pads = form->place->next_offset - form->place->offset == 6 ? 4 : 3;

	if (same_before(form, 3))
		return found(form, FIELD_TLS_MODULE, pc_relative(form), 0, 0);
	if (is_large_tls_call(form))
		return !memcmp(start, large, sizeof(large)) &&
		       !memcmp(start + sizeof(large), load_tp, sizeof(load_tp)) &&
		       found(form, FIELD_NOTHING, 0, 3, 15) && covers(form, 3, 15);
	if (!form->place->next_info || form->place->next_offset - form->place->offset != pads + 2u ||
	    !has_room(form->place, 3, pads + 2))
		return false;
	for (unsigned i = 0; i < pads; i++)
		if (start[i] != 0x66)
			return false;
	if (memcmp(start + pads, load_tp, sizeof(load_tp)) != 0)
		return false;
	found(form, FIELD_NOTHING, 0, 3, pads + 2);
	form->field->relocs = 2;
	return true;
}

// 48 8b /r f  mov x@gottpoff(%rip), %r  ->  48 c7 c0+r imm32      mov $x@tpoff, %r
// 48 03 /r f  add x@gottpoff(%rip), %r  ->  48 8d 80+r+r<<3 imm32 lea x@tpoff(%r), %r; for %rsp and %r12: 48 81 c4
static bool read_initial_exec(struct form *form)
{
	const uint8_t *old = form->old, *now = form->now;
	uint8_t to;

	if (same_before(form, 3))
		return found(form, FIELD_TP_SLOT, pc_relative(form), 0, 0);
	if (!has_room(form->place, 3, 0) || (old[-1] & 0xc7) != 0x05 || (old[-3] & 0xf8) != 0x48)
		return false;
	to = old[-1] >> 3 & 7;
	if (old[-2] == 0x8b) {
		if (now[-3] != moved_rex(old[-3]) || now[-2] != 0xc7 || now[-1] != (0xc0 | to))
			return false;
	} else if (old[-2] != 0x03) {
		return false;
	} else if (now[-2] == 0x81) {
		if (now[-3] != moved_rex(old[-3]) || now[-1] != (0xc0 | to))
			return false;
	} else if (now[-2] != 0x8d || now[-1] != (0x80 | to | to << 3) ||
		   now[-3] != (old[-3] & 4 ? old[-3] | 1 : old[-3])) {
		return false;
	}
	return found_plain(form, FIELD_TP_OFFSET, load_signed32(now), 3);
}

// 48 8d /r f  lea x@tlsdesc(%rip), %r  ->  48 c7 c0+r imm32  mov $x@tpoff, %r
//                                      ->  48 8b /r f        mov x@gottpoff(%rip), %r
static bool read_descriptor(struct form *form)
{
	const uint8_t *old = form->old, *now = form->now;

	if (same_before(form, 3))
		return found(form, FIELD_TLS_DESCRIPTOR, pc_relative(form), 0, 0);
	if (!has_room(form->place, 3, 0) || old[-2] != 0x8d || (old[-1] & 0xc7) != 0x05)
		return false;
	if (now[-2] == 0x8b && now[-1] == old[-1] && now[-3] == old[-3])
		return found(form, FIELD_TP_SLOT, pc_relative(form), 3, 0);
	if (now[-2] != 0xc7 || now[-1] != (0xc0 | (old[-1] >> 3 & 7)) || now[-3] != moved_rex(old[-3]))
		return false;
	return found_plain(form, FIELD_TP_OFFSET, load_signed32(now), 3);
}

// ff 10  call *x@tlscall(%rax)  ->  66 90
static bool read_descriptor_call(struct form *form)
{
	if (form->place->size - form->place->offset < 2)
		return false;
	found(form, FIELD_NOTHING, 0, 0, 2);
	return !memcmp(form->old, form->now, 2) || !memcmp(form->now, "\x66\x90", 2);
}

static uint64_t load_field(const struct form *form)
{
	unsigned size = form->place->info->size;
	uint64_t value = load(form->now, size);

	if (size == 8 || form->place->info->type == R_X86_64_32)
		return value;
	return (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
}

// Fields whose instruction stays as it is.
static bool read_plain(struct form *form)
{
	const struct link_place *place = form->place;
	uint64_t value = load_field(form);

	switch (place->info->kind) {
	case RELOC_NONE:
	case RELOC_HINT:
		return found(form, FIELD_NOTHING, 0, 0, 0);
	case RELOC_ABSOLUTE:
		return found(form, FIELD_ADDRESS, value, 0, 0);
	case RELOC_RELATIVE:
		return found(form, FIELD_ADDRESS, place->vaddr + value, 0, 0);
	case RELOC_CALL:
		if (place->info->type == R_X86_64_PLTOFF64) // of the function, or of its stub
			return found(form, FIELD_GOT_OFFSET, value, 0, 0);
		return found(form, FIELD_BRANCH, place->vaddr + value, 0, 0);
	case RELOC_SIZE:
		return found(form, FIELD_SIZE, value, 0, 0);
	case RELOC_GOT:
		if (place->info->type == R_X86_64_GOTPCREL64)
			return found(form, FIELD_SLOT, place->vaddr + value, 0, 0);
		return place->info->size == 8 && found(form, FIELD_SLOT_OFFSET, value, 0, 0);
	case RELOC_GOT_BASE:
		if (place->info->type == R_X86_64_GOTOFF64)
			return found(form, FIELD_GOT_OFFSET, value, 0, 0);
		return found(form, FIELD_GOT_BASE, place->vaddr + value, 0, 0);
	case RELOC_TLS:
		break;
	}
	switch (place->info->type) {
	case R_X86_64_DTPOFF32: // part of a local-dynamic sequence, which programs never keep
		return found(form, place->code && place->executable ? FIELD_TP_OFFSET : FIELD_TLS_OFFSET,
			     value, 0, 0);
	case R_X86_64_DTPOFF64:
		return found(form, FIELD_TLS_OFFSET, value, 0, 0);
	case R_X86_64_TPOFF32:
	case R_X86_64_TPOFF64:
		return found(form, FIELD_TP_OFFSET, value, 0, 0);
	default:
		return false;
	}
}

static bool read_field(const struct link_place *place, struct linked_field *field, uint64_t *wrong)
{
	struct form form = {place, place->object + place->offset, place->image + place->offset, field};
	bool good;

	switch (place->info->type) {
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		good = place->code ? read_got_load(&form)
				   : found(&form, FIELD_SLOT, pc_relative(&form), 0, 0);
		break;
	case R_X86_64_TLSGD:
		good = read_general_dynamic(&form);
		break;
	case R_X86_64_TLSLD:
		good = read_local_dynamic(&form);
		break;
	case R_X86_64_GOTTPOFF:
		good = read_initial_exec(&form);
		break;
	case R_X86_64_GOTPC32_TLSDESC:
		good = read_descriptor(&form);
		break;
	case R_X86_64_TLSDESC_CALL:
		good = read_descriptor_call(&form);
		break;
	default:
		good = read_plain(&form);
		break;
	}
	*wrong = place->offset;
	return good;
}

bool x86_64_shape(const uint8_t *code, size_t left, struct code_shape *shape);

const struct arch_link arch_link_x86_64 = {
	.machine = EM_X86_64,
	.dynamic_kind = dynamic_kind,
	.plt_stub = plt_stub,
	.tp_offset = tp_offset,
	.read_field = read_field,
	.shape = x86_64_shape,
	.got_reserved = 3,
};

const struct arch_link *arch_link(const struct arch *arch)
{
	return arch->machine == EM_X86_64 ? &arch_link_x86_64 : NULL;
}
