#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# -fsanitize=kcfi: a call through a pointer looks at the number in front of the function, and stops the program when it is another.
# A replaced function is called by its old entry, in front of which the number stays; one that is pointed to anew has none.
. tests/live/lib.bash
cc=$(command -v clang-16 || command -v clang) || skip_all "clang is not installed"
echo 'int f(void) { return 1; }' | "$cc" -fsanitize=kcfi -c -x c - -o "$out/probe.o" 2>/dev/null || skip_all "$cc has no -fsanitize=kcfi"

EXTRA="-fsanitize=kcfi" build pointers "$data/pointers.c" && package pointers
result $? package_of_functions_behind_pointers "$(cat "$out/pointers.build")"
before=$("$out/pointers/old/pointers" <<<check)
wanted=$("$out/pointers/new/pointers" <<<check)
[ "$before" ] && [ "$before" != "$wanted" ]
result $? both_versions_run "$before, $wanted"
start pointers
answer check && [ "$reply" = "$before" ]
result $? program_runs "$reply"
apply "$pid" "$out/pointers.hp" && answer check && [ "$reply" = "$wanted" ]
result $? kept_and_new_pointers_reach_the_new_code "$reply, not $wanted: $(said)"
apply --revert=pointers "$pid" && answer check && [ "$reply" = "$before" ]
result $? reverted "$reply: $(said)"
stop

refuses() { # NAME OPTION TEXT
	local status
	EXTRA="-fsanitize=kcfi $2" build "$1" "$data/pointers.c" && package "$1"
	status=$?
	[ $status = 2 ] && grep -q "$3" "$out/$1.build" && [ ! -e "$out/$1.hp" ]
	result $? "$1" "exits with $status: $(cat "$out/$1.build")"
}
refuses new_function_behind_a_pointer_is_refused -DADDED 'added has a number in front .*no-function-sections'
refuses other_type_behind_a_pointer_is_refused -DRETYPED 'by_two has a number in front .*no-function-sections'
finish
