#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The runner itself: what does not prove anything counts as failed.
set -u
count=0
here=$HP_TESTS_OUT

# expect NAME LAST-LINE STATUS SCRIPT: runs a test program with that text.
expect() {
	local name=$1 line=$2 status=$3 last got
	printf '#!/bin/sh\n# time limit: 2\n%s\n' "$4" >"$here/program.sh"
	chmod +x "$here/program.sh"
	tests/run --out="$here/out" --script "$here/program.sh" >"$here/said" 2>&1
	got=$?
	last=$(tail -1 "$here/said")
	count=$((count + 1))
	if [ "$last" = "$line" ] && [ "$got" = "$status" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "# expected '$line', status $status; got '$last', status $got"
	fi
}

expect "passed_tests_are_counted" "2 passed, 0 failed" 0 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
expect "a_failed_test_fails_the_run" "1 passed, 1 failed" 1 'echo 1..2; echo ok 1 - a; echo not ok 2 - b'
expect "no_plan_is_a_failure" "1 passed, 1 failed" 1 'echo ok 1 - a'
expect "silence_is_a_failure" "0 passed, 1 failed" 1 ':'
expect "fewer_tests_than_planned_is_a_failure" "1 passed, 1 failed" 1 'echo 1..2; echo ok 1 - a'
expect "a_status_that_no_test_explains_is_a_failure" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1 - a; exit 3'
expect "death_by_a_signal_is_a_failure" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1 - a; kill -SEGV $$'
expect "a_skip_with_a_reason_is_counted_apart" "1 passed, 0 failed, 1 skipped" 0 'echo 1..2; echo ok 1 - a; echo "ok 2 - b # SKIP no such CPU"'
expect "a_skip_without_a_reason_is_a_failure" "1 passed, 1 failed" 1 'echo 1..2; echo ok 1 - a; echo "ok 2 - b # SKIP"'
expect "a_program_that_skips_all_has_tested_nothing" "0 passed, 0 failed, 1 skipped" 1 'echo "1..0 # SKIP no such CPU"'
expect "a_program_that_does_not_end_is_a_failure" "1 passed, 2 failed" 1 'echo 1..2; echo ok 1 - a; sleep 30'
expect "bailing_out_is_a_failure" "1 passed, 1 failed" 1 'echo 1..1; echo ok 1 - a; echo "Bail out! no more"'
echo "1..$count"
