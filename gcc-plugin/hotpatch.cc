// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A plugin for GCC that writes into each object what the compiler knew and the object would forget; doc/notes-format.md
 * says what. It turns on function and data sections, and changes no instruction.
 *
 *	gcc -fplugin=hotpatch ...	-fplugin-arg-hotpatch-no-sections	leaves sections as they are
 *					-fplugin-arg-hotpatch-no-notes		sections only
 */
#include "facts.h"

// All else is hidden: GCC has its own functions of some of these names.
#define EXPORTED __attribute__((visibility("default")))
EXPORTED int plugin_is_GPL_compatible;

static const pass_data early_pass = {
	GIMPLE_PASS, "hotpatch", OPTGROUP_NONE, TV_NONE, 0, 0, 0, 0, 0,
};

// Behind the early inliner, whose blocks are cleaned away soon after when no debug information is wanted.
class early_inlining : public gimple_opt_pass
{
      public:
	early_inlining(gcc::context *context) : gimple_opt_pass(early_pass, context)
	{
	}
	unsigned int execute(function *fun) override
	{
		gather_early_inlining(fun->decl);
		return 0;
	}
};

static const pass_data late_pass = {
	RTL_PASS, "hotpatch", OPTGROUP_NONE, TV_NONE, 0, 0, 0, 0, 0,
};

// Behind the last pass of a function: what it was split into is known.
class splitting : public rtl_opt_pass
{
      public:
	splitting(gcc::context *context) : rtl_opt_pass(late_pass, context)
	{
	}
	unsigned int execute(function *fun) override
	{
		gather_splitting(fun->decl);
		return 0;
	}
};

static void on_function_parsed(void *tree_of_function, void *)
{
	gather_function((tree)tree_of_function);
}

static void on_function_finished(void *tree_of_function, void *)
{
	if (tree_of_function)
		gather_awaited((tree)tree_of_function);
}

static void on_declared(void *tree_of_declaration, void *)
{
	gather_initial((tree)tree_of_declaration);
}

static void on_ipa_end(void *, void *)
{
	gather_ipa();
}

static void on_unit_end(void *, void *)
{
	if (asm_out_file && !seen_error() && !(flag_generate_lto && !flag_fat_lto_objects))
		write_notes();
}

static bool was_given(unsigned option)
{
	for (unsigned i = 0; i < save_decoded_options_count; i++)
		if (save_decoded_options[i].opt_index == option)
			return true;
	return false;
}

static void turn_on_sections(void)
{
	if (!was_given(OPT_ffunction_sections))
		flag_function_sections = 1;
	if (!was_given(OPT_fdata_sections))
		flag_data_sections = 1;
}

EXPORTED int plugin_init(struct plugin_name_args *info, struct plugin_gcc_version *version)
{
	static struct plugin_info about = {HP_PLUGIN_VERSION, "hotpatch: writes what objects forget"};
	struct register_pass_info pass = {}, last_pass = {};
	bool sections = true, notes = true;

	if (!plugin_default_version_check(version, &gcc_version)) {
		error("plugin %qs was built for GCC %s, not %s", info->base_name, gcc_version.basever,
		      version->basever);
		return 1;
	}
	for (int i = 0; i < info->argc; i++)
		if (!strcmp(info->argv[i].key, "no-sections"))
			sections = false;
		else if (!strcmp(info->argv[i].key, "no-notes"))
			notes = false;
		else {
			error("plugin %qs has no argument %qs", info->base_name, info->argv[i].key);
			return 1;
		}
	register_callback(info->base_name, PLUGIN_INFO, NULL, &about);
	if (sections)
		turn_on_sections();
	if (!notes)
		return 0;
	pass.pass = new early_inlining(g);
	pass.reference_pass_name = "einline";
	pass.ref_pass_instance_number = 1;
	pass.pos_op = PASS_POS_INSERT_AFTER;
	register_callback(info->base_name, PLUGIN_PASS_MANAGER_SETUP, NULL, &pass);
	last_pass.pass = new splitting(g);
	last_pass.reference_pass_name = "final";
	last_pass.ref_pass_instance_number = 1;
	last_pass.pos_op = PASS_POS_INSERT_AFTER;
	register_callback(info->base_name, PLUGIN_PASS_MANAGER_SETUP, NULL, &last_pass);
	register_callback(info->base_name, PLUGIN_PRE_GENERICIZE, on_function_parsed, NULL);
	register_callback(info->base_name, PLUGIN_FINISH_PARSE_FUNCTION, on_function_finished, NULL);
	register_callback(info->base_name, PLUGIN_FINISH_DECL, on_declared, NULL);
	register_callback(info->base_name, PLUGIN_ALL_IPA_PASSES_END, on_ipa_end, NULL);
	register_callback(info->base_name, PLUGIN_FINISH_UNIT, on_unit_end, NULL);
	return 0;
}
