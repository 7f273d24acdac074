#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 7200
# runs alone
# hp-apply dies by SIGKILL at system calls and at random instants: the target must not notice. HP_KILLS=all: at
# every system call, thousands of times (make check-kill); HP_SEED repeats a run.
. tests/live/lib.bash

build target "$tests/target.c" "$tests/target-table.c" "$tests/target-parts.c" && package target ||
	{ echo "Bail out! the target or its package was not built: $(cat "$out/target.build")"; exit 1; }
"$cc" "${flags[@]}" "$tests/sweep.c" -o "$out/sweep" || exit 1
kills=60
[ "${HP_KILLS:-}" != all ] || kills=0
exec "$out/sweep" "$bin/hp-apply" "$out/target.hp" target "$kills" "${HP_SEED:-$RANDOM$RANDOM}" "$out/target/old/target"
