#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
#
# Every command of doc/kernel-tutorial.md does what the tutorial says: those of the build host here, those of the production
# host in QEMU.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"
tutorial=$PWD/tests/kernel/tutorial.py page=doc/kernel-tutorial.md

results() { # FILE: results without numbers, what follows a failure is why
	local line status='' name='' why=''
	while IFS= read -r line; do
		case $line in
		'ok - '* | 'not ok - '*)
			[ -z "$name" ] || result "$status" "$name" "$why"
			case $line in ok*) status=0 ;; *) status=1 ;; esac
			name=${line#*ok - } why='' ;;
		*) why="$why${line#\# }"$'\n' ;;
		esac
	done <"$1"
	[ -z "$name" ] || result "$status" "$name" "$why"
}

prepare
mkdir -p "$out"/{host,cache,guest/bin,guest/root}
ln -s "$cache" "$out/cache/hotpatch"
PATH=$bin:$PATH XDG_CACHE_HOME=$out/cache python3 "$tutorial" host $page "$release" "$out/host" >"$out/host.results"
results "$out/host.results"

static_applier
cp "$build/static/bin/hp-apply" "$out/guest/bin/"
cp "$out"/host/*.hp "$out"/host/*.pub "$out/guest/root"
{ echo "echo; echo '@@tutorial@@'"; python3 "$tutorial" guest $page "$release"; } >"$out/guest/test.sh"
tests/kernel/boot "$image" "$out/guest" 300 >"$out/guest.console"
result $? guest_runs_to_its_end "$(tail -n 30 "$out/guest.console")"
python3 "$tutorial" compare $page "$release" "$out/guest.console" >"$out/guest.results"
results "$out/guest.results"
finish
