// SPDX-License-Identifier: GPL-3.0-or-later
// No image can crash the reader, nor the matching of an object in it, nor the comparing of it with another.
#include "create/match.h"
#include "tests/fuzz/driver.h"

#include <stdlib.h>
#include <string.h>

const char *fuzz_seeds = "testdata/fuzz/image";

static void ask(const struct image *image)
{
	struct image_import import;
	struct hp_target target;
	bool ambiguous;
	uint64_t value;
	size_t count;

	image_fill_target(image, &target);
	for (size_t i = 0; i < image->symbol_count; i++) {
		const struct image_symbol *symbol = &image->symbols[i];

		image_find(image, symbol->name, &count);
		image_symbols_at(image, symbol->vaddr, &count);
		image_symbol_over(image, symbol->vaddr + symbol->size / 2);
		image_export(image, symbol->name);
		image_import(image, symbol->name, &import, &ambiguous);
		image_section_at(image, symbol->vaddr);
		image_bytes(image, symbol->vaddr, symbol->size);
	}
	for (size_t i = 0; i < image->slot_count; i++) {
		image_pointer(image, image->slots[i].vaddr, &value);
		image_slot_holding(image, image->slots[i].target);
		image_plt_at(image, image->slots[i].vaddr);
	}
	image_own_tls_module(image);
	image_tp_offset(image, image->tls_size);
}

// The object half of an input, if it has one: two lengths would only hide bytes from the mutator, so the parts are
// divided by the second ELF magic.
static const uint8_t *second_file(const uint8_t *data, size_t size)
{
	return size > 4 ? memmem(data + 4, size - 4, "\177ELF", 4) : NULL;
}

static void match_in(const struct image *image, const uint8_t *data, size_t size, struct diags *diags)
{
	uint8_t *copy = xalloc(size + 1);
	struct interner *names = interner_new();
	struct object *object;

	memcpy(copy, data, size);
	object = object_load("fuzz.o", copy, size, names, diags);
	if (object) {
		struct placement *placement = match_object(image, object);
		struct arena *arena = arena_new();

		placement_explain(placement, arena);
		arena_free(arena);
		placement_free(placement);
		object_free(object);
	}
	interner_free(names);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *object = second_file(data, size);
	size_t image_size = object ? (size_t)(object - data) : size;
	uint8_t *copy = xalloc(image_size + 1);
	struct diags *diags = diags_new();
	struct image *image;

	memcpy(copy, data, image_size);
	image = image_open_memory("fuzz", copy, image_size, diags);
	if (image) {
		struct diff nothing = {0};
		struct image other = *image;

		ask(image);
		// With another build ID it is compared with itself thing by thing.
		other.build_id_size = 0;
		check_missing(image, &other, &nothing, diags);
		if (object)
			match_in(image, object, size - image_size, diags);
	}
	image_close(image);
	diags_free(diags);
	free(copy);
	return 0;
}
