// SPDX-License-Identifier: GPL-3.0-or-later
// Finds ELF images by their headers in memory. A header is input from a stranger: every number is checked.
#include "apply/image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MAX = 1 << 16, PAGE = 4096 };

// ELF notes (System V gABI "Note Section"): name size, descriptor size, type, both padded to ALIGN.
static void find_build_id(struct image *image, const uint8_t *notes, size_t size, size_t align)
{
	size_t at = 0;

	if (align != 8)
		align = 4;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr header;
		size_t name, next;

		memcpy(&header, notes + at, sizeof(header));
		name = at + sizeof(header);
		if (header.n_namesz > size - name)
			return;
		next = (name + header.n_namesz + align - 1) & ~(align - 1);
		if (next > size || header.n_descsz > size - next)
			return;
		if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
		    !memcmp(notes + name, "GNU", 4) && header.n_descsz <= BUILD_ID_MAX) {
			memcpy(image->build_id, notes + next, header.n_descsz);
			image->build_id_size = header.n_descsz;
			return;
		}
		at = (next + header.n_descsz + align - 1) & ~(align - 1);
		if (at > size)
			return;
	}
}

static void read_notes(const struct process *process, struct image *image, const Elf64_Phdr *header)
{
	uint8_t *notes;

	if (header->p_filesz > NOTES_MAX || image->build_id_size)
		return;
	notes = xalloc(header->p_filesz + 1);
	if (!process_read(process, header->p_vaddr + image->bias, notes, header->p_filesz))
		find_build_id(image, notes, header->p_filesz, header->p_align);
	free(notes);
}

static bool note_segment(struct image *image, const Elf64_Phdr *header)
{
	if (image->segment_count == IMAGE_SEGMENTS_MAX || header->p_memsz > INT64_MAX ||
	    header->p_filesz > header->p_memsz)
		return false;
	image->segments[image->segment_count++] = (struct image_segment){
		.vaddr = header->p_vaddr,
		.offset = header->p_offset,
		.file_size = header->p_filesz,
		.memory_size = header->p_memsz,
		.flags = header->p_flags,
	};
	return true;
}

// Load bias: the header is at file offset 0, in the segment that holds offset 0.
static bool find_bias(struct image *image)
{
	bool found = false;

	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];

		if (segment->offset < PAGE && !found) {
			image->bias = image->base - (segment->vaddr - segment->offset);
			found = true;
		}
	}
	if (!found)
		return false;
	image->start = UINT64_MAX;
	for (size_t i = 0; i < image->segment_count; i++) {
		uint64_t start = (image->segments[i].vaddr + image->bias) & ~(uint64_t)(PAGE - 1), end;

		if (__builtin_add_overflow(image->segments[i].vaddr + image->bias,
					   image->segments[i].memory_size + PAGE - 1, &end))
			return false;
		end &= ~(uint64_t)(PAGE - 1);
		if (start < image->start)
			image->start = start;
		if (end > image->end)
			image->end = end;
	}
	return image->start < image->end;
}

static bool read_image(const struct process *process, const struct mapping *mapping, struct image *image)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[64];

	if (process_read(process, mapping->start, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return false;
	*image = (struct image){.base = mapping->start, .path = mapping->path};
	image->machine = header.e_machine;
	image->type = header.e_type;
	image->vdso = !strcmp(mapping->path, "[vdso]");
	if (header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	if (header.e_phentsize != sizeof(Elf64_Phdr) || !header.e_phnum ||
	    header.e_phnum > ARRAY_SIZE(segments) || header.e_phoff > mapping->end - mapping->start ||
	    process_read(process, mapping->start + header.e_phoff, segments,
			 header.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (segments[i].p_type == PT_LOAD && !note_segment(image, &segments[i]))
			return false;
	}
	if (!find_bias(image))
		return false;
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (segments[i].p_type == PT_NOTE)
			read_notes(process, image, &segments[i]);
		if (segments[i].p_type == PT_DYNAMIC) {
			image->dynamic = segments[i].p_vaddr + image->bias;
			image->dynamic_size = segments[i].p_memsz;
		}
		if (segments[i].p_type == PT_GNU_EH_FRAME) {
			image->eh_frame_hdr = segments[i].p_vaddr + image->bias;
			image->eh_frame_hdr_size = segments[i].p_memsz;
		}
		if (segments[i].p_type == PT_TLS)
			image->tls_size = segments[i].p_memsz;
	}
	return true;
}

// A file that is only being read (mmap of a core, a linker's input) begins with the same header: an image is
// what has executable memory where one of its segments wants it.
static bool looks_loaded(const struct process *process, const struct image *image)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct mapping *mapping;

		if (!(image->segments[i].flags & PF_X))
			continue;
		mapping = process_mapping_at(process, image->segments[i].vaddr + image->bias);
		if (mapping && mapping->execute)
			return true;
	}
	return false;
}

void images_find(struct process *process)
{
	VEC(struct image) list = {0};

	for (size_t i = 0; i < process->mapping_count; i++) {
		const struct mapping *mapping = &process->mappings[i];
		struct image image;

		if (!mapping->read || mapping->offset || (!*mapping->path && !mapping->execute) ||
		    (*mapping->path == '[' && strcmp(mapping->path, "[vdso]")))
			continue;
		if (read_image(process, mapping, &image) && looks_loaded(process, &image))
			*vec_push(&list) = image;
	}
	process->images = arena_array(process->arena, list.count + 1, sizeof(struct image));
	if (list.count)
		memcpy(process->images, list.at, list.count * sizeof(struct image));
	process->image_count = list.count;
	free(list.at);
}
