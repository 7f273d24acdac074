#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Cumulative packages: each of a series is made against the baseline, contains what came before it, and applies to
# processes that have none, some or all of the earlier ones.
# time limit: 120

# shellcheck source=tests/live/lib.bash
. tests/live/lib.bash

source=testdata/series/series.c
for fix in 0 1 2 3; do
	mkdir -p "$out/fix$fix"
	"$cc" "${flags[@]}" -DFIX=$fix -c "$source" -o "$out/fix$fix/series.o" &&
		(cd "$out/fix$fix" && "$cc" -Wl,--build-id series.o -o series) || exit 1
done
make_package() { # N OPTION...
	local n=$1
	shift
	"$bin/hp-build" -q --id="KB$n" --title="fix $n" "$@" "$out/fix0" "$out/fix$n" -o "$out/KB$n.hp"
}
make_package 1 --fixes=CVE-2026-0001 &&
	make_package 2 --fixes=CVE-2026-0001 --fixes=CVE-2026-0002 --supersedes=KB1 &&
	make_package 3 --fixes=CVE-2026-0001 --fixes=CVE-2026-0002 --fixes=CVE-2026-0003 --supersedes=KB1 --supersedes=KB2
result $? "three fixes of one baseline become three packages"

begin() {
	coproc TARGET { exec "$out/fix0/series" 2>&1; }
	pid=$TARGET_PID
	started+=("$pid")
	exec {told}<&"${TARGET[0]}" {ask}>&"${TARGET[1]}"
}
say() { # COMMAND WANTED
	answer "$1" && [ "$reply" = "$2" ] || what="$what $1: '$reply' instead of '$2';"
}
put() { # PACKAGE
	apply --trust=none "$pid" "$out/$1.hp" || what="$what $1 is not applied: $(said);"
}
active() { # PACKAGE... : exactly these are
	apply --list "$pid"
	local got
	got=$(sed -n 's/^ *\(KB[0-9]\) *active.*/\1/p' "$out/apply.out" | tr '\n' ' ')
	[ "$got" = "$(printf '%s ' "$@" | sed 's/^ $//')" ] || what="$what active: '$got' instead of '$*';"
}
generation() {
	apply --list "$pid"
	sed -n '1s/.*generation \([0-9]*\).*/\1/p' "$out/apply.out"
}

# ---- to a process with none ------------------------------------------------------------------------------------------

begin
what=
say lock "no lock"
say 'add 5' 5
put KB3
active KB3
say 'add 2000' -2000
say lock locked
say lock 'taken already'
say report 5101
say report 5102
apply --revert=KB3 "$pid" || what="$what revert: $(said);"
active
say lock 'no lock'
say report 5000
[ -z "$what" ]
result $? "the last one applies to a process with none, brings all, and is reverted to the baseline" "$what"
stop

# ---- to a process with some -------------------------------------------------------------------------------------------

begin
what=
say 'add 7' 7
put KB1
say lock locked # counted once
before=$(generation)
put KB3
[ "$(generation)" = $((before + 1)) ] || what="$what generation $before became $(generation);"
active KB3
say lock 'taken already' # the lock that the first package brought is held
say unlock unlocked
say lock locked
say report 7201 # and what it counts went on: both times
say 'add 3000' -3000
[ -z "$what" ]
result $? "over the first one it takes over the held lock and the counter, in one switch" "$what"
what=
apply --revert=KB3 "$pid" || what="$what revert: $(said);"
active KB1
say lock 'taken already' # still the same lock
say unlock unlocked
say 'add 3000' 3007
say report 3007200
apply --revert=KB1 "$pid" || what="$what revert: $(said);"
active
say lock 'no lock'
[ -z "$what" ]
result $? "reverted, the first one is back with the same lock, then the baseline" "$what"
stop

# ---- to a process with all ----------------------------------------------------------------------------------------------

begin
what=
for n in 1 2 3; do
	put KB$n
	active KB$n
	say lock "$([ $n = 1 ] && echo locked || echo 'taken already')"
done
say report 101
for n in 3 2 1; do
	active KB$n
	apply --revert=KB$n "$pid" || what="$what revert of KB$n: $(said);"
done
active
put KB2
say lock 'taken already' # it was never given back
put KB3
say report 102
[ -z "$what" ]
result $? "applied one after the other and reverted step by step, every state is reached with one lock and one counter" "$what"
apply --list "$pid"
grep -q 'KB3 .*fixes CVE-2026-0001, CVE-2026-0002, CVE-2026-0003.*baseline series' "$out/apply.out"
result $? "--list shows id, CVEs and baseline" "$(said)"
what=
apply --trust=none "$pid" "$out/KB1.hp" && ! grep -q 'already\|KB3' "$out/apply.out" && what="KB1 over KB3: $(said)"
active KB3
[ -z "$what" ]
result $? "an earlier one does not come over a later one" "$what"
stop

# ---- what does not go together ---------------------------------------------------------------------------------------------

mkdir -p "$out/fix4"
sed 's/turns = 100/turns = 200/' "$source" >"$out/fix4/series.c"
"$cc" "${flags[@]}" -DFIX=3 -c "$out/fix4/series.c" -o "$out/fix4/series.o" &&
	(cd "$out/fix4" && "$cc" -Wl,--build-id series.o -o series) && make_package 4 --supersedes=KB1 || exit 1
begin
what=
put KB1
say lock locked
apply --trust=none "$pid" "$out/KB4.hp" && what="it was applied: $(said)"
grep -q 'turns.*data-changed' "$out/apply.out" || what="$what $(said)"
active KB1
say lock 'taken already'
[ -z "$what" ]
result $? "a package that gives an earlier one's variable another initial value is refused, and nothing changed" "$what"
stop
finish
