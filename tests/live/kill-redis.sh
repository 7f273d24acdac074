#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 7200
# runs alone
# hp-apply dies at random instants while redis-server counts under load: not one INCR is lost, no connection breaks,
# and the next hp-apply lists, applies and reverts. HP_KILLS: a number, all (600), or nothing: skipped.
. tests/live/lib.bash

kills=${HP_KILLS:-0}
[ "$kills" != all ] || kills=600
if [ "$kills" = 0 ]; then
	echo "1..0 # SKIP runs in make check-kill only"
	exit 0
fi
fix=$(grep -o '[^[:space:]]*48367[^[:space:]]*' tests/corpus/fixes.tsv)
tests/corpus/pairs.sh "${HP_PAIRS:?}" tests/corpus/fixes.tsv redis "$fix" >"$out/redis.pair" 2>&1
pair=$HP_PAIRS/pairs/redis/$fix
if [ ! -x "$pair/old/src/redis-server" ]; then
	echo "Bail out! redis was not built: $(tail -n 5 "$out/redis.pair")"
	exit 1
fi
RANDOM=${HP_SEED:-$$}
echo "# seed ${HP_SEED:-$$}"
rm -rf "$out/run" "$out/stop" # of a run before
mkdir -p "$out/run"
"$bin/hp-build" -q --id=redis "$pair/old" "$pair/new" -o "$out/redis.hp" >"$out/redis.build" 2>&1 || {
	echo "Bail out! $(cat "$out/redis.build")"
	exit 1
}
socket=$out/run/s
[ ${#socket} -lt 100 ] || socket=$(mktemp -u "${TMPDIR:-/tmp}/hp-redis.XXXXXX")
"$pair/old/src/redis-server" --port 0 --unixsocket "$socket" --dir "$out/run" --save '' --logfile "$out/run/log" &
pid=$!
started+=("$pid")
redis() { timeout 20 "$pair/old/src/redis-cli" -s "$socket" "$@"; }
for _ in $(seq 100); do
	redis ping >/dev/null 2>&1 && break
	sleep 0.1
done

# Rounds of 100,000 increments until the file says stop; each round must end with success.
cat >"$out/load" <<-'LOAD'
	rounds=0
	while [ ! -e "$3" ]; do
		"$1" -s "$2" -c 20 -n 100000 -q INCR total >"$4.out" 2>&1 || { cat "$4.out" >"$4.bad"; break; }
		grep -qi error "$4.out" && cp "$4.out" "$4.bad"
		rounds=$((rounds + 1))
	done
	echo $rounds >"$4"
LOAD
bash "$out/load" "$pair/old/src/redis-benchmark" "$socket" "$out/stop" "$out/rounds" &
load=$!
started+=("$load")

problem='' killed=0
complain() {
	problem="$problem
kill $i: $1"
}
for i in $(seq "$kills"); do
	action=$((RANDOM % 2))
	[ $action = 0 ] || apply "$pid" "$out/redis.hp" || complain "apply exits with $?: $(said)"
	if [ $action = 0 ]; then
		"$bin/hp-apply" --trust=none "$pid" "$out/redis.hp" >/dev/null 2>&1 &
	else
		"$bin/hp-apply" --revert=redis "$pid" >/dev/null 2>&1 &
	fi
	victim=$!
	disown "$victim"
	sleep "$(printf '0.%04d' $((RANDOM % 800)))"
	kill -KILL $victim 2>/dev/null && killed=$((killed + 1))
	while kill -0 $victim 2>/dev/null; do sleep 0.005; done
	[ "$(redis ping)" = PONG ] || complain "redis-server does not answer"
	apply --list "$pid" || complain "list exits with $?: $(said)"
	apply "$pid" "$out/redis.hp" || complain "second apply exits with $?: $(said)"
	apply --verify "$pid" || complain "verify exits with $?: $(said)"
	apply --revert=redis "$pid" || complain "revert exits with $?: $(said)"
	[ ${#problem} -lt 2000 ] || break
done
[ -z "$problem" ] && [ $killed -gt 0 ]
result $? "every_second_applier_lists_applies_and_reverts" "$killed killed$problem"
echo "# $killed of $i killed before their end"

touch "$out/stop"
wait "$load"
rounds=$(cat "$out/rounds")
total=$(redis get total)
[ ! -e "$out/rounds.bad" ] && [ "$total" = $((rounds * 100000)) ]
result $? "not_one_increment_is_lost" "$rounds rounds of 100000 give $total; $(cat "$out/rounds.bad" 2>/dev/null)"
echo "# $total increments"
kill -0 "$pid" && [ "$(redis ping)" = PONG ]
result $? "server_lives"
finish
