#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Threads: hundreds, created while we attach, without their main thread, asleep in system calls; processes that
# fork between every two of our steps; vfork.
. tests/live/lib.bash

program
build target "$tests/target.c" "$tests/target-table.c" "$tests/target-parts.c" && package target || exit 1

start program plain
applies_and_reverts "plain_program_is_patched_and_reverted"
stop

start program creators
applies_and_reverts "threads_are_created_while_attaching"
stop

start program main-gone
sleep 0.2
applies_and_reverts "main_thread_has_ended"
stop

start program prefork
sleep 0.1
applies_and_reverts "children_are_forked_all_the_time"
stop

# Its threads sleep in nanosleep, poll, futex, epoll_wait, sigtimedwait, recv with a timeout, read.
start target 300
what=
for _ in 1 2 3 4 5; do
	apply "$pid" "$out/target.hp" || what="apply exits with $?: $(said)"
	apply --revert=target "$pid" || what="$what revert exits with $?: $(said)"
done
answer check
[ -z "$what" ] && [ "${reply:0:4}" = "ok 1" ]
result $? "three_hundred_threads_are_stopped_at_once" "$what $reply"
[ "${reply#*eintr=0 }" != "$reply" ]
result $? "sleeping_calls_see_no_interruption_from_us" "$reply"
stop

# The parent stands in vfork for two seconds and cannot be stopped: busy first, patched in the end.
start program plain
answer check
echo "vfork 2500" >&"$ask"
sleep 0.3
apply --timeout=1 "$pid" "$out/program.hp"
status=$?
[ $status = 1 ]
result $? "vfork_parent_is_busy_after_the_timeout" "exits with $status: $(said)"
apply --timeout=10 "$pid" "$out/program.hp"
status=$?
read -r -t 10 reply <&"$told"
said_then=$reply
answer check
[ $status = 0 ] && [ "$reply" = "ok 2" ] && [ "${said_then%% *}" = vfork-done ]
result $? "vfork_parent_is_patched_when_its_child_is_gone" "exits with $status: $(said); $said_then; $reply"
stop

finish
