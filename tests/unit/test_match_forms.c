// SPDX-License-Identifier: GPL-3.0-or-later
// Objects are found in images of every form, and everything in them at its true place.
#include "tests/unit/test_match.h"

static void prove(const char *compiler, const char *sources, const char *compile_flags,
		  const char *link_flags)
{
	struct linked *linked = link_with(compiler, sources, compile_flags, link_flags);
	char *what = xasprintf("%s %s %s", compiler, compile_flags, link_flags);

	expect_full(linked, what);
	expect_true_places(linked, what);
	for (size_t i = 0; i < linked->count; i++)
		cr_expect_eq(linked->placements[i]->matched + linked->placements[i]->dropped +
				     linked->placements[i]->overridden,
			     linked->placements[i]->functions, "%s: %s.o: %zu of %zu", what,
			     linked->sources[i], linked->placements[i]->matched,
			     linked->placements[i]->functions);
	free(what);
	linked_free(linked);
}

#define MATCHES(name, sources, compile_flags, link_flags)                                                    \
	Test(match_forms, name)                                                                              \
	{                                                                                                    \
		prove(default_compiler(), sources, compile_flags, link_flags);                               \
	}
#define MATCHES_WITH(name, needed, compiler, sources, compile_flags, link_flags)                             \
	Test(match_forms, name)                                                                              \
	{                                                                                                    \
		if (!have_command(compiler) || !have_command(needed))                                        \
			cr_skip_test("%s or %s is not installed", compiler, needed);                         \
		prove(compiler, sources, compile_flags, link_flags);                                         \
	}

#define PIE     SECTIONS " -fPIE"
#define FIXED   SECTIONS " -fno-pie"
#define PIC     SECTIONS " -fPIC -DLIBRARY"
#define PROGRAM "main other"

MATCHES(position_independent_program, PROGRAM, PIE, "-pie")
MATCHES(position_independent_program_bound_at_start, PROGRAM, PIE, "-pie -Wl,-z,now")
MATCHES(position_independent_program_bound_lazily, PROGRAM, PIE, "-pie -Wl,-z,lazy")
MATCHES(program_at_a_fixed_address, PROGRAM, FIXED, "-no-pie")
MATCHES(program_at_a_fixed_address_of_position_independent_code, PROGRAM, SECTIONS " -fPIC", "-no-pie")
MATCHES(static_program, PROGRAM, FIXED, "-static")
MATCHES(static_position_independent_program, PROGRAM, PIE, "-static-pie")
MATCHES(shared_library, PROGRAM, PIC, "-shared")
MATCHES(shared_library_bound_at_start, PROGRAM, PIC, "-shared -Wl,-z,now")
MATCHES(shared_library_without_interposition, PROGRAM, PIC, "-shared -Wl,-Bsymbolic")
MATCHES(shared_library_without_symbol_exports, PROGRAM, PIC " -fvisibility=hidden", "-shared")
MATCHES(without_procedure_linkage_table, PROGRAM, PIE " -fno-plt", "-pie")
MATCHES(without_procedure_linkage_table_at_a_fixed_address, PROGRAM, FIXED " -fno-plt", "-no-pie")
MATCHES(without_procedure_linkage_table_static, PROGRAM, FIXED " -fno-plt", "-static")
MATCHES(without_procedure_linkage_table_in_a_library, PROGRAM, PIC " -fno-plt", "-shared")
MATCHES(library_code_in_a_static_program, PROGRAM, SECTIONS " -fPIC -fno-plt", "-static")
MATCHES(without_linker_relaxation, PROGRAM, PIE " -fno-plt", "-pie -Wl,--no-relax")
MATCHES(with_landing_pads, PROGRAM, PIE " -fcf-protection=full", "-pie -Wl,-z,ibtplt")
MATCHES(with_landing_pads_bound_at_start, PROGRAM, PIE " -fcf-protection=full", "-pie -Wl,-z,ibt -Wl,-z,now")
MATCHES(unused_functions_dropped, PROGRAM, PIE, "-pie -Wl,--gc-sections")
MATCHES(without_sections_of_their_own, PROGRAM, "-O2 -fPIE", "-pie")
MATCHES(strings_merged_with_their_tails, PROGRAM, PIE, "-pie -Wl,-O2")
MATCHES(packed_relative_relocations, PROGRAM, PIE, "-pie -Wl,-z,pack-relative-relocs -Wl,-z,norelro")
MATCHES(exported_symbols, PROGRAM, PIE, "-pie -rdynamic")
MATCHES(weak_definition_overridden, PROGRAM " strong", PIE, "-pie")
MATCHES(optimized_for_size, PROGRAM, "-Os -fPIE -ffunction-sections -fdata-sections", "-pie")
MATCHES(not_optimized, PROGRAM, "-O0 -fPIE -ffunction-sections -fdata-sections", "-pie")
MATCHES(with_debug_information, PROGRAM, PIE " -g", "-pie")
MATCHES(common_symbols, PROGRAM, PIE " -fcommon", "-pie")

MATCHES(indirect_function, "plain indirect", PIE, "-pie")
MATCHES(indirect_function_at_a_fixed_address, "plain indirect", FIXED, "-no-pie")
MATCHES(indirect_function_in_a_static_program, "plain indirect", FIXED, "-static")
MATCHES(indirect_function_in_a_static_position_independent_program, "plain indirect", PIE, "-static-pie")
MATCHES(indirect_function_in_a_library, "indirect", SECTIONS " -fPIC", "-shared")

