#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600
# The plugin in Kbuild, as a module outside of the kernel's tree is built against the distribution's headers:
#
#	make -C /lib/modules/$(uname -r)/build M=$PWD KCFLAGS="$(hp-config --cflags)" modules
set -u
# shellcheck source=tests/kernel/common.sh
. tests/kernel/common.sh
here=$PWD work=$out
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS
"$bin/hp-config" --cc=gcc-12 --plugin >/dev/null 2>&1 || skip_all "there is no plugin for the kernel's compiler, gcc-12"
flags=$("$bin/hp-config" --cc=gcc-12 --cflags)
find_releases
common=$work/unpacked/usr/src/linux-headers-${release%-cloud-amd64}-common
ours=$work/unpacked/usr/src/linux-headers-$release

# What linux-headers-cloud-amd64 installs; some 12 MB.
download() {
	mkdir -p "$work/packages" && cd "$work/packages" || return 1
	apt-get -q download "linux-headers-$release" "linux-headers-${release%-cloud-amd64}-common" "linux-kbuild-${release%%.0-*}" >../download.log 2>&1
}
unpack() { for package in "$work"/packages/*.deb; do dpkg -x "$package" "$work/unpacked" || return 1; done; }
(download) || ! out_of_reach "$(cat "$work/download.log")" || skip_all "the archive is out of reach"

# The package's headers, whose makefile names /usr/src, wherever they were unpacked.
headers() {
	unpack && rm -rf "$work/headers" && mkdir "$work/headers" || return 1
	find "$ours" -mindepth 1 -maxdepth 1 ! -name Makefile -exec ln -s -t "$work/headers" {} +
	echo "include $(readlink -f "$common")/Makefile" >"$work/headers/Makefile"
}
module() { # SIDE KIND FLAG...: SIDE.KIND/module.ko
	local dir=$work/$2/$1
	rm -rf "$dir" && mkdir -p "$dir" && cp "$here/testdata/plugin/module.c" "$dir/" && echo 'obj-m := module.o' >"$dir/Kbuild" || return 1
	make -s -C "$work/headers" "M=$dir" CC=gcc-12 "KCFLAGS=-D${1^^} ${*:3}" modules && [ -s "$dir/module.ko" ]
}
noted() { readelf -SW "$1" | grep -q debug_hotpatch || { echo "$1 has no notes"; return 1; }; }
sections_of() { objcopy --strip-debug -R .debug_hotpatch -R .note.gnu.build-id "$1" "$2"; }

check "the distribution's headers" headers
for side in old new; do
	check "Kbuild, $side: with hp-config --cflags" module $side with "$flags"
	check "Kbuild, $side: without the plugin" module $side without -ffunction-sections -fdata-sections
done
check "the object has notes" noted "$work/with/old/module.o"
check "and the module" noted "$work/with/old/module.ko"
same() {
	local name=$1
	sections_of "$work/with/old/$name" "$work/a" && sections_of "$work/without/old/$name" "$work/b" && cmp "$work/a" "$work/b"
}
check "the object is the same without them" same module.o
check "so is the module" same module.ko

compared() { # KIND TEXT
	mkdir -p "$work/$1.objects/old" "$work/$1.objects/new"
	cp "$work/$1/old/module.o" "$work/$1.objects/old/" && cp "$work/$1/new/module.o" "$work/$1.objects/new/" || return 1
	"$bin/hp-diff" --json "$work/$1.objects/old" "$work/$1.objects/new" >"$work/$1.json"
	grep -qF -- "$2" "$work/$1.json" || { cat "$work/$1.json"; return 1; }
}
check "hp-diff tells the module's statics apart by the notes" compared with '"evidence": "plugin"'
nothing_refused() { grep -qF '"refusals": []' "$work/with.json"; }
check "and refuses nothing" nothing_refused
check "without them it is refused" compared without static-uncorrelated
finish
