#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The GCC plugin and the use of its notes: pairs that cannot be told apart without it, forged notes, options.
set -u
# shellcheck source=tests/plugin/pairs.bash
. tests/plugin/pairs.bash
needs_plugin

# Seven lines are put before the source; a constant goes from its own old line to its own new one.
lines_pair() {
	local side line
	line=$(grep -n 'report(LOOKS_LIKE)' testdata/plugin/lines.c | cut -d: -f1)
	for side in old new; do
		mkdir -p "$work/lines.with/$side" "$work/lines.without/$side"
		before=
		[ $side = old ] || { before=$'\n\n\n\n\n\n\n' && line=$((line + 7)); }
		printf '%s' "$before" | cat - testdata/plugin/lines.c >"$work/lines.c"
		(cd "$work" && "$CC" -O2 -g "-DLOOKS_LIKE=$line" "-I$here/testdata/plugin" -fplugin="$plugin" -c lines.c -o "lines.with/$side/lines.o" &&
			"$CC" -O2 -g "-DLOOKS_LIKE=$line" "-I$here/testdata/plugin" -ffunction-sections -fdata-sections -c lines.c -o "lines.without/$side/lines.o") || return 1
	done
}

# ---- the same code ----------------------------------------------------------------------------------
same_code() {
	local side object=$work/code
	for side in with without; do
		objcopy -R .debug_hotpatch "$work/statics_swapped.$side/old/statics_swapped.o" "$object.$side" || return 1
	done
	cmp "$object.with" "$object.without"
}

for name in statics_swapped statics_same_code static_moved inlined_statics static_types fields_swapped grows unnamed inlined_cause; do
	pair $name || echo "not ok 0 - $name does not compile"
	compare $name.with
	compare $name.without
done
pair clones_swapped -O3 -fipa-cp-clone && compare clones_swapped.with && compare clones_swapped.without
lines_pair && compare lines.with && compare lines.without

check "without its notes an object is the same byte for byte" same_code
check "notes are no part of images" sh -c "echo 'int main(void){return 0;}' >'$work/m.c' &&
	$CC -fplugin=$plugin '$work/m.c' -o '$work/m' && ! readelf -SW '$work/m' | grep -q hotpatch"

for name in statics_swapped statics_same_code static_moved inlined_statics static_types; do
	check "$name: with the plugin every static is the one it was" truth $name.with "right=2 wrong=0 open=0"
	check "$name: and nothing is refused" accepted $name.with
	check "$name: without it none is taken for another" truth $name.without "right=0 wrong=0 open=2"
	check "$name: which is refused" refuses static-uncorrelated $name.without
done
check "the evidence is named in JSON" evidence statics_swapped.with count.1 count.0 plugin
check "and in --patch" sh -c "'$HP_DIFF' --patch '$work/statics_swapped.with/old' '$work/statics_swapped.with/new' |
	grep -q 'count.1 is count.0 now, by plugin'"

