#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   run.sh DIR    a running redis-server is repaired while it serves
#
# Both sides of CVE-2025-32023 are built from Debian's source package: the new side is what Debian ships, the old
# side is the same with Debian's own security patch reversed. What is built stays in DIR (or
# HP_PAIRS) for the next time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
dir=$(mkdir -p "${1:?run.sh DIR}" && cd "$1" && pwd)
fix=0006-CVE-2025-32023.patch
increments=${HP_DEMO_INCREMENTS:-1500000}
started=$SECONDS
may_attach
for tool in patch dpkg-source dpkg-buildflags apt-get; do
	command -v "$tool" >/dev/null || fail "$tool is missing; ./setup.sh demo installs what is needed"
done

step "Debian's redis with the fix, and with the fix reversed"
pairs=${HP_PAIRS:-$dir/pairs}
"$here/../../tests/corpus/pairs.sh" "$pairs" "$here/../../tests/corpus/fixes.tsv" redis "$fix"
cd "$pairs/pairs/redis/$fix" || fail "redis was not built, see above"

private=$(mktemp -d "${TMPDIR:-/tmp}/hp-demo.XXXXXX")
trap 'end_children; rm -rf "$private"' EXIT
socket=$private/redis.sock

# redis-cli connects anew without a word when a connection breaks, so the number of the connection is asked for too.
keep_connection() {
	coproc KEPT { new/src/redis-cli -s "$socket"; }
	children+=("$KEPT_PID")
	kept_id=$(ask_kept 'CLIENT ID')
}
ask_kept() {
	local answer
	printf '%s\n' "$1" >&"${KEPT[1]}"
	IFS= read -r -t 10 answer <&"${KEPT[0]}" || fail "the kept connection does not answer"
	printf '%s\n' "$answer"
}

redis() { new/src/redis-cli -s "$socket" "$@"; }

# A sparse HyperLogLog whose run lengths add up to 2^32 + 16384: counted in 32 bits that is the 16384 of a valid one.
# This one is harmless; with one more opcode the unpatched server writes outside of its memory.
forged_value() {
	printf 'HYLL\001\0\0\0\0\0\0\0\0\0\0\200'
	head -c 524290 < <(yes $'\x7f\xff' | tr -d '\n')
}

fill() {
	seq 10000 | sed 's/.*/SET data:& value-&/'
	seq 500 | sed 's/.*/RPUSH list:& a b c &/'
	seq 500 | sed 's/.*/HSET hash:& field &/'
	seq 500 | sed 's/.*/ZADD zset:& & member/'
	seq 100 | sed 's/.*/PFADD sketch:& a b c d e &/'
}
# redis's own digest of every key that was filled in. The load uses another database.
data_digest() {
	{
		seq 10000 | sed 's/^/data:/'
		seq 500 | sed 's/.*/list:&\nhash:&\nzset:&/'
		seq 100 | sed 's/^/sketch:/'
	} | xargs -n 2000 new/src/redis-cli -s "$socket" -n 1 DEBUG DIGEST-VALUE | sha256sum | cut -c 1-16
}

start_server() {
	old/src/redis-server --port 0 --unixsocket "$socket" --dir "$private" --save '' --enable-debug-command local \
		--logfile "$private/log" &
	server=$!
	children+=("$server")
	within 10 redis ping || fail "redis-server does not answer; its log: $(cat "$private/log")"
}

start_load() {
	new/src/redis-benchmark -s "$socket" -c 20 -n 1000000000 -r 10000 -q -t set,get,lpush,lpop,sadd,hset >"$private/mixed" 2>&1 &
	mixed=$!
	children+=("$mixed")
	new/src/redis-benchmark -s "$socket" -c 20 -n "$increments" -q INCR total >"$private/incr" 2>&1 &
	counting=$!
	children+=("$counting")
}

step "The old server runs on a private socket, with data in it and under load"
start_server
fill | redis -n 1 --pipe >"$private/filled"
check "11600 keys filled in" grep -q 'errors: 0, replies: 11600' "$private/filled"
forged_value | redis -x SET forged >/dev/null
digest=$(data_digest)
echo "digest of the data: $digest"
keep_connection
start_load
within 10 redis GET total
show redis INFO stats | grep -E '^\$|connections_received|instantaneous_ops' || true
show redis PFMERGE result forged
check "the hole is there: the forged value is taken for a valid one" shown_has OK

step "What changed"
show -s 1 hp-diff old new
check "hp-diff names the functions of the fix" eval 'shown_has hllMerge && shown_has hllSparseRegHisto && shown_has hllSparseToDense'

step "The package"
rm -f release.key release.pub
hp-sign keygen release >/dev/null
show hp-build old new -o KB32023.hp --id=KB32023 --title='Out of bounds write in hyperloglog commands' --fixes=CVE-2025-32023 \
	--sign=release.key
size=$(stat -c %s KB32023.hp)
show hp-show KB32023.hp
check "the package has $size bytes; redis-server has $(stat -c %s old/src/redis-server)" test "$size" -le 8192

step "The running server is repaired under load"
check "the load runs" kill -0 "$counting" "$mixed"
show hp-apply --trust=release.pub KB32023.hp "$server"
check "hp-apply says how long the process stood still" shown_has "stood still"
check "the load still runs" kill -0 "$counting" "$mixed"
show redis PFMERGE result forged
check "the hole is closed" shown_has INVALIDOBJ
show redis PFCOUNT forged
check "PFCOUNT rejects it too" shown_has INVALIDOBJ
redis PFADD honest a b c d e >/dev/null
check "honest sketches are counted as before: $(redis PFCOUNT honest)" test "$(redis PFCOUNT honest)" = 5
show hp-apply --list "$server"
check "the package is listed" shown_has KB32023
check "the data is intact: $(data_digest)" test "$(data_digest)" = "$digest"
check "the kept connection is still connection $kept_id" test "$(ask_kept 'CLIENT ID')" = "$kept_id"

step "And back"
show hp-apply --revert=KB32023 "$server"
show redis PFMERGE result forged
check "the old behaviour is back" shown_has OK
show hp-apply --trust=release.pub KB32023.hp "$server"
show redis PFMERGE result forged
check "applied again, the hole is closed again" shown_has INVALIDOBJ

step "What the clients saw"
wait "$counting" || fail "redis-benchmark lost a connection: $(cat "$private/incr")"
check "$increments increments sent, $(redis GET total) arrived" test "$(redis GET total)" = "$increments"
check "the mixed load never lost a connection" kill -0 "$mixed"
check "the kept connection is still connection $kept_id" test "$(ask_kept 'CLIENT ID')" = "$kept_id"
check "the data is intact: $(data_digest)" test "$(data_digest)" = "$digest"
check "it is the same process still" test "$(redis INFO server | tr -d '\r' | sed -n 's/^process_id://p')" = "$server"
end_children
echo "done in $((SECONDS - started)) s; server stopped, $private removed, builds kept in $pairs"
