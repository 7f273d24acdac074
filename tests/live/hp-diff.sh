#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-diff from the outside: what it says of small pairs of sources, exit codes, bad input.
set -u
HP_DIFF=${HP_BIN:?}/hp-diff
CC=${CC:-cc}
work=${HP_TESTS_OUT:?}
here=$PWD
# shellcheck source=tests/tap.bash
. tests/tap.bash

# has TEXT FILE: FILE holds TEXT; shows FILE when not.
has() {
	grep -qF -- "$1" "$2" || { echo "missing: $1"; cat "$2"; return 1; }
}

lacks() {
	! grep -qF -- "$1" "$2" || { echo "unwanted: $1"; cat "$2"; return 1; }
}

# status N ARGUMENT...: hp-diff exits with N; out and err hold what it said.
status() {
	local want=$1 got
	shift
	timeout 60 "$HP_DIFF" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ "$got" = "$want" ] || { echo "status $got, not $want"; cat "$work/out" "$work/err"; return 1; }
}

# refused TEXT ARGUMENT...: status 2, TEXT on stderr, nothing on stdout, one line but for the hint.
refused() {
	local text=$1
	shift
	status 2 "$@" || return 1
	has "$text" "$work/err" || return 1
	[ ! -s "$work/out" ] || { echo "on stdout:"; cat "$work/out"; return 1; }
	[ "$(grep -cv "^Try '" "$work/err")" = 1 ] || { echo "not one line:"; cat "$work/err"; return 1; }
}

# build FLAGS DIRECTORY: both sides of testdata/diff into DIRECTORY/old and /new.
build() {
	local side source
	for side in old new; do
		mkdir -p "$2/$side/lib"
		for source in "testdata/diff/$side"/*.c; do
			# shellcheck disable=SC2086
			(cd "testdata/diff/$side" &&
				$CC -O2 -ffunction-sections -fdata-sections -fcf-protection=none $1 -c "$(basename "$source")" \
					-o "$2/$side/$(basename "$source" .c).o") || return 1
		done
		ar rcD "$2/$side/lib/libx.a" "$2/$side/limit.o" "$2/$side/same.o" || return 1
		rm -f "$2/$side/lib/x.o"
	done
}

build -g "$work/g" || { echo "Bail out! cannot build the inputs"; exit 1; }
build "" "$work/plain" || { echo "Bail out! cannot build the inputs"; exit 1; }
G=$work/g

# ---- results ----

check identical_trees_exit_0 status 0 "$G/old" "$G/old"
check identical_trees_say_so has "6 objects compared, 0 differ, 0 new, 0 removed" "$work/out"

status 1 "$G/old" "$G/new" >"$work/why" 2>&1
differs=$?
cp "$work/out" "$work/list"
check differing_trees_exit_1 test "$differs" = 0
sed -E 's/[0-9]+( → [0-9]+)? bytes/N bytes/; s/  +/  /g; s/\(GCC [0-9.]+\)/(GCC)/' "$work/list" >"$work/list.masked"
check listing_is_the_recorded_one diff -u testdata/diff/list.golden "$work/list.masked"
check unchanged_function_is_not_listed lacks "M same" "$work/list"

check line_only_change_exits_0 status 0 "$G/old/line.o" "$G/new/line.o"
check line_only_change_is_mentioned has "demand: only __LINE__ moved (7→9): no change" "$work/out"
check two_objects_by_path status 1 "$G/old/limit.o" "$G/new/limit.o"
check two_archives status 1 "$G/old/lib/libx.a" "$G/new/lib/libx.a"
check archive_members_are_named has "limit.o" "$work/out"

check without_debug_information_the_reasons_stay status 1 "$work/plain/old/limit.o" "$work/plain/new/limit.o"
check without_debug_information_check_is_found has "new check: compares with 4242" "$work/out"
check without_debug_information_call_is_found has "new call of audit" "$work/out"

check stat_exits_1 status 1 --stat "$G/old" "$G/new"
check stat_counts_functions has "limit.o            | functions: 5 changed, 0 new, 0 removed" "$work/out"

check patch_exits_1 status 1 --patch "$G/old" "$G/new"
check patch_shows_old_string has 'old text' "$work/out"
check patch_removes_and_adds grep -qE '^- +[0-9a-f]+  .*"old text"' "$work/out"
check patch_adds_new_call grep -qE '^\+ +[0-9a-f]+  .*audit' "$work/out"
check patch_has_constants_as_people_write_them grep -qE '^\+ .*cmp +\$4242,' "$work/out"
check patch_has_no_bare_zero_operands lacks '0x0(%rip)' "$work/out"
check piped_output_has_no_colour lacks $'\033' "$work/out"
check colour_always_is_colour status 1 --patch --color=always "$G/old" "$G/new"
check colour_always_has_escapes has $'\033[32m' "$work/out"

mkdir -p "$work/a" "$work/b"
cp "$G/old/limit.o" "$work/a/"
cp "$G/old/limit.o" "$G/old/same.o" "$work/b/"
check new_object_differs status 1 "$work/a" "$work/b"
check new_object_is_listed has "same.o (new)" "$work/out"
check removed_object_differs status 1 "$work/b" "$work/a"
check removed_object_is_listed has "same.o (removed)" "$work/out"

# ---- JSON ----

validate() {
	python3 "$here/tests/live/hp-diff-validate.py" doc/hp-diff.schema.json "$1"
}
check json_exits_1 status 1 --json "$G/old" "$G/new"
cp "$work/out" "$work/json"
check json_fits_its_schema validate "$work/json"

# query EXPRESSION: a python expression over d, the document.
query() {
	python3 - "$work/json" "$1" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
f = {x["name"]: x for o in d["objects"] for x in o["functions"]}
if not eval(sys.argv[2]):
    print(json.dumps(d, indent=1)); sys.exit(1)
END
}
check json_immediate_has_both_values query 'any((r["what"], r["old"], r["new"], r["file"]) == ("immediate", "3", "5", "limit.c") and r["line"] for r in f["immediate"]["reason"])'
check json_check_names_line query 'f["check"]["reason"][0]["line"] == 22 and "4242" in f["check"]["reason"][0]["text"]'
check json_has_the_place_on_both_sides query 'any((r["what"], r["line"], r["old_line"], r["file"], r["old_file"]) == ("target", 37, 34, "limit.c", "limit.c") for r in f["string"]["reason"])'
check json_call_names_callee query 'any(r["what"] == "target" and r["new"] == "audit" and r["old"] is None for r in f["call"]["reason"])'
check json_string_has_both_texts query 'any((r["old"], r["new"]) == ("\"old text\"", "\"new text\"") for r in f["string"]["reason"])'
check json_names_inlined_callee query 'f["inlined"]["reason"][0].get("inlined") == "clamp" and f["inlined"]["reason"][0]["old"] == "700"'
check json_leaves_out_the_unchanged query '"same" not in f and all(o["path"] != "same.o" for o in d["objects"])'
check json_lists_suppressed_line query 'any((s["function"], s["old"], s["new"]) == ("demand", 7, 9) for s in d["suppressed"])'
check json_refuses_moved_field query 'any(r["code"] == "data-layout" and "second 4→8" in r["message"] for r in d["refusals"])'
check json_every_changed_function_has_a_reason query 'all(x["reason"] for x in f.values())'

status 0 --json "$G/old" "$G/old" >/dev/null
check json_of_equal_trees_fits_too validate "$work/out"

for form in "" --stat --patch --json; do
	# shellcheck disable=SC2086
	status 1 $form -j1 "$G/old" "$G/new" && cp "$work/out" "$work/one"
	# shellcheck disable=SC2086
	status 1 $form -j4 "$G/old" "$G/new"
	check "same_output_for_any_number_of_jobs_${form#--}" cmp "$work/one" "$work/out"
done

# ---- bad usage ----

check no_arguments_is_usage refused "OLD and NEW are needed" --color=never
check one_argument_must_be_a_package refused "not a hotpatch package" "$G/old/limit.o"
check patch_of_a_package_is_usage refused "holds no old code" --patch x.hp
check missing_package_is_2 refused "nowhere.hp" "$work/nowhere.hp"
check three_arguments_is_usage refused "3 arguments are given" a b c
check unknown_option_is_usage status 2 --frobnicate a b
check two_forms_is_usage refused "only one of" --stat --json a b
check html_is_not_mixed_with_json refused "only one of" --json "--html=$work/x.html" "$G/old" "$G/new"
check bad_usage_writes_no_page test ! -e "$work/x.html"
check html_exits_1 status 1 "--html=$work/x.html" "$G/old" "$G/new"
check html_has_the_reason has 'new check: compares with 4242' "$work/x.html"
check html_has_the_instructions has 'call   audit' "$work/x.html"
check html_escapes_what_is_markup lacks '<old' "$work/x.html"
check unwritable_page_is_2 status 2 "--html=$work/nowhere/x.html" "$G/old" "$G/new"
check bad_colour_is_usage refused "must be auto, always or never" --color=purple a b
check bad_jobs_is_usage refused "must be a number" -j 0 a b
check help_exits_0 status 0 --help
check help_is_on_stdout has "Exit status" "$work/out"
check version_exits_0 status 0 --version
check version_names_program has "hp-diff (hotpatch)" "$work/out"

# ---- bad input ----

check missing_directory_is_2 refused "$work/nowhere" "$work/nowhere" "$G/new"
echo "no object" >"$work/text"
check text_file_is_2 refused "text: is no directory, object, archive or image" "$work/text" "$G/new/limit.o"
: >"$work/empty.o"
check empty_file_is_2 refused "empty.o: is no" "$work/empty.o" "$work/empty.o"
check directory_against_object_is_2 refused "must be two" "$G/old" "$G/new/limit.o"

mkdir -p "$work/bad/old" "$work/bad/new"
cp "$G/old"/*.o "$work/bad/old/"
cp "$G/new"/*.o "$work/bad/new/"
head -c 700 "$G/new/limit.o" >"$work/bad/new/limit.o"
check truncated_object_in_a_tree_is_2 status 2 "$work/bad/old" "$work/bad/new"
check truncated_object_is_named has "limit.o" "$work/err"
check truncated_object_hides_nothing_else has "second" "$work/out"
check truncated_object_in_json status 2 --json "$work/bad/old" "$work/bad/new"
check json_of_truncated_object_fits validate "$work/out"

if [ "$(id -u)" != 0 ]; then
	cp "$G/new/limit.o" "$work/unreadable.o"
	chmod 0 "$work/unreadable.o"
	check unreadable_object_is_2 status 2 "$G/old/limit.o" "$work/unreadable.o"
fi

full() {
	timeout 60 "$HP_DIFF" "$@" >/dev/full 2>"$work/err"
	[ $? = 2 ] && has "cannot write the output" "$work/err"
}
check full_disk_is_said_and_2 full "$G/old" "$G/new"
check full_disk_is_said_for_json full --json "$G/old" "$G/new"

finish
