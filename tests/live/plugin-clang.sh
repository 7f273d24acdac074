#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What builds without the plugin get from debug information and from how compilers name things: the pairs of the plugin's
# test in Clang, and in GCC with -g. Right where these tell, refused where they do not, never wrong.
set -u
# shellcheck source=tests/plugin/pairs.bash
. tests/plugin/pairs.bash

# build NAME COMPILER FLAG...: NAME.without
build() {
	local name=$1 side
	shift
	for side in old new; do
		mkdir -p "$work/$name.without/$side"
		"$1" -O2 -ffunction-sections -fdata-sections "${@:2}" "-D${side^^}" -c "$here/testdata/plugin/$name.c" \
			-o "$work/$name.without/$side/$name.o" || return 1
	done
	compare "$name.without"
}
right() { # NAME COMPILER FLAG...
	build "$@" && truth "$1.without" "right=2 wrong=0 open=0" && accepted "$1.without"
}
refused() { # CODE NAME COMPILER FLAG...
	build "${@:2}" && refuses "$1" "$2.without"
}
open() { # NAME COMPILER FLAG...: nothing tells the two apart, so none is taken for the other
	build "$@" && truth "$1.without" "right=0 wrong=0 open=2" && refuses static-uncorrelated "$1.without"
}
# Clang gives the first static of a name no number (f.count, f.count.1), as does C++: the name is not its identity.
first_static_added() { # COMPILER
	mkdir -p "$work/first/old" "$work/first/new"
	printf '%s\n' 'extern void use(int);' '#ifdef NEW' 'void g(int);' '#endif' 'int f(int x) {' '#ifdef NEW' \
		'if (x > 3) { static int n; n -= x; use(n); }' '#endif' '{ static int n; n += x; use(n); } return x; }' >"$work/first.c"
	"$1" -O2 -g -ffunction-sections -fdata-sections -c "$work/first.c" -o "$work/first/old/a.o" &&
		"$1" -O2 -g -DNEW -ffunction-sections -fdata-sections -c "$work/first.c" -o "$work/first/new/a.o" || return 1
	"$HP_DIFF" --json "$work/first/old" "$work/first/new" >"$work/first.json" 2>&1
	has static-uncorrelated "$work/first.json"
}
as_cplusplus() { # COMPILER: the swapped statics, mangled: _ZZ1fiE5count and _ZZ1fiE5count_0
	local side
	for side in old new; do
		mkdir -p "$work/cplusplus.without/$side"
		"$1" -x c++ -O2 -g -ffunction-sections -fdata-sections "-D${side^^}" -c testdata/plugin/statics_swapped.c \
			-o "$work/cplusplus.without/$side/cplusplus.o" || return 1
	done
	compare cplusplus.without && truth cplusplus.without "right=0 wrong=0 open=2" && refuses static-uncorrelated cplusplus.without
}
layout() { # COMPILER: by name, with both places
	refused data-layout fields_swapped "$1" -g && has "struct limits: 2 fields move, first soft 0→4" "$work/refusals" &&
		refused data-layout unnamed "$1" -g && has "span.range.low 4→6" "$work/refusals" &&
		refused data-layout grows "$1" -g && has "size 4→8" "$work/refusals"
}
reason() { # COMPILER: the inlined function is named, from debug information
	build inlined_cause "$1" -g && has "limit" "$work/inlined_cause.without.out"
}

for compiler in clang-14 clang-16 gcc-12 gcc-11; do
	command -v "$compiler" >/dev/null || { skip "$compiler" "not installed" && continue; }
	case $compiler in clang*) named=right ;; *) named=open ;; esac # Clang names the function, GCC numbers alone
	check "$compiler: statics of functions that are inlined, -g" right inlined_statics "$compiler" -g
	check "$compiler: and without" $named inlined_statics "$compiler"
	check "$compiler: statics of two types, -g" right static_types "$compiler" -g
	check "$compiler: which nothing tells without" open static_types "$compiler"
	for pair in statics_swapped statics_same_code static_moved; do
		check "$compiler: $pair, -g: refused" open $pair "$compiler" -g
	done
	if echo | "$compiler" -x c++ -fsyntax-only - 2>/dev/null; then
		check "$compiler: C++: refused" as_cplusplus "$compiler"
	else
		skip "$compiler: C++" "not installed"
	fi
	check "$compiler: a namesake before a static: refused" first_static_added "$compiler"
	check "$compiler: layouts, -g" layout "$compiler"
	check "$compiler: and without: refused" refused no-types fields_swapped "$compiler"
	check "$compiler: a structure that grows, without: refused" refused no-types grows "$compiler"
	check "$compiler: reasons, -g" reason "$compiler"
done
evidence_is_debug() {
	right static_types "$1" -g && evidence static_types.without "$2" "$3" debug
}
check "the evidence is named" evidence_is_debug gcc-12 last.1 last.0
finish
