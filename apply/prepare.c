// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that can be done before the stop is done here: verify the old code, reserve memory, link, write,
// record. A dead applier's half of it is found again by its records and finished.
#include "apply/prepare.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "apply/facts.h"
#include "apply/lookup.h"
#include "apply/memory.h"
#include "apply/trampoline.h"

enum { PAGE = 4096, OLD_SIZE_MAX = 1 << 24 };

struct placement *prepare_placements(const struct process *process, struct hp_package *package, size_t *count)
{
	VEC(struct placement) list = {0};

	for (size_t i = 0; i < hp_target_count(package); i++) {
		const struct hp_target *target = hp_target(package, i);

		for (size_t j = 0; target->kind == HP_TARGET_PROCESS && j < process->image_count; j++) {
			const struct image *image = &process->images[j];

			if (image->machine == target->machine && image->build_id_size &&
			    image->build_id_size == target->build_id_size &&
			    !memcmp(image->build_id, target->build_id, image->build_id_size))
				*vec_push(&list) = (struct placement){package, i, target, *image};
		}
	}
	*count = list.count;
	return list.at ? list.at : xalloc(1);
}

// Code that lies where the image has its own executable segment, and nowhere else.
static bool in_code(const struct image *image, uint64_t vaddr, uint64_t size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];

		if ((segment->flags & PF_X) && vaddr >= segment->vaddr &&
		    vaddr - segment->vaddr <= segment->file_size &&
		    size <= segment->file_size - (vaddr - segment->vaddr))
			return true;
	}
	return false;
}

// Puts the original bytes in place of an entry jump of ours.
static void undo_jump(const struct session *session, uint64_t entry, uint8_t *bytes, size_t size)
{
	uint32_t index = session_function(session, entry);
	const struct control_function *function;
	size_t at;

	if (index == CONTROL_NONE)
		return;
	function = &session->control->functions.at[index];
	at = function->jump - function->entry;
	for (size_t i = 0;
	     i < session->control->trampolines.count && at < size && size - at >= ENTRY_JUMP_SIZE; i++) {
		const struct control_trampoline *trampoline = &session->control->trampolines.at[i];

		if (trampoline->function == index &&
		    jump_decode(function->jump, bytes + at) == trampoline->address) {
			memcpy(bytes + at, function->original, ENTRY_JUMP_SIZE);
			return;
		}
	}
}

static bool hash_matches(const struct session *session, uint64_t entry, uint64_t size, const uint8_t *hash)
{
	uint8_t *bytes = xalloc(size + 1), found[HP_HASH_SIZE];
	bool same = !process_read(session->process, entry, bytes, size);

	if (same) {
		undo_jump(session, entry, bytes, size);
		crypto_hash_sha256(found, bytes, size);
		same = !memcmp(found, hash, sizeof(found));
	}
	free(bytes);
	return same;
}

static int check_function(struct session *session, const struct placement *placement,
			  const struct hp_function *function)
{
	uint64_t entry = placement->image.bias + function->vaddr, jump = entry + function->jump_offset;
	const char *image = placement->record->name;

	if (function->old_size > OLD_SIZE_MAX || function->jump_offset > 16 ||
	    function->jump_size < ENTRY_JUMP_SIZE || function->prologue == HP_NONE ||
	    !in_code(&placement->image, function->vaddr, function->old_size) ||
	    !in_code(&placement->image, function->vaddr + function->jump_offset, function->jump_size))
		return session_refuse(session, "too-small", "%s: %s: no room for the entry jump", image,
				      function->name);
	if (jump / PAGE != (jump + ENTRY_JUMP_SIZE - 1) / PAGE)
		return session_refuse(
			session, "too-small",
			"%s: %s: its entry crosses a page, a jump there cannot be written in one piece",
			image, function->name);
	if (!hash_matches(session, entry, function->old_size, function->old_hash))
		return session_refuse(session, "target-modified",
				      "%s: %s: the code in memory is not what this package was made for; "
				      "nothing changed",
				      image, function->name);
	return 0;
}

static bool in_texts(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(list[i], text))
			return true;
	}
	return false;
}

