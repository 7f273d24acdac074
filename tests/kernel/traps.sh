#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
#
# What is special about a kernel's code, each in the stock kernel in QEMU: before the package, with it, afterwards, and applied
# again. Then another build of that version is booted, on which the package must not become active.
# HP_KERNEL_CACHE: where downloads and trees are kept. HP_KERNEL_ALL: with a header that thirty objects include, too.
set -u
out=${HP_TESTS_OUT:?} bin=${HP_BIN:?} build=${HP_BUILD:?}
cache=${HP_KERNEL_CACHE:-$build/kernel}
number=0

result() { # STATUS NAME [WHAT WENT WRONG]
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		[ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /' | head -n 20
	fi
}

skip_all() {
	echo "1..0 # skip $1"
	exit 0
}

for tool in qemu-system-x86_64 busybox cpio gcc-12 flex bison bc lz4 apt-get; do
	command -v $tool >/dev/null || skip_all "$tool is not installed"
done
mapfile -t releases < <(apt-cache search -n '^linux-image-6[.]1[.]0-[0-9]*-cloud-amd64$' | sed 's/^linux-image-//; s/ .*//' | sort -rV)
[ ${#releases[@]} -gt 0 ] || skip_all "the package lists know no cloud kernel of 6.1"
release=${releases[0]} other=${releases[1]:-}
kbuild() { "$bin/hp-kbuild" -q --kernel="$release" --fetch --cache="$cache" "$@"; }

# Without the archive there is nothing to patch; with it, everything after the download has to work.
mkdir -p "$out/reach"
[ -d "$cache/packages/$release" ] || (cd "$out/reach" && apt-get -q download "linux-headers-$release" >apt.log 2>&1) ||
	skip_all "packages of $release cannot be downloaded"
said=$(kbuild --prepare 2>&1)
result $? stock_kernel_is_prepared "$said"
image='' modules=''
eval "$(grep -E '^(image|modules)=' <<<"$said")"

packages="traps"
[ -z "${HP_KERNEL_ALL:-}" ] || packages="traps header"
for name in $packages; do
	said=$(kbuild "testdata/kernel/$name.patch" -o "$out/$name.hp" --module="$out/$name" -- --id="$name" 2>&1)
	result $? "package_of_$name" "$said"
done

refused() { # NAME CODE
	local said status
	said=$(kbuild "testdata/kernel/$1.patch" -o "$out/refused.hp" 2>&1)
	status=$?
	[ $status = 2 ] && grep -qF "[$2]" <<<"$said" && [ ! -e "$out/refused.hp" ]
	result $? "$1_is_refused" "status $status: $said"
}
refused notrace notrace
refused init-code init-changed
refused data-changed data-changed
refused assembly no-function-sections

make -s O="$build/static" LDFLAGS=-static CFLAGS=-O2 "$build/static/bin/hp-apply" >"$out/static.log" 2>&1
result $? static_applier "$(cat "$out/static.log")"

# Boots IMAGE with SCRIPT, which prints results without numbers.
boot() { # NAME IMAGE SCRIPT
	local status name
	cp "$build/static/bin/hp-apply" "$out/$1/bin/"
	cp "$3" "$out/$1/test.sh"
	tests/kernel/boot "$2" "$out/$1" 300 >"$out/$1.console"
	result $? "$1_runs_to_its_end" "$(tail -n 20 "$out/$1.console")"
	while read -r status name; do
		[ "$status" = ok ]
		result $? "$name" "$(grep -B 3 "not ok - $name" "$out/$1.console")"
	done < <(sed -nE '/.*not ok - /{s//failed /p;d}; s/.*ok - /ok /p' "$out/$1.console")
}

mkdir -p "$out"/{guest,elsewhere}/bin
for name in $packages; do
	cp "$out/$name.hp" "$out/guest/"
done
find "$modules" -name dummy.ko -exec cp {} "$out/guest/" \;
${CC:-gcc} -O2 -static tests/kernel/probe.c -o "$out/guest/bin/probe"
result $? probe
boot guest "$image" tests/kernel/traps-guest.sh

cp "$out/traps.hp" "$out/traps/hp_traps.ko" "$out/elsewhere/"
if [ -n "$other" ] && (cd "$out/reach" && apt-get -q download "linux-image-$other" >apt.log 2>&1); then
	dpkg-deb -x "$out/reach/linux-image-$other"_*.deb "$out/reach"
	boot elsewhere "$out/reach/boot/vmlinuz-$other" tests/kernel/elsewhere-guest.sh
else
	number=$((number + 1))
	echo "ok $number - elsewhere_runs_to_its_end # skip the archive has no second build of 6.1"
fi
rm -rf "$out/reach"
echo "1..$number"
