# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the scripts that run in a guest begin with.
check() { # NAME CONDITION...
	name=$1
	shift
	if "$@"; then echo "ok - $name"; else echo "not ok - $name"; fi
}
contains() { case $1 in *"$2"*) true ;; *) echo "# '$2' is not in '$1'"; false ;; esac; }
lacks() { case $1 in *"$2"*) echo "# '$2' is in '$1'"; false ;; esac; }
is() { [ "$1" = "$2" ] || { echo "# '$1' is not '$2'"; false; }; }
at_least() { [ "$1" -ge "$2" ] || { echo "# $1 is less than $2"; false; }; }
# The status of a command that prints what it says as a comment; what it said stays in /tmp/said.
saying() { "$@" >/tmp/said 2>&1; status=$?; sed 's/^/# /' /tmp/said; return $status; }
apply() { saying hp-apply --trust=none "$@"; }
# Until /tmp/stop is there: processes start and read while the switch happens.
load() { while [ ! -e /tmp/stop ]; do cat /proc/cmdline /proc/uptime /proc/self/status >/dev/null; true | true; done; }
log_is_clean() {
	! dmesg | grep -E "WARNING|BUG|Oops|Call Trace|soft lockup|livepatch: .*fail" | sed 's/^/# /' | grep .
}

rename() { sh -c 'printf before >/proc/$$/comm; read -r name </proc/$$/comm; echo "$name"'; }
trace() { echo "$1" >/sys/kernel/tracing/events/task/task_rename/enable; }
# Whether the tracepoint in a function that renames "before" tells the name it gives.
traced() { # NAME
	echo >/sys/kernel/tracing/trace
	rename >/dev/null
	grep -q "newcomm=$1" /sys/kernel/tracing/trace
}
untraced() { ! traced ""; }
queue() { ip link add "$1" type dummy && cat "/sys/class/net/$1/tx_queue_len"; }
