# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC1091,SC2046 # words
# Runs in the guest: one package of four files of the kernel and one module, before, with it, and afterwards.
. /common.sh

threads() { cut -d/ -f2 /proc/loadavg | cut -d' ' -f1; }

unpatched() { # WHEN
	check "$1_string" lacks "$(cat /proc/version)" "read "
	check "$1_immediate" sh -c "[ $(threads) -lt 1000 ]"
	check "$1_function_with_tracepoint" is "$(rename)" before
}

patched() { # WHEN
	a=$(cat /proc/version)
	b=$(cat /proc/version)
	check "$1_string_and_new_function" contains "$a" "read "
	check "$1_new_global_and_new_static_local_count" is "$b" "read 2 4: $version"
	check "$1_immediate" at_least "$(threads)" 1000
	check "$1_function_with_tracepoint" is "$(rename)" after
}

check kernel_is_randomized lacks "$(cat /proc/cmdline)" nokaslr
check nothing_is_active_at_first is "$(hp-apply --list)" ""
ip link set lo up
insmod /dummy.ko numdummies=0
check before_module is "$(queue d0)" 1000
version=$(cat /proc/version)
unpatched before
set -- $(probe inodes 3000)
before=$2
load &

trace 1
check package_is_applied_under_load apply --timeout=120 /subset.hp
check all_functions_are_verified contains "$(cat /tmp/said)" "patched, 5/5 verified"
check new_code_is_traced_at_once traced after
trace 0
check tracepoint_is_switched_off_in_new_code untraced
check list_names_package contains "$(hp-apply --list)" "subset           active"
hp-apply --list --json | tr -d ' \n' >/tmp/list
check json_list_names_package grep -q '"livepatches":.*"module":"hp_subset","id":"subset".*"state":"active","functions":5' /tmp/list
check json_list_names_its_objects grep -qE '"objects":\["(vmlinux","dummy|dummy","vmlinux)"\]' /tmp/list
check applied_again_is_already_active apply /subset.hp
patched with_package
check module_loaded_before_is_patched is "$(queue d1)" 77
set -- $(probe inodes 3000)
check per_processor_numbers_skip_thousands is "$3" 0
check static_local_keeps_its_value at_least "$2" $((before + 1000))
check no_number_comes_twice at_least "$1" $((before - 2048))

check package_is_taken_back apply --revert=subset --timeout=120
check its_module_is_unloaded [ ! -e /sys/module/hp_subset ]
unpatched afterwards
check old_module_code_is_back is "$(queue d2)" 1000
set -- $(probe inodes 3000)
check static_local_keeps_its_value_for_the_old_code at_least "$2" $((before + 2000))
for link in d0 d1 d2; do ip link del $link; done
rmmod dummy

check applied_again apply --timeout=120 /subset.hp
trace 1
check tracepoint_can_be_enabled_afterwards traced after
trace 0
insmod /dummy.ko numdummies=0
check module_loaded_afterwards_is_patched is "$(queue d3)" 77
patched again
touch /tmp/stop
check all_is_taken_back apply --revert-all --timeout=120
check nothing_is_active_at_last is "$(hp-apply --list)" ""
unpatched at_last
check log_is_clean log_is_clean