// The id is what the administrator reverts and supersedes by: another package must not slip in under it and drop what
// the active one fixes.
static int check_id(struct session *session, const struct patch *patch)
{
	const struct control *control = session->control;
	const struct control_generation *active = control ? control_active(control) : NULL;
	const struct package_facts *facts = &patch->facts;

	if (in_texts(facts->id, facts->supersedes, facts->supersede_count))
		return 0;
	for (uint32_t i = 0; active && i < active->package_count; i++) {
		const struct control_package *package = &control->packages.at[active->packages[i]];

		if (!strcmp(package->id, facts->id) && memcmp(package->digest, patch->digest, HP_HASH_SIZE))
			return session_refuse(session, "target-modified",
					      "another package with the id %s is active; revert it first, or "
					      "give this one an id of its own; nothing changed",
					      package->id);
	}
	return 0;
}

static int check_package(struct session *session, struct hp_package *package)
{
	struct arena *arena = arena_new();
	struct patch patch = {0};
	int error;

	patch_read(&patch, package, arena);
	error = check_id(session, &patch);
	arena_free(arena);
	return error;
}

int prepare_check(struct session *session, const struct placement *placements, size_t count)
{
	if (count && check_package(session, placements[0].package))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct hp_target *target = placements[i].record;

		if (target->machine != EM_X86_64)
			return session_refuse(session, "arch-mismatch", "%s: not x86-64 code", target->name);
		if (target->hook_count)
			return session_refuse(session, "special-unsupported", "%s: hooks are not supported",
					      target->name);
		for (size_t j = 0; j < target->function_count; j++) {
			if (check_function(session, &placements[i], &target->functions[j]))
				return -1;
		}
	}
	return 0;
}

uint32_t prepare_find(const struct session *session, const uint8_t digest[HP_HASH_SIZE])
{
	const struct control *control = session->control;

	for (size_t i = 0; control && i < control->packages.count; i++) {
		if (!memcmp(control->packages.at[i].digest, digest, HP_HASH_SIZE))
			return (uint32_t)i;
	}
	return CONTROL_NONE;
}

static uint32_t find_code(const struct control *control, uint32_t package, uint32_t image)
{
	for (size_t i = 0; i < control->codes.count; i++) {
		if (control->codes.at[i].package == package && control->codes.at[i].image == image)
			return (uint32_t)i;
	}
	return CONTROL_NONE;
}

static uint32_t find_body(const struct control *control, uint32_t package, uint32_t function)
{
	return control_body_among(control, function, &package, 1);
}

bool prepare_complete(const struct session *session, uint32_t package, const struct placement *placements,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct hp_target *target = placements[i].record;

		for (size_t j = 0; j < target->function_count; j++) {
			uint32_t function = session_function(session, placements[i].image.bias +
									      target->functions[j].vaddr);

			if (function == CONTROL_NONE ||
			    find_body(session->control, package, function) == CONTROL_NONE)
				return false;
		}
	}
	return true;
}

// ---- linking ----------------------------------------------------------------------------------------------------

struct resolve {
	struct session *session;
	const struct image *image;
	struct lookup *lookup;
	const char *missing; // name that was not found
	char why[256];
};

static int resolve_slot(struct resolve *resolve, const struct hp_binding *binding, uint64_t *value)
{
	return process_read(resolve->session->process, resolve->image->bias + binding->vaddr, value, 8);
}

static int resolve_name(struct resolve *resolve, const struct hp_binding *binding, uint64_t *value)
{
	struct lookup_result found;

	if (!resolve->lookup)
		resolve->lookup = lookup_new(resolve->session->process);
	if (lookup_symbol(resolve->lookup, resolve->image, binding->name, binding->version, &found) ==
	    LOOKUP_FOUND) {
		*value = found.address;
		return 0;
	}
	if (binding->flags & HP_BINDING_WEAK)
		return -1;
	resolve->missing = binding->name;
	snprintf(resolve->why, sizeof(resolve->why), "%s", found.message);
	return -1;
}

