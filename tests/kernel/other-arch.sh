#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600
#
# The distribution's kernels of other machines, as they are published: packages are made for x86_64, so each is refused by name
# before anything is prepared. Images and modules of arm64 and (the other byte order) s390x.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

find_releases

# apt with lists of its own for that machine; this one's are left alone.
foreign() { # MACHINE PROGRAM ARGUMENT...
	local machine=$1 program=$2 apt
	shift 2
	apt=$(realpath "$out/apt-$machine")
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	"$program" -q -o APT::Architecture="$machine" -o APT::Architectures="$machine" -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" "$@"
}

# Image and one module of MACHINE: $cache/foreign/MACHINE. Sets name.
fetch() { # MACHINE PATTERN
	local place=$cache/foreign/$1 said
	mkdir -p "$out/apt-$1" "$cache/foreign"
	if [ ! -d "$place" ]; then
		if ! said=$({ foreign "$1" apt-get update &&
			package=$(foreign "$1" apt-cache search -n "$2" | sed 's/ .*//' | sort -V | tail -n 1) && [ -n "$package" ] &&
			(cd "$out/apt-$1" && foreign "$1" apt-get download "$package" && dpkg-deb -x linux-image-*.deb unpacked); } 2>&1); then
			! out_of_reach "$said" || skip_all "$(head -c 300 <<<"$said" | tr '\n' ' ')"
			result 1 "$1_is_downloaded" "$said"
			return 1
		fi
		rm -rf "$place.tmp" && mkdir -p "$place.tmp"
		find "$out/apt-$1/unpacked" \( -name 'vmlinuz-*' -o -name 'vmlinux-*' \) -exec cp {} "$place.tmp/" \;
		find "$out/apt-$1/unpacked" -name dummy.ko -exec cp {} "$place.tmp/" \;
		mv "$place.tmp" "$place"
	fi
	rm -rf "$out/apt-$1"
	name=$(basename "$(find "$place" -name 'vmlinu*')")
	name=${name#*-}
	[ -n "$name" ]
	result $? "$1_is_downloaded"
}

refuses() { # NAME WORDS COMMAND...
	local what=$1 words=$2 said status
	shift 2
	rm -f "$out/refused.hp"
	said=$("$@" 2>&1)
	status=$?
	[ $status = 3 ] && grep -qF -- "$words" <<<"$said" && grep -qF '[arch-mismatch]' <<<"$said" && [ ! -e "$out/refused.hp" ]
	result $? "$what" "status $status: $said"
}

mkdir -p "$out/old" "$out/new"
for side in old new; do
	echo "int answer(void) { return '${side:0:1}'; }" | "${CC:-gcc}" -O2 -ffunction-sections -x c -c - -o "$out/$side/answer.o"
done
build=("$bin/hp-build" --target=linux --id=foreign -o "$out/refused.hp")
patch=$PWD/testdata/kernel/module.patch
if fetch arm64 '^linux-image-6[.]1[.]0-[0-9]*-cloud-arm64$'; then
	refuses image_of_arm64 "is a kernel of aarch64: packages are made for images of x86_64 only" "${build[@]}" --image="$cache/foreign/arm64/vmlinuz-$name" "$out/old" "$out/new"
	refuses module_of_arm64 "is for aarch64 (machine 183)" "${build[@]}" --image="$cache/foreign/arm64/dummy.ko" "$out/old" "$out/new"
	trees=$(find "$cache/kernel" -maxdepth 2 -name 'tree*')
	refuses release_of_arm64 "is a kernel of aarch64" "$bin/hp-kbuild" --kernel="$name" --image="$cache/foreign/arm64/vmlinuz-$name" \
		--config=/dev/null --source="$cache/packages/$release/usr/src/linux-source-6.1.tar.xz" --cache="$cache" "$patch" -o "$out/refused.hp"
	[ "$trees" = "$(find "$cache/kernel" -maxdepth 2 -name 'tree*')" ]
	result $? nothing_was_prepared_for_it
fi
if fetch s390x '^linux-image-6[.]1[.]0-[0-9]*-s390x$'; then
	refuses module_of_s390x "is for s390x (machine 22)" "${build[@]}" --image="$cache/foreign/s390x/dummy.ko" "$out/old" "$out/new"
fi
finish
