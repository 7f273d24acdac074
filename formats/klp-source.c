// SPDX-License-Identifier: MIT
// The C source and the Makefile of a livepatch module. What is written here is compiled against the headers of the kernel to
// be patched, so the layouts of its structures are never guessed.
#include "formats/klp-text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char head[] =
	"// SPDX-License-Identifier: GPL-2.0-or-later\n"
	"// Written by hp-export from a hotpatch package; not meant to be edited.\n"
	"#include <linux/elf.h>\n"
	"#include <linux/kernel.h>\n"
	"#include <linux/livepatch.h>\n"
	"#include <linux/module.h>\n"
	"#include <linux/string.h>\n"
	"#include <linux/version.h>\n"
	"\n"
	"/* Bytes of a build ID note: header, \"GNU\", the build ID. */\n"
	"#define NOTE_BUILD_ID 3 /* NT_GNU_BUILD_ID */\n"
	"#define NOTE(id_size) (sizeof(struct elf64_note) + 4 + (id_size))\n"
	"\n"
	"static bool is_build_id(const u8 *at, size_t room, const u8 *id, size_t size)\n"
	"{\n"
	"\tconst struct elf64_note *note = (const void *)at;\n"
	"\n"
	"\treturn room >= NOTE(size) && note->n_namesz == 4 && note->n_descsz == size && note->n_type == "
	"NOTE_BUILD_ID &&\n"
	"\t       !memcmp(note + 1, \"GNU\", 4) && !memcmp((const u8 *)(note + 1) + 4, id, size);\n"
	"}\n"
	"\n"
	"/* Version strings and symbol checksums are equal in many builds of a kernel; the build ID is not. "
	"*/\n"
	"static bool holds_build_id(const u8 *at, size_t size, const u8 *id, size_t id_size)\n"
	"{\n"
	"\tfor (size_t i = 0; i < size; i += 4)\n"
	"\t\tif (is_build_id(at + i, size - i, id, id_size))\n"
	"\t\t\treturn true;\n"
	"\treturn false;\n"
	"}\n"
	"\n";

static const char kernel_check[] =
	"extern const u8 " KLP_VMLINUX_PREFIX "__start_notes[], " KLP_VMLINUX_PREFIX "__stop_notes[];\n"
	"\n"
	"static bool __init is_built_for_this_kernel(void)\n"
	"{\n"
	"\tconst u8 *notes = " KLP_VMLINUX_PREFIX "__start_notes;\n"
	"\n"
	"\tOPTIMIZER_HIDE_VAR(notes);\n"
	"\treturn holds_build_id(notes, " KLP_VMLINUX_PREFIX
	"__stop_notes - notes, kernel_build_id, sizeof(kernel_build_id));\n"
	"}\n"
	"\n";

static const char module_check[] =
	"/* A module keeps its build ID among its constants. */\n"
	"static bool is_module_built_as(const struct module *module, const u8 *id, size_t size)\n"
	"{\n"
	"#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)\n"
	"\tconst struct module_memory *constants = &module->mem[MOD_RODATA];\n"
	"\n"
	"\treturn holds_build_id(constants->base, constants->size, id, size);\n"
	"#else\n"
	"\tconst struct module_layout *core = &module->core_layout;\n"
	"\n"
	"\treturn holds_build_id((const u8 *)core->base + core->text_size, core->ro_size - core->text_size, "
	"id, "
	"size);\n"
	"#endif\n"
	"}\n"
	"\n";

/*
 * Until 6.3 the kernel left in a patch's references to a module what it had put there when that module went, and
 * apply_relocate_add() of x86 takes only zeroes when it comes again ("Skipping invalid relocation target", -ENOEXEC).
 */
