// SPDX-License-Identifier: GPL-3.0-or-later
// No kernel or module, packed or not, can crash the reader, or make it work without end.
#include "create/image.h"
#include "tests/fuzz/driver.h"

const char *fuzz_seeds = "testdata/fuzz/kernel";

static void ask(const struct image *image)
{
	struct hp_target target;
	size_t count;

	image_fill_target(image, &target);
	kernel_banner(image);
	kernel_release(image);
	for (size_t i = 0; i < image->symbol_count && i < 1000; i++) {
		const struct image_symbol *symbol = &image->symbols[i];

		image_find(image, symbol->name, &count);
		image_symbols_at(image, symbol->vaddr, &count);
		image_symbol_over(image, symbol->vaddr + 1);
		image_bytes(image, symbol->vaddr, symbol->size);
		kernel_position(image, symbol);
		kernel_exports(image, symbol->name);
		kernel_can_trace(image, symbol->vaddr, symbol->size);
		kernel_imports(image, symbol->vaddr);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags *diags = diags_new();
	struct image *image = kernel_image_open_memory("fuzz", data, size, diags);

	if (image)
		ask(image);
	image_close(image);
	diags_free(diags);
	return 0;
}
