#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Which objects hp-kbuild takes to include a changed header: all that do, every time. An object left out would keep the old code.
set -u
out=${HP_TESTS_OUT:?}
# shellcheck source=tests/tap.bash
. tests/tap.bash

work=$out
eval "$(sed -n '/^including() {/,/^}/p' tools/hp-kbuild.sh)"
printf 'fs/mount.h\nfs/internal.h\n' >"$work/reach"
many=$(for i in $(seq 3000); do printf 'include/linux/header-%s.h ' "$i"; done)
mkdir -p "$out/fs/notify"
echo "x: fs/early.c fs/mount.h $many" >"$out/fs/early.o.d"
printf 'x: fs/late.c %s \\\n ./fs/internal.h\n' "$many" >"$out/fs/late.o.d"
echo "x: fs/notify/up.c fs/notify/../mount.h" >"$out/fs/notify/up.o.d"
echo "x: fs/notify/twice.c fs/notify/inner/../../mount.h" >"$out/fs/notify/twice.o.d"
echo "x: fs/other.c include/linux/mount.h fs/notify/mount.h xfs/mount.h $many" >"$out/fs/other.o.d"
: >"$out/fs/empty.o.d"

objects='fs/early.o fs/late.o fs/notify/up.o fs/notify/twice.o fs/other.o fs/empty.o fs/unknown.o'
wrong=
for round in $(seq 20); do
	# shellcheck disable=SC2086 # words
	got=$(printf '%s\n' $objects | including "$out" | tr '\n' ' ')
	[ "$got" = 'fs/early.o fs/late.o fs/notify/up.o fs/notify/twice.o fs/empty.o fs/unknown.o ' ] || wrong+="$round: $got"
done
[ -z "$wrong" ]
result $? objects_that_include_a_header_are_found_every_time "$wrong"
finish
