#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1800
#
# Real fixes with what they change seen from outside: the archive's oldest update of the kernel runs, the differences of single files to
# the newest one's source are the fixes. Each: old behaviour, package applied, new behaviour, taken back, old behaviour.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

find_releases
[ -n "$other" ] || skip_all "the package lists know no two cloud kernels of 6.1"
new=$release
prepare_release newest_kernel_is_prepared
newer=$tree
release=${releases[-1]}
prepare_release oldest_kernel_is_prepared

guest=$out/guest
mkdir -p "$guest/bin"
while read -r file; do
	name=${file//\//_}
	if cmp -s "$tree/$file" "$newer/$file"; then
		skip "$file" "is the same in $release and $new"
		continue
	fi
	diff -u --label "a/$file" --label "b/$file" "$tree/$file" "$newer/$file" >"$out/$name.patch"
	said=$(kbuild --module="$out/$name" "$out/$name.patch" -o "$guest/$name.hp" -- --id="$name" 2>&1)
	result $? "package_of_$file" "$said"
done < <(sed -n 's/^see \([^ ]*\) .*/\1/p' tests/kernel/fixes-guest.sh)

static_applier
${CC:-gcc} -O2 -static tests/kernel/fixes-probe.c -o "$guest/bin/probe"
result $? probe
read -ra names < <(sed -n 's/^for module in \(.*\); do$/\1/p' tests/kernel/fixes-guest.sh)
for module in "${names[@]}"; do
	find "$modules" -name "$module.ko" -exec cp {} "$guest/" \;
done
boot guest "$image" tests/kernel/fixes-guest.sh 900
finish
