#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# objects.sh FOLDER OLD|NEW [all]: objects for fuzzers to begin with, one version of small sources in many forms: functions in
# sections of their own or not, C++, sanitizers, kernel tables, the plugin's notes, other machines. `all` takes every small source.
# What a compiler that is not here would make is left out.
folder=$1 version=$2
cases=testdata/cases
[ -n "$version" ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }

# make NAME SOURCE COMPILER FLAGS...
make()
{
	output=$folder/$1.o source=$2
	shift 2
	if command -v "$1" >/dev/null; then "$@" -w "-D$version" -I $cases -c -o "$output" "$source"; fi
}

chosen="live_data constants_of_one_name floats function_table jump_table layouts special static_locals static_swapped string_target \
switch_table thread_local"
[ "$3" = all ] && chosen=$(basename -s .c testdata/diff/*.c)
for name in $chosen; do
	make "$name" testdata/diff/"$name".c "${CC:-gcc}" -O2 -g -ffunction-sections -fdata-sections
	make "$name-pic" testdata/diff/"$name".c "${CC:-gcc}" -O1 -fPIC
done
for name in lambda lambdas_changed static_namesakes static_in_inline_function handler_type virtual_table; do
	make "$name" $cases/$name.cc "${CC:-gcc}" -O1 -g -fPIC
	make "$name-clang" $cases/$name.cc clang -O1 -fPIC
done
for name in sanitized_lines sanitized_change address_sanitizer; do
	for compiler in "${CC:-gcc}" clang; do
		make "$name-$compiler" $cases/$name.c "$compiler" -O1 -fsanitize=address,undefined
	done
done
for name in bug_table_lines static_call alternative_feature exception_table jump_label export_moved initcall_moved already_done; do
	make "$name" $cases/$name.c "${CC:-gcc}" -O2 -ffunction-sections
done
plugin=${HP_BUILD:-build}/gcc-plugin/hotpatch.so
for name in statics_swapped inlined_cause clones_swapped; do
	make "$name" testdata/plugin/$name.c "${CC:-gcc}" -O2 "-fplugin=$plugin"
done
for machine in aarch64 powerpc64le s390x riscv64; do
	for name in switch_table static_locals floats; do
		make "$name-$machine" testdata/diff/$name.c clang --target=$machine-linux-gnu -O2 -g -ffreestanding
	done
done
make loongarch64 testdata/diff/static_locals.c clang-16 --target=loongarch64-linux-gnu -O2 -g -ffreestanding
[ -z "$3" ] && ar rcD "$folder/archive.a" "$folder/live_data.o" "$folder/switch_table.o" "$folder/static_locals.o"
exit 0
