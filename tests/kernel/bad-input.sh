#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1200
#
# What hp-kbuild says to patches, trees, compilers and images that do not fit, to a full disk, and to being ended half-way: why, with
# the right exit status, no package, and a cache that is as good as before. Needs no QEMU.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
patch=$PWD/testdata/kernel/second.patch
trees() { find "$cache/kernel" -maxdepth 2 -name 'tree*'; }
trees_before=$(trees)
tiny=$PWD/tests/kernel/tiny.py

# says NAME STATUS WORDS ARGUMENT...: hp-kbuild ends with STATUS, prints WORDS, and leaves no package.
says() {
	local name=$1 wanted=$2 words=$3 said status
	shift 3
	echo kept >"$out/bad.hp"
	said=$("$bin/hp-kbuild" --kernel="$release" --fetch --cache="$cache" -o "$out/bad.hp" "$@" 2>&1 </dev/null)
	status=$?
	[ $status = "$wanted" ] && grep -qF -- "$words" <<<"$said" && [ ! -e "$out/bad.hp" ]
	result $? "$name" "status $status: $said"
}

# ---- patches -------------------------------------------------------------------------------------------------------

sed 's/seq_puts/seq_pots/' "$patch" >"$out/stale.patch"
says patch_that_does_not_apply 3 "does not apply to $release" "$out/stale.patch"
says part_that_does_not_apply_is_named 3 "fs/proc/cmdline.c" "$out/stale.patch"
says patch_that_is_not_there 3 "cannot be read" "$out/no.patch"
says directory_is_no_patch 3 "cannot be read" "$out"
echo "no patch" >"$out/text.patch"
says text_is_no_patch 3 "is no unified diff" "$out/text.patch"
printf -- '--- a/../passwd\n+++ b/../passwd\n@@ -1 +1 @@\n-a\n+b\n' >"$out/outside.patch"
says patch_of_a_file_outside_of_the_tree 3 "lies outside of the tree" "$out/outside.patch"
printf -- '--- a/fs/nothing.c\n+++ b/fs/nothing.c\n@@ -1 +1 @@\n-a\n+b\n' >"$out/missing.patch"
says patch_of_a_file_that_is_not_there 3 "does not apply" "$out/missing.patch"
patch -d "$tree" -p1 -s -N --dry-run <"$patch" >/dev/null
result $? prepared_tree_stays_unpatched

# A diff of one line put at the end of a file of the tree.
appends() { # PATCH FILE LINE
	diff -u --label "a/$2" --label "b/$2" "$tree/$2" <(cat "$tree/$2"; echo "$3") >"$out/$1.patch"
}
appends foreign arch/arm64/kernel/acpi.c 'int x;'
says code_of_another_architecture 1 "arch/arm64/kernel/acpi.c: is for another architecture" "$out/foreign.patch"
appends disabled fs/minix/bitmap.c 'int x;'
says code_left_out_by_the_configuration 1 "CONFIG_MINIX_FS is not set" "$out/disabled.patch"
appends document Documentation/admin-guide/README.rst text
says documentation 1 "is no code of the kernel" "$out/document.patch"
appends makefile fs/Makefile '# x'
says makefile 1 "stays configured as it is" "$out/makefile.patch"
appends boot arch/x86/boot/main.c 'int x;'
says code_that_runs_before_the_kernel 1 "is no part of the running kernel's own code" "$out/boot.patch"
says nothing_is_left_to_patch 1 "touches no object of $release" "$out/boot.patch"
# The vDSO runs now, and no livepatch reaches it; what hands it to processes is code of the kernel, in the same folder.
sed_of() { # PATCH FILE EXPRESSION
	sed "$3" "$tree/$2" | diff -u --label "a/$2" --label "b/$2" "$tree/$2" - >"$out/$1.patch"
}
sed_of vdso lib/vdso/gettimeofday.c 's/^\tif (time)$/\tif (time \&\& t)/'
says change_of_the_vdso 2 "part of the vDSO" "$out/vdso.patch"
sed_of vma arch/x86/entry/vdso/vma.c '/^static unsigned long vdso_addr(/{n;s/{/{\n\tif (len == 12345)\n\t\treturn start;\n/}'
said=$(kbuild "$out/vma.patch" -o "$out/vma.hp" 2>&1) && grep -q "replaces  arch_setup_additional_pages" <<<"$said"
result $? code_beside_the_vdso_is_patched "$said"
appends broken fs/proc/cmdline.c 'this is no C'
says patched_source_that_does_not_compile 2 "fs/proc/cmdline.o: cannot be compiled (new)" "$out/broken.patch"
says the_error_of_the_compiler_is_shown 2 "error:" "$out/broken.patch"

