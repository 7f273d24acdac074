#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
# runs alone
# What the redis demo shows is true: Debian's redis, one of its security fixes, a server that never stops serving.
set -u
count=0
HP_DEMO_INCREMENTS=600000 demo/redis/run.sh "$HP_BUILD/demo" >"$HP_TESTS_OUT/session" 2>&1
status=$?
while IFS= read -r line; do
	count=$((count + 1))
	echo "ok $count - ${line#\[ok\] }"
done < <(grep '^\[ok\]' "$HP_TESTS_OUT/session")
count=$((count + 1))
if [ "$status" = 0 ]; then
	echo "ok $count - the demo runs to its end"
else
	echo "not ok $count - the demo runs to its end"
	sed 's/^/# /' "$HP_TESTS_OUT/session"
fi
echo "1..$count"
