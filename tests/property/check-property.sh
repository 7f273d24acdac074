#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1800
# Edits that mean nothing, in SQLite, redis and busybox: hp-diff is silent, or right. HP_EDITS: how many, or `all`; HP_SEED: the first.
here=$(dirname "$0") work=${HP_PROPERTY:-build/property}
count=${HP_EDITS:-48}
echo "1..1"
if out=$("$here/property.py" --count="$count" ${HP_SEED:+--seed="$HP_SEED"} --fetched="$work/src" --work="$work" --cc="${CC:-cc}" 2>&1); then
	echo "ok 1 - edits_that_mean_nothing_are_not_reported"
else
	echo "not ok 1 - edits_that_mean_nothing_are_not_reported"
fi
echo "$out" | sed 's/^/# /'
