#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# The plugin in build systems as people use them, through ccache, with -gz, ld -r and archives, and in other compilers.
set -u
work=${HP_TESTS_OUT:?}
config=${HP_BIN:?}/hp-config
here=$PWD
CC=${CC:-cc}
# shellcheck source=tests/tap.bash
. tests/tap.bash
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS
noted() { readelf -SW "$1" | grep -q debug_hotpatch || { echo "$1 has no notes"; return 1; }; }
plugin=$("$config" "--cc=$CC" --plugin 2>/dev/null) || { skip plugins "no plugin for $CC"; echo 1..1; exit 0; }
flags=$("$config" "--cc=$CC" --cflags)

project() { # DIRECTORY: a program of two files
	rm -rf "${work:?}/$1" && mkdir -p "$work/$1" && cd "$work/$1" || return 1
	cp "$here/testdata/plugin/truth.h" "$here/testdata/plugin/statics_swapped.c" .
	sed -i 's/^#ifdef OLD/#ifndef NEW/' statics_swapped.c
	printf '%s\n' 'extern int f(int);' 'void use(int x) { (void)x; }' 'int main(void) { return f(0); }' >main.c
}

in_make() {
	project make
	# shellcheck disable=SC2016 # make's own
	printf 'prog: main.o statics_swapped.o\n\t$(CC) -o $@ $^\n' >Makefile
	make "CC=$CC" CFLAGS="-O2 -g $flags" && noted main.o && noted statics_swapped.o && ./prog
}
in_cmake() {
	project cmake
	printf '%s\n' 'cmake_minimum_required(VERSION 3.10)' 'project(p C)' 'add_executable(prog main.c statics_swapped.c)' >CMakeLists.txt
	cmake -S . -B build "-DCMAKE_C_COMPILER=$CC" "-DCMAKE_C_FLAGS=-g $flags" && cmake --build build &&
		noted build/CMakeFiles/prog.dir/main.c.o && ./build/prog
}
in_meson() {
	project meson
	printf '%s\n' "project('p', 'c')" "executable('prog', 'main.c', 'statics_swapped.c')" >meson.build
	CC=$CC CFLAGS="$flags" meson setup build && meson compile -C build && noted build/prog.p/main.c.o && ./build/prog
}
in_autotools() {
	project autotools
	printf '%s\n' 'AC_INIT([p], [1])' 'AM_INIT_AUTOMAKE([foreign])' 'AC_PROG_CC' 'AC_CONFIG_FILES([Makefile])' AC_OUTPUT >configure.ac
	printf '%s\n' 'bin_PROGRAMS = prog' 'prog_SOURCES = main.c statics_swapped.c' >Makefile.am
	autoreconf -fi && ./configure "CC=$CC" CFLAGS="-O2 -g $flags" && make && noted main.o && ./prog
}
with_ccache() {
	project ccache
	export CCACHE_DIR=$work/ccache.dir
	rm -rf "$CCACHE_DIR"
	for _ in 1 2; do
		# shellcheck disable=SC2086
		ccache "$CC" -O2 -g $flags -c statics_swapped.c -o "$((++n)).o" || return 1
	done
	cmp 1.o 2.o && noted 2.o && ccache -s -v | grep -iE '^ *(direct|hits)' | grep -q '1'
}
compressed() {
	project gz
	# The assembler compresses a section only where that makes it smaller.
	for i in $(seq 50); do echo "int more_$i(int x) { static int calls; return x + calls++; }"; done >>statics_swapped.c
	# shellcheck disable=SC2086
	"$CC" -O2 -g -gz $flags -c statics_swapped.c -o old.o && "$CC" -O2 -g -gz -DNEW $flags -c statics_swapped.c -o new.o &&
		readelf -SW new.o | grep debug_hotpatch | grep -q C && "$HP_BIN/hp-diff" --json old.o new.o >out
	grep -q '"evidence": "plugin"' out
}
linked_again() {
	project relink
	# shellcheck disable=SC2086
	"$CC" -O2 $flags -c main.c && "$CC" -O2 $flags -c statics_swapped.c -o s1.o && "$CC" -O2 -DNEW $flags -c statics_swapped.c -o s2.o || return 1
	ld -r main.o s1.o -o old.o && ld -r main.o s2.o -o new.o && noted new.o && "$HP_BIN/hp-diff" --json old.o new.o >out
	grep -q '"evidence": "plugin"' out
}
as_cplusplus() {
	project cpp
	printf '%s\n' 'struct s { int a; double b; };' 'template <class T> T g(T x) { static T n; { static T n; n += x; } return n += x; }' \
		'int f(s *p) { return g(p->a) + g((char)p->b); }' >a.cc
	# shellcheck disable=SC2086
	"$CC" -x c++ -O2 $flags -c a.cc -o a.o && noted a.o
}
same_bytes() { # the notes do not depend on where and when
	project one
	# shellcheck disable=SC2086
	"$CC" -O2 $flags -c statics_swapped.c -o 1.o && sleep 1 && "$CC" -O2 $flags -c statics_swapped.c -o 2.o && cmp 1.o 2.o
}
wrong_argument() { ! "$CC" "-fplugin=$plugin" -fplugin-arg-hotpatch-nonsense -c main.c -o x.o 2>said && grep -q nonsense said; }
without_sections() {
	project plain
	"$CC" -O2 "-fplugin=$plugin" -fno-function-sections -fno-data-sections -c statics_swapped.c -o 1.o &&
		"$CC" -O2 "-fplugin=$plugin" -fplugin-arg-hotpatch-no-sections -c statics_swapped.c -o 2.o &&
		! readelf -SW 1.o | grep -q '\.text\.f' && ! readelf -SW 2.o | grep -q '\.text\.f'
}

