#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   kernel-fixes.sh CACHE [MACHINE]...    real fixes in single objects of the kernel: what kernel-fixes.py says of them
#
# The distribution carries several versions of linux-source-6.1; the files in which the oldest and the newest differ are the
# stable fixes between them. x86_64 has the distribution's own configuration, arm64 and s390 that of the source, compiled by the
# distribution's cross compilers. Sources and prepared trees are kept in CACHE. COUNT files of each machine are drawn (60),
# by SEED (1), compared by JOBS at a time.
set -u
cache=$1
shift
[ $# -gt 0 ] || set -- x86_64 arm64 s390
bin=${HP_BIN:?} here=${0%/*}
die() { echo "kernel-fixes.sh: $*" >&2; exit 3; }
mkdir -p "$cache/fixes" || exit 3
cache=$(cd "$cache" && pwd)

mapfile -t versions < <(apt-cache madison linux-source-6.1 | awk '{ print $3 }' | sort -rVu)
[ ${#versions[@]} -gt 1 ] || die "the package lists know no two versions of linux-source-6.1: there is nothing to compare"
newest=${versions[0]} oldest=${OLD:-${versions[-1]}}

# The source of VERSION, unpacked once; says where.
unpacked() { # VERSION
	local tree=$cache/fixes/linux-$1 part=$cache/fixes/part.$$
	if [ ! -d "$tree" ]; then
		mkdir -p "$part"
		if ! (cd "$part" && apt-get -q download "linux-source-6.1=$1" && dpkg-deb -x linux-source-6.1_*.deb . &&
			tar -xf usr/src/linux-source-6.1.tar.xz) >&2 || ! mv "$part/linux-source-6.1" "$tree"; then
			die "no source of $1"
		fi
		rm -rf "$part"
	fi
	echo "$tree"
}

settings() { # ARCH PREFIX
	echo "ARCH=$1 CROSS_COMPILE=$2- CC=$2-gcc-12"
}

# The tree of a foreign machine, prepared apart from the source.
prepared() { # ARCH PREFIX
	local tree=$cache/fixes/$1-$newest source
	source=$(unpacked "$newest") || exit
	if [ ! -e "$tree.ready" ]; then
		local make=(make -s -j"${JOBS:-2}" -C "$source" "O=$tree" "ARCH=$1" "CROSS_COMPILE=$2-" "CC=$2-gcc-12")
		rm -rf "$tree" "$tree.commands"
		mkdir -p "$tree"
		if ! "${make[@]}" defconfig >&2 || ! "$source/scripts/config" --file "$tree/.config" -d GCC_PLUGINS ||
			! "${make[@]}" olddefconfig modules_prepare >&2; then
			die "the tree of $1 cannot be prepared"
		fi
		touch "$tree.ready"
	fi
	echo "$tree"
}

stock() {
	local release said
	release=$(apt-cache search -n '^linux-image-6[.]1[.]0-[0-9]*-cloud-amd64$' | sed 's/^linux-image-//; s/ .*//' | sort -rV | head -n 1)
	said=$("$bin/hp-kbuild" -q --kernel="$release" --fetch --cache="$cache" --prepare) || die "the stock kernel cannot be prepared"
	echo "$said" | sed -n 's/^tree=//p'
	echo "CC=gcc-12 KERNELRELEASE=$release"
}

old=$(unpacked "$oldest") || exit
status=0
for machine in "$@"; do
	case $machine in
	x86_64) mapfile -t about < <(stock) ;;
	arm64) about=("$(prepared arm64 aarch64-linux-gnu)" "$(settings arm64 aarch64-linux-gnu)") ;;
	s390) about=("$(prepared s390 s390x-linux-gnu)" "$(settings s390 s390x-linux-gnu)") ;;
	*) die "no machine $machine: x86_64, arm64, s390" ;;
	esac
	[ -d "${about[0]:-}" ] || exit 3
	echo "# $machine, linux-source-6.1 $oldest to $newest"
	HP_KERNEL_MAKE=${about[1]} python3 "$here/kernel-fixes.py" --tree="${about[0]}" --old="$old" --count="${COUNT:-60}" \
		--seed="${SEED:-1}" --jobs="${JOBS:-2}" --work="$cache/fixes/work" ${VERBOSE:+--verbose} || status=1
done
exit $status
