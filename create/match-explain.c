// SPDX-License-Identifier: GPL-3.0-or-later
// Why an object is not in an image, in one sentence for people.
#include "create/image-elf.h"
#include "create/match.h"

#include <string.h>

enum { NAMED_MAX = 3 };

// Whether the image's .comment, which linkers gather from all objects, names the object's compiler.
static bool knows_compiler(const struct placement *placement, const char **other)
{
	const struct elf_view *elf = &placement->image->private->elf;
	struct elf_range comment = elf_section_range(elf, elf_find_section(elf, ".comment"));
	const char *compiler = placement->object->compiler;
	size_t at = 0;

	*other = NULL;
	if (!compiler || !comment.size)
		return true; // nothing to say
	while (at < comment.size) {
		const char *text = elf_string(&comment, at);

		if (!strcmp(text, compiler))
			return true;
		if (*text && !*other)
			*other = text;
		at += strnlen((const char *)comment.at + at, comment.size - at) + 1;
	}
	return !*other;
}

// "GCC: (Debian 12.2.0-14) 12.2.0" of the object is "gcc-12 (Debian 12.2.0-14) 12.2.0" in a kernel's banner.
static bool in_banner(const struct placement *placement)
{
	const char *banner = placement->image->kernel ? kernel_banner(placement->image) : NULL;
	const char *compiler = placement->object->compiler,
		   *version = compiler ? strstr(compiler, ": ") : NULL;

	return !banner || !compiler || strstr(banner, version ? version + 2 : compiler);
}

static const char *likely_cause(const struct placement *placement, struct arena *arena)
{
	const char *other;

	if (!knows_compiler(placement, &other))
		return arena_printf(arena, "likely cause: the image was made by %s, the object by %s", other,
				    placement->object->compiler);
	if (!in_banner(placement))
		return arena_printf(
			arena, "likely cause: another compiler made the kernel: object by %s, kernel: %s",
			placement->object->compiler, kernel_banner(placement->image));
	if (placement->result == MATCH_AMBIGUOUS)
		return "the same code is in the image several times, and nothing tells which is this "
		       "object's";
	if (!placement->source_in_image && image_names_files(placement->image))
		return "the image names no source file of this object";
	if (placement->matched * 2 < placement->functions - placement->dropped)
		return "likely cause: other compiler flags; give the objects as they were linked with "
		       "--running";
	return "likely cause: another build of the sources; give the objects as they were linked with "
	       "--running";
}

static char *add_mismatch(char *text, const struct mismatch *mismatch, size_t i, struct arena *arena)
{
	const struct unit *unit = mismatch->unit;

	return arena_printf(arena, "%s%s `%s` (+0x%llx: %s)", text, i ? "," : "",
			    *unit->name ? unit->name : unit->section->name,
			    (unsigned long long)mismatch->offset, mismatch->what);
}

const char *placement_explain(const struct placement *placement, struct arena *arena)
{
	size_t kept = placement->functions - placement->dropped;
	char *text = arena_printf(arena, "%zu of %zu functions match", placement->matched, kept);

	if (placement->mismatch_count)
		text = arena_printf(arena, "%s; first that differ:", text);
	for (size_t i = 0; i < placement->mismatch_count && i < NAMED_MAX; i++)
		text = add_mismatch(text, &placement->mismatches[i], i, arena);
	return arena_printf(arena, "%s; %s", text, likely_cause(placement, arena));
}
