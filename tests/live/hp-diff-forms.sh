#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-diff over the forms that debug information and objects come in, by each compiler that is there; and its pager.
set -u
HP_DIFF=${HP_BIN:?}/hp-diff
work=${HP_TESTS_OUT:?}
here=$PWD
# shellcheck source=tests/tap.bash
. tests/tap.bash

# says STATUS TEXT OLD NEW: hp-diff exits with STATUS and says TEXT.
says() {
	local got
	timeout 60 "$HP_DIFF" -q "$3" "$4" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ "$got" = "$1" ] && grep -qF -- "$2" "$work/out" && return
	echo "status $got, not $1; or not said: $2"
	cat "$work/out" "$work/err"
	return 1
}

# both FLAGS...: lines.c (only a line moved, within an inlined function) and check.c (a new check), old and new.
both() {
	local side source
	rm -rf "$work/made" && mkdir -p "$work/made/old" "$work/made/new"
	for side in old new; do
		for source in lines check; do
			(cd "$work/made/$side" && cp "$work/$source.c" . && "$@" "-D${side^^}" -c "$source.c" -o "$source.o") || return 1
		done
	done
}

cp "$here/testdata/diff/lines_inlined.c" "$work/lines.c"
cat >"$work/check.c" <<'C'
void take(int size);

static inline __attribute__((always_inline)) void limited(int size)
{
#ifdef NEW
	if (size > 4242)
		return;
#endif
	take(size);
}

void entry(int size)
{
	limited(size);
}
C

right() {
	both "$@" -O2 -ffunction-sections -fdata-sections &&
		says 0 "caller: only __LINE__ moved (19→101): no change" "$work/made/old/lines.o" "$work/made/new/lines.o" &&
		says 1 "check.c:6  new check: compares with 424" "$work/made/old/check.o" "$work/made/new/check.o" &&
		says 1 "in inlined limited" "$work/made/old/check.o" "$work/made/new/check.o"
}

for compiler in "${CC:-cc}" clang-14 clang-16; do
	command -v "${compiler%% *}" >/dev/null || continue
	for form in "-g -gdwarf-4" "-g -gdwarf-5" "-g -gz=zlib" "-g -gdwarf-4 -gz=zlib" "-g -gsplit-dwarf" "-g -gsplit-dwarf -gz=zlib" \
		"-g -gdwarf-4 -gsplit-dwarf" "-g -Wa,--compress-debug-sections=zlib-gnu" "-g -Wa,--compress-debug-sections=zstd" "-g -gz=zstd"; do
		# zstd, and the names of before SHF_COMPRESSED: not every compiler and assembler has them
		# shellcheck disable=SC2086 # lists of words
		case $form in *zstd* | *gnu*) $compiler $form -x c -c -o "$work/probe.o" /dev/null 2>/dev/null || continue ;; esac
		# shellcheck disable=SC2086 # lists of words
		check "${compiler}_with_${form// /_}_has_places_and_reasons" right $compiler $form
	done
done

