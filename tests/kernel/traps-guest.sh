# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC1091,SC2046 # words
# Runs in the guest: each trap of the kernel before the package, with it, and after it.
. /common.sh

named() { sh -c "printf $1 >/proc/\$\$/comm; while read -r a b; do [ \$a != Name: ] || echo \$a \$b; done </proc/\$\$/status"; }
# What a process that calls itself so reads in a file.
reads() { sh -c "printf $1 >/proc/\$\$/comm; while read -r x; do echo \$x; done <$2"; }
# What lies where /tmp/one was to be bound to.
bound() {
	mount --bind /tmp/one /tmp/three && ls /tmp/three
	umount /tmp/three
}

# Statistics of the scheduler in a process's file: behind a jump label.
statistics() { # 0|1
	echo "$1" >/proc/sys/kernel/sched_schedstats
	cat /proc/self/sched
}
# Code in memory: of the kernel, and new code; sizes are those of the new functions.
kernel() { grep " $1\$" /symbols | cut -d' ' -f1; }
place() { # kernel|new FUNCTION
	if [ "$1" = new ]; then cat "/sys/module/hp_traps/sections/.text.$2"; else kernel "$2"; fi
	grep "^$2 " /sizes | cut -d' ' -f2
}
branches() { probe branches $(place "$1" "$2") $(kernel "$3"); } # kernel|new FUNCTION TARGET
bytes() { probe bytes $(place "$1" "$2") "$3"; }                 # kernel|new FUNCTION HEX
# What a tracepoint calls is a static call: to its one probe, or to a function that calls several.
to_one_probe() { branches new __set_task_comm trace_event_raw_event_task_rename; }
to_several() { branches new __set_task_comm __traceiter_task_rename; }
second_probe() { echo "$1" >/sys/kernel/tracing/instances/second/events/task/task_rename/enable; }

# A key is switched there and back while the code is there.
switches() { # WHEN
	check "$1_jump_label_off" lacks "$(statistics 0)" sum_sleep_runtime
	check "$1_jump_label_switched_on" contains "$(statistics 1)" sum_sleep_runtime
	check "$1_jump_label_switched_off" lacks "$(statistics 0)" sum_sleep_runtime
}

# What the kernel does to code when it boots, it does to new code when it is loaded.
rewritten_as_the_kernel() {
	check alternatives_are_chosen_in_new_code at_least "$(bytes new filldir64 0f01cb)" 1
	check retpolines_are_rewritten is "$(branches new statfs_by_dentry __x86_indirect_thunk_rax)" 0
	check returns_are_rewritten is "$(branches new statfs_by_dentry __x86_return_thunk)" "$(branches kernel statfs_by_dentry __x86_return_thunk)"
}

unpatched() { # WHEN
	check "$1_system_call" is "$(umask 0027; umask)" 0027
	check "$1_name" is "$(named nameless)" "Name: nameless"
	check "$1_clone" sh -c "[ $(probe processes) -lt 1000 ]"
	check "$1_constant_clone" is "$(probe start 4300)" started
	check "$1_function_in_a_table" grep -q selftest /proc/crypto
	check "$1_second_function_of_its_name" contains "$(reads Nobody /proc/crypto)" driver
	check "$1_function_named_as_a_datum" is "$(bound)" first
	check "$1_user_copy" lacks "$(probe inode /tmp repaired)" 4711
	check "$1_inlined" grep -q ^voluntary_ctxt_switches /proc/self/status
	check "$1_function_with_jump_label" contains "$(cat /proc/self/sched)" "#threads: 1"
	check "$1_function_with_indirect_call" is "$(probe namelen Short)" 255
	check "$1_function_beside_others_in_its_section" at_least "$(probe nap Quick)" 2
	check "$1_tracepoint" is "$(rename)" before
}

patched() { # WHEN
	check "$1_system_call" is "$(umask 0027; umask)" 0020
	check "$1_function_with_cold_part" is "$(named nameless)" "Name: Nameless"
	check "$1_the_rest_of_it_as_before" is "$(named another)" "Name: another"
	check "$1_clone" at_least "$(probe processes)" 1000
	check "$1_constant_clone" is "$(probe start 4300)" E2BIG
	check "$1_constant_clone_else_as_before" is "$(probe start 4200)" started
	check "$1_second_function_of_its_name" is "$(reads Nobody /proc/crypto)" ""
	check "$1_first_function_of_its_name_as_before" contains "$(reads Nobody /proc/cpuinfo)" processor
	check "$1_function_named_as_a_datum" is "$(bound)" second
	check "$1_function_in_a_table" sh -c 'grep -q ^verified /proc/crypto && ! grep -q selftest /proc/crypto'
	check "$1_user_copy" is "$(probe inode /tmp repaired)" 4711
	check "$1_faulting_user_copy_is_an_error" is "$(probe fault)" EFAULT
	check "$1_function_with_jump_label" contains "$(cat /proc/self/sched)" ", threads: 1"
	check "$1_function_with_indirect_call" is "$(probe namelen Short)" 200
	check "$1_function_with_indirect_call_else_as_before" is "$(probe namelen Long)" 255
	check "$1_function_beside_others_in_its_section" is "$(probe nap Quick)" 0
	check "$1_the_same_for_others_as_before" at_least "$(probe nap Slow)" 2
	check "$1_inlined_function" grep -q ^willing_ctxt_switches /proc/self/status
	check "$1_function_with_tracepoint" is "$(rename)" after
}

# What a file system says to a mount option.
parameter() { # KIND OPTION
	mount -t "$1" -o "$2" none /tmp/one 2>&1 && echo mounted && umount /tmp/one
}

