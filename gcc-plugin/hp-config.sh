#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Prints the flags with which a program is compiled so that it can be hotpatched.
set -eu
version=@VERSION@

usage() {
	cat <<-'END'
		Usage: hp-config [--cc=COMPILER] --cflags
		Prints what programs are built with so that they can be hotpatched.

		      --cflags        flags for the compiler: the GCC plugin where there is one for it, else sections alone
		      --plugin        the plugin's file; fails when there is none for the compiler
		      --cc=COMPILER   what is compiled with; default $CC, else cc
		      --help, --version

		Exit: 0 printed, 2 no plugin for the compiler (--plugin), 3 bad usage.
	END
}
fail() {
	echo "hp-config: $1" >&2
	exit "$2"
}

compiler=${CC:-cc} want=
for argument; do
	case $argument in
	--cflags | --plugin) want=$argument ;;
	--cc=?*) compiler=${argument#--cc=} ;;
	--help) usage && exit 0 ;;
	--version) echo "hp-config (hotpatch) $version" && exit 0 ;;
	*) fail "'$argument' is no option; Try 'hp-config --help'." 3 ;;
	esac
done
[ -n "$want" ] || fail "nothing to print; Try 'hp-config --help'." 3

# A plugin works with the one version of GCC that it was built for. $compiler may be several words (ccache gcc).
works() {
	# shellcheck disable=SC2086
	echo | CCACHE_DISABLE=1 $compiler "-fplugin=$1" -S -x c -o /dev/null - >/dev/null 2>&1
}
# shellcheck disable=SC2086
$compiler --version >/dev/null 2>&1 || fail "'$compiler' does not run; give the compiler with --cc or CC" 3
here=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC2086
installed=$($compiler -print-file-name=plugin 2>/dev/null || true)/hotpatch.so
flag='' file=''
if [ -f "$installed" ] && works hotpatch; then
	flag=-fplugin=hotpatch file=$(readlink -f "$installed")
else # as built, or installed elsewhere than the compiler
	for found in "$here/../gcc-plugin/hotpatch.so" "$here/../lib/hotpatch/hotpatch.so"; do
		found=$(readlink -f "$found")
		if [ -f "$found" ] && works "$found"; then
			flag=-fplugin=$found file=$found
			break
		fi
	done
fi
case $want in
--plugin)
	[ -n "$file" ] || fail "there is no plugin for '$compiler'" 2
	echo "$file"
	;;
# Sections are named too: harmless with the plugin, and all there is without it.
--cflags) echo "${flag:+$flag }-ffunction-sections -fdata-sections" ;;
esac
