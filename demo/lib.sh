# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What both demos share: they show each command with its output and check what they show. Sourced by bash scripts
# after `set -euo pipefail`; expects HP_BIN, the folder of the built tools.

PATH=$HP_BIN:$PATH
export LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL
children=()

# Everything a demo starts ends with it, also when it is interrupted.
end_children() {
	local pid
	for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${children[@]}"; do wait "$pid" 2>/dev/null || true; done
	children=()
}
trap end_children EXIT
trap 'exit 130' INT TERM

step() {
	printf '\n== %s\n' "$*"
}

# show [-s STATUS] COMMAND...: prints the command as one would type it and its output; the output is in $shown too.
# Another exit status than STATUS (default 0) ends the demo.
show() {
	local expected=0 status=0
	if [ "$1" = -s ]; then
		expected=$2
		shift 2
	fi
	printf '$ %s\n' "$(as_typed "$@")"
	shown=$("$@" 2>&1) || status=$?
	[ -z "$shown" ] || printf '%s\n' "$shown"
	[ "$status" = "$expected" ] || fail "$1 ended with status $status, expected $expected"
}

as_typed() {
	local word line=
	for word in "$@"; do
		case $word in
		--*=*[!A-Za-z0-9_./=:,@%+-]*) word="${word%%=*}='${word#*=}'" ;;
		*[!A-Za-z0-9_./=:,@%+-]* | '') word="'$word'" ;;
		esac
		line="$line${line:+ }$word"
	done
	printf '%s' "$line"
}

fail() {
	printf '[FAILED] %s\n' "$*"
	exit 1
}

# check TEXT COMMAND...: TEXT is what holds when COMMAND succeeds.
check() {
	local text=$1
	shift
	if "$@"; then printf '[ok] %s\n' "$text"; else fail "$text"; fi
}

shown_has() {
	case $shown in *"$1"*) return 0 ;; *) return 1 ;; esac
}

shown_lacks() {
	! shown_has "$1"
}

# within SECONDS COMMAND...: waits until COMMAND succeeds.
within() {
	local tenths=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$((tenths -= 1))" -gt 0 ] || return 1
		sleep 0.1
	done
}

may_attach() {
	local scope
	scope=$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)
	[ "$scope" = 0 ] || [ "$(id -u)" = 0 ] ||
		fail "kernel.yama.ptrace_scope is $scope: only root may repair other processes here; run the demo as root"
}
