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

# A header that many objects include: how many is said, what is done of each stage is counted on a terminal, and it goes on.
cache_without_objects "$out/cold"
script -qec "'$bin/hp-kbuild' --kernel='$release' --cache='$out/cold' testdata/kernel/header.patch -o '$out/header.hp' -- --id=header" /dev/null \
	>"$out/header.log" 2>&1 </dev/null
result $? package_of_a_header "$(cat "$out/header.log")"
said=$(tr '\r' '\n' <"$out/header.log" | sed 's/\x1b\[K//g')
shown() { # NAME PATTERN
	grep -qE "$2" <<<"$said"
	result $? "$1" "$said"
}
reached=$(sed -nE 's/^hp-kbuild: ([0-9]+) objects include .*/\1/p' <<<"$said")
shown how_many_objects_may_include_it_is_said '^hp-kbuild: [1-9][0-9]* objects may include fs/proc/internal.h'
shown how_many_objects_include_it_is_said '^hp-kbuild: [1-9][0-9]+ objects include fs/proc/internal.h'
shown all_of_them_are_compiled "^hp-kbuild: compiling ${reached:-none} objects: new"
shown they_are_counted_on_a_terminal "^hp-kbuild:   [0-9]+ of ${reached:-none} \$"
[ -n "$reached" ] && [ "$(find "$out/cold/kernel" -path '*/new/*' -name '*.o' | wc -l)" = "$reached" ]
result $? as_many_as_was_said "$said"
rm -rf "$out/cold"

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
