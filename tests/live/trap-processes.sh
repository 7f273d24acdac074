#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Processes that are special: stopped, traced, filtered, in other namespaces, with another file on disk.
. tests/live/lib.bash

program

start program plain
answer check
kill -STOP "$pid"
sleep 0.2
apply "$pid" "$out/program.hp"
status=$?
# It is let go stopped, but on busy processors some time passes until it stands.
for _ in $(seq 20); do
	state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status")
	[ "$state" != T ] || break
	sleep 0.1
done
[ $status = 0 ] && [ "$state" = T ]
result $? "stopped_process_is_patched_and_stays_stopped" "exits with $status, state $state: $(said)"
kill -CONT "$pid"
version 2
result $? "it_runs_new_code_when_it_goes_on" "$reply"
stop

start program plain
answer check
timeout 20 strace -f -o /dev/null -p "$pid" &
tracer=$!
for _ in $(seq 50); do
	grep -q "TracerPid:	0" "/proc/$pid/status" || break
	sleep 0.1
done
refused "traced_process_is_refused" 2 target-traced
kill -INT $tracer 2>/dev/null
wait $tracer 2>/dev/null
applies_and_reverts "it_is_patched_when_the_tracer_has_left"
stop

start program deny-exec
refused "filter_against_executable_mappings_is_respected" 2 target-seccomp
stop
start program deny-write-exec
applies_and_reverts "process_that_may_not_map_writable_code_is_patched"
stop
start program strict-list
applies_and_reverts "process_with_a_list_of_allowed_calls_is_patched"
stop

start program plain
answer check
mv "$out/program/old/program" "$out/program/old/moved"
cp "$out/program/new/program" "$out/program/old/program"
applies_and_reverts "replaced_file_on_disk_does_not_matter"
rm "$out/program/old/program"
applies_and_reverts "deleted_file_does_not_matter"
mv "$out/program/old/moved" "$out/program/old/program"
stop

# Another mount and pid namespace: the path in its maps does not exist here, its pids are others.
if unshare --mount --pid --fork true 2>/dev/null; then
	mkdir -p "$out/hidden"
	cat >"$out/inside" <<-INSIDE
		#!/bin/sh
		mount -t tmpfs none "$out/hidden" && cp "$out/program/old/program" "$out/hidden/server" &&
			exec "$out/hidden/server" plain
	INSIDE
	chmod +x "$out/inside"
	coproc TARGET { exec unshare --mount --pid --fork --kill-child "$out/inside" 2>&1; }
	outer=$TARGET_PID
	started+=("$outer")
	exec {told}<&"${TARGET[0]}" {ask}>&"${TARGET[1]}"
	answer check
	pid=$(cat "/proc/$outer/task/$outer/children")
	pid=${pid%% *}
	applies_and_reverts "other_mount_and_pid_namespace"
	kill -KILL "$pid"
	wait "$outer" 2>/dev/null
	exec {told}<&- {ask}>&-
else
	skip "other_mount_and_pid_namespace" "namespaces cannot be made here"
fi

if echo 'int main(void){for(;;);}' | "$cc" -m32 -nostdlib -x c - -o "$out/thirty-two" -e main 2>/dev/null; then
	"$out/thirty-two" &
	pid=$!
	started+=("$pid")
	apply "$pid" "$out/program.hp"
	status=$?
	[ $status = 2 ]
	result $? "process_of_32_bits_is_refused" "exits with $status: $(said)"
	kill -KILL "$pid"
else
	skip "process_of_32_bits_is_refused" "the compiler makes no 32-bit programs"
fi

finish
