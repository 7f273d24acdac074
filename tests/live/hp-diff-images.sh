#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-diff of two linked images: what it lists by name, what it does not, exit codes; and hp-build's object-missing, which
# is the same walk.
set -u
CC=${CC:-cc}
work=${HP_TESTS_OUT:?}
# shellcheck source=tests/tap.bash
. tests/tap.bash

# status N ARGUMENTS...: hp-diff exits with N; its output is in $work/out and err.
status() {
	local wanted=$1 got
	shift
	"${HP_BIN:?}/hp-diff" "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ $got = "$wanted" ] || { echo "exits with $got, not $wanted"; cat "$work/out" "$work/err"; return 1; }
}

has() { grep -qE -- "$1" "$2" || { echo "missing: $1"; cat "$2"; return 1; }; }
lacks() { ! grep -qE -- "$1" "$2" || { echo "unwanted: $1"; cat "$2"; return 1; }; }

cat >"$work/old.c" <<'EOF'
#include <stdio.h>
#include <string.h>
enum { FIFTH = 5, SIXTH = 6 };
static const int limits[3] = {1, 2, 3};
static const char *const words[] = {"one", "two"};
int level = 4;
int other_level = 4;
_Thread_local int depth = 7;
_Thread_local int breadth = 7;
static int twice(int x) { static int calls; calls++; return 2 * x + limits[x % 3]; }
__attribute__((noinline)) int gone(int x) { return x + 77; }
__attribute__((noinline)) int same(const char *s) { puts(s); return twice((int)strlen(s)); }
__attribute__((noinline)) const char *word(int x) { return words[x & 1]; }
__attribute__((noinline)) int choose(int x)
{
	switch (x) {
	case 1: puts("first"); return 3;
	case 2: puts("second"); return 9;
	case 3: return 77;
	case 4: puts("four"); return 1;
	case 5: return 12;
	}
	return 0;
}
// Its cases trade places: only the table that the switch jumps through differs.
__attribute__((noinline)) int jump(int x)
{
	switch (x) {
	case 1: puts("a"); return 3;
	case 2: puts("b"); return 9;
	case 3: puts("c"); return 5;
	case 4: puts("d"); return 1;
	case FIFTH: puts("e"); return 12;
	case SIXTH: puts("f"); return 14;
	}
	return 0;
}
__attribute__((noinline)) int limited(int x) { return x > 100 ? 100 : x; }
__attribute__((noinline)) int unchanged(int x) { return choose(x) + limited(x) + jump(x); }
int main(int argc, char **argv)
{
	puts(word(argc));
	return same(argv[0]) + unchanged(argc) + level + other_level + depth + breadth + gone(argc);
}
EOF
# "four" keeps its place in a program at a fixed place: the instruction that refers to it stays the same, byte for byte.
sed -e 's/{1, 2, 3}/{1, 2, 4}/' -e 's/^int level = 4/int level = 5/' -e 's/depth = 7/depth = 8/' -e 's/"four"/"five"/' \
	-e 's/x > 100 ? 100/x > 96 ? 96/' -e 's/"two"/"TWO"/' -e 's/gone/fresh/g' -e 's/FIFTH = 5, SIXTH = 6/FIFTH = 6, SIXTH = 5/' "$work/old.c" >"$work/new.c"

# link SIDE SOURCE NAME FLAGS...
link() {
	local side=$1 source=$2 name=$3
	shift 3
	mkdir -p "$work/$side/$name"
	# shellcheck disable=SC2086
	(cd "$work/$side/$name" && cp "$source" main.c && $CC -O2 -g -ffunction-sections -fdata-sections "$@" -c main.c &&
		$CC "$@" -o image main.o)
}

