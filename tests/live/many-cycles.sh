#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Applied and reverted until the process's control block is full: then it is said, and what is active can be taken back.
. tests/live/lib.bash

{ # 300 functions, all of them changed
	printf '#include <stdio.h>\n#ifndef VERSION\n#define VERSION 1\n#endif\n'
	for i in $(seq 300); do
		printf '__attribute__((noinline)) static int f%d(volatile int *x)\n{\n\t*x += %d + VERSION;\n\treturn *x;\n}\n' "$i" "$i"
	done
	printf 'int main(void)\n{\n\tchar line[64];\n\twhile (fgets(line, sizeof(line), stdin)) {\n\t\tvolatile int x = 0;\n'
	for i in $(seq 300); do printf '\t\tf%d(&x);\n' "$i"; done
	printf '\t\tprintf("ok %%d\\n", (x - 45150) / 300);\n\t\tfflush(stdout);\n\t}\n\treturn 0;\n}\n'
} >"$out/many.c"
if ! build many "$out/many.c" || ! package many; then
	echo "Bail out! $(cat "$out/many.build")"
	exit 1
fi

start many
what='' cycles=0
while [ $cycles -lt 200 ]; do
	apply "$pid" "$out/many.hp" || break
	cycles=$((cycles + 1))
	apply --revert=many "$pid" || { what="revert exits with $? in cycle $cycles: $(said)"; break; }
done
echo "# $cycles cycles of 300 functions"
[ -z "$what" ] && [ $cycles -gt 10 ] && [ $cycles -lt 200 ] && grep -q "control block is full after $((2 * cycles)) switches.*no-space-near" "$out/apply.out" && version 1
result $? "a_full_control_block_is_said_and_nothing_changed" "$what $cycles cycles, $reply: $(said)"
apply -n "$pid" "$out/many.hp"
status=$?
[ $status = 2 ] && apply --list "$pid" && apply --verify "$pid"
result $? "the_process_can_still_be_looked_at" "$status: $(said)"
stop

# One that is active when no more can be applied is taken back.
start many
what=''
for _ in $(seq $((cycles - 1))); do
	if ! apply "$pid" "$out/many.hp" || ! apply --revert=many "$pid"; then
		what="$(said)"
		break
	fi
done
[ -z "$what" ] && apply "$pid" "$out/many.hp" && version 2 && apply --verify "$pid" "$out/many.hp" && apply --revert=many "$pid" && version 1
result $? "the_last_one_is_reverted" "$what $reply $(said)"
stop

finish