# ---- trees, compilers, images ----------------------------------------------------------------------------------------

mkdir -p "$out/other/linux-source-5.10" "$out/empty"
printf 'VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 99\n' >"$out/other/linux-source-5.10/Makefile"
tar -C "$out/other" -cJf "$out/other.tar.xz" linux-source-5.10
says tree_of_another_version 3 "is version 5.10.99, but the image says:" --source="$out/other/linux-source-5.10" "$patch"
says archive_of_another_version 3 "is version 5.10.99, but the image says:" --source="$out/other.tar.xz" "$patch"
says tree_that_is_none 3 "is no source tree of a kernel" --source="$out/empty" "$patch"
says tree_that_is_not_there 3 "is not there" --source="$out/nowhere" "$patch"
says configuration_that_is_not_there 3 "no configuration" --config="$out/nowhere" "$patch"
says release_that_nobody_has 3 "linux-image-6.1.0-0-none" --kernel=6.1.0-0-none "$patch"

mkdir -p "$out/older" "$out/without"
printf '#!/bin/sh\necho "gcc-12 (Debian 12.1.0-1) 12.1.0"\n' >"$out/older/gcc-12"
chmod +x "$out/older/gcc-12"
PATH=$out/older:$PATH says compiler_of_another_version 3 "but here gcc-12 is 'gcc-12 (Debian 12.1.0-1) 12.1.0'" "$patch"
find /usr/bin /bin ! -name 'gcc-12' -maxdepth 1 -exec ln -sf -t "$out/without" {} +
PATH=$out/without says compiler_that_is_not_installed 3 "which is not installed: apt-get install gcc-12" "$patch"

size=$(stat -c %s "$image")
head -c $((size / 2)) "$image" >"$out/short"
says image_that_is_cut_short 3 "is cut short" --image="$out/short" "$patch"
python3 - "$image" "$out" <<'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
start = (data[0x1F1] + 1) * 512 + struct.unpack_from("<I", data, 0x248)[0]
damaged, unknown = bytearray(data), bytearray(data)
damaged[start + 1_000_000:start + 1_100_000] = bytes(100_000)
unknown[start:start + 4] = b"????"
open(sys.argv[2] + "/damaged", "wb").write(damaged)
open(sys.argv[2] + "/unknown", "wb").write(unknown)
END
says damaged_image 3 "is damaged" --image="$out/damaged" "$patch"
says image_compressed_in_an_unknown_way 3 "is compressed in a way that this program does not know" --image="$out/unknown" "$patch"
says text_is_no_image 3 "is no kernel image" --image="$out/text.patch" "$patch"
: >"$out/nothing"
says empty_file_is_no_image 3 "is no kernel image" --image="$out/nothing" "$patch"
says module_is_no_kernel 3 "is a module" --image="$(find "$modules" -name dummy.ko)" "$patch"
"${CC:-gcc}" -O2 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -fno-asynchronous-unwind-tables -fno-stack-protector -pg -mfentry -mrecord-mcount \
	-fcf-protection=none -c testdata/kernel/one.c -o "$out/one.o" &&
	ld -T testdata/kernel/tiny.lds --build-id=sha1 -z noexecstack --no-warn-rwx-segments -o "$out/bare" "$out/one.o" &&
	"$tiny" link "$out/tiny" testdata/kernel/tiny.lds "$out/one.o"
result $? kernels_of_the_test
says image_without_kallsyms 3 "kallsyms" --image="$out/bare" "$patch"
says image_of_another_release 3 "is not $release: Linux version 6.1.0-tiny" --image="$out/tiny" "$patch"
[ "$(trees)" = "$trees_before" ]
result $? nothing_was_prepared_for_them "$(trees)"

# ---- the output ------------------------------------------------------------------------------------------------------

