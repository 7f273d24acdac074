# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
# Pairs of objects with the plugin and without, and what hp-diff says of them.
HP_DIFF=${HP_BIN:?}/hp-diff
work=${HP_TESTS_OUT:?}
here=$PWD
plugin=${HP_BUILD:?}/gcc-plugin/hotpatch.so
CC=${CC:-cc}
# shellcheck source=tests/tap.bash
. tests/tap.bash

needs_plugin() { [ -f "$plugin" ] || { echo "ok 1 - plugin # SKIP $CC has no plugin headers"; echo 1..1; exit 0; }; }
not() { ! "$@"; }
has() { grep -qF -- "$1" "$2" || { echo "missing: $1"; cat "$2"; return 1; }; }
lacks() { ! grep -qF -- "$1" "$2" || { echo "unwanted: $1"; cat "$2"; return 1; }; }

# pair NAME FLAG...: NAME.with and NAME.without, each with old/ and new/; both compile in one directory.
pair() {
	local name=$1 side
	shift
	for side in old new; do
		mkdir -p "$work/$name.with/$side" "$work/$name.without/$side"
		"$CC" -O2 "-D${side^^}" "$@" -fplugin="$plugin" -c "$here/testdata/plugin/$name.c" \
			-o "$work/$name.with/$side/$name.o" || return 1
		"$CC" -O2 "-D${side^^}" "$@" -ffunction-sections -fdata-sections -c "$here/testdata/plugin/$name.c" \
			-o "$work/$name.without/$side/$name.o" || return 1
	done
}
# compare NAME.with|NAME.without: json, text and errors of hp-diff beside the trees
compare() {
	"$HP_DIFF" --json "$work/$1/old" "$work/$1/new" >"$work/$1.json" 2>"$work/$1.err"
	"$HP_DIFF" "$work/$1/old" "$work/$1/new" >"$work/$1.out" 2>>"$work/$1.err"
	[ $? -le 1 ]
}
truth() { # NAME.KIND TEXT: what the comparison with the truth must say
	local name=${1%.*} said
	said=$(python3 tests/live/plugin-truth.py "$work/$1.json" "$work/$1/old/$name.o" "$work/$1/new/$name.o")
	# shellcheck disable=SC2053 # a pattern
	[[ $said == $2 ]] || { echo "$1: $said, not $2"; cat "$work/$1.json"; return 1; }
}
refuses() { # CODE NAME.KIND
	"$HP_DIFF" "$work/$2/old" "$work/$2/new" >"$work/refusals" 2>&1
	has "[$1]" "$work/refusals"
}
evidence() { # NAME.KIND OLD NEW EVIDENCE
	python3 - "$work/$1.json" "$2" "$3" "$4" <<-'END'
		import json, sys
		want = {"old": sys.argv[2], "new": sys.argv[3], "evidence": sys.argv[4]}
		matches = [m for o in json.load(open(sys.argv[1]))["objects"] for m in o["matches"]]
		sys.exit(0 if want in matches else f"{want} is not in {matches}")
	END
}
status_of() { # NAME.KIND SYMBOL : changed, new, removed or same
	python3 - "$work/$1.json" "$2" <<-'END'
		import json, sys
		objects = json.load(open(sys.argv[1]))["objects"]
		found = [u["status"] for o in objects for u in o["functions"] + o["data"] if u["name"] == sys.argv[2]]
		print(found[0] if found else "same")
	END
}
is() { # NAME.KIND SYMBOL STATUS
	local got
	got=$(status_of "$1" "$2")
	[ "$got" = "$3" ] || { echo "$2 is $got, not $3"; cat "$work/$1.json"; return 1; }
}
accepted() { # NAME.KIND: hp-build would refuse nothing
	"$HP_DIFF" "$work/$1/old" "$work/$1/new" >"$work/refusals" 2>&1
	lacks "would refuse" "$work/refusals"
}
