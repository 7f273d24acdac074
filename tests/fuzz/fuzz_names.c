// SPDX-License-Identifier: GPL-3.0-or-later
// No name of a symbol can crash what takes numbers out of names, mangled ones of C++ above all. An input is lines, each
// a name; the numbers that are taken out of one and put back into its key give the name again.
#include "diff/model.h"
#include "tests/fuzz/driver.h"

#include <stdlib.h>
#include <string.h>

const char *fuzz_seeds;

// What the compiler calls the functions, types and statics of the small sources in C++.
__attribute__((constructor)) static void make_seeds(void)
{
	fuzz_seeds = fuzz_make_seeds(
		"printf '%s\\n' _ZZ1fvENKUliE0_clEi _ZZ1fvENUt_1mEv _ZZ1fvE5count_0 '_ZZ1fvEN3$_0clEi' "
		"_ZZ1fvEs_0 "
		"_ZN1AIXadL_Z1fvEEE1gEv _ZThn16_N1B1hEv _ZZN1AIiE1fEvE1x__10_ f.constprop.0.isra.5 "
		"__already_done.12 __UNIQUE_ID_x123 CSWTCH.7 >$D/known; "
		"for source in testdata/cases/*.cc testdata/diff/*.cc; do "
		"${CC:-gcc} -O1 -c -o $D/o $source && nm $D/o | sed 's/.* //' >$D/$(basename $source); done "
		"2>/dev/null; "
		"rm -f $D/o");
}

static void take_apart(const char *name)
{
	struct arena *arena = arena_new();
	struct cxx_numbers numbers;
	const char *key = name_numbers_cxx(arena, name, &numbers);

	name_key(arena, name);
	name_is_text(name);
	name_is_function_name(name);
	if (key && !strchr(name, '#') && strcmp(name_from_key_cxx(arena, key, &numbers), name))
		abort();
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;
		char *name = xalloc(length + 1); // its very own, so that reading behind it is seen

		memcpy(name, data, length);
		name[length] = 0;
		take_apart(name);
		free(name);
		data += length + !!end;
		size -= length + !!end;
	}
	return 0;
}
