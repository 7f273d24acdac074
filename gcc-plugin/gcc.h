/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GCC's headers in the one order that works, and what differs between its versions. GCC 10 to 14; nothing else of the
 * plugin may ask for the version.
 */
#ifndef GCC_PLUGIN_GCC_H
#define GCC_PLUGIN_GCC_H

#include "gcc-plugin.h"

#include "plugin-version.h"

#include "coretypes.h"
#include "tm.h"
#include "backend.h"
#include "tree.h"
#include "tree-pass.h"
#include "gimple.h"
#include "context.h"
#include "cgraph.h"
#include "diagnostic.h"
#include "memmodel.h"
#include "rtl.h"
#include "emit-rtl.h"
#include "fold-const.h"
#include "intl.h"
#include "langhooks.h"
#include "options.h"
#include "opts.h"
#include "output.h"
#include "stor-layout.h"
#include "stringpool.h"
#include "toplev.h"
#include "tree-inline.h"
#include "tree-iterator.h"
#include "varasm.h"

#include "alloc-pool.h"
#include "symbol-summary.h"
#if GCCPLUGIN_VERSION_MAJOR >= 11
#include "symtab-clones.h"
#endif
#include "ipa-param-manipulation.h"
#if GCCPLUGIN_VERSION_MAJOR >= 12
#include "tree-pretty-print.h"
#endif

#if GCCPLUGIN_VERSION_MAJOR < 10 || GCCPLUGIN_VERSION_MAJOR > 14
#error "written for GCC 10 to 14"
#endif

/* The function NODE was inlined into, or NULL. */
static inline cgraph_node *inlined_root(cgraph_node *node)
{
	return node->inlined_to;
}

/* What a clone's parameters were replaced with; in a record of its own since GCC 11. */
static inline vec<ipa_replace_map *, va_gc> *clone_replacements(cgraph_node *node)
{
#if GCCPLUGIN_VERSION_MAJOR >= 11
	clone_info *info = clone_info::get(node);

	return info ? info->tree_map : NULL;
#else
	return node->clone.tree_map;
#endif
}

static inline ipa_param_adjustments *clone_adjustments(cgraph_node *node)
{
#if GCCPLUGIN_VERSION_MAJOR >= 11
	clone_info *info = clone_info::get(node);

	return info ? info->param_adjustments : NULL;
#else
	return node->clone.param_adjustments;
#endif
}

/*
 * Where the macro of a map was expanded: a function of this name up to 13, a member of the map since 14. The compiler takes
 * whichever there is.
 */
template <class map_type>
static inline auto expansion_point(const map_type *map, int) -> decltype(map->get_expansion_point_location())
{
	return map->get_expansion_point_location();
}

template <class map_type>
static inline auto expansion_point(const map_type *map, long) -> decltype(map->expansion)
{
	return map->expansion;
}

#endif