# The .dwo files of trees that were moved are beside their objects; those of another build are not believed.
moved() {
	both "${CC:-cc}" -g -gsplit-dwarf -O2 -ffunction-sections && mv "$work/made" "$work/moved" &&
		says 0 "only __LINE__ moved (19→101)" "$work/moved/old/lines.o" "$work/moved/new/lines.o"
}
other() {
	cp "$work/moved/old/lines.dwo" "$work/moved/new/lines.dwo" &&
		says 1 "immediate 19 → 101" "$work/moved/old/lines.o" "$work/moved/new/lines.o"
}
broken() {
	head -c 300 "$work/moved/old/lines.dwo" >"$work/moved/new/lines.dwo" &&
		says 1 "immediate 19 → 101" "$work/moved/old/lines.o" "$work/moved/new/lines.o" &&
		mkfifo "$work/fifo" && mv "$work/fifo" "$work/moved/new/lines.dwo" &&
		says 1 "immediate 19 → 101" "$work/moved/old/lines.o" "$work/moved/new/lines.o"
}
# together_with_split VERSION: ld -r of two objects has two skeletons, each with a .dwo file of its own.
together_with_split() {
	both "${CC:-cc}" -g "-gdwarf-$1" -gsplit-dwarf -O2 -ffunction-sections || return 1
	local side
	for side in old new; do
		(cd "$work/made/$side" && ld -r -o all.o lines.o check.o && rm lines.o check.o) || return 1
	done
	says 1 "caller: only __LINE__ moved (19→101): no change" "$work/made/old/all.o" "$work/made/new/all.o" &&
		says 1 "check.c:6  new check: compares with 4242 (in inlined limited)" "$work/made/old/all.o" "$work/made/new/all.o"
}
# packaged COMPILER VERSION PROGRAM: the .dwo files of a program went into one .dwp file; the objects are beside it.
packaged() {
	both "$1" -g "-gdwarf-$2" -gsplit-dwarf -O2 -ffunction-sections || return 1
	local side
	for side in old new; do
		(cd "$work/made/$side" && echo 'void take(int a) { (void)a; } void report(int a, int b, const char *c) { (void)a, (void)b, (void)c; } int sink(int a) { return a; } int main(void) { return 0; }' >main.c &&
			"$1" -c main.c && "$1" -o program ./*.o && "$3" -e program -o program.dwp && rm ./*.dwo main.o program) || return 1
	done
	says 1 "caller: only __LINE__ moved (19→101): no change" "$work/made/old" "$work/made/new" &&
		says 1 "check.c:6  new check: compares with 4242 (in inlined limited)" "$work/made/old" "$work/made/new" &&
		grep -q "^2 objects compared" "$work/out" || return 1
	# a damaged index, and one of another build: no place, no crash
	for cut in 200 900; do
		head -c $cut "$work/made/old/program.dwp" >"$work/made/new/program.dwp"
		says 1 "immediate 19 → 101" "$work/made/old" "$work/made/new" || return 1
	done
	cp "$work/made/old/program.dwp" "$work/made/new/program.dwp"
	says 1 "immediate 19 → 101" "$work/made/old" "$work/made/new"
}
check split_debug_information_moves_with_its_objects moved
for version in 4 5; do
	check "partly_linked_objects_have_several_split_files_dwarf_$version" together_with_split $version
done
# binutils' makes packages of DWARF 4, LLVM's of 5.
for compiler in "${CC:-cc}" clang-14 clang-16; do
	command -v "${compiler%% *}" >/dev/null || continue
	if command -v dwp >/dev/null; then check "${compiler}_package_of_split_files_dwarf_4" packaged "$compiler" 4 dwp; fi
	for llvm_dwp in llvm-dwp llvm-dwp-14 llvm-dwp-16; do
		if command -v $llvm_dwp >/dev/null; then
			check "${compiler}_package_of_split_files_dwarf_5" packaged "$compiler" 5 $llvm_dwp
			break
		fi
	done
done
check split_debug_information_of_another_build_is_not_believed other
check broken_split_debug_information_is_as_none broken

# ---- objects put together ----
together() {
	both "${CC:-cc}" -g -O2 -ffunction-sections || return 1
	local side
	for side in old new; do
		(cd "$work/made/$side" && ld -r -o all.o lines.o check.o && ar rcT thin.a lines.o check.o) || return 1
	done
	says 1 "entry" "$work/made/old/all.o" "$work/made/new/all.o" &&
		says 1 "check.c:6  new check: compares with 424" "$work/made/old/all.o" "$work/made/new/all.o" &&
		says 1 "check.c:6  new check: compares with 424" "$work/made/old/thin.a" "$work/made/new/thin.a"
}
assembly() {
	local side number
	for side in old new; do
		number=3
		[ "$side" = old ] || number=5
		# shellcheck disable=SC2016 # a $ of the assembler
		printf '.text\n.globl first\nfirst: mov $1,%%eax\nret\n.globl second\nsecond: mov $%s,%%eax\nret\n' "$number" >"$work/$side.s"
		as -g -o "$work/$side.o" "$work/$side.s" || return 1
	done
	says 1 "immediate 3 → 5" "$work/old.o" "$work/new.o" && grep -q "M second" "$work/out" && ! grep -q "M first" "$work/out"
}
check partly_linked_and_thin_archives_have_places together
if [ "$(uname -m)" = x86_64 ]; then
	check assembly_without_types_and_sizes_is_told_apart assembly
fi

# ---- pager ----
# on_terminal PAGER: --patch with a terminal as standard output; its status, and what reached the terminal in tty.
on_terminal() {
	TERM=xterm PAGER=$1 python3 - "$HP_DIFF" "$work/made/old/check.o" "$work/made/new/check.o" "$work/tty" <<'P'
import os, pty, sys
seen = b""
def read(fd):
    global seen
    data = os.read(fd, 65536)
    seen += data
    return data
status = pty.spawn([sys.argv[1], "--patch", *sys.argv[2:4]], read)
open(sys.argv[4], "wb").write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
P
}
paged() {
	on_terminal "tee $work/paged" >/dev/null </dev/null
	[ $? = 1 ] && grep -q 4242 "$work/paged" && grep -q $'\033\[32m' "$work/paged" && grep -q 4242 "$work/tty"
}
left_early() {
	on_terminal "true" >/dev/null </dev/null
	[ $? = 1 ]
}
not_paged() {
	rm -f "$work/paged"
	PAGER="tee $work/paged" "$HP_DIFF" --patch "$work/made/old/check.o" "$work/made/new/check.o" >"$work/out"
	[ $? = 1 ] && [ ! -e "$work/paged" ] && grep -q 4242 "$work/out"
}
check patch_on_a_terminal_goes_through_the_pager_in_colour paged
check pager_that_is_left_early_changes_no_status left_early
check patch_into_a_file_has_no_pager not_paged
finish