static const char module_forget[] =
	"#if defined(CONFIG_X86_64) && LINUX_VERSION_CODE >= KERNEL_VERSION(5, 8, 0) && \\\n"
	"\tLINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)\n"
	"#include <linux/mutex.h>\n"
	"\n"
	"extern struct mutex " KLP_VMLINUX_PREFIX "text_mutex;\n"
	"void *" KLP_VMLINUX_PREFIX "text_poke(void *at, const void *bytes, size_t size);\n"
	"void " KLP_VMLINUX_PREFIX "text_poke_sync(void);\n"
	"\n"
	"static size_t size_of_field(u32 type)\n"
	"{\n"
	"\tswitch (type) {\n"
	"\tcase R_X86_64_64:\n"
	"\tcase R_X86_64_PC64:\n"
	"\t\treturn 8;\n"
	"\tcase R_X86_64_32:\n"
	"\tcase R_X86_64_32S:\n"
	"\tcase R_X86_64_PC32:\n"
	"\tcase R_X86_64_PLT32:\n"
	"\t\treturn 4;\n"
	"\tdefault:\n"
	"\t\treturn 0;\n"
	"\t}\n"
	"}\n"
	"\n"
	"/* \".klp.rela.OBJECT.SECTION\" */\n"
	"static bool waits_for(const char *section, const char *object)\n"
	"{\n"
	"\tsize_t prefix = strlen(\"" KLP_RELA_PREFIX "\"), length = strlen(object);\n"
	"\n"
	"\treturn !strncmp(section, \"" KLP_RELA_PREFIX
	"\", prefix) && !strncmp(section + prefix, object, length) "
	"&&\n"
	"\t       section[prefix + length] == '.';\n"
	"}\n"
	"\n"
	"/* The kernel takes only zeroes where it puts addresses of a module that comes: nothing may be left "
	"of the one that "
	"goes. */\n"
	"static void forget_module(const char *name)\n"
	"{\n"
	"\tconst struct klp_modinfo *info = THIS_MODULE->klp_info;\n"
	"\tstatic const u8 zeroes[8];\n"
	"\n"
	"\tmutex_lock(&" KLP_VMLINUX_PREFIX "text_mutex);\n"
	"\tfor (unsigned int i = 1; i < info->hdr.e_shnum; i++) {\n"
	"\t\tconst Elf_Shdr *table = &info->sechdrs[i];\n"
	"\t\tconst Elf_Rela *fields = (const void *)table->sh_addr;\n"
	"\n"
	"\t\tif (!(table->sh_flags & SHF_RELA_LIVEPATCH) || !waits_for(info->secstrings + table->sh_name, "
	"name))\n"
	"\t\t\tcontinue;\n"
	"\t\tfor (size_t k = 0; k < table->sh_size / sizeof(*fields); k++)\n"
	"\t\t\t" KLP_VMLINUX_PREFIX
	"text_poke((void *)(info->sechdrs[table->sh_info].sh_addr + fields[k].r_offset), "
	"zeroes,\n"
	"\t\t\t\t\t     size_of_field(ELF64_R_TYPE(fields[k].r_info)));\n"
	"\t}\n"
	"\t" KLP_VMLINUX_PREFIX "text_poke_sync();\n"
	"\tmutex_unlock(&" KLP_VMLINUX_PREFIX "text_mutex);\n"
	"}\n"
	"#else\n"
	"static void forget_module(const char *name)\n"
	"{\n"
	"}\n"
	"#endif\n"
	"\n";

static const char tail[] =
	"static int __init patch_init(void)\n"
	"{\n"
	"\tif (!is_built_for_this_kernel()) {\n"
	"\t\tpr_err(\"%s: made for the kernel with build ID %*phN; this is another build\\n\",\n"
	"\t\t       KBUILD_MODNAME, (int)sizeof(kernel_build_id), kernel_build_id);\n"
	"\t\treturn -ENOEXEC;\n"
	"\t}\n"
	"\treturn klp_enable_patch(&patch);\n"
	"}\n"
	"\n"
	"static void __exit patch_exit(void)\n"
	"{\n"
	"}\n"
	"\n"
	"module_init(patch_init);\n"
	"module_exit(patch_exit);\n"
	"MODULE_LICENSE(\"GPL\");\n"
	"MODULE_INFO(livepatch, \"Y\");\n";

