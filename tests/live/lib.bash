# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# For the live tests: builds programs in two versions, makes packages, starts targets, counts results.

out=${HP_TESTS_OUT:?}
bin=${HP_BIN:?}
tests=$PWD/tests/live
data=$PWD/testdata/live
cc=${CC:-cc}
flags=(-std=gnu17 -D_GNU_SOURCE -O2 -g -ffunction-sections -fdata-sections -pthread -I"$tests")
# shellcheck source=tests/tap.bash
. tests/tap.bash

started=()
end_started() {
	local pid
	for pid in "${started[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null
	done
}
trap end_started EXIT

# build NAME SOURCE... : old/NAME with VERSION 1 and new/NAME with VERSION 2, each source to an object first.
# LINK and EXTRA are options.
build() {
	local name=$1 version side source object objects
	shift
	for version in 1 2; do
		side=$([ $version = 1 ] && echo old || echo new)
		mkdir -p "$out/$name/$side"
		objects=()
		for source; do
			object=$out/$name/$side/$(basename "${source%.*}").o
			# Both sides compile in one place, so that no path differs.
			"$cc" "${flags[@]}" ${EXTRA:-} -DVERSION=$version -c "$source" -o "$object" || return 1
			objects+=("$object")
		done
		(cd "$out/$name/$side" && "$cc" -pthread -Wl,--build-id ${LINK:-} "${objects[@]}" -o "$name" ${LIBS:-}) || return 1
	done
}
# package NAME : NAME.hp from the two builds, with id NAME
package() {
	"$bin/hp-build" -q --id="$1" "$out/$1/old" "$out/$1/new" -o "$out/$1.hp" >"$out/$1.build" 2>&1
}
# start NAME [ARGUMENT...] : runs old/NAME; sets pid, and ask/told to talk with it
start() {
	local name=$1
	shift
	coproc TARGET { exec "$out/$name/old/$name" "$@" 2>&1; }
	pid=$TARGET_PID
	started+=("$pid")
	exec {told}<&"${TARGET[0]}" {ask}>&"${TARGET[1]}"
	# Until it is the program, it is a shell.
	while [ "/proc/$pid/exe" -ef "/proc/$$/exe" ]; do
		sleep 0.01
	done
}
# answer COMMAND : one line from the target into reply
answer() {
	reply=
	echo "$1" >&"$ask"
	read -r -t "${2:-30}" reply <&"$told"
}
stop() {
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	exec {told}<&- {ask}>&-
}
apply() {
	timeout 60 "$bin/hp-apply" "$@" >"$out/apply.out" 2>&1
}
said() {
	cat "$out/apply.out"
}

# ---- what most traps ask ------------------------------------------------------------------------------------

program() { # the program of testdata/live and its package
	build program "$data/program.c" "$data/parts.c" && package program ||
		{ echo "Bail out! the program or its package was not built: $(cat "$out/program.build" 2>/dev/null)"; exit 1; }
}
version() { # VERSION : does the target answer with it?
	answer check && [ "$reply" = "ok $1" ]
}
# applies_and_reverts NAME : a target that was started takes the package and gives it back
applies_and_reverts() {
	local what=''
	version 1 || what="before: $reply"
	[ "$what" ] || apply "$pid" "$out/program.hp" || what="apply exits with $?: $(said)"
	[ "$what" ] || version 2 || what="patched: $reply"
	[ "$what" ] || apply --verify "$pid" || what="verify exits with $?: $(said)"
	[ "$what" ] || apply --revert=program "$pid" || what="revert exits with $?: $(said)"
	[ "$what" ] || version 1 || what="reverted: $reply"
	[ -z "$what" ]
	result $? "$1" "$what"
}
# refused NAME STATUS WORD... : apply exits so, says the words, and the target still is what it was
refused() {
	local name=$1 status=$2 got what='' word
	shift 2
	apply --timeout=1 "$pid" "$out/program.hp"
	got=$?
	[ $got = "$status" ] || what="exits with $got: $(said)"
	for word; do
		grep -q -- "$word" "$out/apply.out" || what="$what '$word' is not in: $(said)"
	done
	version 1 || what="$what afterwards: $reply"
	[ -z "$what" ]
	result $? "$name" "$what"
}
