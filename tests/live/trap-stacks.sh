#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A function that is on a stack is not replaced: below a signal handler on its own stack, in a loop without end.
. tests/live/lib.bash

program

start program plain
echo enter >&"$ask"
sleep 0.3
refused "function_below_a_handler_on_its_own_stack_is_busy" 1 held busy
echo leave >&"$ask"
read -r -t 10 reply <&"$told"
[ "$reply" = "left 41" ]
result $? "handler_returns_into_the_old_function" "$reply"
applies_and_reverts "the_same_process_is_patched_when_it_has_left"
stop

start program forever
sleep 0.2
refused "function_that_never_leaves_is_named" 1 forever busy
grep -Eq "thread [0-9]+|tid [0-9]+" "$out/apply.out"
result $? "message_names_the_thread" "$(said)"
apply --list "$pid"
! grep -q "active  " "$out/apply.out"
result $? "busy_process_has_no_active_package" "$(said)"
echo end >&"$ask"
read -r -t 10 reply <&"$told"
[ "$reply" = "ended 1" ]
result $? "busy_function_goes_on_unharmed" "$reply"
applies_and_reverts "it_is_patched_when_the_loop_has_ended"
stop

# Reverting asks the same of the new bodies.
start program plain
apply "$pid" "$out/program.hp"
echo enter >&"$ask"
sleep 0.3
apply --timeout=1 --revert=program "$pid"
status=$?
version 2 && [ $status = 1 ] && grep -q held "$out/apply.out"
result $? "new_function_below_a_handler_is_not_reverted" "exits with $status, $reply: $(said)"
echo leave >&"$ask"
read -r -t 10 reply <&"$told"
[ "$reply" = "left 42" ]
result $? "handler_returns_into_the_new_function" "$reply"
apply --revert=program "$pid" && version 1
result $? "it_is_reverted_when_it_has_left" "$(said)"
stop

finish
