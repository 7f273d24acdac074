# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC1091
# Runs in the guest: packages are applied by hp-apply, looked at, replaced, taken back.
. /common.sh

check kernel_is_randomized lacks "$(cat /proc/cmdline)" nokaslr
check nothing_is_active_at_first is "$(hp-apply --list)" ""
apply /bare.hp
check package_without_module_is_refused is $? 2
check its_code_is_module_missing contains "$(cat /tmp/said)" "[module-missing]"
load &
check package_is_applied_under_load apply --timeout=60 /first.hp
check report_says_verified contains "$(cat /tmp/said)" "patched, 3/3 verified"
check list_names_package contains "$(hp-apply --list)" "first            active"
check applied_again_is_already_active apply /first.hp
check it_is_verified apply --verify /first.hp
check verification_counts_functions contains "$(cat /tmp/said)" "already-active, 3/3 verified"
check the_kernel_is_verified_without_a_package apply --verify
check it_is_named_then contains "$(cat /tmp/said)" "first            active"
apply --verify /second.hp
check what_is_not_active_is_not_verified is $? 2
a=$(cat /proc/cmdline) b=$(cat /proc/cmdline)
check new_string_is_printed contains "$a" "shown "
check new_static_local_counts [ "${b#shown }" != "${a#shown }" ]
check the_rest_is_unchanged contains "$a" "console=ttyS0"
check changed_function_with_tracepoint is "$(rename)" after
echo 1 >/sys/kernel/tracing/events/task/task_rename/enable
rename >/dev/null
check tracepoint_in_new_code_can_be_enabled grep -q 'newcomm=after' /sys/kernel/tracing/trace
echo 0 >/sys/kernel/tracing/events/task/task_rename/enable
echo >/sys/kernel/tracing/trace
rename >/dev/null
check tracepoint_in_new_code_can_be_disabled sh -c '! grep -q newcomm=after /sys/kernel/tracing/trace'
dmesg >/tmp/before
check no_warning_yet sh -c '! grep -q "WARNING:" /tmp/before'
sh -c 'printf Warn >/proc/$$/comm; read -r x </proc/uptime'
dmesg >/tmp/after
check warning_has_file_and_line grep -q 'WARNING: .* at fs/proc/uptime.c:20 uptime_proc_show' /tmp/after
check stack_trace_names_new_function grep -q 'uptime_proc_show+0x.*\[hp_first\]' /tmp/after
dmesg -c >/dev/null
check cumulative_package_replaces_first apply --timeout=60 /second.hp
check replacing_string_is_there contains "$(cat /proc/cmdline)" "second: "
check replaced_function_is_original_again is "$(rename)" before
check replaced_module_is_gone [ ! -e /sys/module/hp_first ]
check package_is_taken_back apply --revert=second --timeout=60
check old_behaviour_is_back lacks "$(cat /proc/cmdline)" "second: "
check module_is_unloaded [ ! -e /sys/module/hp_second ]
check unknown_package_is_not_reverted sh -c '! hp-apply --revert=nobody >/dev/null 2>&1'

sleep 1000 &
sleeper=$!
sleep 1
hp-apply --trust=none --timeout=8 /stall.hp >/tmp/background 2>/dev/console &
waiting=$!
while ! hp-apply --list | grep -q 'stall .*in transition'; do :; done
sleep 1
hp-apply --list >/tmp/said
check list_shows_the_transition contains "$(cat /tmp/said)" "in transition"
check list_names_the_task contains "$(cat /tmp/said)" "held up by $sleeper sleep, in hrtimer_nanosleep"
apply --verify
check transition_is_not_verified is $? 2
apply --timeout=3 /second.hp
check another_one_meanwhile_is_busy is $? 1
wait $waiting
check task_that_stays_ends_it is $? 1
apply --timeout=3 /stall.hp
check sleeping_task_makes_it_busy is $? 1
check its_code_is_busy contains "$(cat /tmp/said)" "[busy]"
check the_task_is_named contains "$(cat /tmp/said)" "$sleeper sleep"
check where_it_sleeps_is_named contains "$(cat /tmp/said)" hrtimer_nanosleep
check nothing_stays_behind [ ! -e /sys/module/hp_stall ]
kill $sleeper
touch /tmp/stop
check applied_when_the_task_is_gone apply --timeout=60 /stall.hp
check new_condition_holds timeout 20 sleep 4242
check probe_failure_reverts sh -c '! hp-apply --trust=none --probe="[ ! -e /sys/module/hp_second ]" /second.hp >/tmp/said 2>&1'
check probe_failure_took_it_back [ ! -e /sys/module/hp_second ]
apply --revert-all --timeout=60
check nothing_is_active_at_last is "$(hp-apply --list)" ""
# As a kernel without CONFIG_LIVEPATCH shows itself: there is no /sys/kernel/livepatch.
unshare -m sh -c 'mount -t tmpfs none /sys/kernel && hp-apply --trust=none /first.hp' >/tmp/said 2>&1
check kernel_without_livepatch_is_refused is $? 2
check its_code_is_no_livepatch contains "$(cat /tmp/said)" "[no-livepatch]"
check log_is_clean log_is_clean