# Another compiler's plugin is built from the same source; what it says is read like ours.
in_compiler() {
	local compiler=$1 dir=$work/other-$1
	make -s -C "$here" plugin "PLUGIN_CC=$compiler" "PLUGIN_OUT=$dir" && [ -f "$dir/hotpatch.so" ] || return 1
	project "project-$1"
	"$compiler" -O2 "-fplugin=$dir/hotpatch.so" -c statics_swapped.c -o old.o &&
		"$compiler" -O2 -DNEW "-fplugin=$dir/hotpatch.so" -c statics_swapped.c -o new.o &&
		"$compiler" -O2 -ffunction-sections -fdata-sections -c statics_swapped.c -o plain.o || return 1
	noted old.o || return 1
	case $compiler in # the machines that hp-diff reads
	gcc-* | x86_64-linux-gnu-* | aarch64-* | powerpc64le-* | s390x-* | riscv64-* | loongarch64-*) ;;
	*) return 0 ;;
	esac
	"$HP_BIN/hp-diff" --json old.o new.o >out
	grep -q '"evidence": "plugin"' out || { cat out; return 1; }
}

n=0
check "make" in_make
for system in cmake:cmake meson:meson autotools:automake ccache:ccache; do
	command -v "${system#*:}" >/dev/null || { skip "${system%:*}" "not installed" && continue; }
	case ${system%:*} in ccache) check ccache with_ccache ;; *) check "${system%:*}" "in_${system%:*}" ;; esac
	cd "$here" || exit 1
done
check "compressed with the debug sections" compressed
check "several objects linked into one" linked_again
check "C++" as_cplusplus
check "the same bytes each time" same_bytes
check "an unknown argument is an error" wrong_argument
check "sections are left alone when told to" without_sections
for compiler in /usr/bin/*gcc-1[0-4]; do
	compiler=${compiler##*/}
	[ -f "$("$compiler" -print-file-name=plugin)/include/gcc-plugin.h" ] || continue
	# Debian's for arc lack a file that they include themselves.
	echo '#include "gcc-plugin.h"' | g++ -fsyntax-only -w "-I$("$compiler" -print-file-name=plugin)/include" -x c++ - 2>/dev/null ||
		{ skip "plugin of $compiler" "its plugin headers are not whole" && continue; }
	check "plugin of $compiler" in_compiler "$compiler"
	cd "$here" || exit 1
done
finish