cp "$patch" "$out/precious"
said=$("$bin/hp-kbuild" --kernel="$release" --cache="$cache" "$patch" -o "$out/precious" 2>&1)
[ $? = 3 ] && grep -q 'is there and is no package' <<<"$said" && cmp -s "$patch" "$out/precious"
result $? file_that_is_no_package_stays "$said"
mkdir -p "$out/foreign" && echo mine >"$out/foreign/file"
says module_that_cannot_be_written 3 "was not written by hp-export" --module="$out/foreign" "$patch"

# ---- progress --------------------------------------------------------------------------------------------------------

if command -v script >/dev/null; then
	script -qec "'$bin/hp-kbuild' --kernel='$release' --cache='$cache' -j 1 '$patch' -o '$out/shown.hp'" /dev/null >"$out/shown" 2>&1 </dev/null
	grep -q 'applying the patch' "$out/shown" && grep -q 'making the package' "$out/shown"
	result $? progress_is_shown_on_a_terminal "$(cat "$out/shown")"
else
	skip progress_is_shown_on_a_terminal "script is not installed"
fi
said=$("$bin/hp-kbuild" --kernel="$release" --cache="$cache" "$patch" -o "$out/shown.hp" 2>&1 >/dev/null)
[ -z "$said" ]
result $? and_nowhere_else "$said"

# ---- full disks ------------------------------------------------------------------------------------------------------

said=$("$bin/hp-kbuild" -q --kernel="$release" --cache="$cache" "$patch" -o "$out/right.hp" -- --id=right 2>&1)
result $? package_to_compare_with "$said"

with_cache() { # DIR ARGUMENT...
	local dir=$1
	shift
	"$bin/hp-kbuild" --kernel="$release" --cache="$dir" "$@" -- --id=right
}

# In a mount namespace of its own: file systems of a few pages.
full_disks() {
	mount -t tmpfs -o size=64m none "$out/disk" || exit 77
	mkdir "$out/disk/cache" && ln -s "$cache/packages" "$out/disk/cache/packages"
	said=$("$bin/hp-kbuild" --kernel="$release" --cache="$out/disk/cache" "$patch" -o "$out/full.hp" 2>&1)
	status=$?
	[ $status = 3 ] && grep -q 'no space left on device' <<<"$said" && [ ! -e "$out/full.hp" ]
	result $? disk_full_while_the_tree_is_prepared "status $status: $said"
	[ "$(find "$out/disk/cache/kernel" -mindepth 2 -maxdepth 2 -name 'tree*')" = "" ]
	result $? nothing_half_is_left_there
	rm -rf "$out/disk/cache"
	mount -o remount,size=100k "$out/disk"

	cache_without_objects "$out/disk/cache"
	said=$(with_cache "$out/disk/cache" "$patch" -o "$out/full.hp" 2>&1)
	status=$?
	[ $status = 3 ] && grep -q 'no space left on device' <<<"$said" && [ ! -e "$out/full.hp" ]
	result $? disk_full_while_compiling "status $status: $said"
	mount -o remount,size=64m "$out/disk"
	said=$(with_cache "$out/disk/cache" "$patch" -o "$out/full.hp" 2>&1) && cmp "$out/full.hp" "$out/right.hp"
	result $? with_room_the_same_cache_serves "$said"
	rm -f "$out/full.hp"

	mkdir "$out/disk/tmp"
	mount -t tmpfs -o size=32k none "$out/disk/tmp"
	said=$(TMPDIR=$out/disk/tmp with_cache "$out/disk/cache" "$patch" -o "$out/full.hp" 2>&1)
	status=$?
	[ $status = 3 ] && grep -q 'no space left on device' <<<"$said" && [ ! -e "$out/full.hp" ]
	result $? disk_of_temporary_files_is_full "status $status: $said"
	head -c 1m /dev/zero >"$out/disk/tmp/fill" 2>/dev/null
	said=$(with_cache "$out/disk/cache" "$patch" -o "$out/disk/tmp/full.hp" 2>&1)
	status=$?
	[ $status = 3 ] && grep -qi 'no space left on device' <<<"$said" && [ ! -e "$out/disk/tmp/full.hp" ]
	result $? no_room_for_the_package "status $status: $said"
	umount "$out/disk/tmp" "$out/disk"
	echo "$number" >"$out/counted"
}
mkdir -p "$out/disk"
export -f full_disks cache_without_objects with_cache result
export out bin build cache release tree patch number
if [ "$(id -u)" = 0 ]; then space=(unshare -m); else space=(unshare -rm); fi
if "${space[@]}" mount -t tmpfs none "$out/disk" 2>/dev/null; then
	"${space[@]}" bash -c full_disks
	number=$(cat "$out/counted" 2>/dev/null || echo "$number")
	[ -e "$out/counted" ]
	result $? full_disks_were_tried