static int resolve_binding(void *argument, const struct hp_binding *binding, uint64_t *value)
{
	switch (binding->kind) {
	case HP_BIND_TLS_MODULE:
	case HP_BIND_TLS_OFFSET:
		return resolve_slot(argument, binding, value);
	case HP_BIND_DYNAMIC:
		return resolve_name(argument, binding, value);
	}
	return -1;
}

static int link_failure(struct session *session, const struct placement *placement,
			const struct resolve *resolve, const struct hp_error *error)
{
	if (resolve->missing)
		return session_refuse(session, "symbol-missing", "%s: %s: %s; nothing changed",
				      placement->record->name, resolve->missing, resolve->why);
	if (error->status == HP_OVERFLOW)
		return session_refuse(session, "no-space-near", "%s: %s", placement->record->name,
				      error->message);
	return session_refuse(session, "symbol-missing", "%s: the payload cannot be linked: %s",
			      placement->record->name, error->message);
}

static bool same_text(const char *recorded, const char *text)
{
	return !strcmp(recorded, text ? text : "");
}

// The last record of this datum among those of PACKAGE at that image.
static const struct control_state *find_state(const struct control *control, uint32_t package, uint32_t image,
					      const struct hp_state *wanted)
{
	for (size_t i = control->states.count; i-- > 0;) {
		const struct control_state *state = &control->states.at[i];

		if (state->package == package && state->image == image &&
		    same_text(state->name, wanted->name) && same_text(state->owner, wanted->owner) &&
		    same_text(state->object, wanted->object))
			return state;
	}
	return NULL;
}

// Where each of the payload's new data lies: as recorded. malloc'ed.
static struct hp_moved *moved_states(const struct control *control, const struct placement *placement,
				     const struct control_code *code, size_t *count)
{
	const struct hp_target *target = placement->record;
	struct hp_moved *moved = xalloc((target->state_count + 1) * sizeof(*moved));

	*count = 0;
	for (size_t i = 0; i < target->state_count; i++) {
		const struct control_state *state =
			control ? find_state(control, code->package, code->image, &target->states[i]) : NULL;

		if (state)
			moved[(*count)++] = (struct hp_moved){target->states[i].symbol, state->address};
	}
	return moved;
}

// Payload bytes for the addresses in CODE, malloc'ed. 0 or -1.
static int link_payload(struct session *session, struct hp_package *package,
			const struct placement *placement, const struct control_code *code,
			uint8_t **code_bytes, uint8_t **data_bytes)
{
	struct resolve resolve = {.session = session, .image = &placement->image};
	struct hp_place place = {.bias = placement->image.bias, .address = {code->address, code->data}};
	struct hp_moved *moved = moved_states(session->control, placement, code, &place.moved_count);
	struct hp_error error = {0};
	int status;

	place.moved = moved;
	*code_bytes = xalloc(code->size + 1);
	*data_bytes = xalloc(code->data_size + 1);
	status = hp_link(package, placement->target, &place, resolve_binding, &resolve, *code_bytes,
			 *data_bytes, &error);
	lookup_free(resolve.lookup);
	free(moved);
	if (!status)
		return 0;
	free(*code_bytes);
	free(*data_bytes);
	return link_failure(session, placement, &resolve, &error);
}

int prepare_try_link(struct session *session, struct hp_package *package, const struct placement *placement,
		     const struct control_code *code)
{
	uint8_t *bytes, *data;

	if (link_payload(session, package, placement, code, &bytes, &data))
		return -1;
	free(bytes);
	free(data);
	return 0;
}

// The payload's .eh_frame: an ELF64 relocatable object that libhp has checked, section headers included.
static void find_eh_frame(const struct hp_target *target, const struct hp_layout *layout,
			  struct control_code *code)
{
	Elf64_Ehdr header;
	Elf64_Shdr names, section;