static const char *const phases[] = {[HP_HOOK_PRE_PATCH] = "pre_patch",
				     [HP_HOOK_POST_PATCH] = "post_patch",
				     [HP_HOOK_PRE_UNPATCH] = "pre_unpatch",
				     [HP_HOOK_POST_UNPATCH] = "post_unpatch"};

void klp_module_name(const char *id, char name[KLP_NAME_SIZE])
{
	size_t at = 3;

	memcpy(name, "hp_", 3);
	for (; *id && at < KLP_NAME_SIZE - 1; id++)
		name[at++] = isalnum((unsigned char)*id) && (unsigned char)*id < 0x80
				     ? (char)tolower((unsigned char)*id)
				     : '_';
	name[at] = '\0';
}

static int check_functions(const struct hp_target *target, struct hp_error *error)
{
	for (size_t i = 0; i < target->function_count; i++)
		if (target->functions[i].symbol == HP_NONE)
			return fail(error, HP_UNSUPPORTED, HP_NONE, 0, "function %s has no new body",
				    target->functions[i].name);
	return HP_OK;
}

int klp_check(struct hp_package *package, const struct klp_options *options, struct hp_error *error)
{
	size_t kernels = 0;
	int status = HP_OK;

	for (size_t i = 0; i < hp_target_count(package) && !status; i++) {
		const struct hp_target *target = hp_target(package, i);

		kernels += target->kind == HP_TARGET_LINUX;
		if (target->kind != HP_TARGET_LINUX && target->kind != HP_TARGET_LINUX_MODULE)
			return fail(error, HP_UNSUPPORTED, HP_NONE, 0,
				    "target %s is no Linux kernel or module", target->name);
		if (strlen(klp_object_name(target)) >= KLP_NAME_SIZE || strpbrk(target->name, ".,#\"\\$ "))
			return fail(error, HP_UNSUPPORTED, HP_NONE, 0, "%s is no name of a module",
				    target->name);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(klp_object_name(target), klp_object_name(hp_target(package, j))))
				return fail(error, HP_UNSUPPORTED, HP_NONE, 0, "%s is a target twice",
					    klp_object_name(target));
		status = check_functions(target, error);
	}
	if (!status && kernels != 1 && !options->build_id)
		return fail(error, HP_UNSUPPORTED, HP_NONE, 0,
			    "the package does not say which build of the kernel it is for");
	return status;
}

// TEXT as a C string.
static void print_string(struct buffer *to, const char *text)
{
	buffer_print(to, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c > 0x7e || strchr("\"\\?", c))
			buffer_print(to, "\\%03o", c);
		else
			buffer_print(to, "%c", c);
	}
	buffer_print(to, "\"");
}

static void print_build_id(struct buffer *to, const uint8_t *id, size_t size, const char *name)
{
	buffer_print(to, "static const u8 %s[] = {", name);
	for (size_t i = 0; i < size; i++)
		buffer_print(to, "%s0x%02x", i ? ", " : "", id[i]);
	buffer_print(to, "};\n");
}

static void print_build_ids(struct buffer *to, struct hp_package *package, const struct klp_options *options)
{
	bool modules = false, kernel = false;

	for (size_t i = 0; i < hp_target_count(package); i++) {
		const struct hp_target *target = hp_target(package, i);
		char name[48];

		snprintf(name, sizeof(name), "module_build_id_%zu", i);
		print_build_id(to, target->build_id, target->build_id_size,
			       target->kind == HP_TARGET_LINUX ? "kernel_build_id" : name);
		kernel |= target->kind == HP_TARGET_LINUX;
		modules |= target->kind == HP_TARGET_LINUX_MODULE;
	}
	if (!kernel)
		print_build_id(to, options->build_id, options->build_id_size, "kernel_build_id");
	buffer_print(to, "\n%s", kernel_check);
	if (modules)
		buffer_print(to, "%s%s", module_check, module_forget);
}

static bool has_hook(const struct hp_target *target, uint32_t phase, size_t *hook)
{
	for (*hook = 0; *hook < target->hook_count; ++*hook)
		if (target->hooks[*hook].phase == phase)
			return true;
	return false;
}

