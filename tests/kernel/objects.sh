#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
#
# Single objects of the distribution's kernel in its own configuration, built in and of modules, with objtool's sections in them:
# stable fixes taken back (testdata/kernel/unfixed.patch). What hp-diff says from the state before the fix to that after is what
# the fix's hunks lie in. Boots nothing; downloads as subset.sh does.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
# The package itself is of no interest, nor whether it is refused; the compiled objects are.
said=$(kbuild testdata/kernel/unfixed.patch -o "$out/unfixed.hp" --keep="$out/objects" 2>&1)
status=$?
[ $status = 0 ] || [ $status = 2 ]
result $? the_objects_are_compiled "status $status: $said"

# The functions and data that differ, one a line.
differing() { # OLD NEW
	"$bin/hp-diff" -q --json "$1" "$2" | python3 -c '
import json, sys
for o in json.load(sys.stdin)["objects"]:
    for unit in o["functions"] + o["data"]:
        print(o["path"], unit["status"], unit["name"], bool(unit["reason"]))'
}
expected='fs/udf/misc.o changed udf_read_tagged True
net/bridge/netfilter/ebt_dnat.o changed ebt_dnat_tg True
net/xfrm/xfrm_output.o changed xfrm_output True'
found=$(differing "$out/objects/new" "$out/objects/old" | sort)
[ "$found" = "$expected" ]
result $? each_fix_is_found_where_its_hunks_lie "$found"
"$bin/hp-diff" -q "$out/objects/old" "$out/objects/old" >"$out/same" 2>&1
result $? the_same_objects_are_the_same "$(cat "$out/same")"
for object in fs/udf/misc net/bridge/netfilter/ebt_dnat net/xfrm/xfrm_output; do
	python3 tests/property/objcmp.py "$out/objects/new/$object.o" "$out/objects/old/$object.o" >"$out/independent" 2>&1
	[ "$(grep -c '"changed"' "$out/independent")" = 1 ] && grep -q "$(grep "^$object" <<<"$expected" | cut -d' ' -f3)" "$out/independent"
	result $? "an_independent_comparison_agrees_on_${object##*/}" "$(cat "$out/independent")"
done
"$bin/hp-diff" -q --patch "$out/objects/new/net" "$out/objects/old/net" >"$out/patch" 2>&1
grep -qE '^# net/bridge/netfilter/ebt_dnat.c:[0-9]+ new call of netdev_master_upper_dev_get_rcu' "$out/patch" &&
	grep -qE '^\+.*call +netdev_master_upper_dev_get_rcu' "$out/patch"
result $? the_new_call_is_shown "$(head -n 60 "$out/patch")"
readelf -SW "$out/objects/old/net/xfrm/xfrm_output.o" | grep -q orc_unwind
result $? objtool_ran_on_them ''
finish
