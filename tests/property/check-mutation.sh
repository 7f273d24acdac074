#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1800
# HP_SEED repeats a run; its seeds are printed.
# Mutations of SQLite, redis and busybox: what hp-diff names is what differs. HP_MUTATIONS: how many; HP_SEED: the first one's.
here=$(dirname "$0") work=${HP_PROPERTY:-build/property}
count=${HP_MUTATIONS:-32}
echo "1..1"
if out=$("$here/mutate.py" --count="$count" ${HP_SEED:+--seed="$HP_SEED"} --fetched="$work/src" --work="$work" --cc="${CC:-cc}" 2>&1); then
	echo "ok 1 - every_mutation_is_named_and_nothing_else"
else
	echo "not ok 1 - every_mutation_is_named_and_nothing_else"
fi
echo "$out" | sed 's/^/# /'
