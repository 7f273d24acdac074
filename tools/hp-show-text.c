// SPDX-License-Identifier: GPL-3.0-or-later
// hp-show's listing for people.
#include <dirent.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common-key.h"
#include "tools/hp-show.h"
#include "util/util.h"

#define TRUSTED_DIRECTORY "/etc/hotpatch/trusted.d"

// Manifest texts are foreign: control characters would reach the terminal.
static void print_clean(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			printf("\\x%02x", c);
		else if (c == 0xc2 && (unsigned char)text[1] < 0xa0) // C1 controls, U+0080 to U+009F
			printf("\\u%04x", (unsigned char)*++text);
		else
			putchar(c);
	}
}

// 2112 -> "2,112"
static void print_grouped(uint64_t number)
{
	if (number >= 1000) {
		print_grouped(number / 1000);
		printf(",%03llu", (unsigned long long)(number % 1000));
	} else {
		printf("%llu", (unsigned long long)number);
	}
}

static void print_hex(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
}

static const char *manifest_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

// "  fixes     CVE-1, CVE-2"; nothing for an empty or missing list.
static void print_list(const json_t *manifest, const char *key)
{
	const json_t *list = json_object_get(manifest, key);

	if (!json_array_size(list))
		return;
	printf("  %-10s", key);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		printf("%s", i ? ", " : "");
		print_clean(text ? text : "?");
	}
	putchar('\n');
}

static void print_field(const json_t *manifest, const char *key)
{
	const char *text = manifest_text(manifest, key);

	if (!text)
		return;
	printf("  %-10s", key);
	print_clean(text);
	putchar('\n');
}

// The key file of this host that holds KEY, malloc'ed, or NULL: who signed it, in words that the administrator chose.
static char *trusted_name(const uint8_t key[HP_KEY_SIZE])
{
	DIR *directory = opendir(TRUSTED_DIRECTORY);
	uint8_t trusted[HP_KEY_SIZE];
	struct dirent *entry;
	char *name = NULL;

	while (directory && !name && (entry = readdir(directory))) {
		const char *dot = strrchr(entry->d_name, '.');
		char *path;

		if (!dot || strcmp(dot, ".pub") != 0)
			continue;
		path = path_join(TRUSTED_DIRECTORY, entry->d_name);
		if (!read_public_key("hp-show", path, trusted) && !memcmp(trusted, key, HP_KEY_SIZE))
			name = xstrdup(entry->d_name);
		free(path);
	}
	if (directory)
		closedir(directory);
	return name;
}

static void print_signature(const uint8_t key[HP_KEY_SIZE])
{
	char *name = trusted_name(key);

	printf("  signed    by ");
	print_hex(key, HP_KEY_SIZE);
	if (name) {
		printf(", trusted here as ");
		print_clean(name);
	}
	printf("\n");
	free(name);
}

static void print_head(const char *path, const struct hp_package *package, const json_t *manifest)
{
	const char *id = manifest_text(manifest, "id"), *title = manifest_text(manifest, "title");
	uint8_t digest[HP_HASH_SIZE];

	print_clean(id ? id : "(no id)");
	if (title) {
		printf(": ");
		print_clean(title);
	}
	printf("\n  file      %s, ", path);
	print_grouped(hp_size(package));
	printf(" bytes, format %u\n  sha256    ", HP_FORMAT_VERSION);
	hp_file_digest(package, digest);
	print_hex(digest, sizeof(digest));
	printf("\n");
	if (hp_signature_count(package)) {
		hp_digest(package, digest);
		printf("  contents  ");
		print_hex(digest, sizeof(digest));
		printf("\n");
	}
	for (size_t i = 0; i < hp_signature_count(package); i++)
		print_signature(hp_signature_key(package, i));
	if (!hp_signature_count(package))
		printf("  signed    by nobody\n");
	print_list(manifest, "fixes");
	print_field(manifest, "severity");
	print_field(manifest, "url");
	print_field(manifest, "baseline");
	print_list(manifest, "requires");
	print_list(manifest, "supersedes");
}

// ---- targets ---------------------------------------------------------------------------------------------------

static const char *machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_AARCH64:
		return "aarch64";
	case EM_PPC64:
		return "ppc64le";
	case EM_S390:
		return "s390x";
	default:
		return "unknown machine";
	}
}

static const char *form_name(const struct hp_target *target)
{
	if (target->elf_type == ET_EXEC)
		return "executable at a fixed address";
	if (target->elf_type != ET_DYN)
		return "relocatable";
	return target->flags & HP_TARGET_PIE ? "PIE" : "shared library";
}

static void print_function(struct hp_package *package, size_t target, const struct hp_function *function)
{
	struct hp_symbol body;

	printf("    %-24s ", function->name);
	print_grouped(function->old_size);
	if (!hp_symbol(package, target, function->symbol, &body, NULL)) {
		printf(" → ");
		print_grouped(body.size);
	}
	printf(" bytes at 0x%llx", (unsigned long long)function->vaddr);
	if (function->jump_size)
		printf(", jump over %u bytes at +%u", function->jump_size, function->jump_offset);
	if (function->object)
		printf("  %s", function->object);
	putchar('\n');
}

static const char *binding_name(uint32_t kind)
{
	static const char *const names[] = {
		[HP_BIND_IMAGE] = "in the image",
		[HP_BIND_SLOT] = "through the image's own slots",
		[HP_BIND_DYNAMIC] = "looked up when applying",
		[HP_BIND_TLS_MODULE] = "thread-local modules",
		[HP_BIND_TLS_OFFSET] = "thread-local offsets",
		[HP_BIND_ABSOLUTE] = "constant",
		[HP_BIND_KERNEL] = "kernel symbols",
	};

	return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown";
}

