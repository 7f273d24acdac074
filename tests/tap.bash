# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# How the tests in bash count and print their results (TAP); tests/run reads them.

number=0

result() { # STATUS NAME [WHAT WENT WRONG]
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		[ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /' | head -n 40
	fi
}

# ok when the command succeeds; what it prints is shown when not.
check() { # NAME COMMAND...
	local name=$1 status
	shift
	"$@" >"${HP_TESTS_OUT:?}/why" 2>&1
	status=$?
	number=$((number + 1))
	if [ $status = 0 ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$HP_TESTS_OUT/why"
	fi
}

skip() { # NAME REASON
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

skip_all() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$number"
}
