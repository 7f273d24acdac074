// SPDX-License-Identifier: GPL-3.0-or-later
// Refusals that need no image: one test for each code, and for what must not be refused.
#include "tests/unit/test_diff.h"

REFUSES(check, plain_fix_is_not_refused, "one_function.c", "", "")
REFUSES(check, new_static_beside_kept_ones_is_not_refused, "static_locals.c", "", "")
REFUSES(check, changed_constant_is_not_refused, "constant_datum.c", "", "")
REFUSES(check, functions_of_one_section_are_refused, "one_function.c", "-fno-function-sections",
	"no-function-sections")
REFUSES(check, changed_live_data_is_refused, "live_data.c", "", "data-changed")
REFUSES(check, grown_live_data_is_refused, "live_data_size.c", "", "data-layout")
REFUSES(check, data_that_becomes_constant_is_refused, "qualifier.c", "", "data-layout")
REFUSES(check, ambiguous_static_is_refused, "static_ambiguous.c", "", "static-uncorrelated")
REFUSES(check, static_that_is_gone_is_not_refused, "static_other_owner.c", "", "")
REFUSES(check, grown_common_is_refused, "common.c", "-fcommon", "data-layout")
REFUSES(check, changed_constructor_is_refused, "constructor.c", "", "init-changed")
REFUSES(check, new_constructor_is_refused, "constructor_added.c", "", "init-changed")
REFUSES(check, new_thread_local_is_refused, "thread_local.c", "", "tls-new")
REFUSES(check, changed_resolver_is_refused, "ifunc.c", "", "ifunc-changed")
REFUSES(check, exception_table_is_refused, "exceptions.cc", "", "exception-tables")
REFUSES(check, split_alias_is_refused, "alias_split.c", "", "symbol-ambiguous")
REFUSES(check, changed_code_without_symbol_is_refused, "nameless.c", "", "section-unsupported")
REFUSES(check, changed_table_without_symbol_is_refused, "nameless.c", "-DTABLE", "section-unsupported")
REFUSES(check, table_without_symbol_whose_texts_move_is_not_refused, "nameless.c", "-DTEXTS", "")
REFUSES(check, table_without_symbol_of_another_text_is_refused, "nameless.c", "-DTEXTS -DOTHER",
	"section-unsupported")
REFUSES(check, changed_live_data_without_a_name_is_refused, "nameless_state.c", "", "data-changed")
REFUSES(check, live_data_without_a_name_in_a_changed_function_is_refused, "nameless_state.c", "-DLOST",
	"data-changed")