	if (target->payload_size < sizeof(header))
		return;
	memcpy(&header, target->payload, sizeof(header));
	if (header.e_shoff > target->payload_size || header.e_shstrndx >= header.e_shnum ||
	    header.e_shnum > layout->section_count ||
	    (uint64_t)header.e_shnum * sizeof(section) > target->payload_size - header.e_shoff)
		return;
	memcpy(&names, target->payload + header.e_shoff + header.e_shstrndx * sizeof(names), sizeof(names));
	if (names.sh_offset > target->payload_size || names.sh_size > target->payload_size - names.sh_offset)
		return;
	for (size_t i = 0; i < header.e_shnum; i++) {
		memcpy(&section, target->payload + header.e_shoff + i * sizeof(section), sizeof(section));
		if (section.sh_name > names.sh_size ||
		    names.sh_size - section.sh_name < sizeof(".eh_frame") ||
		    memcmp(target->payload + names.sh_offset + section.sh_name, ".eh_frame",
			   sizeof(".eh_frame")) ||
		    layout->region[i] != HP_REGION_CODE || layout->offset[i] > code->size ||
		    section.sh_size > code->size - layout->offset[i])
			continue;
		code->eh_frame = code->address + layout->offset[i];
		code->eh_frame_size = section.sh_size;
	}
}

static int reserve_code(struct session *session, const struct hp_layout *layout, struct control_code *code)
{
	if (layout->align[0] > PAGE || layout->align[1] > PAGE)
		return session_refuse(session, "no-space-near",
				      "payload sections want more than page alignment");
	code->size = layout->size[HP_REGION_CODE];
	code->data_size = layout->size[HP_REGION_DATA];
	if (memory_reserve(session, code->image, PROT_READ | PROT_EXEC, code->size,
			   layout->align[0] > 64 ? layout->align[0] : 64, &code->address))
		return -1;
	if (!code->data_size)
		return 0;
	return memory_reserve(session, code->image, PROT_READ | PROT_WRITE, code->data_size,
			      layout->align[1] > 64 ? layout->align[1] : 64, &code->data);
}

static bool supersedes_package(const struct control *control, uint32_t newer, uint32_t older)
{
	const struct control_package *package = &control->packages.at[newer];
	const char *id = control->packages.at[older].id;

	for (uint32_t i = 0; i < package->supersedes.count; i++) {
		if (!strcmp(package->supersedes.at[i], id))
			return true;
	}
	return newer != older && !strcmp(package->id, id);
}

// The same datum of a package that this one supersedes and that has been active: a lock or a counter goes on where it
// is instead of being forked.
static const struct control_state *
find_earlier(const struct control *control, const struct control_code *code, const struct hp_state *wanted)
{
	for (size_t i = control->packages.count; i-- > 0;) {
		uint32_t older = (uint32_t)i;
		const struct control_state *state = find_state(control, older, code->image, wanted);

		if (state && older != code->package && supersedes_package(control, code->package, older) &&
		    control_was_active(control, older))
			return state;
	}
	return NULL;
}

static int add_state(struct session *session, const struct control_code *code, const struct hp_state *from,
		     uint64_t own_address)
{
	const struct control_state *earlier = find_earlier(session->control, code, from);
	const struct control_state *known = find_state(session->control, code->package, code->image, from);
	struct control_state state = {
		.package = code->package,
		.image = code->image,
		.address = earlier ? earlier->address : own_address,
		.size = from->size,
		.align = from->align,
		.object = from->object,
		.owner = from->owner,
		.name = from->name,
	};
	int error;

	memcpy(state.hash, from->initial_hash, sizeof(state.hash));
	if (earlier &&
	    (earlier->size != from->size || memcmp(earlier->hash, from->initial_hash, HP_HASH_SIZE)))
		return session_refuse(session, earlier->size != from->size ? "data-layout" : "data-changed",
				      "%s: it lives on from %s, where its %s another; nothing changed",
				      from->name, session->control->packages.at[earlier->package].id,
				      earlier->size != from->size ? "size is" : "initial value is");
	if (known && known->address == state.address)
		return 0;
	error = control_add_state(session->control, &state);
	return error ? session_fail(session, error, "writing the control block") : 0;
}

static int add_states(struct session *session, struct hp_package *package, const struct placement *placement,
		      const struct control_code *code)
{
	for (size_t i = 0; i < placement->record->state_count; i++) {
		const struct hp_state *from = &placement->record->states[i];
		struct hp_symbol symbol;

		if (!hp_symbol(package, placement->target, from->symbol, &symbol, NULL) &&
		    symbol.region == HP_REGION_DATA &&
		    add_state(session, code, from, code->data + symbol.offset))
			return -1;
	}
	return 0;
}

