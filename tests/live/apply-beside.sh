#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What hp-apply is not alone with: other appliers at the same process, and processes of other users.
# time limit: 300
pid_a=0 # set by start()
. testdata/apply/apply.bash
cd "$out" || exit 1

build old 0 || exit 1
build new 1 || exit 1
build another 0 -DOTHER=1 || exit 1
hp-build -q -o kb1.hp --id=KB1 old new || exit 1
hp-build -q -o kb5.hp --id=KB5 old another || exit 1
apply() { exits "$1" hp-apply --trust=none "${@:2}"; }

second_waits() { # the first retries because of a held function; the second has its turn when that ends
	start a old 1 && tell a hold && sleep 0.3 || return 1
	hp-apply --trust=none --timeout=2 "$pid_a" kb1.hp >first &
	local first=$!
	sleep 0.3
	apply 1 --timeout=0.2 "$pid_a" kb5.hp | tee impatient && grep -q "another hp-apply works on it; nothing changed" impatient || return 1
	apply 0 --timeout=20 "$pid_a" kb5.hp && answers a "other 1" 11 || return 1
	wait "$first"
	status=$?
	cat first
	[ $status = 1 ] && grep -q "nothing changed" first && answers a "answer 10" 31
}
check "a second hp-apply waits for the first until its own --timeout" second_waits

many_at_once() { # all begin with a process that has no control block yet; one must not miss what another mapped
	local i status=0
	start a old 3 || return 1
	for i in 1 2 3 4 5 6; do
		if [ $((i % 2)) = 0 ]; then set -- kb1.hp; else set -- kb5.hp; fi
		hp-apply --trust=none --timeout=30 "$pid_a" "$1" >"many.$i" 2>&1 &
		eval "many_$i=$!"
	done
	for i in 1 2 3 4 5 6; do
		eval "wait \$many_$i" || { status=1; cat "many.$i"; }
	done
	[ $status = 0 ] && answers a "answer 10" 32 && answers a "other 1" 11 && apply 0 --verify "$pid_a" &&
		[ "$(grep -c "r-xp 00000000 00:00 0 *$" <(grep "^[0-9a-f]\{1,8\}-" "/proc/$pid_a/maps"))" = 1 ]
}
check "six at once on a process that was never patched make one control block" many_at_once

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
as_nobody() { # STATUS ARGUMENT... : hp-apply without rights, from a directory it can read
	local status=$1 got
	shift
	"${nobody[@]}" "$reachable/hp-apply" "$@" >said 2>&1
	got=$?
	cat said
	[ $got = "$status" ]
}
unseen() {
	start a old 0 && apply 0 "$pid_a" kb1.hp || return 1
	for action in --list --verify --revert=KB1 --revert-all; do
		as_nobody 2 $action && grep -Eq "hp-apply: [0-9]+ processe?s? could not be looked at: not permitted; root can \[target-permission\]" said || return 1
	done
	as_nobody 2 --trust=none "$reachable/kb1.hp" && grep -q "could not be looked at" said || return 1
	as_nobody 2 --list --json && grep -Eq '"not_looked_at": [1-9]' said && answers a "answer 10" 32 &&
		apply 0 --list --json >said && grep -q '"not_looked_at": [0-9]' said
}
reachable=$(mktemp -d /tmp/hp-apply-test.XXXXXX)
trap 'rm -rf "$reachable"' EXIT
chmod 755 "$reachable" && cp "$(command -v hp-apply)" kb1.hp "$reachable" && chmod a+rx "$reachable"/*
if [ "$(id -u)" = 0 ] && "${nobody[@]}" "$reachable/hp-apply" --version >/dev/null 2>&1; then
	check "without rights it is said how many processes could not be looked at" unseen
else
	count=$((count + 1))
	echo "ok $count - without rights it is said how many processes could not be looked at # SKIP only root can become another user"
fi

finish
