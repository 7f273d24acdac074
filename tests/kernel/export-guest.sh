# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC1091
# Runs in the guest: a package whose hooks tell of themselves, in the kernel and in a module that comes and goes; one whose
# hook says no. Booted with module.sig_enforce: what the kernel does not trust is not loaded.
. /common.sh

log() { dmesg | sed -n 's/.*hooks: //p' | tr '\n' ','; }
new_log() { dmesg -c >/dev/null; }

apply /signed.hp
status=$?
if grep -q module.sig_enforce /proc/cmdline; then
	check signed_by_a_stranger_is_refused is $status 2
	check that_is_a_matter_of_permission contains "$(cat /tmp/said)" "[target-permission]"
	check it_says_by_whom_it_has_to_be_signed contains "$(cat /tmp/said)" "signed by no key it trusts"
	apply /hooks.hp
	check unsigned_is_refused is $? 2
	check that_is_a_matter_of_permission_too contains "$(cat /tmp/said)" "[target-permission]"
	check nothing_is_active is "$(hp-apply --list)" ""
	exit 0
fi
check signed_module_is_loaded is $status 0
check signed_module_is_taken_back apply --revert=signed --timeout=60
load &

new_log
check package_with_hooks_is_applied apply --timeout=60 /hooks.hp
check hooks_ran_around_the_switch is "$(log)" "pre_patch of vmlinux,post_patch of vmlinux,"
check new_code_sees_what_they_did contains "$(cat /proc/version)" "hooked 11: Linux"
check report_says_what_waits contains "$(cat /tmp/said)" "1/3 verified, 2 wait for dummy ifb"
check list_says_so_too contains "$(hp-apply --list)" "3 functions of dummy ifb vmlinux, 2 wait for dummy ifb"
new_log
check module_comes insmod /dummy.ko numdummies=0
check its_hooks_run_as_it_comes is "$(log)" "pre_patch of dummy,post_patch of dummy,"
check its_new_code_sees_that is "$(queue d0)" 71
apply --verify /hooks.hp
check the_other_module_is_waited_for contains "$(cat /tmp/said)" "2/3 verified, 1 wait for ifb"
check it_comes_too insmod /ifb.ko numifbs=0
check two_modules_are_patched is "$(ip link add i0 type ifb; cat /sys/class/net/i0/tx_queue_len)" 33
check nothing_waits_now apply --verify /hooks.hp
check that_is_all_of_them contains "$(cat /tmp/said)" "3/3 verified"
ip link del d0
new_log
check module_goes rmmod dummy
check its_hooks_run_as_it_goes is "$(log)" "pre_unpatch of dummy,post_unpatch of dummy,"
check it_is_taken_back_without_the_module apply --revert=hooks --timeout=60
insmod /dummy.ko numdummies=0
new_log
check it_is_applied_with_the_module apply --timeout=60 /hooks.hp
check all_of_it contains "$(cat /tmp/said)" "3/3 verified"
check both_modules_were_there is "$(ip link add i1 type ifb; cat /sys/class/net/i1/tx_queue_len)" 33
check hooks_ran_for_the_kernel contains "$(log)" "pre_patch of vmlinux,"
check and_for_the_module contains "$(log)" "post_patch of dummy,"
new_log
check it_is_taken_back apply --revert=hooks --timeout=60
check hooks_ran_around_that contains "$(log)" "pre_unpatch of vmlinux,"
check of_both_objects_before contains "$(log)" "pre_unpatch of dummy,"
check and_behind contains "$(log)" "post_unpatch of vmlinux,"
check of_both_objects_behind contains "$(log)" "post_unpatch of dummy,"
check old_code_is_back lacks "$(cat /proc/version)" hooked
check old_module_code_is_back is "$(queue d1)" 1000
check in_both_modules is "$(ip link add i2 type ifb; cat /sys/class/net/i2/tx_queue_len)" 32

dmesg >/tmp/before
check log_is_clean log_is_clean
apply /veto.hp
check hook_that_says_no_refuses is $? 2
check its_code_is_hook_refused contains "$(cat /tmp/said)" "[hook-refused]"
check the_kernel_is_quoted contains "$(cat /tmp/said)" "pre-patch callback failed for object 'vmlinux'"
check nothing_is_left_of_it [ ! -e /sys/module/hp_veto ]
check nothing_changed lacks "$(cat /proc/version)" never
check nothing_is_active_at_last is "$(hp-apply --list)" ""
touch /tmp/stop