each_status() { # NAME.KIND SYMBOL STATUS...
	local kind=$1
	shift
	while [ $# -gt 0 ]; do is "$kind" "$1" "$2" || return 1; shift 2; done
}
listed_as() { # NAME.KIND "STATUS SYMBOL..." : what the listing says of each, in its order
	local said
	said=$(sed -n 's/^  \([AMD]\) \([^ ]*\).*/\1 \2/p' "$work/$1.out" | sort | tr '\n' ' ')
	[ "$said" = "$2 " ] || { echo "$said, not $2"; return 1; }
}
check "clones whose numbers are swapped are told apart" evidence clones_swapped.with work.constprop.0 work.constprop.1 plugin
check "and back" evidence clones_swapped.with work.constprop.1 work.constprop.0 plugin
check "and nothing is refused" accepted clones_swapped.with
# They have no state: what is new and gone is as right, only more.
check "without the plugin none is taken for the other: they are new and gone" \
	listed_as clones_swapped.without "A work.constprop.0 A work.constprop.1 D work.constprop.0 D work.constprop.1 M both"
check "which is right as well" accepted clones_swapped.without

for kind in with without; do
	check "lines, $kind: a line number alone is no change, as int or short" each_status lines.$kind plain same as_short same
	check "lines, $kind: a line number that was folded is a change" is lines.$kind folded changed
	check "lines, $kind: a table of line numbers is a change of its reader" is lines.$kind in_table changed
done
check "lines: a constant that happens to be its own line is a change" is lines.with looks_like changed
suppressed() { # NAME.KIND SYMBOL
	python3 - "$work/$1.json" "$2" <<-'END'
		import json, sys
		all = json.load(open(sys.argv[1]))["suppressed"]
		sys.exit(not any(sys.argv[2] in str(s) for s in all) and f"{sys.argv[2]} is not in {all}")
	END
}
check "lines: without the plugin that is the one thing nobody can tell, and JSON says where it was assumed" \
	suppressed lines.without looks_like

check "equal fields that changed places are refused without debug information" refuses data-layout fields_swapped.with
no_types_refused() {
	refuses no-types fields_swapped.without && has "hp-build would refuse" "$work/refusals"
}
check "without both it is refused, since nothing tells types" no_types_refused
check "grows: a structure that only grows is refused without debug information" refuses data-layout grows.with
check "grows: with its old and new size" has "struct item: new field limit, size 4→8" "$work/grows.with.out"
check "grows: without both, by whoever allocates it" refuses no-types grows.without
check "grows: and the numbers are told" has "asks malloc for 8 where its old body asked for 4" "$work/refusals"
check "unnamed: fields of structures without a name are told by their path" has "first span.range.low 4→6" "$work/unnamed.with.out"
check "unnamed: without both it is refused, too" refuses no-types unnamed.without
check "the reason is named without debug information" has "inlined limit changed" "$work/inlined_cause.with.out"

# ---- options ----------------------------------------------------------------------------------------
other_options() {
	mkdir -p "$work/options/old" "$work/options/new"
	"$CC" -O2 -DOLD -fplugin="$plugin" -c testdata/plugin/inlined_cause.c -o "$work/options/old/a.o"
	"$CC" "$@" -fplugin="$plugin" -c testdata/plugin/inlined_cause.c -o "$work/options/new/a.o"
	"$HP_DIFF" "$work/options/old" "$work/options/new" >"$work/options.out" 2>"$work/options.err"
}
warned() {
	other_options "$@"
	has "[options-differ]" "$work/options.err" && has "warning" "$work/options.err"
}
check "other options are a warning" warned -O2 -fno-strict-aliasing -DOLD
check "and no refusal while nothing else changes" lacks "would refuse" "$work/options.out"
refused_for_options() {
	other_options "$@"
	has "changes though its source does not" "$work/options.out"
}
check "a function that changes by options is refused" refused_for_options -O0 -DOLD

# ---- forged notes -----------------------------------------------------------------------------------
# forged NAME ARGUMENT...: a copy of the pair NAME.with whose old object has other notes; hp-diff ignores them, says so, and
# decides as it does without the plugin.
forged() {
	local name=$1
	shift
	rm -rf "$work/forged" && mkdir -p "$work/forged"
	cp -r "$work/$name.with/old" "$work/$name.with/new" "$work/forged/" || return 1
	python3 tests/plugin/forge.py "$work/forged/old/$name.o" "$@" || return 1
	"$HP_DIFF" --json "$work/forged/old" "$work/forged/new" >"$work/forged.json" 2>"$work/forged.err"
	has notes-ignored "$work/forged.json" || return 1
	python3 - "$work/forged.json" "$work/$name.without.json" <<-'END'
		import json, sys
		one, other = ([(o["functions"], o["data"], o["matches"]) for o in json.load(open(p))["objects"]] for p in sys.argv[1:])
		sys.exit(0 if one == other else f"{one}\nis not\n{other}")
	END
}
check "forged: a symbol that is not there" forged statics_swapped count.1 count.7
check "forged: notes of another object" forged statics_swapped from "$work/static_moved.with/old/static_moved.o"
check "forged: another size or use" forged inlined_statics from "$work/statics_swapped.with/old/statics_swapped.o"
damaged() {
	local FORGE_SUM=no
	export FORGE_SUM
	forged statics_swapped swap count.0 count.1
}
check "forged: what does not add up" damaged

other_version() {
	rm -rf "$work/version" && cp -r "$work/statics_swapped.with" "$work/version" || return 1
	sed -i 's/HPN\x02/HPN\x01/' "$work/version/old/statics_swapped.o"
	"$HP_DIFF" "$work/version/old" "$work/version/new" 2>&1 | grep -q 'another version of the format.*\[notes-ignored\]'
}
check "notes of another version are ignored, and that is said" other_version
check "the specification is enough to read them" sh -c "find '$work' -path '*.with/*.o' -exec python3 tests/plugin/notes.py {} + |
	python3 -c 'import json,sys; units=json.load(sys.stdin); sys.exit(not units or not all(u and u[0][\"function\"] for u in units.values()))'"

# The code is the same, but the notes exchange two statics.
contradicted() {
	rm -rf "$work/same" && mkdir -p "$work/same/old" "$work/same/new"
	cp "$work/statics_swapped.with/old/statics_swapped.o" "$work/same/old/a.o" &&
		cp "$work/same/old/a.o" "$work/same/new/a.o" &&
		python3 tests/plugin/forge.py "$work/same/old/a.o" swap count.0 count.1 || return 1
	"$HP_DIFF" --json "$work/same/old" "$work/same/new" >"$work/same.json" 2>&1
	has "code that is the same" "$work/same.json" && has '"objects": []' "$work/same.json"
}
check "forged: two statics exchanged, against the code" contradicted

finish
