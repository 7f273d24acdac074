// SPDX-License-Identifier: GPL-3.0-or-later
// hp-show --json: every record of a package, under the names that doc/hp-format.md gives the fields. Addresses are
// strings ("0x401000"): kernel addresses do not fit the integers that JSON readers agree on.
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/hp-show.h"
#include "util/util.h"

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	set(object, key, json_integer((json_int_t)value));
}

static void set_address(json_t *object, const char *key, uint64_t value)
{
	set(object, key, json_sprintf("0x%llx", (unsigned long long)value));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	set(object, key, text ? json_string(text) : json_null());
}

static void set_index(json_t *object, const char *key, uint32_t index)
{
	set(object, key, index == HP_NONE ? json_null() : json_integer(index));
}

static json_t *hex(const uint8_t *bytes, size_t size)
{
	char *text = xalloc(2 * size + 1);
	json_t *value;

	sodium_bin2hex(text, 2 * size + 1, bytes, size);
	value = json_string(text);
	free(text);
	return value;
}

static json_t *segment_value(const struct hp_segment *segment)
{
	json_t *value = json_object();

	set_address(value, "vaddr", segment->vaddr);
	set_address(value, "offset", segment->offset);
	set_address(value, "file_size", segment->file_size);
	set_address(value, "memory_size", segment->memory_size);
	set_address(value, "align", segment->align);
	set_number(value, "flags", segment->flags);
	return value;
}

static json_t *section_value(const struct hp_image_section *section)
{
	json_t *value = json_object();

	set_text(value, "name", section->name);
	set_number(value, "type", section->type);
	set_address(value, "vaddr", section->vaddr);
	set_address(value, "size", section->size);
	set_address(value, "flags", section->flags);
	return value;
}

static json_t *function_value(const struct hp_function *function)
{
	json_t *value = json_object();

	set_text(value, "name", function->name);
	set_text(value, "object", function->object);
	set_address(value, "vaddr", function->vaddr);
	set_address(value, "old_size", function->old_size);
	set_index(value, "symbol", function->symbol);
	set_index(value, "prologue", function->prologue);
	set_number(value, "jump_offset", function->jump_offset);
	set_number(value, "jump_size", function->jump_size);
	set_number(value, "flags", function->flags);
	set_number(value, "position", function->position);
	set_number(value, "pad_before", function->pad_before);
	set_number(value, "pad_after", function->pad_after);
	set(value, "old_hash", hex(function->old_hash, sizeof(function->old_hash)));
	set(value, "old_bytes", hex(function->old_bytes, sizeof(function->old_bytes)));
	return value;
}

static json_t *part_value(const struct hp_part *part)
{
	json_t *value = json_object();

	set_number(value, "function", part->function);
	set_index(value, "symbol", part->symbol);
	set_address(value, "vaddr", part->vaddr);
	set_address(value, "size", part->size);
	return value;
}

static json_t *mask_value(const struct hp_mask *mask)
{
	json_t *value = json_object();

	set_number(value, "function", mask->function);
	set_number(value, "offset", mask->offset);
	set_number(value, "size", mask->size);
	return value;
}

static json_t *binding_value(const struct hp_binding *binding)
{
	json_t *value = json_object();

	set_number(value, "symbol", binding->symbol);
	set_number(value, "kind", binding->kind);
	set_number(value, "flags", binding->flags);
	set_number(value, "position", binding->position);
	set_address(value, "vaddr", binding->vaddr);
	set_number(value, "addend", (uint64_t)binding->addend);
	set_text(value, "name", binding->name);
	set_text(value, "version", binding->version);
	set_text(value, "object", binding->object);
	return value;
}

static json_t *state_value(const struct hp_state *state)
{
	json_t *value = json_object();

	set_number(value, "symbol", state->symbol);
	set_text(value, "object", state->object);
	set_text(value, "owner", state->owner);
	set_text(value, "name", state->name);
	set_address(value, "size", state->size);
	set_address(value, "align", state->align);
	set(value, "initial_hash", hex(state->initial_hash, sizeof(state->initial_hash)));
	return value;
}

