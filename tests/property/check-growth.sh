#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Twice the object, twice the work: basic blocks run by hp-diff are counted (tests/bench/count_work.c), no time is taken.
set -u
work=${HP_TESTS_OUT:?} here=$(dirname "$0")
hp_diff=${HP_BUILD:?}/count/bin/hp-diff
count=0
result() { # STATUS NAME WHY
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
	echo "# $3"
}
counted() { # NAME ARGUMENT...: the work of one run
	HP_WORK=$work/work "$hp_diff" -q -j1 "${@:2}" >"$work/out.$1" 2>/dev/null
	cat "$work/work"
}
for size in 4000 8000 16000; do
	for side in 0 1; do
		python3 "$here/../bench/many_functions.py" $size $side | as -o "$work/$size.$side.o" -
	done
done
for form in --stat --patch --json "--html=$work/page.html"; do
	small=$(counted 4000 "$form" "$work/4000.0.o" "$work/4000.1.o")
	middle=$(counted 8000 "$form" "$work/8000.0.o" "$work/8000.1.o")
	large=$(counted 16000 "$form" "$work/16000.0.o" "$work/16000.1.o")
	# n log n of n = 8000 is 2.16 times that of 4000; a square would be 4.
	awk -v a="$small" -v b="$middle" -v c="$large" 'BEGIN { exit !(a > 100000 && b / a < 2.3 && c / b < 2.3) }'
	result $? "work_grows_with_the_object_and_no_faster_${form%%=*}" "blocks: $small $middle $large"
done
[ "$(python3 -c 'import json, sys; print(*(f["name"] for o in json.load(open(sys.argv[1]))["objects"] for f in o["functions"]))' \
	<(HP_WORK=/dev/null "$hp_diff" -q --json "$work/16000.0.o" "$work/16000.1.o" 2>/dev/null))" = f8000 ]
result $? only_the_changed_one_of_many_is_named ""
echo "1..$count"
