// SPDX-License-Identifier: GPL-3.0-or-later
// Opening an image: its kind, segments, sections, build ID; and the bytes at an address.
#include "create/image-elf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

PRINTF_LIKE(4, 5)
static bool fail(const struct image *image, struct diags *diags, const char *code, const char *format, ...)
{
	struct diag place = {.severity = DIAG_ERROR, .code = code, .object = image->path};
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	diags_add(diags, &place, "%s", message);
	return false;
}

// ---- segments and sections -----------------------------------------------------------------------

static int compare_segments(const void *a, const void *b)
{
	const struct hp_segment *one = a, *other = b;

	return one->vaddr < other->vaddr ? -1 : one->vaddr > other->vaddr;
}

static const char *check_segment(const struct elf_view *elf, const Elf64_Phdr *program)
{
	if (!elf_in_file(elf, program->p_offset, program->p_filesz))
		return "has a segment outside of the file";
	if (program->p_memsz < program->p_filesz || program->p_vaddr > UINT64_MAX - program->p_memsz)
		return "has a segment of impossible size";
	return NULL;
}

static const char *read_segments(struct image *image)
{
	const struct elf_view *elf = &image->private->elf;

	image->segments = arena_array(image->arena, elf->program_count + 1, sizeof(*image->segments));
	for (size_t i = 0; i < elf->program_count; i++) {
		const Elf64_Phdr *program = &elf->programs[i];
		const char *wrong;

		if (program->p_type != PT_LOAD)
			continue;
		wrong = check_segment(elf, program);
		if (wrong)
			return wrong;
		image->segments[image->segment_count++] = (struct hp_segment){
			.vaddr = program->p_vaddr,
			.offset = program->p_offset,
			.file_size = program->p_filesz,
			.memory_size = program->p_memsz,
			.align = program->p_align,
			.flags = program->p_flags,
		};
	}
	if (!image->segment_count)
		return "has no loadable segment";
	qsort(image->segments, image->segment_count, sizeof(*image->segments), compare_segments);
	for (size_t i = 1; i < image->segment_count; i++)
		if (image->segments[i - 1].vaddr + image->segments[i - 1].memory_size >
		    image->segments[i].vaddr)
			return "has segments that overlap";
	return NULL;
}

static int compare_sections(const void *a, const void *b)
{
	const struct hp_image_section *one = a, *other = b;

	if (one->vaddr != other->vaddr)
		return one->vaddr < other->vaddr ? -1 : 1;
	if (one->size != other->size)
		return one->size < other->size ? -1 : 1;
	return strcmp(one->name, other->name);
}

static const char *read_sections(struct image *image)
{
	const struct elf_view *elf = &image->private->elf;

	image->sections = arena_array(image->arena, elf->section_count + 1, sizeof(*image->sections));
	for (size_t i = 1; i < elf->section_count; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (!(section->sh_flags & SHF_ALLOC))
			continue;
		if (section->sh_addr > UINT64_MAX - section->sh_size)
			return "has a section of impossible size";
		image->sections[image->section_count++] = (struct hp_image_section){
			.name = elf_section_name(elf, section),
			.vaddr = section->sh_addr,
			.size = section->sh_size,
			.flags = section->sh_flags,
			.type = section->sh_type,
		};
	}
	qsort(image->sections, image->section_count, sizeof(*image->sections), compare_sections);
	return NULL;
}

static const char *read_tls(struct image *image)
{
	const struct elf_view *elf = &image->private->elf;

	for (size_t i = 0; i < elf->program_count; i++) {
		const Elf64_Phdr *program = &elf->programs[i];

		if (program->p_type != PT_TLS)
			continue;
		if (program->p_memsz > INT64_MAX / 4 || program->p_align > INT64_MAX / 4 ||
		    (program->p_align & (program->p_align - 1)) ||
		    program->p_vaddr > UINT64_MAX - program->p_memsz)
			return "has a TLS segment of impossible size";
		image->tls_vaddr = program->p_vaddr;
		image->tls_size = program->p_memsz;
		image->tls_align = program->p_align;
	}
	return NULL;
}

static bool has_program(const struct image *image, uint32_t type)
{
	const struct elf_view *elf = &image->private->elf;

	for (size_t i = 0; i < elf->program_count; i++)
		if (elf->programs[i].p_type == type)
			return true;
	return false;
}

// ---- opening -------------------------------------------------------------------------------------

static bool take_build_id(struct image *image, struct diags *diags)
{
	struct elf_range id = elf_build_id(&image->private->elf);

	if (!id.size)
		return fail(image, diags, "image-mismatch",
			    "has no build ID, by which a running copy could be recognized; link it with "
			    "-Wl,--build-id");
	if (id.size > 64)
		return fail(image, diags, "malformed-object", "has a build ID of %zu bytes; link it again",
			    id.size);
	image->build_id = id.at;
	image->build_id_size = id.size;
	image->build_id_text = arena_alloc(image->arena, 2 * id.size + 1);
	for (size_t i = 0; i < id.size; i++)
		snprintf(image->build_id_text + 2 * i, 3, "%02x", id.at[i]);
	return true;
}

