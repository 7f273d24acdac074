#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1200
#
# The kernel's part of `make check`: from a source patch to a module that is active in the distribution's stock kernel, in
# QEMU, and away again. Downloads the newest cloud image with its headers and source (330 MB) once.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
package_of subset
cp "$out/subset/hp_subset.ko" "$out/once.ko"
"$bin/hp-export" --format=klp --build --headers="$tree" "$out/subset.hp" -o "$out/again" >"$out/export.log" 2>&1
cmp -s "$out/once.ko" "$out/again/hp_subset.ko"
result $? module_exported_twice_is_identical "$(cat "$out/export.log")"
refused init-code 2 '[init-changed]'
refused data-changed 2 '[data-changed]'
refused assembly 2 '[no-function-sections]'

static_applier
mkdir -p "$out/guest/bin"
cp "$out/subset.hp" "$out/guest/"
find "$modules" -name dummy.ko -exec cp {} "$out/guest/" \;
${CC:-gcc} -O2 -static tests/kernel/probe.c -o "$out/guest/bin/probe"
result $? probe
boot guest "$image" tests/kernel/subset-guest.sh 480
finish
