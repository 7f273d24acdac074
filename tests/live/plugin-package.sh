#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-build with the plugin's notes: a package that keeps the state of statics which nothing else tells apart, and forged notes, from
# which no wrong package comes.
set -u
HP_BUILD_TOOL=${HP_BIN:?}/hp-build
# shellcheck source=tests/plugin/pairs.bash
. tests/plugin/pairs.bash
needs_plugin

cat >"$work/main.c" <<'END'
#include <stdio.h>
extern int f(int);
void use(int x) { printf("%d\n", x); fflush(stdout); }
int main(void) { int x; while (scanf("%d", &x) == 1) f(x); return 0; }
END

# program NAME.KIND: the pair's trees with an image each
program() {
	local name=${1%.*} side
	for side in old new; do
		"$CC" -O2 -g -ffunction-sections -fdata-sections -c "$work/main.c" -o "$work/$1/$side/main.o" &&
			"$CC" "$work/$1/$side/$name.o" "$work/$1/$side/main.o" -o "$work/$1/$side/prog" || return 1
	done
}
package() { # NAME.KIND STATUS
	rm -f "$work/$1.hp"
	"$HP_BUILD_TOOL" -q -o "$work/$1.hp" --id=KB1 "$work/$1/old" "$work/$1/new" >"$work/$1.said" 2>&1
	local status=$?
	[ $status = "$2" ] || { echo "exit $status, not $2"; cat "$work/$1.said"; return 1; }
	if [ "$2" = 0 ]; then [ -s "$work/$1.hp" ]; else [ ! -e "$work/$1.hp" ]; fi
}

pair statics_swapped && program statics_swapped.with && program statics_swapped.without
pair statics_swapped -g && mkdir -p "$work/g" && cp -r "$work/statics_swapped.with" "$work/g/" # as built with -g
pair statics_swapped && program statics_swapped.with && program statics_swapped.without

check "with the plugin a package is written" package statics_swapped.with 0
check "without it is refused" package statics_swapped.without 2
refused_as_uncorrelated() { has "[static-uncorrelated]" "$work/statics_swapped.without.said"; }
check "as what it is" refused_as_uncorrelated

# The state of both statics goes on: plus is 5, minus is -6, then the fix (which also prints a 7).
live() {
	local pid said
	rm -f "$work/in" && mkfifo "$work/in"
	"$work/statics_swapped.with/old/prog" <"$work/in" >"$work/out" &
	pid=$!
	exec 7>"$work/in"
	printf '5\n-3\n' >&7
	for _ in $(seq 200); do [ "$(wc -l <"$work/out")" -ge 2 ] && break; sleep 0.05; done
	"$HP_BIN/hp-apply" --trust=none $pid "$work/statics_swapped.with.hp" >"$work/applied" 2>&1 || { cat "$work/applied"; kill $pid; return 1; }
	printf '10\n-1\n' >&7
	exec 7>&-
	wait $pid
	said=$(tr '\n' ' ' <"$work/out")
	# before: plus 5; minus 0+6, of which the negative is printed. after: plus 15, 7; minus 6+2, 7.
	[ "$said" = "5 -6 15 7 -8 7 " ] || { echo "$said"; return 1; }
}
check "and a running program keeps the state of each" live

# ---- forged notes -----------------------------------------------------------------------------------
# forged KIND ARGUMENT...: the pair whose old object has other notes; hp-build says the same as without any.
forged() {
	local name=$1
	shift
	rm -rf "$work/forged.x" && mkdir -p "$work/forged.x"
	cp -r "$name/old" "$name/new" "$work/forged.x/" || return 1
	python3 tests/plugin/forge.py "$work/forged.x/$SIDE/statics_swapped.o" "$@" || return 1
	package forged.x 2 && has "[static-uncorrelated]" "$work/forged.x.said" && has "[notes-ignored]" "$work/forged.x.said"
}
damaged() {
	local FORGE_SUM=no
	export FORGE_SUM
	forged "$work/statics_swapped.with" swap count.0 count.1
}
mkdir -p "$work/other"
"$CC" -O2 -DOLD -fplugin="$plugin" -c testdata/plugin/static_moved.c -o "$work/other/a.o"
for SIDE in old new; do
	check "forged, $SIDE: a symbol that is not there" forged "$work/statics_swapped.with" count.1 count.7
	check "forged, $SIDE: notes of another object" forged "$work/statics_swapped.with" from "$work/other/a.o"
	check "forged, $SIDE: what does not add up" damaged
done
# Two statics exchanged, and nothing in symbols, sizes and values tells: where they are declared does.
program_g() {
	local side
	for side in old new; do
		cp "$work/g/statics_swapped.with/$side/statics_swapped.o" "$work/g.o" &&
			"$CC" "$work/g.o" "$work/statics_swapped.with/$side/main.o" -o "$work/g/statics_swapped.with/$side/prog" &&
			cp "$work/statics_swapped.with/$side/main.o" "$work/g/statics_swapped.with/$side/" || return 1
	done
}
right_with_g() {
	program_g && rm -f "$work/g.hp" && "$HP_BUILD_TOOL" -q -o "$work/g.hp" --id=KB1 "$work/g/statics_swapped.with/old" "$work/g/statics_swapped.with/new"
}
check "with -g, too, a package is written" right_with_g
for SIDE in old new; do
	check "forged, $SIDE: two statics exchanged, against the debug information" forged "$work/g/statics_swapped.with" swap count.0 count.1
done
# Code that is the same, and notes that exchange: nothing to patch, rather than a package that exchanges.
nothing_to_patch() {
	rm -rf "$work/same" && mkdir "$work/same" && cp -r "$work/statics_swapped.with/old" "$work/same/old" && cp -r "$work/same/old" "$work/same/new" &&
		python3 tests/plugin/forge.py "$work/same/old/statics_swapped.o" swap count.0 count.1 && package same 1
}
check "forged: two statics exchanged, against the code" nothing_to_patch
finish
