// SPDX-License-Identifier: MIT
// The relocations that an x86-64 payload may hold (psABI, "Relocation Types"; the list is in doc/hp-format.md). What
// else compilers emit, hp-build has turned into one of these against a slot or a veneer.
#include "formats/package.h"

#include <elf.h>

static int store(uint8_t *field, uint64_t room, uint64_t value, size_t size, struct hp_error *error)
{
	if (size > room)
		return fail(error, HP_MALFORMED, HP_NONE, 0,
			    "payload: a relocated field reaches over its section's end");
	put_le(field, value, size);
	return HP_OK;
}

static int store_signed(uint8_t *field, uint64_t room, uint64_t value, struct hp_error *error)
{
	if ((int64_t)value < INT32_MIN || (int64_t)value > INT32_MAX)
		return fail(error, HP_OVERFLOW, HP_NONE, 0, "0x%llx does not fit a signed 32-bit field",
			    (unsigned long long)value);
	return store(field, room, value, 4, error);
}

int relocate_x86_64(uint32_t type, uint8_t *field, uint64_t room, uint64_t value, uint64_t place,
		    const uint64_t *got, struct hp_error *error)
{
	switch (type) {
	case R_X86_64_NONE:
		return HP_OK;
	case R_X86_64_64:
	case R_X86_64_DTPOFF64:
	case R_X86_64_TPOFF64:
		return store(field, room, value, 8, error);
	case R_X86_64_PC64:
		return store(field, room, value - place, 8, error);
	case R_X86_64_GOTOFF64:
		if (!got)
			return fail(error, HP_MALFORMED, HP_NONE, 0,
				    "payload: counts from the GOT and names no _GLOBAL_OFFSET_TABLE_");
		return store(field, room, value - *got, 8, error);
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return store_signed(field, room, value - place, error);
	case R_X86_64_32S:
	case R_X86_64_DTPOFF32:
	case R_X86_64_TPOFF32:
		return store_signed(field, room, value, error);
	case R_X86_64_32:
		if (value > UINT32_MAX)
			return fail(error, HP_OVERFLOW, HP_NONE, 0,
				    "0x%llx does not fit an unsigned 32-bit field",
				    (unsigned long long)value);
		return store(field, room, value, 4, error);
	default:
		return fail(error, HP_UNSUPPORTED, HP_NONE, 0, "relocation type %u must not be in a payload",
			    type);
	}
}
