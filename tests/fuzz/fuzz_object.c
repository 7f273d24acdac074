// SPDX-License-Identifier: GPL-3.0-or-later
// Loads bytes as an object and compares it with itself, and with a copy in which one byte differs.
#include "diff/model.h"
#include "tests/fuzz/driver.h"

#include <stdlib.h>
#include <string.h>

const char *fuzz_seeds;

// Seeds are made when the fuzzer starts: what the compilers at hand make of the small sources, in several forms.
__attribute__((constructor)) static void make_seeds(void)
{
	fuzz_seeds = fuzz_make_seeds("tests/fuzz/objects.sh $D NEW all 2>/dev/null");
}

static void check_pairs(struct object *old, struct object *new_object, struct diags *diags)
{
	struct pair pair = {.path = "fuzz.o", .status = PAIR_CHANGED, .old = old, .new = new_object};

	correlate(old, new_object);
	compare(old, new_object);
	check_sections(&pair, diags);
	check_pair(&pair, diags);
	diags_sort(diags);
}

static void compare_bytes(const uint8_t *old_data, const uint8_t *new_data, size_t size)
{
	struct interner *names = interner_new();
	struct diags *diags = diags_new();
	struct object *old = object_load("fuzz.o", old_data, size, names, diags);
	struct object *new_object = object_load("fuzz.o", new_data, size, names, diags);

	if (old && new_object && old->arch == new_object->arch)
		check_pairs(old, new_object, diags);
	object_free(old);
	object_free(new_object);
	diags_free(diags);
	interner_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy =
		xalloc(size); // of exactly that size, so that the sanitizer sees a read behind the end

	if (size)
		memcpy(copy, data, size);
	compare_bytes(data, copy, size);
	if (size > 64) {
		copy[64 + hash_bytes(data + size - 8, 8, size) % (size - 64)] ^= data[size - 1] | 1;
		compare_bytes(data, copy, size);
	}
	free(copy);
	return 0;
}