for form in "pie -fPIE -pie" "fixed -fno-pie -no-pie" "library -fPIC -shared" "static -fno-pie -static"; do
	# shellcheck disable=SC2086
	set -- $form
	link old "$work/old.c" "$@" && link again "$work/old.c" "$@" && link new "$work/new.c" "$@" || exit 1
	# The same code elsewhere in the image, and another build ID.
	(cd "$work/again/$1" && echo 'int more(int x) { return x * 3; }' >more.c && $CC -O2 -c more.c &&
		$CC "${@:2}" -o image main.o more.o && $CC "${@:2}" -o moved more.o main.o) || exit 1

	check "$1_same_image_is_0" status 0 "$work/old/$1/image" "$work/old/$1/image"
	check "$1_moved_code_is_0" status 0 "$work/again/$1/image" "$work/again/$1/moved"
	check "$1_differences_are_1" status 1 "$work/old/$1/image" "$work/new/$1/image"
	for what in 'M limited ' 'M choose ' 'M jump ' 'A fresh .*4 bytes' 'D gone .*4 bytes' 'M limits .*\.rodata .*main\.c' \
		'M level .*\.data ' 'M depth .*\.tdata ' 'M words ' 'build ID: '; do
		check "$1_lists_${what//[^a-zA-Z]/}" has "$what" "$work/out"
	done
	check "$1_lists_nothing_else" lacks '[MAD] (same|word|unchanged|other_level|breadth|twice|_start|_init) ' "$work/out"
done

pair="$work/old/pie/image $work/new/pie/image"
# shellcheck disable=SC2086
check stat_is_1 status 1 --stat $pair
check stat_counts has 'functions: 4 changed, 1 new, 1 removed.*data: 4 changed, 0 new, 0 removed' "$work/out"
# shellcheck disable=SC2086
check json_is_1 status 1 --json $pair
check json_fits_the_schema python3 tests/live/hp-diff-validate.py doc/hp-diff.schema.json "$work/out"
check json_names_the_function has '"name": "limited"' "$work/out"
# shellcheck disable=SC2086
check patch_needs_objects status 2 --patch $pair
check patch_says_why has 'need relocations' "$work/err"
check image_and_object_are_2 status 2 "$work/old/pie/image" "$work/new/pie/main.o"
check program_and_library_are_2 status 2 "$work/old/pie/image" "$work/new/library/image"
check program_and_library_say_why has 'another kind.*\[arch-mismatch\]' "$work/err"
strip -o "$work/stripped" "$work/new/pie/image"
check stripped_image_is_2 status 2 "$work/old/pie/image" "$work/stripped"
check stripped_image_is_named has 'stripped: is stripped.*\[symbol-missing\]' "$work/err"
check stripped_image_in_json status 2 --json "$work/old/pie/image" "$work/stripped"
check json_of_stripped_image_fits python3 tests/live/hp-diff-validate.py doc/hp-diff.schema.json "$work/out"
head -c 900 "$work/new/pie/image" >"$work/short"
check truncated_image_is_2 status 2 "$work/old/pie/image" "$work/short"
check truncated_image_is_one_line test "$(wc -l <"$work/err")" = 1
check truncated_image_lists_nothing test ! -s "$work/out"

# An object that is in no tree holds a string that changes without moving; only a program at a fixed place can hide it.
mkdir -p "$work/half/old" "$work/half/new"
cat >"$work/half/hidden.c" <<'EOF'
#include <stdio.h>
__attribute__((noinline)) void hidden(void) { puts("four"); }
EOF
cat >"$work/half/shown.c" <<'EOF'
void hidden(void);
__attribute__((noinline)) int shown(int x) { hidden(); return x > 100 ? 100 : x + 3 * (x ^ 21); }
int main(int argc, char **argv) { (void)argv; return shown(argc); }
EOF
for side in old new; do
	cp "$work/half/shown.c" "$work/half/$side/shown.c"
	cp "$work/half/hidden.c" "$work/half/$side-hidden.c"
done
sed -i 's/100/96/g' "$work/half/new/shown.c"
sed -i 's/four/five/' "$work/half/new-hidden.c"
for side in old new; do
	(cd "$work/half/$side" && $CC -O2 -g -fno-pie -ffunction-sections -fdata-sections -c shown.c &&
		$CC -O2 -fno-pie -c -o ../$side-hidden.o ../$side-hidden.c &&
		$CC -no-pie -o image shown.o ../$side-hidden.o) || exit 1
done
"$HP_BIN/hp-build" -q "$work/half/old" "$work/half/new" -o "$work/half.hp" >"$work/out" 2>"$work/err"
got=$?
check string_changed_in_place_is_object_missing test $got = 2
check string_changed_in_place_names_the_function has 'hidden.*\[object-missing\]' "$work/err"
check no_package_of_half_a_fix test ! -e "$work/half.hp"
finish