static bool foreign(const struct image *image, uint16_t machine, bool big_endian, struct diags *diags)
{
	const struct arch *arch = arch_find(machine, big_endian);

	if (!arch)
		return fail(image, diags, "arch-mismatch",
			    "is for machine %u, which this program does not know", machine);
	return fail(
		image, diags, "arch-mismatch",
		"is for %s (machine %u): packages are made for images of x86_64 only; compare its objects "
		"by hp-diff",
		arch->name, machine);
}

static bool find_machine(struct image *image, struct diags *diags)
{
	const Elf64_Ehdr *header = &image->private->elf.header;

	image->arch = arch_find(header->e_machine, false);
	image->private->link = image->arch ? arch_link(image->arch) : NULL;
	return image->private->link || foreign(image, header->e_machine, false, diags);
}

// What elf_view_open() takes for no file of ours, but is one of a machine that writes numbers the other way round.
static bool is_big_endian(const uint8_t *bytes, size_t size)
{
	return size >= sizeof(Elf64_Ehdr) && !memcmp(bytes, ELFMAG, SELFMAG) &&
	       bytes[EI_CLASS] == ELFCLASS64 && bytes[EI_DATA] == ELFDATA2MSB;
}

static uint16_t big_endian_machine(const uint8_t *bytes)
{
	size_t at = offsetof(Elf64_Ehdr, e_machine);

	return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

static bool check_kind(struct image *image, struct diags *diags)
{
	const Elf64_Ehdr *header = &image->private->elf.header;

	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return fail(image, diags, "malformed-object",
			    "is no executable or shared library (ELF type %u)", header->e_type);
	image->elf_type = header->e_type;
	return find_machine(image, diags);
}

static bool read_image(struct image *image, const uint8_t *bytes, size_t size, struct diags *diags)
{
	const char *wrong = elf_view_open(&image->private->elf, bytes, size, image->arena);

	if (is_big_endian(bytes, size))
		return foreign(image, big_endian_machine(bytes), true, diags);
	if (wrong)
		return fail(image, diags, "malformed-object", "%s; link it again", wrong);
	if (!check_kind(image, diags) || !take_build_id(image, diags))
		return false;
	wrong = read_segments(image);
	if (!wrong)
		wrong = read_sections(image);
	if (!wrong)
		wrong = read_tls(image);
	if (wrong)
		return fail(image, diags, "malformed-object", "%s; link it again", wrong);
	image_read_dynamic(image);
	image->executable = image->executable || image->elf_type == ET_EXEC || has_program(image, PT_INTERP);
	image->is_static = image->executable && !image->needed_count && !has_program(image, PT_INTERP);
	image_read_dynamic_symbols(image);
	image->full_symbols = image_read_symbols(image, &image->private->elf);
	return true;
}

static bool finish_image(struct image *image, struct diags *diags)
{
	const char *wrong;

	if (!image->full_symbols)
		image_use_dynamic_symbols(image);
	image_index_symbols(image);
	wrong = image_read_slots(image);
	return wrong ? fail(image, diags, "malformed-object", "%s; link it again", wrong) : true;
}

static struct image *new_image(const char *name)
{
	struct arena *arena = arena_new();
	struct image *image = arena_alloc(arena, sizeof(*image));
	const char *slash;

	image->arena = arena;
	image->kind = HP_TARGET_PROCESS;
	image->private = arena_alloc(arena, sizeof(*image->private));
	image->private->files = strmap_new();
	image->path = arena_strdup(arena, name);
	slash = strrchr(image->path, '/');
	image->name = slash ? slash + 1 : image->path;
	return image;
}

struct image *image_open(const char *file, const char *name, struct diags *diags)
{
	struct image *image = new_image(name ? name : file);
	struct image_private *private = image->private;
	int failed = file_map(file, &private->file);

	private->file_open = !failed;
	if (failed)
		fail(image, diags, "malformed-object", "cannot be read: %s", strerror(-failed));
	else if (read_image(image, private->file.data, private->file.size, diags)) {
		if (!image->full_symbols)
			image_open_debug(image, file);
		if (finish_image(image, diags))
			return image;
	}
	image_close(image);
	return NULL;
}

struct image *image_open_memory(const char *name, const uint8_t *bytes, size_t size, struct diags *diags)
{
	struct image *image = new_image(name);

	if (read_image(image, bytes, size, diags) && finish_image(image, diags))
		return image;
	image_close(image);
	return NULL;
}

// A kernel has no dynamic section, and a module no segments: only headers and notes are read as for other images.
static bool read_kernel(struct image *image, const uint8_t *bytes, size_t size, struct diags *diags)
{
	const char *wrong = elf_view_open(&image->private->elf, bytes, size, image->arena);

	if (is_big_endian(bytes, size))
		return foreign(image, big_endian_machine(bytes), true, diags);
	if (wrong)
		return fail(image, diags, "malformed-object", "%s; get the whole file", wrong);
	image->elf_type = image->private->elf.header.e_type;
	if (image->elf_type != ET_EXEC && image->elf_type != ET_DYN && image->elf_type != ET_REL)
		return fail(image, diags, "malformed-object", "is no kernel or module (ELF type %u)",
			    image->elf_type);
	if (!find_machine(image, diags) || !take_build_id(image, diags))
		return false;
	if (image->elf_type != ET_REL) {
		wrong = read_segments(image);
		if (!wrong)
			wrong = read_sections(image);
	}
	image->executable = image->is_static = true;
	if (!wrong)
		wrong = kernel_read(image);
	return wrong ? fail(image, diags, "malformed-object", "%s", wrong) : true;
}

struct image *image_open_unpacked(const char *name, const uint8_t *bytes, size_t size, struct diags *diags)
{
	struct image *image = new_image(name);

	if (read_kernel(image, bytes, size, diags))
		return image;
	image_close(image);
	return NULL;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	if (image->private->file_open)
		file_unmap(&image->private->file);
	if (image->private->debug_open)
		file_unmap(&image->private->debug_file);
	free(image->private->owned);
	strmap_free(image->private->files);
	arena_free(image->arena);
}

// ---- bytes ---------------------------------------------------------------------------------------

static const struct hp_segment *segment_at(const struct image *image, uint64_t vaddr, uint64_t size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct hp_segment *segment = &image->segments[i];

		if (vaddr >= segment->vaddr && vaddr - segment->vaddr <= segment->memory_size &&
		    size <= segment->memory_size - (vaddr - segment->vaddr) &&
		    (size || vaddr - segment->vaddr < segment->memory_size))
			return segment;
	}
	return NULL;
}

