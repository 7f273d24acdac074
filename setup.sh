#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs the Debian packages that a goal needs, then runs make for it.
#
#   ./setup.sh demo     redis, repaired while it serves        ./setup.sh demo-quick   the same in a minute
#   ./setup.sh check    every test                             ./setup.sh install      build and install
#   ./setup.sh GOAL     any other goal of the makefile
#
# Assumes nothing but a Debian 12 with gcc. Root is needed only when a package is missing.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

BUILD="gcc make libc6-dev binutils binutils-dev libelf-dev libdw-dev libsodium-dev zlib1g-dev libjansson-dev liblzma-dev libzstd-dev libbz2-dev"
# libopcodes for all machines; without it hp-diff shows the instructions of foreign machines as numbers.
MACHINES="binutils-multiarch-dev"
# The table of compiler habits is compiled for them too.
CROSS="clang-14 clang-16 gcc-12-aarch64-linux-gnu gcc-12-powerpc64le-linux-gnu gcc-12-s390x-linux-gnu gcc-12-riscv64-linux-gnu"
# Unpacking, patching and building a Debian source package.
SOURCES="dpkg-dev patch xz-utils pkg-config procps libssl-dev"
# Debian packages whose fixes are applied to running programs: a few in every check, all of them by check-corpus.
FIXES="autoconf automake libtool gettext zlib1g-dev liblzma-dev libjpeg-dev nettle-dev libgmp-dev gdb ccache"
ALL_FIXES="$FIXES python3-dev libnghttp2-dev libssh2-1-dev libkrb5-dev libgnutls28-dev libpsl-dev libidn2-dev openssh-server nghttp2-server openssl"
# Build systems with the plugin, and compilers that have plugins of their own.
PLUGINS="gcc-11 gcc-11-plugin-dev gcc-12-plugin-dev-aarch64-linux-gnu gcc-12-plugin-dev-powerpc64le-linux-gnu gcc-12-plugin-dev-s390x-linux-gnu gcc-12-plugin-dev-riscv64-linux-gnu automake cmake meson ccache"
# Tests are built by both compilers and linked by three linkers (binutils has gold); SQLite's sources are put together by tcl.
TESTS="chromium llvm tcl zstd lz4 lzop $PLUGINS $MACHINES $CROSS libcriterion-dev python3 strace gdb shellcheck clang-format g++ clang lld"

# The GCC plugin is built when these are there.
PLUGIN="g++ gcc-12-plugin-dev"
# Compiling objects of the kernel, and booting it.
KERNEL="gcc-12 patch xz-utils lz4 flex bison bc libelf-dev libssl-dev rsync cpio kmod qemu-system-x86 busybox-static"

# Every compiler of the distribution that has plugin headers, the cross compilers too: 1 GB of downloads, 3 GB installed.
plugin_compilers() {
	apt-cache search -n '^gcc-1[0-4]-plugin-dev' | sed -n 's/^gcc-\([0-9]*\)-plugin-dev\([^ ]*\) .*/gcc-\1\2 gcc-\1-plugin-dev\2/p'
}

packages_for() {
	case $1 in
	check-plugin-compilers) echo "$BUILD $PLUGIN $TESTS $(plugin_compilers)" ;;
	check-plugin-refusals) echo "$BUILD $SOURCES $PLUGIN $ALL_FIXES $KERNEL python3" ;;
	demo) echo "$BUILD $SOURCES" ;;
	bench) echo "$BUILD $SOURCES $PLUGIN python3 tcl" ;;
	check-corpus) echo "$BUILD $SOURCES $ALL_FIXES python3" ;;
	check-kernel) echo "$BUILD $SOURCES $KERNEL python3 openssl" ;;
	check-kernel-fixes) echo "$BUILD $SOURCES $KERNEL $CROSS python3" ;;
	demo-quick) echo "$BUILD patch procps" ;;
	check) echo "$BUILD $SOURCES $PLUGIN $FIXES $TESTS $KERNEL" ;;
	check-* | fuzz) echo "$BUILD $SOURCES $PLUGIN $FIXES $TESTS" ;;
	install | plugin) echo "$BUILD $PLUGIN" ;;
	lint) echo "$BUILD $TESTS clang-tidy-14" ;;
	*) echo "$BUILD $MACHINES" ;;
	esac
}

say_what_comes() {
	case $1 in
	demo)
		cat <<-END
			The demo builds the tools and, twice, Debian's redis; repairs a running redis-server; cleans up after itself.
			It takes about 5 minutes (1 when repeated), 150 MB under build/ and, for packages not yet here, what is said below.
		END
		;;
	check) echo "The tests take about 20 minutes on two cores, 4 GB under build/ and 330 MB of downloads for the kernel." ;;
	esac
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_missing() {
	missing=
	for package in "$@"; do
		case "$missing " in *" $package "*) continue ;; esac
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	echo "setup.sh: to be installed:$missing"
	if [ "$(id -u)" != 0 ]; then
		echo "setup.sh: packages are missing and only root can install them; run this as root once: $0 $goal" >&2
		exit 3
	fi
	apt-get -q update >/dev/null || echo "setup.sh: apt-get update failed; going on with the package lists that are there" >&2
	# Without --yes this only says how much it would be.
	# shellcheck disable=SC2086 # a list of words
	apt-get -q --assume-no --no-install-recommends install $missing 2>/dev/null |
		grep -E 'newly installed|^Need to get|^After this' || true
	# shellcheck disable=SC2086
	# A machine that was just started may be installing its own updates: that is waited for.
	apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 install $missing >/dev/null || {
		echo "setup.sh: apt-get could not install:$missing" >&2
		exit 3
	}
}

case ${1:-} in
'' | -*)
	sed -n '3,10s/^# \{0,1\}//p' "$0"
	case ${1:-} in -h | --help) exit 0 ;; *) exit 3 ;; esac
	;;
esac
goal=$1
shift
say_what_comes "$goal"
# shellcheck disable=SC2046 # a list of words
install_missing $(packages_for "$goal")
exec make -j"$(nproc)" "$goal" "$@"
