#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# make install, install-apply and uninstall; the installed library used by a program; completions.
set -u
out=${HP_TESTS_OUT:?}
build=${HP_BUILD:?}
root=$out/root
unset MAKEFLAGS MAKELEVEL MFLAGS
count=0

check() { # NAME COMMAND...
	local name=$1
	count=$((count + 1))
	shift
	if "$@" >"$out/log" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$out/log" | tail -n 20
	fi
}

installed() {
	(cd "$root" && find . ! -type d | sort)
}

only_the_applier() {
	[ "$(installed | tr '\n' ' ')" = "./usr/sbin/hp-apply ./usr/share/bash-completion/completions/hp-apply ./usr/share/man/man8/hp-apply.8 " ] ||
		{ installed && return 1; }
}

without_compiler_libraries() {
	! ldd "$root/usr/sbin/hp-apply" | grep -E 'libbfd|libopcodes|libelf|libdw'
}

everything() {
	local tool
	for tool in hp-diff hp-build hp-show hp-sign; do
		[ -x "$root/usr/bin/$tool" ] && [ -e "$root/usr/share/man/man1/$tool.1" ] &&
			[ -e "$root/usr/share/bash-completion/completions/$tool" ] || { echo "$tool" && return 1; }
	done
	[ -e "$root/usr/include/hp.h" ] && [ -e "$root/usr/lib/libhp.a" ] && [ -e "$root/usr/lib/libhp.so" ] &&
		[ -e "$root/usr/share/man/man3/hp.3" ] && [ -e "$root/usr/share/man/man5/hp-format.5" ] &&
		[ -e "$root/usr/share/doc/hotpatch/hp-format.md" ] && [ -e "$root/usr/share/hotpatch/schema/hp-show.schema.json" ]
}

exported_names() {
	! nm -D --defined-only "$root/usr/lib/libhp.so" | awk '$2 != "A" && $3 !~ /^hp_/' | grep .
}

# hp.pc without pkg-config: what it says after expanding its variables.
pc_field() {
	sed -n "s/^$1: //p" "$root/usr/lib/pkgconfig/hp.pc" | sed "s,\${libdir},$root/usr/lib,; s,\${includedir},$root/usr/include,"
}

compile_example() {
	# shellcheck disable=SC2046 # several flags
	${CC:-cc} -Wall -Wextra -Werror -o "$out/example" doc/libhp-example.c $(pc_field Cflags) $(pc_field Libs)
}

cplusplus_takes_the_header() {
	echo '#include <hp.h>' >"$out/header.cc"
	! command -v c++ || c++ -Wall -Wextra -Werror -fsyntax-only -I"$root/usr/include" "$out/header.cc"
}

make_package() {
	local side
	cat >"$out/server.c" <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		extern int limit(int n);
		int main(void) { for (int i = 0;; i++) { printf("%d\n", limit(i)); sleep(1); } }
	END
	for side in old new; do
		mkdir -p "$out/$side"
		printf 'int limit(int n) { for (int i = 0; i < n; i++) if (i * n > %d) return i; return n; }\n' \
			"$([ $side = old ] && echo 100 || echo 90)" >"$out/limit.c"
		(cd "$out" && for file in server limit; do
			${CC:-cc} -O2 -g -ffunction-sections -fdata-sections -c "$file.c" -o "$side/$file.o" || exit 1
		done && cd $side && ${CC:-cc} -Wl,--build-id -o server server.o limit.o) || return 1
	done
	"$root/usr/bin/hp-build" --id=KB1 "$out/old" "$out/new" -o "$out/kb.hp"
}

example_links_it() {
	LD_LIBRARY_PATH=$root/usr/lib "$out/example" "$out/kb.hp" >"$out/example.out" && grep -q '^  limit: 0x' "$out/example.out"
}

show_says_what_its_schema_says() {
	"$root/usr/bin/hp-show" --json "$out/kb.hp" >"$out/show.json" &&
		python3 tests/live/hp-diff-validate.py "$root/usr/share/hotpatch/schema/hp-show.schema.json" "$out/show.json"
}

# complete WORDS...: what bash offers for the last word.
complete_words() {
	local tool=$1
	(
		# shellcheck disable=SC1090 # the installed file
		. "$root/usr/share/bash-completion/completions/$tool"
		compopt() { :; }
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		"_${tool//-/_}"
		printf '%s\n' "${COMPREPLY[@]}"
	)
}

# Every option of --help is offered, and nothing else.
completes_its_options() {
	local tool status=0
	for tool in hp-diff hp-build hp-show hp-apply; do
		diff <("$build/bin/$tool" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u) \
			<(complete_words "$tool" -- | tr -d = | sort -u) || { echo "$tool" && status=1; }
	done
	return $status
}

completes_values() {
	[ "$(complete_words hp-diff --color = a | tr '\n' ' ')" = "auto always " ] &&
		[ "$(complete_words hp-sign ke)" = keygen ] &&
		(cd "$out" && touch a.key && [ "$(complete_words hp-sign sign a)" = a.key ]) &&
		(cd "$out" && [ "$(complete_words hp-show k)" = kb.hp ]) &&
		complete_words hp-apply "$(printf %.1s $$)" | grep -qx $$
}

nothing_left() {
	[ -z "$(installed)" ] || { installed && return 1; }
}

install_to() {
	make -s O="$build" DESTDIR="$root" PREFIX=/usr "$1"
}

check "make install-apply" install_to install-apply
check "install_apply_installs_the_applier_alone" only_the_applier
check "the_applier_needs_no_compiler_libraries" without_compiler_libraries
check "make install" install_to install
check "everything_has_its_place" everything
check "the_library_exports_its_own_names_only" exported_names
check "a_program_compiles_against_the_installed_library" compile_example
check "cplusplus_takes_the_header" cplusplus_takes_the_header
check "the_installed_hp_build_makes_a_package" make_package
check "the_example_links_the_package" example_links_it
check "hp_show_prints_what_its_schema_describes" show_says_what_its_schema_says
check "completion_offers_every_option_of_the_help" completes_its_options
check "completion_offers_values_and_files" completes_values
check "make uninstall" install_to uninstall
check "uninstall_leaves_nothing" nothing_left
echo "1..$count"