static json_t *hook_value(const struct hp_hook *hook)
{
	json_t *value = json_object();

	set_number(value, "phase", hook->phase);
	set_number(value, "symbol", hook->symbol);
	return value;
}

#define SET_TABLE(object, key, table, count, record_value)                                                   \
	do {                                                                                                 \
		json_t *array = json_array();                                                                \
                                                                                                             \
		for (size_t i = 0; i < (count); i++)                                                         \
			json_array_append_new(array, record_value(&(table)[i]));                             \
		set(object, key, array);                                                                     \
	} while (0)

static json_t *payload_value(const struct hp_target *target)
{
	json_t *value = json_object();
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, target->payload, target->payload_size);
	set_number(value, "size", target->payload_size);
	set(value, "sha256", hex(digest, sizeof(digest)));
	return value;
}

static json_t *target_value(const struct hp_target *target)
{
	json_t *value = json_object();

	set_text(value, "kind", kind_name(target->kind));
	set_number(value, "flags", target->flags);
	set_number(value, "machine", target->machine);
	set_number(value, "elf_type", target->elf_type);
	set(value, "build_id", hex(target->build_id, target->build_id_size));
	set_address(value, "tls_size", target->tls_size);
	set_address(value, "tls_align", target->tls_align);
	set_text(value, "name", target->name);
	set_text(value, "soname", target->soname);
	SET_TABLE(value, "segments", target->segments, target->segment_count, segment_value);
	SET_TABLE(value, "sections", target->sections, target->section_count, section_value);
	SET_TABLE(value, "functions", target->functions, target->function_count, function_value);
	SET_TABLE(value, "parts", target->parts, target->part_count, part_value);
	SET_TABLE(value, "masks", target->masks, target->mask_count, mask_value);
	SET_TABLE(value, "bindings", target->bindings, target->binding_count, binding_value);
	SET_TABLE(value, "states", target->states, target->state_count, state_value);
	SET_TABLE(value, "hooks", target->hooks, target->hook_count, hook_value);
	set(value, "payload", payload_value(target));
	return value;
}

static json_t *chunk_value(const struct hp_chunk *chunk)
{
	json_t *value = json_object();

	set_text(value, "type", chunk->type);
	set_number(value, "flags", chunk->flags);
	set_number(value, "offset", chunk->offset);
	set_number(value, "stored_size", chunk->stored_size);
	set_number(value, "raw_size", chunk->raw_size);
	return value;
}

void show_json(const char *path, struct hp_package *package, json_t *manifest)
{
	json_t *document = json_object(), *signatures = json_array(), *chunks = json_array(),
	       *targets = json_array();
	uint8_t digest[HP_HASH_SIZE], contents[HP_HASH_SIZE];

	hp_file_digest(package, digest);
	hp_digest(package, contents);
	for (size_t i = 0; i < hp_signature_count(package); i++)
		json_array_append_new(signatures, hex(hp_signature_key(package, i), HP_KEY_SIZE));
	for (size_t i = 0; i < hp_chunk_count(package); i++)
		json_array_append_new(chunks, chunk_value(hp_chunk(package, i)));
	for (size_t i = 0; i < hp_target_count(package); i++)
		json_array_append_new(targets, target_value(hp_target(package, i)));
	set_number(document, "schema", 1);
	set_text(document, "file", path);
	set_number(document, "format", HP_FORMAT_VERSION);
	set_number(document, "bytes", hp_size(package));
	set(document, "sha256", hex(digest, sizeof(digest)));
	set(document, "contents_sha256", hex(contents, sizeof(contents)));
	set(document, "signatures", signatures);
	set(document, "manifest", json_incref(manifest));
	set(document, "chunks", chunks);
	set(document, "targets", targets);
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}