#define THREAD "plain thread thread_other"
MATCHES(thread_local_executable_model, THREAD, PIE, "-pie")
MATCHES(thread_local_executable_model_at_a_fixed_address, THREAD, FIXED, "-no-pie")
MATCHES(thread_local_general_dynamic_relaxed, THREAD, SECTIONS " -fPIC", "-pie")
MATCHES(thread_local_general_dynamic_relaxed_static, THREAD, SECTIONS " -fPIC", "-static")
MATCHES(thread_local_general_dynamic_relaxed_without_plt, THREAD, SECTIONS " -fPIC -fno-plt", "-pie")
MATCHES(thread_local_local_dynamic_relaxed, THREAD, SECTIONS " -fPIC -ftls-model=local-dynamic", "-pie")
MATCHES(thread_local_initial_exec_relaxed, THREAD, SECTIONS " -fPIC -ftls-model=initial-exec", "-pie")
MATCHES(thread_local_descriptors_relaxed, THREAD, SECTIONS " -fPIC -mtls-dialect=gnu2", "-pie")
MATCHES(thread_local_general_dynamic, "thread thread_other", SECTIONS " -fPIC", "-shared")
MATCHES(thread_local_general_dynamic_without_plt, "thread thread_other", SECTIONS " -fPIC -fno-plt",
	"-shared")
MATCHES(thread_local_general_dynamic_import, "thread", SECTIONS " -fPIC", "-shared")
MATCHES(thread_local_initial_exec, "thread thread_other", SECTIONS " -fPIC -ftls-model=initial-exec",
	"-shared")
MATCHES(thread_local_initial_exec_import, "thread", SECTIONS " -fPIC -ftls-model=initial-exec", "-shared")
MATCHES(thread_local_descriptors, "thread thread_other", SECTIONS " -fPIC -mtls-dialect=gnu2", "-shared")
MATCHES(thread_local_hidden, "thread thread_other", SECTIONS " -fPIC -fvisibility=hidden", "-shared")

// A program that imports the variable from a library keeps a slot: general dynamic and descriptors become initial-exec.
static void prove_import(const char *compile_flags)
{
	char directory[] = "/tmp/match-library-XXXXXX";
	char *link_flags;

	cr_assert_not_null(mkdtemp(directory));
	link_flags = xasprintf("-pie %s/library.so", directory);
	run_command("%s -fPIC -shared -o %s/library.so testdata/match/thread_other.c", default_compiler(),
		    directory);
	prove(default_compiler(), "plain thread", compile_flags, link_flags);
	run_command("rm -rf %s", directory);
	free(link_flags);
}

Test(match_forms, thread_local_import_relaxed_to_initial_exec)
{
	prove_import(SECTIONS " -fPIC");
	prove_import(SECTIONS " -fPIC -fno-plt");
}

Test(match_forms, thread_local_import_descriptor_relaxed_to_initial_exec)
{
	prove_import(SECTIONS " -fPIC -mtls-dialect=gnu2");
}

MATCHES_WITH(clang_program, "ld", "clang", PROGRAM, PIE, "-pie")
MATCHES_WITH(clang_program_at_a_fixed_address, "ld", "clang", PROGRAM, FIXED, "-no-pie")
MATCHES_WITH(clang_library, "ld", "clang", PROGRAM, PIC, "-shared")
MATCHES_WITH(lld_program, "ld.lld", "gcc", PROGRAM, PIE, "-pie -fuse-ld=lld")
MATCHES_WITH(lld_program_at_a_fixed_address, "ld.lld", "gcc", PROGRAM, FIXED " -fno-plt",
	     "-no-pie -fuse-ld=lld")
MATCHES_WITH(lld_library, "ld.lld", "gcc", PROGRAM, PIC " -fno-plt", "-shared -fuse-ld=lld")
MATCHES_WITH(lld_identical_code_folded, "ld.lld", "gcc", PROGRAM, PIE, "-pie -fuse-ld=lld -Wl,--icf=all")
MATCHES_WITH(lld_clang_program, "ld.lld", "clang", PROGRAM, PIE, "-pie -fuse-ld=lld -Wl,-O2")
MATCHES_WITH(lld_thread_local_relaxed, "ld.lld", "gcc", THREAD, SECTIONS " -fPIC", "-pie -fuse-ld=lld")
MATCHES_WITH(lld_thread_local_local_dynamic_relaxed, "ld.lld", "gcc", THREAD,
	     SECTIONS " -fPIC -ftls-model=local-dynamic", "-pie -fuse-ld=lld")
MATCHES_WITH(lld_thread_local_library, "ld.lld", "gcc", "thread thread_other", SECTIONS " -fPIC",
	     "-shared -fuse-ld=lld")
MATCHES_WITH(gold_program, "ld.gold", "gcc", PROGRAM, PIE, "-pie -fuse-ld=gold")
MATCHES_WITH(gold_identical_code_folded, "ld.gold", "gcc", PROGRAM, PIE, "-pie -fuse-ld=gold -Wl,--icf=all")
MATCHES_WITH(gold_thread_local_relaxed, "ld.gold", "gcc", THREAD, SECTIONS " -fPIC", "-pie -fuse-ld=gold")
