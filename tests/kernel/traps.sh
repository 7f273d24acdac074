#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 2400
#
# What is special about a kernel's code, each in the stock kernel in QEMU: before the package, with it, afterwards, and applied
# again. Then another build of that version is booted, on which the package must not become active.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
package_of traps header
# Of 17 objects in eight images; NFS has tracepoints of its own in that function.
said=$(kbuild testdata/kernel/inline.patch -o "$out/inline.hp" --module="$out/inline" -- --id=inline \
	--allow=special-unsupported:nfs_fs_context_parse_param 2>&1)
result $? package_of_inline "$said"
images=$(grep -o 'match the image byte' <<<"$said" | wc -l)
[ "$images" -ge 8 ]
result $? a_changed_inline_reaches_modules_too "$said"

static_applier
mkdir -p "$out"/{guest,elsewhere}/bin
cp "$out"/{traps,header,inline}.hp "$out/guest/"
find "$modules" \( -name dummy.ko -o -name fuse.ko \) -exec cp {} "$out/guest/" \;
nm -S "$out/traps/hp_traps.ko" | awk 'NF == 4 { print $4, $2 }' >"$out/guest/sizes"
${CC:-gcc} -O2 -static tests/kernel/probe.c -o "$out/guest/bin/probe"
result $? probe
objdump -dr "$out/traps/hp_traps.ko" >"$out/code"
for thunk in __x86_indirect_thunk_rax __x86_return_thunk; do
	grep -q "$thunk" "$out/code"
	result $? "new_code_holds_$thunk"
done
# Retpolines off: the kernel rewrites its own, and those of modules as they are loaded.
HP_KERNEL_ARGS=spectre_v2=off boot guest "$image" tests/kernel/traps-guest.sh 900

cp "$out/traps.hp" "$out/traps/hp_traps.ko" "$out/elsewhere/"
mkdir -p "$out/other"
if [ -z "$other" ]; then
	number=$((number + 1))
	echo "ok $number - elsewhere_runs_to_its_end # skip the archive has no second build of 6.1"
else
	(cd "$out/other" && apt-get -q download "linux-image-$other" && dpkg-deb -x linux-image-*.deb .) >"$out/other.log" 2>&1
	result $? another_build_is_downloaded "$(cat "$out/other.log")"
	boot elsewhere "$out/other/boot/vmlinuz-$other" tests/kernel/elsewhere-guest.sh 300
fi
rm -rf "$out/other"
finish