static void print_externals(struct buffer *to, const struct hp_target *target, size_t index)
{
	for (size_t i = 0; i < target->function_count; i++)
		buffer_print(to, "extern char " KLP_FUNCTION_ALIAS "[];\n", index, i);
	for (size_t i = 0; i < target->hook_count; i++)
		buffer_print(to,
			     target->hooks[i].phase == HP_HOOK_PRE_PATCH
				     ? "int " KLP_HOOK_ALIAS "(struct klp_object *object);\n"
				     : "void " KLP_HOOK_ALIAS "(struct klp_object *object);\n",
			     index, i);
	buffer_print(to, "\n");
}

// A module of another build is refused as it is loaded, or the patch when it is there already. Where the patch goes from a
// module that stays, the references stay as they are: a task may still be on its way out of the new code.
static void print_module_callbacks(struct buffer *to, const struct hp_target *target, size_t index)
{
	size_t hook;

	buffer_print(
		to,
		"static int check_module_%zu(struct klp_object *object)\n"
		"{\n"
		"\tint status = 0;\n"
		"\n"
		"\tif (!is_module_built_as(object->mod, module_build_id_%zu, sizeof(module_build_id_%zu))) "
		"{\n"
		"\t\tpr_err(\"%%s: %%s is another build than the patch is made for\\n\", KBUILD_MODNAME, "
		"object->name);\n"
		"\t\tstatus = -ENOEXEC;\n"
		"\t}\n",
		index, index, index);
	if (has_hook(target, HP_HOOK_PRE_PATCH, &hook))
		buffer_print(to,
			     "\tif (!status)\n"
			     "\t\tstatus = " KLP_HOOK_ALIAS "(object);\n",
			     index, hook);
	buffer_print(to,
		     "\tif (status)\n"
		     "\t\tforget_module(object->name);\n"
		     "\treturn status;\n"
		     "}\n\n"
		     "static void leave_module_%zu(struct klp_object *object)\n"
		     "{\n",
		     index);
	if (has_hook(target, HP_HOOK_POST_UNPATCH, &hook))
		buffer_print(to, "\t" KLP_HOOK_ALIAS "(object);\n", index, hook);
	buffer_print(to, "\tif (object->mod->state != MODULE_STATE_LIVE)\n"
			 "\t\tforget_module(object->name);\n"
			 "}\n\n");
}

static void print_functions(struct buffer *to, const struct hp_target *target, size_t index)
{
	buffer_print(to, "static struct klp_func functions_%zu[] = {\n", index);
	for (size_t i = 0; i < target->function_count; i++) {
		buffer_print(to, "\t{.old_name = ");
		print_string(to, target->functions[i].name);
		buffer_print(to, ", .new_func = " KLP_FUNCTION_ALIAS ", .old_sympos = %u},\n", index, i,
			     target->functions[i].position);
	}
	buffer_print(to, "\t{}};\n\n");
}

static void print_object(struct buffer *to, const struct hp_target *target, size_t index)
{
	bool module = target->kind == HP_TARGET_LINUX_MODULE;
	size_t hook;

	buffer_print(to, "\t{.name = ");
	if (module)
		print_string(to, target->name);
	else
		buffer_print(to, "NULL");
	buffer_print(to, ", .funcs = functions_%zu, .callbacks = {", index);
	if (module)
		buffer_print(to, ".pre_patch = check_module_%zu, .post_unpatch = leave_module_%zu, ", index,
			     index);
	for (uint32_t phase = HP_HOOK_PRE_PATCH; phase <= HP_HOOK_POST_UNPATCH; phase++)
		if (has_hook(target, phase, &hook) &&
		    !(module && (phase == HP_HOOK_PRE_PATCH || phase == HP_HOOK_POST_UNPATCH)))
			buffer_print(to, ".%s = " KLP_HOOK_ALIAS ", ", phases[phase], index, hook);
	buffer_print(to, "}},\n");
}

// The kernel refuses an object without functions.
static bool is_patched(const struct hp_target *target)
{
	return target->function_count != 0;
}

