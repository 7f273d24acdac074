// SPDX-License-Identifier: GPL-3.0-or-later
// No module can crash the last step of the livepatch exporter, and no KMOD chunk its reader. What is finished once comes
// back as it is when finished again; what the reader takes, the writer makes again byte for byte.
#include <stdlib.h>
#include <string.h>

#include "formats/klp.h"
#include "tests/fuzz/driver.h"

const char *fuzz_seeds = "testdata/fuzz/klp";

static void finish(const uint8_t *data, size_t size)
{
	uint8_t *once, *twice;
	size_t once_size, twice_size;
	struct hp_error error;

	if (klp_finish(data, size, &once, &once_size, &error))
		return;
	if (!klp_finish(once, once_size, &twice, &twice_size, &error)) {
		if (twice_size != once_size || memcmp(once, twice, once_size))
			abort();
		free(twice);
	}
	free(once);
}

static void read_chunk(const uint8_t *data, size_t size)
{
	const struct hp_chunk chunk = {.data = data, .raw_size = size};
	struct klp_embedded embedded;
	struct hp_error error;
	uint8_t *again;
	size_t again_size;

	if (klp_embedded(&chunk, &embedded, &error))
		return;
	if (klp_embed(&embedded, &again, &again_size, &error))
		return;
	if (again_size != size || memcmp(again, data, size))
		abort();
	finish(embedded.module, embedded.module_size);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 4 && !memcmp(data,
				 "\x7f"
				 "ELF",
				 4))
		finish(data, size);
	else
		read_chunk(data, size);
	return 0;
}
