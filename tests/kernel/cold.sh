#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 3600
#
# A cache that has nothing but the distribution's packages: hp-kbuild is killed while it unpacks the source, while it prepares the
# tree and while it lists the objects; then two runs at once make the tree and two packages. Needs no QEMU.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
package=$PWD/testdata/kernel/second.patch
cold=$out/cold stages=$out/stages
mkdir -p "$cold" && ln -s "$cache/packages" "$cold/packages"
said=$(kbuild "$package" -o "$out/warm.hp" -- --id=second 2>&1)
result $? package_to_compare_with "$said"

# Kills a run SECONDS after STAGE was finished, and all that it has started.
killed_after() { # STAGE SECONDS
	local pid waited=0
	: >"$stages"
	setsid "$bin/hp-kbuild" -q --kernel="$release" --cache="$cold" --timings="$stages" "$package" -o "$out/cold.hp" 2>"$out/killed.log" &
	pid=$!
	while ! grep -q "^$1" "$stages" && kill -0 $pid 2>/dev/null && [ $waited -lt 6000 ]; do
		sleep 0.1
		waited=$((waited + 1))
	done
	sleep "$2"
	pkill -KILL -s $pid
	wait $pid 2>/dev/null
	[ $? = 137 ] && [ ! -e "$out/cold.hp" ] && [ "$(find "$cold/kernel" -mindepth 2 -maxdepth 2 -name tree)" = "" ]
	result $? "killed_after_${1// /_}_there_is_no_tree" "$(cat "$out/killed.log")"
}
killed_after 'looking for the tree' 2 2>/dev/null
killed_after 'unpacking the source' 3 2>/dev/null
killed_after 'preparing the tree' 1 2>/dev/null

start=$EPOCHREALTIME
"$bin/hp-kbuild" --kernel="$release" --cache="$cold" "$package" -o "$out/one.hp" -- --id=second >"$out/one.log" 2>&1 &
"$bin/hp-kbuild" --kernel="$release" --cache="$cold" testdata/kernel/first.patch -o "$out/two.hp" -- --id=first >"$out/two.log" 2>&1 &
wait
echo "# two packages from a cold cache in $(echo "$EPOCHREALTIME - $start" | bc) s"
cmp "$out/one.hp" "$out/warm.hp"
result $? the_next_run_is_right "$(cat "$out/one.log")"
[ -s "$out/two.hp" ]
result $? and_another_at_the_same_time "$(cat "$out/two.log")"
cat "$out/one.log" "$out/two.log" | grep -q 'another hp-kbuild prepares the tree; waiting for it'
result $? one_waits_for_the_other_and_says_so "$(cat "$out/one.log" "$out/two.log")"
[ "$(find "$cold/kernel" -mindepth 2 -maxdepth 2 -name 'tree*' | wc -l)" = 1 ]
result $? one_tree_is_there "$(find "$cold/kernel" -mindepth 2 -maxdepth 2)"
rm -rf "$cold"
finish
