#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A shared library: in several processes at once, linked, opened later, and in a process that has it not.
. tests/live/lib.bash

EXTRA=-fPIC LINK="-shared -Wl,-soname,library" build library "$data/library.c" && package library || {
	echo "Bail out! the library or its package was not built: $(cat "$out/library.build")"
	exit 1
}
mkdir -p "$out/user/old"
"$cc" "${flags[@]}" "$data/user.c" -o "$out/user/old/user" -ldl || exit 1
"$cc" "${flags[@]}" -DLINKED "$data/user.c" -o "$out/user/old/linked" "$out/library/old/library" -Wl,-rpath,"$out/library/old" || exit 1

users=() asks=() tolds=()
begin() { # COMMAND...
	local pipe=$out/pipe${#users[@]}
	mkfifo "$pipe.ask" "$pipe.told"
	# Both ways, so that opening waits for nobody.
	exec {ask}<>"$pipe.ask" {told}<>"$pipe.told"
	"$@" <"$pipe.ask" >"$pipe.told" 2>&1 &
	users+=("$!")
	started+=("$!")
	tolds+=("$told")
	asks+=("$ask")
}
everybody() { # VERSION
	local i
	for i in "${!users[@]}"; do
		ask=${asks[$i]} told=${tolds[$i]}
		version "$1" || return 1
	done
}

begin "$out/user/old/linked"
begin "$out/user/old/linked"
begin "$out/user/old/user" "$out/library/old/library"
everybody 1
result $? "three_processes_run_the_old_library" "$reply"

apply "${users[0]}" "$out/library.hp"
status=$?
ask=${asks[0]} told=${tolds[0]}
version 2
first=$?
ask=${asks[1]} told=${tolds[1]}
version 1 && [ $status = 0 ] && [ $first = 0 ]
result $? "one_process_is_patched_and_the_others_are_not" "exits with $status: $(said)"

apply "$out/library.hp"
status=$?
everybody 2 && [ $status = 0 ]
result $? "without_a_pid_every_process_that_maps_it_is_patched" "exits with $status, $reply: $(said)"

apply --revert=library
status=$?
everybody 1 && [ $status = 0 ]
result $? "all_of_them_are_reverted" "exits with $status, $reply: $(said)"

"$out/user/old/linked" <<<check | grep -qx "ok 1"
result $? "a_process_that_starts_later_runs_the_file"

begin sleep 100
apply "${users[3]}" "$out/library.hp"
status=$?
apply --if-present "${users[3]}" "$out/library.hp"
present=$?
[ $status = 2 ] && [ $present = 0 ]
result $? "a_process_without_the_library_is_no_target" "exits with $status and $present: $(said)"

finish