// May the program have run CODE? Bodies are recorded once it is written whole, and switched to after that.
static bool was_used(const struct control *control, const struct control_code *code)
{
	for (size_t i = 0; i < control->bodies.count; i++) {
		const struct control_body *body = &control->bodies.at[i];

		if (body->package == code->package &&
		    control->functions.at[body->function].image == code->image)
			return control_was_active(control, code->package);
	}
	return false;
}

// Writes what differs; bytes that a dead applier has written already stay. Code that was in use is never changed.
static int write_code(struct session *session, const struct control_code *code, const uint8_t *bytes,
		      const uint8_t *data)
{
	uint8_t *there = xalloc(code->size + 1);
	bool used = was_used(session->control, code);
	int error = process_read(session->process, code->address, there, code->size);

	if (!error && memcmp(there, bytes, code->size)) {
		if (used) {
			free(there);
			return session_refuse(session, "target-modified",
					      "its copy of this package's code was changed");
		}
		error = process_write(session->process, code->address, bytes, code->size);
	}
	if (!error && code->data_size && !used) // in use it holds the program's state, which goes on
		error = process_write(session->process, code->data, data, code->data_size);
	if (!error)
		error = process_read(session->process, code->address, there, code->size);
	if (!error && memcmp(there, bytes, code->size))
		error = -EIO;
	free(there);
	return error ? session_fail(session, error, "writing new code") : 0;
}

static uint32_t add_code(struct session *session, struct hp_package *package,
			 const struct placement *placement, uint32_t package_index, uint32_t image_index)
{
	struct control_code code = {.package = package_index, .image = image_index};
	const struct hp_layout *layout;
	uint8_t *bytes, *data;
	struct hp_error error = {0};
	int status;

	if (hp_layout(package, placement->target, &layout, &error)) {
		session_refuse(session, "symbol-missing", "%s: %s", placement->record->name, error.message);
		return CONTROL_NONE;
	}
	if (reserve_code(session, layout, &code))
		return CONTROL_NONE;
	find_eh_frame(placement->record, layout, &code);
	if (add_states(session, package, placement, &code))
		return CONTROL_NONE;
	if (link_payload(session, package, placement, &code, &bytes, &data))
		return CONTROL_NONE;
	crypto_hash_sha256(code.hash, bytes, code.size);
	status = control_add_code(session->control, &code);
	free(bytes);
	free(data);
	if (status) {
		session_fail(session, status, "writing the control block");
		return CONTROL_NONE;
	}
	return (uint32_t)(session->control->codes.count - 1);
}

// ---- functions --------------------------------------------------------------------------------------------------

static bool code_symbol(struct hp_package *package, const struct placement *placement,
			const struct control_code *code, uint32_t index, uint64_t *address, uint64_t *size)
{
	struct hp_symbol symbol;

	if (hp_symbol(package, placement->target, index, &symbol, NULL) || symbol.region != HP_REGION_CODE ||
	    symbol.offset > code->size)
		return false;
	*address = code->address + symbol.offset;
	*size = symbol.size;
	return true;
}

static struct control_range *old_parts(struct session *session, const struct placement *placement,
				       uint32_t index, uint32_t *count)
{
	const struct hp_target *target = placement->record;
	const struct hp_function *function = &target->functions[index];
	struct control_range *parts =
		arena_array(session->control->arena, target->part_count + 1, sizeof(struct control_range));
	uint64_t entry = placement->image.bias + function->vaddr;

	parts[0] = (struct control_range){entry, entry + function->old_size};
	*count = 1;
	for (size_t i = 0; i < target->part_count; i++) {
		const struct hp_part *part = &target->parts[i];
		uint64_t start = placement->image.bias + part->vaddr;

		if (part->function == index && part->symbol == HP_NONE && start != entry &&
		    in_code(&placement->image, part->vaddr, part->size))
			parts[(*count)++] = (struct control_range){start, start + part->size};
	}
	return parts;
}

