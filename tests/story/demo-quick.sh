#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# What the quick demo shows is true, and README's session is what it prints.
set -u
output=$HP_TESTS_OUT/session
count=0
result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}

demo/quick/run.sh "$HP_TESTS_OUT/demo" >"$output" 2>&1
status=$?
while IFS= read -r line; do
	result 0 "${line#\[ok\] }"
done < <(grep '^\[ok\]' "$output")
result "$status" "the demo runs to its end"
[ "$status" = 0 ] || sed 's/^/# /' "$output"

# Between the two marks README has the demo's output, word for word but for what differs from run to run.
if [ "$status" = 0 ]; then
	sed -n '/^<!-- session -->$/,/^<!-- end of session -->$/p' README.md | sed '/^<!--/d;/^```/d' >"$HP_TESTS_OUT/readme"
	demo/normalise.sh <"$HP_TESTS_OUT/readme" >"$HP_TESTS_OUT/expected"
	demo/normalise.sh <"$output" >"$HP_TESTS_OUT/recorded"
	diff -u --label README.md --label 'make demo-quick' "$HP_TESTS_OUT/expected" "$HP_TESTS_OUT/recorded" >"$HP_TESTS_OUT/difference"
	result $? "README's session is what the demo prints"
	sed 's/^/# /' "$HP_TESTS_OUT/difference"
fi
echo "1..$count"
