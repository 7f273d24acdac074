// SPDX-License-Identifier: GPL-3.0-or-later
// Instruction lengths by libopcodes, branches and rip-relative operands by their encoding
// (Intel SDM volume 2: 2.1 instruction format, 2.2.1.6 rip-relative addressing, appendix A opcode map).
#include "create/instruction.h"

// bfd.h wants a configured package.
#define PACKAGE "hotpatch"
#include <dis-asm.h>
#include <stdlib.h>
#include <string.h>

#include "util/util.h"

struct decoder {
	struct disassemble_info info;
	disassembler_ftype print;
	uint64_t address; // last address the disassembler printed: the target
	bool has_address;
};

static int print_nothing(void *stream, const char *format, ...)
{
	(void)stream;
	(void)format;
	return 0;
}

static int print_nothing_styled(void *stream, enum disassembler_style style, const char *format, ...)
{
	(void)stream;
	(void)style;
	(void)format;
	return 0;
}

static void take_address(bfd_vma address, struct disassemble_info *info)
{
	struct decoder *decoder = info->application_data;

	decoder->address = address;
	decoder->has_address = true;
}

static void ignore_memory_error(int status, bfd_vma address, struct disassemble_info *info)
{
	(void)status;
	(void)address;
	(void)info;
}

struct decoder *decoder_new(void)
{
	struct decoder *decoder = xalloc(sizeof(*decoder));

	memset(decoder, 0, sizeof(*decoder));
	init_disassemble_info(&decoder->info, decoder, print_nothing, print_nothing_styled);
	decoder->info.arch = bfd_arch_i386;
	decoder->info.mach = bfd_mach_x86_64;
	decoder->info.endian = BFD_ENDIAN_LITTLE;
	decoder->info.application_data = decoder;
	decoder->info.print_address_func = take_address;
	decoder->info.memory_error_func = ignore_memory_error;
	disassemble_init_for_target(&decoder->info);
	decoder->print = disassembler(bfd_arch_i386, false, bfd_mach_x86_64, NULL);
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	disassemble_free_target(&decoder->info);
	free(decoder);
}

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return byte >= 0x40 && byte <= 0x4f; // REX
	}
}

static void set_branch(struct instruction *out, enum flow flow, const uint8_t *bytes, uint8_t opcode_end,
		       uint64_t vaddr)
{
	int32_t distance;

	out->flow = flow;
	out->field = opcode_end;
	out->field_size = (uint8_t)(out->length - opcode_end);
	if (out->field_size == 1) {
		distance = (int8_t)bytes[opcode_end];
	} else if (out->field_size == 4) {
		memcpy(&distance, bytes + opcode_end, 4);
	} else {
		// A 16-bit distance: processors disagree about it (operand-size prefix on a near branch).
		out->flow = FLOW_STRANGE;
		out->field = 0;
		return;
	}
	out->target = vaddr + out->length + (uint64_t)(int64_t)distance;
}

// Sets flow and, for direct branches, field and target. What is no branch stays FLOW_NEXT.
static void classify(const uint8_t *bytes, uint64_t vaddr, struct instruction *out)
{
	uint8_t at = out->prefixes, opcode = bytes[at], modrm = at + 1 < out->length ? bytes[at + 1] : 0;

	if (opcode == 0x0f && modrm >= 0x80 && modrm <= 0x8f)
		set_branch(out, FLOW_CONDITIONAL, bytes, (uint8_t)(at + 2), vaddr);
	else if (opcode >= 0x70 && opcode <= 0x7f)
		set_branch(out, FLOW_CONDITIONAL, bytes, (uint8_t)(at + 1), vaddr);
	else if (opcode == 0xeb || opcode == 0xe9)
		set_branch(out, FLOW_JUMP, bytes, (uint8_t)(at + 1), vaddr);
	else if (opcode == 0xe8)
		set_branch(out, FLOW_CALL, bytes, (uint8_t)(at + 1), vaddr);
	else if (opcode >= 0xe0 && opcode <= 0xe3)
		set_branch(out, FLOW_LOOP, bytes, (uint8_t)(at + 1), vaddr);
	else if (opcode == 0xc7 && modrm == 0xf8)
		out->flow = FLOW_STRANGE;
	else if (opcode == 0xc2 || opcode == 0xc3 || opcode == 0xcc || opcode == 0xf4 ||
		 (opcode == 0x0f && modrm == 0x0b))
		out->flow = FLOW_END;
	else if (opcode == 0xff && (modrm >> 3 & 7) == 2)
		out->flow = FLOW_INDIRECT_CALL;
	else if (opcode == 0xff && (modrm >> 3 & 7) == 4)
		out->flow = FLOW_END;
}

// The displacement of a rip-relative operand is the 32 bits behind a ModRM byte with mod 00, r/m 101; behind
// it only an immediate of 0, 1, 2 or 4 bytes can follow. The disassembler gave the target, which tells where
// it is.
static bool find_displacement(const uint8_t *bytes, uint64_t vaddr, uint64_t target, struct instruction *out)
{
	static const uint8_t immediates[] = {0, 1, 2, 4};
	uint32_t wanted = (uint32_t)(target - vaddr - out->length);
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(immediates); i++) {
		int at = out->length - 4 - immediates[i];
		uint32_t value;

		if (at < out->prefixes + 2)
			continue;
		memcpy(&value, bytes + at, 4);
		if (value != wanted || (bytes[at - 1] & 0xc7) != 0x05)
			continue;
		out->field = (uint8_t)at;
		found++;
	}
	out->field_size = 4;
	out->target = target;
	return found == 1;
}

bool decode(struct decoder *decoder, const uint8_t *bytes, size_t left, uint64_t vaddr,
	    struct instruction *out)
{
	size_t window = left < 15 ? left : 15;
	int length;

	*out = (struct instruction){.flow = FLOW_NEXT};
	decoder->info.buffer = (bfd_byte *)bytes;
	decoder->info.buffer_vma = vaddr;
	decoder->info.buffer_length = window;
	decoder->has_address = false;
	length = window ? decoder->print(vaddr, &decoder->info) : 0;
	if (length <= 0 || (size_t)length > window)
		return false;
	out->length = (uint8_t)length;
	while (out->prefixes < length - 1 && is_prefix(bytes[out->prefixes]))
		out->prefixes++;
	classify(bytes, vaddr, out);
	if (decoder->has_address && !out->field && out->flow != FLOW_STRANGE) {
		// x86-64 prints an address for direct branches and rip-relative operands only; absolute
		// (moffs) operands are printed as numbers.
		if (!find_displacement(bytes, vaddr, decoder->address, out)) {
			out->flow = FLOW_STRANGE;
			out->field = 0;
		}
	}
	return true;
}
