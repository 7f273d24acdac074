#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   run.sh DIR    the whole story with a tiny server, in DIR, in less than a minute
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
dir=${1:?run.sh DIR}
rm -rf "$dir"
mkdir -p "$dir/old" "$dir/new"
cd "$dir"
may_attach

build() { # build SIDE: what any project does, with one section per function and per datum
	(cd "$1" &&
		"${CC:-cc}" -O2 -g -ffunction-sections -fdata-sections -fPIE -pthread -c server.c &&
		"${CC:-cc}" -pie -pthread -Wl,--build-id=sha1 -o server server.o)
}

ask() { ./client socket ask "$@"; }

start_server() {
	old/server socket &
	children+=($!)
	server=$!
	within 5 ask COUNT || fail "the server does not answer"
}

start_load() {
	./client socket load 8 load-report &
	children+=($!)
	load=$!
	sleep 0.5
}

end_load() {
	kill -TERM "$load"
	wait "$load" || fail "the clients failed"
	read -r increments requests wrong lost longest <load-report
}

step "The server as it was released, and the same with the fix"
cp "$here/server.c" old/ && cp "$here/server.c" new/
patch -s -p1 -d new <"$here/fix.patch"
show build old
show build new
"${CC:-cc}" -O2 -pthread -o client "$here/client.c"

step "The old server runs; eight clients keep it busy over connections they never reopen"
start_server
show ask 'SET greeting hello' 'SET token s3cret'
start_load
show ask 'RANGE greeting 0 4' 'RANGE greeting 0 140'
check "the hole is there: a client reads what is stored behind its own value" shown_has s3cret

step "What changed"
show -s 1 hp-diff old new
check "hp-diff names the changed function" shown_has range

step "The package"
hp-sign keygen release >/dev/null
show hp-build old new -o KB1.hp --id=KB1 --title='RANGE stays within the value' --fixes=CVE-2026-0001 --sign=release.key
show hp-show KB1.hp
check "the package is small: $(stat -c %s KB1.hp) bytes" test "$(stat -c %s KB1.hp)" -le 4096

step "The running server is repaired under load"
commands_before=$(ask STATS)
show hp-apply --trust=release.pub KB1.hp "$server"
check "hp-apply says how long the process stood still" shown_has "stood still"
show ask 'RANGE greeting 0 4' 'RANGE greeting 0 140'
check "the hole is closed" shown_lacks s3cret
check "within the value RANGE answers as before" shown_has "hello (range "
check "and counts on from where it was" test "$(ask 'RANGE greeting 0 4' | tr -dc 0-9)" -gt 3
show hp-apply --list "$server"
check "the package is listed" shown_has KB1
show hp-apply --verify KB1.hp "$server"
check "the data is there: $(ask 'GET token')" test "$(ask 'GET token')" = s3cret
check "the counters went on: $commands_before, now $(ask STATS)" test "$(ask STATS | tr -dc 0-9)" -gt "$(tr -dc 0-9 <<<"$commands_before")"

step "And back"
show hp-apply --revert=KB1 "$server"
show ask 'RANGE greeting 0 140'
check "the old behaviour is back" shown_has s3cret
show hp-apply --trust=release.pub KB1.hp "$server"
show ask 'RANGE greeting 0 140'
check "applied again, the hole is closed again" shown_lacks s3cret

step "What the eight clients saw"
sleep 0.5
end_load
echo "$requests requests, $wrong wrong answers, $lost connections lost, longest wait $longest µs"
check "no connection was lost and no answer was wrong" test "$wrong $lost" = "0 0"
check "no increment was lost: $increments" test "$(ask 'GET total')" = "$increments"
check "it is the same process still" kill -0 "$server"
end_children
rm -f socket
