// SPDX-License-Identifier: MIT
// Opens a package and links its payloads, as an applier does before it touches a process.
//
//   cc -o libhp-example libhp-example.c $(pkg-config --cflags --libs hp)
//   ./libhp-example KB.hp
#include <hp.h>
#include <stdio.h>
#include <stdlib.h>

// A real applier finds these in the target: symbols by name and version, thread-local values in the image's slots.
static int resolve(void *target, const struct hp_binding *binding, uint64_t *value)
{
	(void)target;
	printf("  needs %s%s%s\n", binding->name ? binding->name : "a thread-local slot",
	       binding->version ? "@" : "", binding->version ? binding->version : "");
	*value = 0x7000000;
	return 0;
}

static int link_target(struct hp_package *package, size_t index, struct hp_error *error)
{
	const struct hp_target *target = hp_target(package, index);
	const struct hp_layout *layout;
	struct hp_place place = {.bias = target->elf_type == 3 ? 0x4000000 : 0};
	struct hp_symbol body;
	void *code, *data;
	int status = hp_layout(package, index, &layout, error);

	if (status)
		return status;
	// A real applier maps memory within 2 GiB of the image and takes these addresses from the target.
	place.address[HP_REGION_CODE] = 0x8000000;
	place.address[HP_REGION_DATA] =
		0x8000000 + ((layout->size[HP_REGION_CODE] + 0xffff) & ~(uint64_t)0xffff);
	code = malloc(layout->size[HP_REGION_CODE] + 1);
	data = malloc(layout->size[HP_REGION_DATA] + 1);
	status = code && data ? hp_link(package, index, &place, resolve, NULL, code, data, error) : HP_MEMORY;
	for (size_t i = 0; i < target->function_count && !status; i++) {
		const struct hp_function *function = &target->functions[i];

		status = hp_symbol(package, index, function->symbol, &body, error);
		if (!status)
			printf("  %s: 0x%llx -> 0x%llx, jump at +%u\n", function->name,
			       (unsigned long long)(place.bias + function->vaddr),
			       (unsigned long long)(place.address[body.region] + body.offset),
			       function->jump_offset);
	}
	free(code);
	free(data);
	return status;
}

int main(int argc, char **argv)
{
	struct hp_package *package;
	struct hp_error error = {0};
	int status;

	if (argc != 2)
		return 2;
	status = hp_open(argv[1], &package, &error);
	for (size_t i = 0; !status && i < hp_target_count(package); i++) {
		printf("%s\n", hp_target(package, i)->name);
		status = link_target(package, i, &error);
	}
	if (status)
		fprintf(stderr, "%s: %s [%s]\n", argv[1], error.message, hp_status_text(status));
	hp_close(package);
	return status != 0;
}