grep -E ' (statfs_by_dentry|trace_event_raw_event_task_rename|__traceiter_task_rename|__x86_(indirect_thunk_rax|return_thunk))$' /proc/kallsyms >/symbols
ip link set lo up
mkdir /sys/kernel/tracing/instances/second
mkdir /tmp/one /tmp/two /tmp/three
touch /tmp/repaired /tmp/one/first /tmp/two/second
insmod /fuse.ko && insmod /dummy.ko numdummies=0 || echo "not ok - modules_can_be_loaded"
unpatched before
check before_module is "$(queue d0)" 1000
load &
set -- $(probe inodes 4000)
before=$2

# The tracepoint's jump label and static call are on while the package is applied, and are switched off then.
trace 1
switches before
statistics 1 >/dev/null
check applied_with_the_tracepoint_on apply --timeout=120 /traps.hp
check new_code_is_traced_at_once traced after
check applied_with_the_static_call_to_one_probe at_least "$(to_one_probe)" 1
second_probe 1
check static_call_switched_to_several at_least "$(to_several)" 1
check no_call_of_the_one_is_left is "$(to_one_probe)" 0
second_probe 0
check static_call_switched_to_one_again at_least "$(to_one_probe)" 1
trace 0
check tracepoint_is_switched_off_in_new_code untraced
trace 1
check tracepoint_is_switched_on_again traced after
trace 0
check applied_with_the_jump_label_on contains "$(cat /proc/self/sched)" sum_sleep_runtime
switches with_package
rewritten_as_the_kernel
patched with_package
check module_loaded_before_is_patched is "$(queue d1)" 77
set -- $(probe inodes 4000)
check per_processor_numbers_skip_thousands is "$3" 0
check static_local_keeps_its_value at_least "$2" "$((before + 1000))"
check no_number_comes_twice at_least "$1" "$((before - 2048))"

check log_is_clean log_is_clean

check package_is_taken_back apply --revert=traps --timeout=120
unpatched afterwards
check old_module_code_is_back is "$(queue d2)" 1000
for link in d0 d1 d2; do ip link del $link; done
rmmod dummy
set -- $(probe inodes 4000)
check static_local_keeps_its_value_for_the_old_code at_least "$2" "$((before + 2000))"
statistics 0 >/dev/null
check applied_with_the_tracepoint_off apply --timeout=120 /traps.hp
trace 1
check tracepoint_can_be_enabled_afterwards traced after
check static_call_is_switched_from_none_to_one at_least "$(to_one_probe)" 1
trace 0
check applied_with_the_jump_label_off lacks "$(cat /proc/self/sched)" sum_sleep_runtime
switches again
insmod /dummy.ko numdummies=0
check module_loaded_afterwards_is_patched is "$(queue d3)" 77
patched again
ip link del d3
rmmod dummy
check module_goes_while_patched [ ! -e /sys/module/dummy ]
insmod /dummy.ko numdummies=0
check module_that_comes_again_is_patched is "$(queue d4)" 77
ip link del d4
rmmod dummy
insmod /dummy.ko numdummies=0
check module_that_comes_a_third_time_is_patched is "$(queue d5)" 77
check log_still_is_clean log_is_clean

if [ -e /header.hp ]; then
	mkfifo /tmp/never
	sh -c 'printf invisible >/proc/$$/comm; read -r x <>/tmp/never' &
	hidden=$!
	while [ "$(cat /proc/$hidden/comm)" != invisible ]; do :; done
	check without_the_header_change_it_is_seen sh -c "readlink /proc/$hidden/ns/pid && ls /proc/$hidden/fd/ && cat /proc/$hidden/smaps >/dev/null"
	check package_of_a_header_replaces_it apply --timeout=120 /header.hp
	check changed_inline_in_one_file sh -c "! readlink /proc/$hidden/ns/pid"
	check changed_inline_in_another_file sh -c "! ls /proc/$hidden/fd/"
	check changed_inline_in_a_third_file sh -c "! cat /proc/$hidden/smaps"
	check changed_inline_else_as_before readlink /proc/$$/ns/pid
	kill $hidden
	kinds="tmpfs ramfs proc cgroup2 bpf hugetlbfs fuse"
	for kind in $kinds; do
		parameter "$kind" unheard >"/tmp/before.$kind"
		check "without_the_inline_change_$kind" lacks "$(parameter "$kind" repaired)" "Argument list too long"
	done
	check package_of_a_wide_inline_replaces_it apply --timeout=120 /inline.hp
	for kind in $kinds; do
		check "changed_inline_in_$kind" contains "$(parameter "$kind" repaired)" "Argument list too long"
		check "changed_inline_in_${kind}_else_as_before" is "$(parameter "$kind" unheard)" "$(cat "/tmp/before.$kind")"
	done
	trace 1
	second_probe 1
	check package_replaced_by_the_first_again apply --timeout=120 /traps.hp
	check applied_with_the_static_call_to_several at_least "$(to_several)" 1
	second_probe 0
	check static_call_switched_to_one at_least "$(to_one_probe)" 1
	check new_code_is_traced_still traced after
	trace 0
fi

line() { dmesg | grep -oE "$1" | tail -n 1; }
sh -c 'printf Warn >/proc/$$/comm; read -r x </proc/uptime'
check warning_has_file_and_line contains "$(line 'WARNING: .* at .*uptime_proc_show.*')" "at fs/proc/uptime.c:20 uptime_proc_show"
check trace_names_new_code sh -c 'dmesg | grep -q "uptime_proc_show+0x.*\[hp_traps\]"'
sh -c 'printf Bug >/proc/$$/comm; read -r x </proc/uptime'
check bug_has_file_and_line contains "$(line 'kernel BUG at .*')" "kernel BUG at fs/proc/uptime.c:21!"
check kernel_goes_on is "$(named nameless)" "Name: Nameless"
touch /tmp/stop
