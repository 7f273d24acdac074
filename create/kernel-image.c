// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Opening a kernel: a bzImage (Documentation/x86/boot.rst), a vmlinux, or a module, compressed or not. What comes out is
 * an image like any other, with the kernel's own names (kallsyms; a module's .symtab) and a few facts beside.
 */
#include "create/kernel-image.h"

#include <stdlib.h>
#include <string.h>

#include "create/create.h"
#include "create/decompress.h"

// The largest distribution kernels take some 100 MB when they are decompressed, with debug information under 1 GiB.
#define CONTENTS_MAX ((size_t)1 << 30)

static uint32_t load32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

// ---- containers ------------------------------------------------------------------------------------------------------

enum {
	SETUP_HEADER = 0x1f1,
	SETUP_MAGIC = 0x202,
	SETUP_VERSION = 0x206,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c
};

static bool is_bzimage(const uint8_t *bytes, size_t size)
{
	return size >= PAYLOAD_LENGTH + 4 && !memcmp(bytes + SETUP_MAGIC, "HdrS", 4) &&
	       bytes[0x1fe] == 0x55 && bytes[0x1ff] == 0xaa;
}

// The compressed vmlinux within a bzImage. NULL, or what is wrong.
static const char *find_payload(const uint8_t *bytes, size_t size, struct elf_range *payload)
{
	size_t setup = bytes[SETUP_HEADER] ? bytes[SETUP_HEADER] : 4;
	uint64_t start = (setup + 1) * 512 + (uint64_t)load32(bytes + PAYLOAD_OFFSET);
	uint32_t length = load32(bytes + PAYLOAD_LENGTH);

	if ((bytes[SETUP_VERSION] | bytes[SETUP_VERSION + 1] << 8) < 0x208)
		return "is a bzImage of a boot protocol before 2.08, which does not say where its kernel is";
	if (length < 8 || start > size || length > size - start)
		return "is cut short: its kernel lies outside of the file; get the whole file";
	*payload = (struct elf_range){bytes + start, length};
	return NULL;
}

// The header of an arm64 kernel, which is no ELF file (Documentation/arm64/booting.rst).
static bool is_arm64_image(const uint8_t *bytes, size_t size)
{
	return size >= 64 && !memcmp(bytes + 56, "ARM\x64", 4);
}

static const char *code_of(const struct file *file)
{
	return is_arm64_image(file->data, file->size) ? "arch-mismatch" : "malformed-object";
}

static bool is_elf(const uint8_t *bytes, size_t size)
{
	return size >= sizeof(Elf64_Ehdr) && !memcmp(bytes, ELFMAG, SELFMAG);
}

// The ELF file that FILE is or holds. *OWNED is malloc'ed memory it lies in, or NULL.
static const char *unpack(const struct file *file, struct elf_range *elf, uint8_t **owned)
{
	struct elf_range packed = {file->data, file->size};
	const char *wrong = NULL;

	*owned = NULL;
	if (is_bzimage(file->data, file->size))
		wrong = find_payload(file->data, file->size, &packed);
	if (wrong)
		return wrong;
	*elf = packed;
	if (is_elf(packed.at, packed.size))
		return NULL;
	if (is_arm64_image(file->data, file->size))
		return "is a kernel of aarch64: packages are made for images of x86_64 only; compare its "
		       "objects by "
		       "hp-diff";
	if (packed.at == file->data && !is_compressed(file->data, file->size))
		return "is no kernel image or module (bzImage, vmlinux, .ko, compressed or not)";
	*owned = decompress(packed.at, packed.size, CONTENTS_MAX, &elf->size, &wrong);
	elf->at = *owned;
	if (wrong)
		return wrong;
	return is_elf(elf->at, elf->size) ? NULL : "holds no ELF file when it is decompressed";
}

// ---- facts -------------------------------------------------------------------------------------------------------------

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static uint64_t symbol_address(const struct image *image, const char *name)
{
	size_t count;
	const struct image_symbol *const *list = image_find(image, name, &count);

	return count == 1 ? list[0]->vaddr : 0;
}

