#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1800
#
#   redis.sh [FIX...]    applies Debian's own redis fixes to a running redis-server; prints TAP
#
# For each fix: hp-diff names its functions; hp-build writes or refuses as fixes.tsv says; the package is applied to
# the old server under load; the fix's own input (probe, below) and a transcript of ordinary work then give what the
# new build gives, and after the revert what the old build gives. HP_PAIRS is where the pairs are built; a run over
# all fixes leaves its table there, as doc/redis-fixes.md has it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export PATH=$HP_BIN:$PATH LC_ALL=C.UTF-8
pairs=${HP_PAIRS:?} table=$here/fixes.tsv
work=$(mktemp -d "${TMPDIR:-/tmp}/hp-redis.XXXXXX")
socket=$work/redis.sock
server='' load='' word='' count=0
trap 'stop_server; rm -rf "$work"' EXIT

result() { # result STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $fix: $2"
	else
		echo "not ok $count - $fix: $2"
		[ ! -s "$work/said" ] || sed 's/^/# /' "$work/said" | head -40
	fi
	: >"$work/said"
	return "$1"
}

redis() { "$pair/new/src/redis-cli" -s "$socket" "$@"; }

start_server() { # start_server SIDE
	"$pair/$1/src/redis-server" --port 0 --unixsocket "$socket" --dir "$work" --save '' --enable-debug-command local --logfile "$work/log" &
	server=$!
	disown "$server"
	local try
	for try in $(seq 100); do
		redis ping >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "redis-server does not answer after $try tries" >"$work/said"
	return 1
}

# Both are disowned, or bash would report their ends among the results.
end() {
	kill -"$2" "$1" 2>/dev/null
	while kill -0 "$1" 2>/dev/null; do sleep 0.02; done
}

stop_server() {
	[ -z "$load" ] || end "$load" TERM
	[ -z "$server" ] || end "$server" KILL
	load='' server=''
}

# The input that the fix is about, where it can be given to the unpatched server without killing it, and the word
# that its answer has after the fix and not before. Taken from the patches' own additions to redis's test suite.
probe() {
	# Each time another key: what the unpatched server took in must not be touched again.
	probes=$((probes + 1))
	case $fix in
	*CVE-2024-51741*)
		redis ACL SETUSER probe '%'
		word='Syntax error'
		;;
	*CVE-2025-32023*)
		{
			printf 'HYLL\001\0\0\0\0\0\0\0\0\0\0\200'
			head -c 524290 < <(yes $'\x7f\xff' | tr -d '\n')
		} | redis -x SET forged >/dev/null
		redis PFMERGE merged forged
		word=INVALIDOBJ
		;;
	*CVE-2025-67733*)
		redis EVAL 'error(redis.error_reply("X\r\n+INJECTED"))' 0
		word=INJECTED
		;;
	*CVE-2026-66373*)
		redis DEBUG SET-SKIP-CHECKSUM-VALIDATION 1 >/dev/null
		printf '%b' '\x0f\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x25\x25\x00\x00\x00\x0a\x00\x01\x01\x00\x01\x01\x01\x85\x66\x69\x65\x6c\x64\x06\x00\x01\x02\x01\x00\x01\x00\x01\x85\x76\x61\x6c\x75\x65\x06\x04\x01\xff\x01\x01\x00\x01\x07\x6d\x79\x67\x72\x6f\x75\x70\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x4a\x79\x89\x8f\x9f\x01\x00\x00\x01\x02\x09\x63\x6f\x6e\x73\x75\x6d\x65\x72\x41\x4a\x79\x89\x8f\x9f\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x09\x63\x6f\x6e\x73\x75\x6d\x65\x72\x42\x54\x79\x89\x8f\x9f\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x09\x00\xf6\xea\x7b\x6c\xb8\xb8\xd8\xb4' |
			redis -x RESTORE "stream:$probes" 0
		word='Bad data format'
		;;
	*) return 1 ;;
	esac
}
probes=0

# Answers that do not depend on time or on what ran before: the same for both sides but for the hole itself.
transcript() {
	redis -n 2 FLUSHDB >/dev/null
	redis -n 2 <<-'END'
		SET greeting hello
		APPEND greeting world
		GETRANGE greeting 3 7
		INCRBYFLOAT number 1.5
		RPUSH list c a b
		SORT list ALPHA
		HSET hash one 1 two 2
		HGETALL hash
		ZADD scores 3 c 1 a 2 b
		ZRANGE scores 0 -1 WITHSCORES
		PFADD sketch a b c d e
		PFADD other d e f
		PFCOUNT sketch other
		PFMERGE both sketch other
		PFCOUNT both
		XADD stream 1-1 field value
		XGROUP CREATE stream group 0
		XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >
		XACK stream group 1-1
		DUMP scores
		RESTORE copied 0 "wrong"
		ACL SETUSER worker on nopass %R~read:* %W~write:* +@all
		ACL DRYRUN worker GET read:1
		ACL DRYRUN worker SET read:1 x
		EVAL "local t = {} for i = 1, 100 do t[i] = i end return {unpack(t, 1, 5)}" 0
		EVAL "return [==[long]]string]==] .. 'x' .. 0x10 .. 1.5e3" 0
		EVAL "return redis.error_reply('no')" 0
		EVAL "return {unpack({1,2,3}, 2)}" 0
		EVAL "return x y" 0
		EVAL "return string.rep('ab', 3) .. tostring(nil)" 0
		SCRIPT FLUSH
		FUNCTION LOAD "#!lua name=lib\nredis.register_function('f', function(keys, args) return args[1] end)"
		FCALL f 0 argument
		FUNCTION LIST WRONG
		FUNCTION FLUSH
		OBJECT ENCODING list
		COMMAND COUNT
		NOSUCHCOMMAND a b
		BITOP AND dest greeting greeting
		SETBIT bits 7 1
		GEOADD places 13.361389 38.115556 Palermo
		GEOHASH places Palermo
		PING
	END
	redis -n 2 DEBUG DIGEST-VALUE greeting number list hash scores sketch other both stream dest bits places
}

