// SPDX-License-Identifier: GPL-3.0-or-later
// Both formats are records of length, id and contents (LSB core 10.6; DWARF 5, 6.4.1). What differs: an FDE names its
// CIE by the distance back in .eh_frame and by its offset in .debug_frame, addresses are encoded as the CIE's
// augmentation says or plain, and a CIE is marked by id 0 or 0xffffffff.
#include "apply/symbols-frame.h"

#include <string.h>

enum { ENCODING_PCREL_SDATA4 = 0x1b, ENCODING_ABSOLUTE = 0, NOP = 0 };

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

struct cie {
	struct reader start; // code alignment, data alignment, return register
	uint64_t header_size;
	struct reader instructions;
	uint8_t encoding;
	bool augmented;
};

static uint64_t take(struct reader *reader, size_t size)
{
	uint64_t value = 0;

	if (reader->bad || size > (size_t)(reader->end - reader->at)) {
		reader->bad = true;
		return 0;
	}
	memcpy(&value, reader->at, size);
	reader->at += size;
	return value;
}

static uint64_t take_leb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t byte = (uint8_t)take(reader, 1);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	reader->bad = true;
	return 0;
}

static void skip(struct reader *reader, uint64_t size)
{
	if (reader->bad || size > (uint64_t)(reader->end - reader->at))
		reader->bad = true;
	else
		reader->at += size;
}

// Augmentations "" and "zR": others need what the payload does not have.
static bool read_cie(struct reader record, struct cie *cie)
{
	uint8_t version = (uint8_t)take(&record, 1), first = (uint8_t)take(&record, 1);

	*cie = (struct cie){.augmented = first == 'z'};
	if (version != 1 || (first && (!cie->augmented || take(&record, 1) != 'R' || take(&record, 1))))
		return false;
	cie->start = record;
	take_leb(&record);
	take_leb(&record);
	take(&record, 1);
	cie->header_size = record.bad ? 0 : (uint64_t)(record.at - cie->start.at);
	if (cie->augmented) {
		if (take_leb(&record) != 1)
			return false;
		cie->encoding = (uint8_t)take(&record, 1);
	}
	cie->instructions = record;
	return !record.bad && (cie->encoding == ENCODING_PCREL_SDATA4 || cie->encoding == ENCODING_ABSOLUTE);
}

static void put(struct debug_frame *to, const void *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*vec_push(&to->bytes) = ((const uint8_t *)from)[i];
}

static void put_number(struct debug_frame *to, uint64_t value, size_t size)
{
	put(to, &value, size);
}

// Fills the record that began at START up to a multiple of 8 and writes its length.
static void end_record(struct debug_frame *to, size_t start)
{
	uint32_t length;

	while ((to->bytes.count - start) % 8)
		*vec_push(&to->bytes) = NOP; // DW_CFA_nop
	length = (uint32_t)(to->bytes.count - start - 4);
	memcpy(to->bytes.at + start, &length, 4);
}

static void put_frame(struct debug_frame *to, const struct cie *cie, uint64_t start, uint64_t size,
		      const struct reader *instructions)
{
	size_t cie_at = to->bytes.count, at;

	put_number(to, 0, 4);
	put_number(to, UINT32_MAX, 4);
	put_number(to, 1, 1); // version
	put_number(to, 0, 1); // no augmentation
	put(to, cie->start.at, cie->header_size);
	put(to, cie->instructions.at, (size_t)(cie->instructions.end - cie->instructions.at));
	end_record(to, cie_at);
	at = to->bytes.count;
	put_number(to, 0, 4);
	put_number(to, cie_at, 4);
	put_number(to, start, 8);
	put_number(to, size, 8);
	put(to, instructions->at, (size_t)(instructions->end - instructions->at));
	end_record(to, at);
}

static void add_fde(struct debug_frame *to, const struct cie *cie, struct reader record, uint64_t address)
{
	uint64_t start, size;

	if (cie->encoding == ENCODING_PCREL_SDATA4) {
		start = address + (uint64_t)(int64_t)(int32_t)take(&record, 4);
		size = take(&record, 4);
	} else {
		start = take(&record, 8);
		size = take(&record, 8);
	}
	if (cie->augmented)
		skip(&record, take_leb(&record));
	if (!record.bad)
		put_frame(to, cie, start, size, &record);
}

void debug_frame_add(struct debug_frame *to, const uint8_t *eh_frame, size_t size, uint64_t address)
{
	size_t at = 0;

	while (size - at >= 8) {
		uint32_t length, id;
		struct reader record, cie_record;
		struct cie cie;
		size_t cie_at;

		memcpy(&length, eh_frame + at, 4);
		memcpy(&id, eh_frame + at + 4, 4);
		if (length < 4 || length > size - at - 4)
			return;
		record = (struct reader){.at = eh_frame + at + 8, .end = eh_frame + at + 4 + length};
		if (id && id <= at + 4) {
			uint32_t cie_length;

			cie_at = at + 4 - id;
			memcpy(&cie_length, eh_frame + cie_at, 4);
			cie_record = (struct reader){.at = eh_frame + cie_at + 8};
			if (cie_at <= at && cie_length >= 4 && cie_length <= size - cie_at - 4) {
				cie_record.end = eh_frame + cie_at + 4 + cie_length;
				if (read_cie(cie_record, &cie))
					add_fde(to, &cie, record, address + at + 8);
			}
		}
		at += 4 + (size_t)length;
	}
}

void debug_frame_add_leaf(struct debug_frame *to, uint64_t start, uint64_t size)
{
	// Code alignment 1, data alignment -8, return register 16; CFA is rsp + 8, the return address below it.
	static const uint8_t header[] = {1, 0x78, 16}, rules[] = {0x0c, 7, 8, 0x90, 1};
	struct cie cie = {
		.start = {.at = header, .end = header + sizeof(header)},
		.header_size = sizeof(header),
		.instructions = {.at = rules, .end = rules + sizeof(rules)},
	};
	struct reader nothing = {0};

	put_frame(to, &cie, start, size, &nothing);
}