// The table of calls that ftrace may redirect, in [from, to): absolute addresses.
static void read_trace_sites(struct image *image, uint64_t from, uint64_t to)
{
	struct kernel_facts *facts = image->kernel;
	const uint8_t *bytes = to > from ? image_bytes(image, from, to - from) : NULL;

	if (!bytes)
		return;
	facts->trace_site_count = (to - from) / 8;
	facts->trace_sites = arena_array(image->arena, facts->trace_site_count + 1, sizeof(uint64_t));
	memcpy(facts->trace_sites, bytes, facts->trace_site_count * 8);
	qsort(facts->trace_sites, facts->trace_site_count, sizeof(uint64_t), compare_addresses);
}

bool kernel_can_trace(const struct image *image, uint64_t from, uint64_t size)
{
	const struct kernel_facts *facts = image->kernel;
	size_t low = 0, high = facts->trace_site_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (facts->trace_sites[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < facts->trace_site_count && facts->trace_sites[low] - from < size;
}

// "Linux version RELEASE (...) (COMPILER, ...) #1 ..." (init/version.c).
static void read_banner(struct image *image)
{
	struct kernel_facts *facts = image->kernel;
	size_t count;
	const struct image_symbol *const *list = image_find(image, "linux_banner", &count);
	const struct hp_image_section *section = count ? image_section_at(image, list[0]->vaddr) : NULL;
	uint64_t room = section ? section->vaddr + section->size - list[0]->vaddr : 0;
	const char *text = section ? (const char *)image_bytes(image, list[0]->vaddr, room) : NULL;
	static const char start[] = "Linux version ";
	size_t length = text ? strnlen(text, room) : 0;

	if (length == room || length > 512 || length < sizeof(start) ||
	    memcmp(text, start, sizeof(start) - 1) != 0)
		return;
	facts->banner = arena_strndup(image->arena, text, strcspn(text, "\n"));
	facts->release = arena_strndup(image->arena, text + sizeof(start) - 1,
				       strcspn(facts->banner + sizeof(start) - 1, " "));
}

// The value of KEY in a module's .modinfo, "key=value" strings one behind the other.
static const char *modinfo(const struct image *image, const char *key)
{
	const struct elf_view *elf = &image->private->elf;
	struct elf_range info = elf_section_range(elf, elf_find_section(elf, ".modinfo"));
	size_t length = strlen(key);

	for (size_t at = 0; at < info.size;) {
		const char *text = elf_string(&info, at);

		if (!strncmp(text, key, length) && text[length] == '=')
			return text + length + 1;
		at += strnlen((const char *)info.at + at, info.size - at) + 1;
	}
	return NULL;
}

// The name that the kernel knows the module by: file names may have dashes.
static bool name_module(struct image *image)
{
	const char *name = modinfo(image, "name"), *magic = modinfo(image, "vermagic");
	struct kernel_facts *facts = image->kernel;

	if (!name || !*name || strchr(name, '/') || !magic)
		return false;
	image->name = arena_strdup(image->arena, name);
	facts->release = arena_strndup(image->arena, magic, strcspn(magic, " "));
	return true;
}

static const char *read_vmlinux(struct image *image)
{
	const char *wrong = kallsyms_read(image);

	if (wrong)
		return wrong;
	image->kind = HP_TARGET_LINUX;
	image->name = "vmlinux";
	image->kernel->imports = UINT64_MAX;
	image_index_symbols(image);
	read_banner(image);
	read_trace_sites(image, symbol_address(image, "__start_mcount_loc"),
			 symbol_address(image, "__stop_mcount_loc"));
	return image->kernel->banner ? NULL : "has no version banner (linux_banner)";
}

static const char *read_module(struct image *image)
{
	const char *wrong = module_read(image);

	if (wrong)
		return wrong;
	image->kind = HP_TARGET_LINUX_MODULE;
	image->full_symbols = true;
	image_index_symbols(image);
	if (!name_module(image))
		return "has no module name and version (.modinfo)";
	for (size_t i = 0; i < image->section_count; i++)
		if (!strcmp(image->sections[i].name, "__mcount_loc"))
			read_trace_sites(image, image->sections[i].vaddr,
					 image->sections[i].vaddr + image->sections[i].size);
	return NULL;
}

const char *kernel_read(struct image *image)
{
	image->kernel = arena_alloc(image->arena, sizeof(*image->kernel));
	return image->elf_type == ET_REL ? read_module(image) : read_vmlinux(image);
}

struct image *kernel_image_open(const char *file, const char *name, struct diags *diags)
{
	struct diag place = {.severity = DIAG_ERROR, .code = "malformed-object", .object = name};
	struct file mapped;
	struct elf_range elf;
	struct image *image;
	uint8_t *owned;
	const char *wrong;
	int failed = file_map(file, &mapped);

	if (failed) {
		diags_add(diags, &place, "cannot be read: %s", strerror(-failed));
		return NULL;
	}
	wrong = unpack(&mapped, &elf, &owned);
	if (!wrong) {
		image = image_open_unpacked(name, elf.at, elf.size, diags);
		if (image) {
			image->private->file = mapped;
			image->private->file_open = true;
			image->private->owned = owned;
			return image;
		}
	} else {
		place.code = code_of(&mapped);
		diags_add(diags, &place, "%s", wrong);
	}
	file_unmap(&mapped);
	free(owned);
	return NULL;
}

struct image *kernel_image_open_memory(const char *name, const uint8_t *bytes, size_t size,
				       struct diags *diags)
{
	struct diag place = {.severity = DIAG_ERROR, .code = "malformed-object", .object = name};
	struct file file = {.data = bytes, .size = size};
	struct elf_range elf;
	struct image *image = NULL;
	uint8_t *owned;
	const char *wrong = unpack(&file, &elf, &owned);

	place.code = code_of(&file);
	if (wrong)
		diags_add(diags, &place, "%s", wrong);
	else
		image = image_open_unpacked(name, elf.at, elf.size, diags);
	if (image)
		image->private->owned = owned;
	else
		free(owned);
	return image;
}

bool identify_kernel(const char *file, struct arena *arena, struct kernel_identity *identity,
		     struct diags *diags)
{
	struct image *image = kernel_image_open(file, file, diags);

	if (!image)
		return false;
	*identity = (struct kernel_identity){
		.kind = image->kind,
		.name = arena_strdup(arena, image->name),
		.release = arena_strdup(arena, kernel_release(image)),
		.build_id = arena_strdup(arena, image->build_id_text),
		.banner = kernel_banner(image) ? arena_strdup(arena, kernel_banner(image)) : NULL,
		.symbols = image->symbol_count,
	};
	image_close(image);
	return true;
}

const char *kernel_banner(const struct image *image)
{
	return image->kernel->banner;
}

const char *kernel_release(const struct image *image)
{
	return image->kernel->release;
}

bool kernel_imports(const struct image *image, uint64_t vaddr)
{
	return image->kernel && vaddr >= image->kernel->imports;
}

uint32_t kernel_position(const struct image *image, const struct image_symbol *symbol)
{
	size_t count;
	const struct image_symbol *const *list = image_find(image, symbol->name, &count);

	for (size_t i = 0; count > 1 && i < count; i++)
		if (list[i] == symbol)
			return (uint32_t)i + 1;
	return 0;
}

/*
 * struct kernel_symbol (include/linux/export.h): distances to value, name and namespace, the last 0 or to an empty string
 * when everybody may use it. Without CONFIG_HAVE_ARCH_PREL32_RELOCATIONS entries are larger, and nothing is said.
 */
static bool has_namespace(const struct image *image, const struct image_symbol *entry)
{
	uint64_t place = entry->vaddr + 8;
	const uint8_t *field = image_bytes(image, place, 4), *text;
	int32_t distance = field ? (int32_t)load32(field) : 0;

	text = distance ? image_bytes(image, place + (uint64_t)(int64_t)distance, 1) : NULL;
	return text && *text;
}

bool kernel_exports(const struct image *image, const char *name)
{
	char *key = xasprintf("__ksymtab_%s", name);
	size_t count;
	const struct image_symbol *const *list = image_find(image, key, &count);

	free(key);
	return count && !has_namespace(image, list[0]);
}
