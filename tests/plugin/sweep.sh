#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   sweep.sh DIR    compiles SQLite, redis and busybox whole, each object with the GCC plugin and without, and tells for each
#                   how many objects differ in anything but notes, how large the notes are, and how much longer it took
#
# Sources come from Debian (demo/fetch-source.sh): DIR/src/PACKAGE is taken when it is there. With
# KERNEL=LOG, a log of `make -n` of a prepared kernel tree in KERNEL_TREE, a hundred of its objects too. PROGRAMS names those
# wanted, all by default. Leaves with 1 when an object differs, or the notes are more than 5 % of the objects of a program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mkdir -p "${1:?sweep.sh DIR}" && cd "$1" && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL
twin=$here/twin-cc
export TWIN_CC=${CC:-cc} TWIN_PLUGIN=${HP_BUILD:?}/gcc-plugin/hotpatch.so
bad=0
wanted() { case " ${PROGRAMS:-sqlite3 redis busybox} " in *" $1 "*) ;; *) return 1 ;; esac; }

source_of() { # PACKAGE: a fresh copy of its source in DIR/build/PACKAGE
	mkdir -p "$dir/src" "$dir/build"
	"$here/../../demo/fetch-source.sh" "$1" "$dir/src" || { bad=1; return 1; }
	rm -rf "$dir/build/$1"
	cp -a "$dir/src/$1" "$dir/build/$1"
	cd "$dir/build/$1"
	export TWIN_LOG=$dir/$1.log
	rm -f "$TWIN_LOG"
}
report() { # NAME
	awk -F'\t' -v name="$1" '
		{ n++; if ($1 != "same") { differ++; print "  differs: " $6 } size += $2; notes += $3; without += $4; with_ += $5 }
		END {
			if (!n) { print name ": nothing was compiled"; exit 1 }
			share = 100 * notes / size
			printf "%-8s %4d objects, %d differ, notes %.2f %% of a -g object, time %+.1f %%\n", name, n, differ, share, 100 * (with_ - without) / without
			exit differ > 0 || share > 5
		}' "$dir/$1.log" || bad=1
}

if wanted sqlite3 && source_of sqlite3; then
	./configure --quiet CC="${CC:-cc}" >/dev/null && make -s sqlite3.c >/dev/null && TWIN_RUNS=3 "$twin" -O2 -g -c sqlite3.c -o sqlite3.o
	report sqlite3
fi
if wanted redis && source_of redis; then
	make -s -C src distclean >/dev/null 2>&1 || true
	make -s -j"${JOBS:-$(nproc)}" CC="$twin" MALLOC=libc BUILD_TLS=no USE_SYSTEMD=no OPTIMIZATION=-O2 CFLAGS='-g -w' >/dev/null 2>&1
	report redis
fi
if wanted busybox && source_of busybox; then
	make -s defconfig >/dev/null 2>&1
	make -s -j"${JOBS:-$(nproc)}" CC="$twin" EXTRA_CFLAGS='-g -w' SKIP_STRIP=y >/dev/null 2>&1
	report busybox
fi
if [ -n "${KERNEL:-}" ]; then
	export TWIN_LOG=$dir/kernel.log
	rm -f "$TWIN_LOG"
	python3 "$here/kernel-objects.py" "$KERNEL" 100 "${KERNEL_TREE:?}" "$dir/kernel" "$twin"
	report kernel
fi
exit $bad