apply() { hp-apply --timeout=20 "$@" >"$work/said" 2>&1; }

# A server whose answers are the measure: the transcript and the probe of one side as it was built.
record() {
	start_server "$1" || return 1
	transcript >"$work/$1.transcript" 2>&1
	probe >"$work/$1.probe" 2>&1
	stop_server
}

# behaves SIDE WHEN: the running server answers as SIDE did.
behaves() {
	transcript >"$work/now" 2>&1
	diff "$work/$1.transcript" "$work/now" >"$work/said" 2>&1
	result $? "ordinary work gives what the $1 build gives, $2"
	word=''
	if probe >"$work/now" 2>&1; then
		diff "$work/$1.probe" "$work/now" >"$work/said" 2>&1
		result $? "the fix's own input gives what the $1 build gives, $2"
	fi
}

live() {
	word=''
	record old && record new
	result $? "both builds serve" || return
	if [ -n "$word" ]; then
		! cmp -s "$work/old.probe" "$work/new.probe"
		result $? "the two builds answer the fix's own input differently"
	fi
	start_server old || { result 1 "the old server starts"; return; }
	behaves old "before"
	apply "$work/kb.hp" "$server"
	result_of_apply=$?
	pause=$(sed -n 's/.*stood still \([0-9]* µs\).*/\1/p' "$work/said")
	result "$result_of_apply" "the package is applied" || return
	behaves new "applied"
	"$pair/new/src/redis-benchmark" -s "$socket" -n 1000000000 -q -r 1000 -t set,get,incr,lpush,lpop >/dev/null 2>&1 &
	load=$!
	disown "$load"
	sleep 0.3
	apply --revert=KB "$server"
	result $? "it is reverted under load"
	apply "$work/kb.hp" "$server"
	result $? "and applied again under load"
	kill -0 "$load" 2>/dev/null
	result $? "the load never lost a connection"
	end "$load" TERM
	load=''
	behaves new "applied again"
	apply --revert=KB "$server"
	result $? "it is reverted"
	behaves old "reverted"
}

row() {
	printf '| %s | %s | %s | %s | %s |\n' "${fix%.patch}" "$1" "$2" "$3" "$4" >>"$work/table"
}

one() {
	local outcome=$1 functions=$2 function status
	pair=$pairs/pairs/redis/$fix
	"$here/pairs.sh" "$pairs" "$table" redis "$fix" >"$work/said" 2>&1
	if [ ! -e "$pair/built" ]; then
		count=$((count + 1))
		echo "ok $count - $fix # SKIP $(sed 's/.*skipped: //' "$work/said" | tail -1)"
		row "" "" "" "not tried: $(sed 's/.*skipped: //' "$work/said" | tail -1)"
		return
	fi
	hp-diff --json "$pair/old" "$pair/new" >"$work/diff.json" 2>"$work/said"
	[ $? = 1 ]
	result $? "hp-diff finds differences" || return
	for function in $functions; do
		grep -qE "\"${function}[\".]" "$work/diff.json"
		result $? "hp-diff names $function"
	done
	hp-build "$pair/old" "$pair/new" -o "$work/kb.hp" --id=KB --json="$work/build.json" >"$work/said" 2>&1
	status=$?
	echo "# $fix: hp-build ended with $status: $(tail -1 "$work/said")"
	if [ "$outcome" = ships ]; then
		replaced=$(sed -n 's/^ *replaces *\(.*[^ ]\)  *[0-9]* of [0-9]* match.*/\1/p' "$work/said" | sort -u | paste -sd';')
		result "$status" "hp-build writes the package" || return
		pause=''
		live
		stop_server
		row "$replaced" "$(stat -c %s "$work/kb.hp")" "${pause:-}" "applied and reverted live"
		return
	fi
	row "" "" "" "refused: $(grep -oE '\[[a-z-]+\]$' "$work/said" | sort -u | tr -d '[]' | paste -sd' ')"
	[ "$status" = 2 ] && [ ! -e "$work/kb.hp" ] && grep -q "\[$outcome\]" "$work/said"
	result $? "hp-build refuses: $outcome"
}

while IFS=$'\t' read -r package fix outcome functions; do
	[ "$package" = redis ] || continue
	[ $# = 0 ] || [[ " $* " = *" $fix "* ]] || continue
	one "$outcome" "$functions" </dev/null
done <"$table"
if [ $# = 0 ]; then
	{
		printf '| fix | functions replaced | bytes | pause | outcome |\n| --- | --- | --- | --- | --- |\n'
		cat "$work/table"
	} >"$pairs/redis-fixes.md"
fi
echo "1..$count"
