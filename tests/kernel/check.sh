#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1500
#
# Packages for the distribution's stock kernel: made by hp-kbuild from source patches, applied by hp-apply in QEMU.
# Downloads the newest cloud image with its headers and source once. HP_KERNEL_CACHE: where to keep them.
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

for tool in qemu-system-x86_64 busybox cpio gcc-12 flex bison bc lz4; do
	command -v $tool >/dev/null || { echo "1..0 # skip $tool is not installed"; exit 0; }
done
release=$(apt-cache search -n '^linux-image-6[.]1[.]0-[0-9]*-cloud-amd64$' | cut -d' ' -f1 | sort -V | tail -n 1)
release=${release#linux-image-}
[ -n "$release" ] || { echo "1..0 # skip the package lists know no cloud kernel"; exit 0; }
kbuild() { "$bin/hp-kbuild" --kernel="$release" --fetch --cache="$cache" "$@"; }

said=$(kbuild -q --prepare 2>&1)
result $? stock_kernel_is_prepared "$said"
tree='' image=''
eval "$(grep -E '^(tree|image)=' <<<"$said")"

for name in first second stall; do
	said=$(kbuild -q "testdata/kernel/$name.patch" -o "$out/$name.hp" --module="$out/$name" -- --id=$name 2>&1)
	result $? "package_and_module_of_$name" "$said"
done
kbuild -q testdata/kernel/first.patch -o "$out/bare.hp" -- --id=bare
result $? package_without_module
cp "$out/first/hp_first.ko" "$out/once.ko"
"$bin/hp-export" --format=klp --build --headers="$tree" "$out/first.hp" -o "$out/again" >/dev/null 2>&1
cmp -s "$out/once.ko" "$out/again/hp_first.ko"
result $? module_exported_twice_is_identical

refused() { # NAME STATUS TEXT
	local said status
	echo kept >"$out/refused.hp"
	said=$(kbuild "testdata/kernel/$1.patch" -o "$out/refused.hp" 2>&1)
	status=$?
	[ $status = "$2" ] && grep -qF -- "$3" <<<"$said" && [ ! -e "$out/refused.hp" ]
	result $? "$1_is_refused" "status $status: $said"
}
refused init-code 2 '[init-changed]'
refused data-changed 2 '[data-changed]'
refused assembly 2 '[no-function-sections]'
refused disabled 1 'is for another architecture'
sed 's/seq_puts/seq_pots/' testdata/kernel/first.patch >"$out/wrong.patch"
said=$(kbuild -q "$out/wrong.patch" -o "$out/refused.hp" 2>&1)
[ $? = 3 ] && grep -q 'does not apply' <<<"$said"
result $? patch_that_does_not_apply "$said"

make -s O="$build/static" LDFLAGS=-static CFLAGS=-O2 "$build/static/bin/hp-apply" >"$out/static.log" 2>&1
result $? static_applier "$(cat "$out/static.log")"
mkdir -p "$out/guest/bin"
cp "$build/static/bin/hp-apply" "$out/guest/bin/"
cp "$out"/{first,second,stall,bare}.hp "$out/guest/"
cp tests/kernel/guest.sh "$out/guest/test.sh"
tests/kernel/boot "$image" "$out/guest" 600 >"$out/console"
result $? guest_runs_to_its_end "$(tail -n 20 "$out/console")"
while read -r status name; do
	[ "$status" = ok ]
	result $? "$name" "$(tail -n 60 "$out/console" | grep '^#')"
done < <(sed -nE '/.*not ok - /{s//failed /p;d}; s/.*ok - /ok /p' "$out/console")
echo "1..$number"