const uint8_t *image_bytes(const struct image *image, uint64_t vaddr, uint64_t size)
{
	const struct hp_segment *segment = segment_at(image, vaddr, size);
	uint64_t at;

	if (!segment)
		return NULL;
	at = vaddr - segment->vaddr;
	if (at > segment->file_size || size > segment->file_size - at)
		return NULL;
	return image->private->elf.bytes + segment->offset + at;
}

bool image_read(const struct image *image, uint64_t vaddr, void *to, uint64_t size)
{
	const struct hp_segment *segment = segment_at(image, vaddr, size);
	uint64_t at, backed = 0;

	if (!segment)
		return false;
	at = vaddr - segment->vaddr;
	if (at < segment->file_size)
		backed = segment->file_size - at < size ? segment->file_size - at : size;
	if (backed)
		memcpy(to, image->private->elf.bytes + segment->offset + at, backed);
	memset((uint8_t *)to + backed, 0, size - backed);
	return true;
}

bool image_mapped(const struct image *image, uint64_t vaddr, uint64_t size, uint32_t flags)
{
	const struct hp_segment *segment = segment_at(image, vaddr, size);

	return segment && (segment->flags & flags) == flags;
}

const struct hp_image_section *image_section_at(const struct image *image, uint64_t vaddr)
{
	for (size_t i = 0; i < image->section_count; i++) {
		const struct hp_image_section *section = &image->sections[i];

		// .tbss takes no addresses: what is there belongs to the section that follows.
		if (section->type == SHT_NOBITS && section->flags & SHF_TLS)
			continue;
		if (vaddr >= section->vaddr && vaddr - section->vaddr < section->size)
			return section;
	}
	return NULL;
}

bool image_pointer(const struct image *image, uint64_t vaddr, uint64_t *target)
{
	const struct image_slot *slot = image_slot_at(image, vaddr);

	if (slot && slot->kind != SLOT_RELATIVE && slot->kind != SLOT_STATIC)
		return false;
	if (slot) {
		*target = slot->target;
		return true;
	}
	return image_read(image, vaddr, target, sizeof(*target));
}

int64_t image_tp_offset(const struct image *image, uint64_t tls_offset)
{
	return image->private->link->tp_offset(tls_offset, image->tls_size, image->tls_align);
}

void image_fill_target(const struct image *image, struct hp_target *target)
{
	*target = (struct hp_target){
		.kind = image->kind,
		.machine = image->arch->machine,
		.elf_type = image->elf_type,
		.flags = image->executable && image->elf_type == ET_DYN ? HP_TARGET_PIE : 0,
		.build_id = image->build_id,
		.build_id_size = image->build_id_size,
		.name = image->name,
		.soname = image->soname,
		.tls_size = image->tls_size,
		.tls_align = image->tls_align,
		.segments = image->segments,
		.segment_count = image->segment_count,
		.sections = image->sections,
		.section_count = image->section_count,
	};
}
