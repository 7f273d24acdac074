#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1500
#
# Packages for the distribution's stock kernel: made by hp-kbuild from source patches, applied by hp-apply in QEMU, replaced by
# one another, held up by a task, taken back by a probe. What hp-kbuild refuses.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
package_of first second stall
kbuild testdata/kernel/first.patch -o "$out/bare.hp" -- --id=bare
result $? package_without_module

said=$("$bin/hp-kbuild" --kernel="$release" --fetch --cache="$cache" testdata/kernel/header.patch -o "$out/header.hp" -- --id=header 2>&1)
grep -qE '^hp-kbuild: [1-9][0-9]* objects may include fs/proc/internal.h' <<<"$said" && grep -qE '^hp-kbuild: [1-9][0-9]* objects include fs/proc/internal.h' <<<"$said"
result $? how_many_objects_a_header_reaches_is_said "$said"

refused init-code 2 '[init-changed]'
refused initcall-level 2 '[init-changed]'
refused data-changed 2 '[data-changed]'
refused layout 2 '[data-layout]'
refused notrace 2 '[notrace]'
refused assembly 2 '[no-function-sections]'
refused disabled 1 'is for another architecture'
sed 's/seq_puts/seq_pots/' testdata/kernel/first.patch >"$out/wrong.patch"
said=$(kbuild "$out/wrong.patch" -o "$out/refused.hp" 2>&1)
[ $? = 3 ] && grep -q 'does not apply' <<<"$said"
result $? patch_that_does_not_apply "$said"

static_applier
mkdir -p "$out/guest"
cp "$out"/{first,second,stall,bare}.hp "$out/guest/"
boot guest "$image" tests/kernel/guest.sh 600
grep -qE 'waiting for 1 task, sleep [0-9]+ in hrtimer_nanosleep' "$out/guest.console"
result $? terminal_shows_whom_it_waits_for "$(grep waiting "$out/guest.console" | head -n 5)"
finish
