#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the plugin's notes say of what GCC makes of functions and types, and of link-time optimization.
set -u
# shellcheck source=tests/plugin/pairs.bash
. tests/plugin/pairs.bash
needs_plugin

# told OBJECT PYTHON: an expression over what the second reader reads: f functions by symbol, n by name, v variables, t types
told() {
	python3 tests/plugin/notes.py "$1" >"$work/notes.json" || return 1
	python3 - "$work/notes.json" "$2" <<-'END'
		import json, sys
		units = list(json.load(open(sys.argv[1])).values())[0]
		functions = [x for u in units for x in u.get("function", [])]
		f, n = {x["symbol"]: x for x in functions if "symbol" in x}, {x["name"]: x for x in functions}
		v = {x["symbol"]: x for u in units for x in u.get("variable", [])}
		t = {x["name"]: x for u in units for x in u.get("type", [])}
		origin = lambda x: functions[x["origin"] - 1]["name"] if x["origin"] else None
		fields = lambda x: [(y["name"], y.get("bytes") or y.get("bits")) for y in x["fields"]]
		sys.exit(None if eval(sys.argv[2]) else f"not so: {sys.argv[2]}\n{f}\n{v}\n{t}")
	END
}
ADDRESS=4 MERGED=8 ALIAS=16 COLD=64

# ---- clones, merges, aliases --------------------------------------------------------------------------
pair parts -O3 -fipa-cp-clone && compare parts.with && compare parts.without
pair merged && compare merged.with && compare merged.without
parts=$work/parts.with/old/parts.o merged=$work/merged.with/old/merged.o

check ".part: is of the function it was taken from" told "$parts" "origin(f['check.part.0']) == 'check'"
check ".cold: is told of the function that it was split from" told "$parts" \
	"f['check.part.0']['flags'] & $COLD and not f['check_one']['flags'] & $COLD"
cold_is_there() { nm "$parts" | grep -q 'check.part.0.cold'; }
check ".cold: and is there" cold_is_there
check ".isra: what became of its parameters is told, and of which clone it was made" told "$parts" \
	"sorted(x['clone'] for s, x in f.items() if '.isra' in s) == ['keep 0:0 0:4 of  p1=1 keep 0', 'keep 0:0 0:4 of  p1=2 keep 0']"
check ".isra: clones whose numbers are exchanged are told apart" evidence parts.with sum.constprop.0.isra.0 sum.constprop.1.isra.0 plugin
check ".isra: nothing is refused" accepted parts.with

check "of two functions that were merged both are told, and which of them has the body" told "$merged" \
	"f['twice']['flags'] & $MERGED and f['doubled']['flags'] & $MERGED and f['doubled']['flags'] & $ALIAS and origin(f['doubled']) == 'twice'"
check "an alias is told, and whose" told "$merged" "f['other_name']['flags'] & $ALIAS and origin(f['other_name']) == 'both'"
check "a function whose address is taken is told" told "$merged" \
	"f['taken']['flags'] & $ADDRESS and not f['both']['flags'] & $ADDRESS and not f['give']['flags'] & $ADDRESS"
only_taken() { # NAME.KIND: nothing but taken() is listed
	[ "$(grep -c '^  [AMD] ' "$work/$1.out")" = 1 ] && has "M taken" "$work/$1.out"
}
check "and changes alone" only_taken merged.with
check "without the plugin as well" only_taken merged.without

# ---- types -------------------------------------------------------------------------------------------
pair unnamed
unnamed=$work/unnamed.with/old/unnamed.o
check "fields of structures without a name are told by their path" told "$unnamed" \
	"('span.range.high', [6, 2]) in fields(t['struct session']) and ('span.whole', [4, 4]) in fields(t['struct session'])"
check "bit-fields of a structure without any name" told "$unnamed" "('state', [66, 4]) in fields(t['struct session'])"
check "a typedef of a structure without a name" told "$unnamed" "fields(t['limits']) == [('soft', [0, 4]), ('hard', [4, 4])]"