static void print_patch(struct buffer *to, struct hp_package *package, const struct klp_options *options)
{
	buffer_print(to, "static struct klp_object objects[] = {\n");
	for (size_t i = 0; i < hp_target_count(package); i++)
		if (is_patched(hp_target(package, i)))
			print_object(to, hp_target(package, i), i);
	buffer_print(
		to,
		"\t{}};\n\n"
		"static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objects, .replace = %s};\n\n",
		options->replace ? "true" : "false");
}

// Parameters can be read by anybody under /sys/module, also by an applier that has never seen the package.
static void print_parameter(struct buffer *to, const char *name, const char *value)
{
	buffer_print(to, "static char *%s = ", name);
	print_string(to, value);
	buffer_print(to, ";\nmodule_param(%s, charp, 0444);\n", name);
}

int klp_source(struct hp_package *package, const struct klp_options *options, char **text,
	       struct hp_error *error)
{
	struct buffer to = {0};
	size_t size;
	int status = klp_check(package, options, error);

	if (status)
		return status;
	buffer_print(&to, "%s", head);
	print_build_ids(&to, package, options);
	for (size_t i = 0; i < hp_target_count(package); i++) {
		const struct hp_target *target = hp_target(package, i);

		if (!is_patched(target))
			continue;
		print_externals(&to, target, i);
		if (target->kind == HP_TARGET_LINUX_MODULE)
			print_module_callbacks(&to, target, i);
		print_functions(&to, target, i);
	}
	print_patch(&to, package, options);
	buffer_print(&to, "%s", tail);
	print_parameter(&to, "hotpatch_id", options->id);
	print_parameter(&to, "hotpatch_title", options->title);
	print_parameter(&to, "hotpatch_fixes", options->fixes);
	buffer_add(&to, "", 1);
	return buffer_take(&to, (uint8_t **)text, &size, error);
}

int klp_makefile(struct hp_package *package, const struct klp_options *options, char **text,
		 struct hp_error *error)
{
	struct buffer to = {0};
	char name[KLP_NAME_SIZE];
	size_t size;
	int status = klp_check(package, options, error);

	if (status)
		return status;
	klp_module_name(options->id, name);
	buffer_print(&to,
		     "# SPDX-License-Identifier: GPL-2.0-or-later\n"
		     "# Written by hp-export from a hotpatch package: `make` builds %s.ko.\n"
		     "#\n"
		     "# KERNEL_HEADERS is what modules for the kernel to be patched are built against. "
		     "Symbols that the\n"
		     "# kernel does not export are resolved by its livepatch code, so modpost only warns of "
		     "them.\n"
		     "obj-m := %s.o\n"
		     "%s-y := patch.o",
		     name, name, name);
	for (size_t i = 0; i < hp_target_count(package); i++)
		if (is_patched(hp_target(package, i)))
			buffer_print(&to, " " KLP_PAYLOAD ".o", klp_object_name(hp_target(package, i)));
	buffer_print(&to,
		     "\n"
		     "\n"
		     "KERNEL_HEADERS ?= /lib/modules/$(shell uname -r)/build\n"
		     "HP_EXPORT ?= hp-export\n"
		     "# The compiler that the headers were configured with.\n"
		     "COMPILER := $(shell sed -n 's/^CONFIG_CC_VERSION_TEXT=\"*\\([^ \"]*\\).*/\\1/p' "
		     "$(KERNEL_HEADERS)/include/config/auto.conf)\n"
		     "BUILD = $(MAKE) -C $(KERNEL_HEADERS) M=$(CURDIR) CC=$(COMPILER) KBUILD_MODPOST_WARN=1 "
		     "CFLAGS_MODULE=-g0\n"
		     "\n"
		     "all:\n"
		     "\t$(BUILD) modules\n"
		     "\t$(HP_EXPORT) --format=klp --finish=$(CURDIR)/%s.ko\n"
		     "\n"
		     "clean:\n"
		     "\t$(BUILD) clean\n"
		     "\n"
		     ".PHONY: all clean\n",
		     name);
	buffer_add(&to, "", 1);
	return buffer_take(&to, (uint8_t **)text, &size, error);
}
