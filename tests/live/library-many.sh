#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# A library that two hundred processes map: all are found and patched; which run old, patched and new code is told, also
# of those that started after the file was replaced.
. tests/live/lib.bash

EXTRA=-fPIC LINK="-shared -Wl,-soname,library" build library "$data/library.c"
package library || { echo "Bail out! $(cat "$out/library.build")"; exit 1; }
mkdir "$out/lib"
cp "$out/library/old/library" "$out/lib/library"
"$cc" "${flags[@]}" -DLINKED "$data/user.c" -o "$out/linked" "$out/lib/library" -Wl,-rpath,"$out/lib" || exit 1
mkfifo "$out/ask"
exec {hold}<>"$out/ask"

run() { # COUNT : so many processes that have come as far as reading
	local _ pids=()
	for _ in $(seq "$1"); do
		"$out/linked" <"$out/ask" >>"$out/told" 2>&1 &
		pids+=("$!")
	done
	started+=("${pids[@]}")
	for pid in "${pids[@]}"; do
		until grep -q "/lib/library" "/proc/$pid/maps" 2>/dev/null && grep -q "^S" <(cut -d' ' -f3 "/proc/$pid/stat"); do sleep 0.02; done
	done
}
listed() { # WANTED
	"$bin/hp-apply" --list "$out/library.hp" >"$out/list" 2>&1
	tail -n 1 "$out/list" | grep -qx "library: $1"
}

run 200
listed "200 run old code, 0 patched, 0 partly patched, 0 another build"
result $? "two_hundred_processes_run_old_code" "$(tail -n 3 "$out/list")"

begin=$EPOCHREALTIME
apply "$out/library.hp"
status=$?
echo "# 200 processes patched in $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) ms, in each of them stopped for a moment"
[ $status = 0 ] && grep -q "200 of 200 patched" "$out/apply.out"
result $? "one_run_patches_all_of_them" "exits with $status: $(tail -n 5 "$out/apply.out")"

run 3 # the file is still the old one
listed "3 run old code, 200 patched, 0 partly patched, 0 another build"
result $? "processes_that_started_later_run_the_old_file" "$(tail -n 3 "$out/list")"
"$bin/hp-apply" --verify "$out/library.hp" >"$out/verify" 2>&1
status=$?
[ $status = 2 ] && [ "$(grep -c "library is not active" "$out/verify")" = 3 ]
result $? "verify_names_them" "exits with $status: $(grep "not active" "$out/verify")"

cp "$out/library/new/library" "$out/lib/fresh" && mv "$out/lib/fresh" "$out/lib/library"
run 5
listed "3 run old code, 200 patched, 0 partly patched, 5 another build"
result $? "those_that_started_with_the_new_file_run_another_build" "$(tail -n 3 "$out/list")"
grep -q "runs another build, [0-9a-f]\{8\}…" "$out/list"
result $? "its_build_id_is_named" "$(grep another "$out/list" | head -n 3)"
apply "$out/library.hp"
status=$?
listed "0 run old code, 203 patched, 0 partly patched, 5 another build" && [ $status = 0 ] &&
	! grep -q "STILL OLD ON DISK" "$out/apply.out"
result $? "applying_again_patches_the_three" "exits with $status: $(tail -n 3 "$out/list" "$out/apply.out")"
"$bin/hp-apply" --list --json "$out/library.hp" >"$out/list.json" && [ "$(grep -c '"code": "other"' "$out/list.json")" = 5 ] &&
	[ "$(grep -c '"code": "patched"' "$out/list.json")" = 203 ]
result $? "json_says_the_same" "$(head -n 30 "$out/list.json")"

exec {hold}>&-
finish