# ---- link-time optimization -------------------------------------------------------------------------
lto() { # DIRECTORY FLAG...: whole.o of both sides, whose statics are numbered in another order
	local dir=$work/$1 side
	shift
	for side in old new; do
		mkdir -p "$dir/$side" && cd "$dir/$side" || return 1
		for file in one two; do
			"$CC" -O2 -flto -frandom-seed=1 "-D${side^^}" "$@" -c "$here/testdata/plugin/lto/$file.c" -o "$file.o" || return 1
		done
		order="one.o two.o"
		[ $side = old ] || order="two.o one.o"
		# shellcheck disable=SC2086
		"$CC" -O2 -flto -flto-partition=max "$@" -r -flinker-output=nolto-rel $order -o whole.o 2>said || { cat said; return 1; }
		cd "$here" || return 1
	done
	mkdir -p "$dir.linked/old" "$dir.linked/new" && mv "$dir/old/whole.o" "$dir.linked/old/" && mv "$dir/new/whole.o" "$dir.linked/new/"
	"$HP_DIFF" --json "$dir.linked/old" "$dir.linked/new" >"$dir.linked.json" 2>"$dir.linked.err"
	[ $? -le 1 ]
}
in_order() { # the numbers really are exchanged, or nothing is proven
	[ "$(readelf -sW "$1" | sed -n 's/.* \(count.lto_priv.[01]\)$/\1/p' | sort -u | wc -l)" = 2 ]
}
check ".lto_priv: compiles" lto lto "-fplugin=$plugin"
check ".lto_priv: two statics of one name have numbers" in_order "$work/lto.linked/old/whole.o"
check ".lto_priv: a static of a file is the one it was" evidence lto.linked count.lto_priv.0 count.lto_priv.1 plugin
check ".lto_priv: and the other" evidence lto.linked count.lto_priv.1 count.lto_priv.0 plugin
check ".lto_priv: so is a function" evidence lto.linked step.lto_priv.0 step.lto_priv.1 plugin
lto_truth() {
	local said
	said=$(python3 tests/live/plugin-truth.py "$work/lto.linked.json" "$work/lto.linked/old/whole.o" "$work/lto.linked/new/whole.o")
	[ "$said" = "right=2 wrong=0 open=0" ] || { echo "$said"; return 1; }
}
check ".lto_priv: as it really is" lto_truth
# Other objects may refer to the number, which means another thing now.
lto_refused() { "$HP_DIFF" "$work/lto.linked/old" "$work/lto.linked/new" >"$work/refusals" 2>&1; has "[symbol-ambiguous]" "$work/refusals"; }
check ".lto_priv: numbers that were another's are refused" lto_refused
same_again() {
	cp "$work/lto.linked/old/whole.o" "$work/first.o" && lto lto "-fplugin=$plugin" && cmp "$work/first.o" "$work/lto.linked/old/whole.o"
}
check ".lto_priv: notes hold no name of a temporary file" same_again
slim() { ! readelf -SW "$work/lto/old/one.o" | grep -q debug_hotpatch; }
check "an object of nothing but bytecode has no notes" slim

fat() {
	local side
	for side in old new; do
		mkdir -p "$work/fat.with/$side"
		"$CC" -O2 -flto -ffat-lto-objects -frandom-seed=1 "-D${side^^}" -fplugin="$plugin" -c testdata/plugin/statics_swapped.c \
			-o "$work/fat.with/$side/fat.o" || return 1
	done
	compare fat.with
}
check "fat objects: compile, and are compared" fat
check "fat objects: every static is the one it was" evidence fat.with count.1 count.0 plugin
fat_same() {
	"$CC" -O2 -flto -ffat-lto-objects -frandom-seed=1 -DOLD -ffunction-sections -fdata-sections -c testdata/plugin/statics_swapped.c \
		-o "$work/plain.o" && objcopy -R .debug_hotpatch "$work/fat.with/old/fat.o" "$work/without.o" || return 1
	for section in $(readelf -SW "$work/plain.o" | grep -o '\] [.][^ ]*' | cut -c3- | grep -v 'strtab\|symtab\|lto_.opts'); do
		cmp <(objcopy -O binary --only-section="$section" --set-section-flags "$section=alloc" "$work/plain.o" /dev/stdout) \
			<(objcopy -O binary --only-section="$section" --set-section-flags "$section=alloc" "$work/without.o" /dev/stdout) ||
			{ echo "$section"; return 1; }
	done
}
check "fat objects: code and bytecode are the same without the plugin" fat_same
finish