else
	skip full_disks "file systems cannot be mounted here"
fi

# ---- ended half-way, and two at once -----------------------------------------------------------------------------------

# Ends a run as soon as it has finished STAGE; then one that goes on.
killed_after() { # SIGNAL STAGE
	local dir=$out/killed stages=$out/stages pid waited=0
	rm -rf "$dir" && cache_without_objects "$dir"
	: >"$stages"
	setsid "$bin/hp-kbuild" -q --kernel="$release" --cache="$dir" --timings="$stages" -j 1 "$patch" -o "$out/killed.hp" -- --id=right 2>"$out/killed.log" &
	pid=$!
	while kill -0 $pid 2>/dev/null && ! grep -q "$2" "$stages" && [ $waited -lt 3000 ]; do
		sleep 0.02
		waited=$((waited + 1))
	done
	if [ "$1" = KILL ]; then kill -KILL -- "-$pid"; else kill "-$1" $pid; fi
	wait $pid 2>/dev/null
	killed=$?
	pkill -KILL -s $pid 2>/dev/null
	[ ! -e "$out/killed.hp" ] || cmp "$out/killed.hp" "$out/right.hp"
}
goes_on() { # NAME
	local said
	said=$(with_cache "$out/killed" "$patch" -q -o "$out/killed.hp" 2>&1) && cmp "$out/killed.hp" "$out/right.hp"
	result $? "$1" "$said"
	rm -f "$out/killed.hp"
}
for stage in 'finding the objects' 'as they were linked' 'objects: old$' 'objects: new'; do
	name=${stage//[^a-z]/_}
	killed_after KILL "${stage/%\$/	}"
	result $? "killed_after_${name}_leaves_no_half_package"
	goes_on "after_that_the_next_run_is_right__$name"
done
killed_after TERM 'finding the objects'
[ $killed = 130 ] && grep -q 'interrupted' "$out/killed.log"
result $? told_to_end_it_says_so "status $killed: $(cat "$out/killed.log")"
goes_on after_that_the_next_run_is_right
killed_after KILL 'objects: old	'
made=$(find "$out/killed" -path '*/old/*.o' -printf '%i %T@\n' | sort)
goes_on a_run_goes_on
[ -n "$made" ] && [ "$made" = "$(find "$out/killed" -path '*/old/*.o' -printf '%i %T@\n' | sort)" ]
result $? with_the_objects_that_were_finished

rm -rf "$out/shared" && cache_without_objects "$out/shared"
for one in 1 2; do
	with_cache "$out/shared" -q "$patch" -o "$out/at-once-$one.hp" >"$out/at-once-$one.log" 2>&1 &
done
"$bin/hp-kbuild" -q --kernel="$release" --cache="$out/shared" testdata/kernel/first.patch -o "$out/at-once-3.hp" -- --id=first >"$out/at-once-3.log" 2>&1
wait
cmp "$out/at-once-1.hp" "$out/right.hp" && cmp "$out/at-once-2.hp" "$out/right.hp"
result $? two_at_once_make_the_same_package "$(cat "$out"/at-once-[12].log)"
kbuild testdata/kernel/first.patch -o "$out/first.hp" -- --id=first >/dev/null 2>&1 && cmp "$out/at-once-3.hp" "$out/first.hp"
result $? and_do_not_disturb_another_patch_of_the_same_file "$(cat "$out/at-once-3.log")"
[ "$(find "$out/shared" "$out/killed" -name '*.hp' -o -name 'tree.tmp*' | head)" = "" ]
result $? nothing_half_is_in_the_caches
finish