// The relocated prologue of a function jumps back into it: that is no reference to something else.
static bool is_replaced(const struct hp_target *target, const struct hp_binding *binding)
{
	for (size_t i = 0; i < target->function_count; i++)
		if (binding->kind == HP_BIND_IMAGE && binding->vaddr == target->functions[i].vaddr)
			return true;
	return false;
}

static size_t count_bindings(const struct hp_target *target, uint32_t kind)
{
	size_t count = 0;

	for (size_t i = 0; i < target->binding_count; i++)
		count += (!kind || target->bindings[i].kind == kind) &&
			 !is_replaced(target, &target->bindings[i]);
	return count;
}

static void print_bindings(struct hp_package *package, size_t index, const struct hp_target *target)
{
	for (uint32_t kind = HP_BIND_IMAGE; kind <= HP_BIND_KERNEL; kind++) {
		size_t count = count_bindings(target, kind);

		if (!count)
			continue;
		printf("    %zu %s:", count, binding_name(kind));
		for (size_t i = 0; i < target->binding_count; i++) {
			const struct hp_binding *binding = &target->bindings[i];
			struct hp_symbol symbol;
			const char *name;

			if (binding->kind != kind || is_replaced(target, binding))
				continue;
			if (!hp_symbol(package, index, binding->symbol, &symbol, NULL) && !binding->name)
				name = symbol.name;
			else
				name = binding->name;
			if (name && !strncmp(name, "hp.slot.", 8))
				name += 8; // hp-build's name for a slot of that symbol
			putchar(' ');
			if (name && *name)
				print_clean(name);
			else
				printf("0x%llx", (unsigned long long)binding->vaddr);
			if (binding->version)
				printf("@%s", binding->version);
		}
		putchar('\n');
	}
}

static void print_hooks(struct hp_package *package, size_t index, const struct hp_target *target)
{
	static const char *const phases[] = {[HP_HOOK_PRE_PATCH] = "before it is applied",
					     [HP_HOOK_POST_PATCH] = "when it is applied",
					     [HP_HOOK_PRE_UNPATCH] = "before it is taken back",
					     [HP_HOOK_POST_UNPATCH] = "when it is taken back"};

	for (size_t i = 0; i < target->hook_count; i++) {
		struct hp_symbol symbol;

		printf("  runs      ");
		if (hp_symbol(package, index, target->hooks[i].symbol, &symbol, NULL))
			symbol.name = "?";
		print_clean(symbol.name);
		printf(", %s\n", phases[target->hooks[i].phase]);
	}
}

static void print_target(struct hp_package *package, size_t index)
{
	const struct hp_target *target = hp_target(package, index);
	const struct hp_layout *layout;
	size_t existing;

	printf("target %s, build ID ", target->name);
	print_hex(target->build_id, target->build_id_size);
	printf("\n  is        %s, %s, %s", kind_name(target->kind), machine_name(target->machine),
	       form_name(target));
	if (target->soname)
		printf(", soname %s", target->soname);
	printf("\n  replaces  %zu function%s\n", target->function_count,
	       target->function_count == 1 ? "" : "s");
	for (size_t i = 0; i < target->function_count; i++)
		print_function(package, index, &target->functions[i]);
	if (target->state_count) {
		printf("  brings    %zu new writable dat%s\n", target->state_count,
		       target->state_count == 1 ? "um" : "a");
		for (size_t i = 0; i < target->state_count; i++)
			printf("    %-24s %llu bytes%s%s\n", target->states[i].name,
			       (unsigned long long)target->states[i].size,
			       target->states[i].owner ? " of " : "",
			       target->states[i].owner ? target->states[i].owner : "");
	}
	print_hooks(package, index, target);
	existing = count_bindings(target, 0);
	printf("  refers to %zu existing symbol%s\n", existing, existing == 1 ? "" : "s");
	print_bindings(package, index, target);
	printf("  payload   ");
	print_grouped(target->payload_size);
	if (!hp_layout(package, index, &layout, NULL)) {
		printf(" bytes; in memory ");
		print_grouped(layout->size[HP_REGION_CODE]);
		printf(" of code and constants, ");
		print_grouped(layout->size[HP_REGION_DATA]);
		printf(" of data");
	}
	putchar('\n');
}

// ---- what the manifest says about the rest ---------------------------------------------------------------------

static void print_pairs(const json_t *manifest, const char *key, const char *label, const char *what,
			const char *why)
{
	const json_t *list = json_object_get(manifest, key);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *name = manifest_text(entry, what), *reason = manifest_text(entry, why);

		printf("%-10s", label);
		print_clean(name ? name : "?");
		printf(": ");
		print_clean(reason ? reason : "?");
		putchar('\n');
	}
}

static void print_appliers(const json_t *manifest)
{
	const json_t *list = json_object_get(manifest, "appliers");

	if (!json_array_size(list))
		return;
	printf("appliers  ");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *name = manifest_text(entry, "applier"), *reason = manifest_text(entry, "reason");

		printf("%s", i ? " · " : "");
		print_clean(name ? name : "?");
		printf(json_is_true(json_object_get(entry, "possible")) ? " yes" : " NO");
		if (reason) {
			printf(" (");
			print_clean(reason);
			printf(")");
		}
	}
	putchar('\n');
}

void show_text(const char *path, struct hp_package *package, json_t *manifest)
{
	print_head(path, package, manifest);
	for (size_t i = 0; i < hp_target_count(package); i++)
		print_target(package, i);
	print_pairs(manifest, "uncovered", "leaves", "image", "reason");
	print_pairs(manifest, "overridden", "overrides", "code", "message");
	print_appliers(manifest);
}