static uint32_t add_function(struct session *session, struct hp_package *package,
			     const struct placement *placement, const struct control_code *code,
			     uint32_t index)
{
	const struct hp_function *from = &placement->record->functions[index];
	uint64_t entry = placement->image.bias + from->vaddr;
	struct control_function function = {
		.image = code->image,
		.jump_size = from->jump_size,
		.entry = entry,
		.jump = entry + from->jump_offset,
		.old_size = from->old_size,
		.original_size = ENTRY_JUMP_SIZE,
		.name = from->name,
	};
	int error;

	if (!code_symbol(package, placement, code, from->prologue, &function.prologue,
			 &function.prologue_size)) {
		session_refuse(session, "too-small", "%s: no relocated prologue", from->name);
		return CONTROL_NONE;
	}
	memcpy(function.old_hash, from->old_hash, sizeof(function.old_hash));
	function.parts = old_parts(session, placement, index, &function.part_count);
	error = process_read(session->process, function.jump, function.original, ENTRY_JUMP_SIZE);
	if (!error)
		error = control_add_function(session->control, &function);
	if (error) {
		session_fail(session, error, "writing the control block");
		return CONTROL_NONE;
	}
	return (uint32_t)(session->control->functions.count - 1);
}

static int add_bodies(struct session *session, struct hp_package *package, const struct placement *placement,
		      const struct control_code *code)
{
	for (uint32_t i = 0; i < placement->record->function_count; i++) {
		const struct hp_function *from = &placement->record->functions[i];
		struct control_body body = {.package = code->package};
		uint64_t size;
		int error;

		body.function = session_function(session, placement->image.bias + from->vaddr);
		if (body.function == CONTROL_NONE)
			body.function = add_function(session, package, placement, code, i);
		if (body.function == CONTROL_NONE)
			return -1;
		if (find_body(session->control, body.package, body.function) != CONTROL_NONE)
			continue;
		if (!code_symbol(package, placement, code, from->symbol, &body.address, &size))
			return session_refuse(session, "symbol-missing", "%s: the payload has no body for it",
					      from->name);
		error = control_add_body(session->control, &body);
		if (error)
			return session_fail(session, error, "writing the control block");
	}
	return 0;
}

static int prepare_at(struct session *session, struct hp_package *package, uint32_t package_index,
		      const struct placement *placement)
{
	uint32_t image = memory_ensure_image(session, &placement->image), index;
	struct control_code code;
	uint8_t *bytes, *data;
	int error;

	if (image == CONTROL_NONE)
		return -1;
	index = find_code(session->control, package_index, image);
	if (index == CONTROL_NONE)
		index = add_code(session, package, placement, package_index, image);
	if (index == CONTROL_NONE)
		return -1;
	code = session->control->codes.at[index];
	if (link_payload(session, package, placement, &code, &bytes, &data))
		return -1;
	error = write_code(session, &code, bytes, data);
	free(bytes);
	free(data);
	return error ? error : add_bodies(session, package, placement, &code);
}

uint32_t prepare_package(struct session *session, struct patch *patch, const struct placement *placements,
			 size_t count)
{
	const struct package_facts *facts = &patch->facts;
	struct control_package record = {
		.id = facts->id,
		.title = facts->title,
		.fixes = {facts->fixes, (uint32_t)facts->fix_count},
		.requires = {facts->requires, (uint32_t)facts->require_count},
		.supersedes = {facts->supersedes, (uint32_t)facts->supersede_count},
	};
	uint32_t index = prepare_find(session, patch->digest);

	if (index == CONTROL_NONE) {
		int error;

		memcpy(record.digest, patch->digest, sizeof(record.digest));
		error = control_add_package(session->control, &record);
		if (error) {
			session_fail(session, error, "writing the control block");
			return CONTROL_NONE;
		}
		index = (uint32_t)(session->control->packages.count - 1);
	}
	for (size_t i = 0; i < count; i++) {
		if (prepare_at(session, patch->package, index, &placements[i]))
			return CONTROL_NONE;
	}
	return index;
}
