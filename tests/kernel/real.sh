#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1800
#
# Real fixes with what they change seen from outside: the archive's oldest update of the kernel runs, the differences of single files to
# the newest one's source are the fixes. Each: old behaviour, package applied, new behaviour, taken back, old behaviour.
# HP_KERNEL_CACHE: where downloads and trees are kept.
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
mapfile -t releases < <(apt-cache search -n '^linux-image-6[.]1[.]0-[0-9]*-cloud-amd64$' | sed 's/^linux-image-//; s/ .*//' | sort -V)
[ ${#releases[@]} -gt 1 ] || skip_all "the package lists know no two cloud kernels of 6.1"
old=${releases[0]} new=${releases[-1]}

# A release's source package is the newest one's unless it is fetched by its version, which --fetch does.
prepare() { "$bin/hp-kbuild" -q --kernel="$1" --fetch --cache="$cache" --prepare; }
said=$(prepare "$new" 2>&1)
result $? newest_kernel_is_prepared "$said"
tree='' image='' modules=''
eval "$(grep -E '^tree=' <<<"$said")"
newer=$tree
said=$(prepare "$old" 2>&1)
result $? oldest_kernel_is_prepared "$said"
eval "$(grep -E '^(tree|image|modules)=' <<<"$said")"

guest=$out/guest
mkdir -p "$guest/bin"
while read -r file; do
	name=${file//\//_}
	if cmp -s "$tree/$file" "$newer/$file"; then
		number=$((number + 1))
		echo "ok $number - $file # skip is the same in $old and $new"
		continue
	fi
	diff -u --label "a/$file" --label "b/$file" "$tree/$file" "$newer/$file" >"$out/$name.patch"
	said=$("$bin/hp-kbuild" -q --kernel="$old" --cache="$cache" --module="$out/$name" "$out/$name.patch" \
		-o "$guest/$name.hp" -- --id="$name" 2>&1)
	result $? "package_of_$file" "$said"
done < <(sed -n 's/^see \([^ ]*\) .*/\1/p' tests/kernel/fixes-guest.sh)

make -s O="$build/static" LDFLAGS=-static CFLAGS=-O2 "$build/static/bin/hp-apply" >"$out/static.log" 2>&1
result $? static_applier "$(cat "$out/static.log")"
cp "$build/static/bin/hp-apply" "$guest/bin/"
${CC:-gcc} -O2 -static tests/kernel/fixes-probe.c -o "$guest/bin/probe"
result $? probe
read -ra names < <(sed -n 's/^for module in \(.*\); do$/\1/p' tests/kernel/fixes-guest.sh)
for module in "${names[@]}"; do
	find "$modules" -name "$module.ko" -exec cp {} "$guest/" \;
done
cp tests/kernel/fixes-guest.sh "$guest/test.sh"
tests/kernel/boot "$image" "$guest" 900 >"$out/console"
result $? guest_runs_to_its_end "$(tail -n 20 "$out/console")"
while read -r status name; do
	[ "$status" = ok ]
	result $? "$name" "$(grep -B 6 "not ok - $name" "$out/console")"
done < <(sed -nE '/.*not ok - /{s//failed /p;d}; s/.*ok - /ok /p' "$out/console")
echo "1..$number"
