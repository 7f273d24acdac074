#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Refused or busy, nothing of ours is in the process: no mapping, no record; and when the obstacle is gone it is patched.
. tests/live/lib.bash

program
build crowded "$data/crowded.c" && package crowded || { echo "Bail out! $(cat "$out/crowded.build")"; exit 1; }

mappings() { # without what grows by itself
	grep -v -E '\[(heap|stack|v.*)\]' "/proc/$pid/maps"
}
# leaves_nothing NAME PACKAGE STATUS WORD : hp-apply exits so, says it, and the process's memory map is what it was
leaves_nothing() {
	local what='' got
	mappings >"$out/before"
	apply --timeout=1 "$pid" "$out/$2.hp"
	got=$?
	[ $got = "$3" ] || what="exits with $got: $(said)"
	grep -q -- "$4" "$out/apply.out" && grep -q "nothing changed" "$out/apply.out" || what="$what not said: $(said)"
	mappings | diff "$out/before" - >"$out/difference" || what="$what $(cat "$out/difference")"
	apply --list "$pid"
	grep -q "^  $2 " "$out/apply.out" && what="$what listed: $(said)"
	version 1 || what="$what afterwards: $reply"
	[ -z "$what" ]
	result $? "$1" "$what"
}

for kind in low near limit; do
	start crowded
	answer $kind
	leaves_nothing "without_room_${kind}_nothing_stays" crowded 2 no-space-near
	apply -n "$pid" "$out/crowded.hp"
	status=$?
	[ $status = 2 ] && grep -q no-space-near "$out/apply.out"
	result $? "check_sees_that_there_is_no_room_$kind" "exits with $status: $(said)"
	answer free
	apply "$pid" "$out/crowded.hp" && version 2 && apply --verify "$pid" "$out/crowded.hp" && apply --revert=crowded "$pid" && version 1
	result $? "with_room_again_it_is_patched_$kind" "$reply $(said)"
	stop
done

start program forever
sleep 0.2
leaves_nothing "a_function_that_never_leaves_its_loop_leaves_nothing" program 1 "is in forever"
echo end >&"$ask"
read -r -t 10 reply <&"$told"
apply "$pid" "$out/program.hp" && version 2
result $? "when_the_loop_has_ended_it_is_patched" "$(said)"
stop

start program plain
echo enter >&"$ask"
sleep 0.3
leaves_nothing "a_function_that_waits_leaves_nothing" program 1 "thread [0-9]*"
stop

finish
