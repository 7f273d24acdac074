#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# hp-srcbuild: from a package's name and a source patch to a hotpatch. Reads as its pipeline at the end.
set -uo pipefail
export LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL

DONE=0 NOTHING=1 REFUSED=2 BAD=3
# What a hotpatchable build needs beyond the distribution's own flags.
FLAGS='-ffunction-sections -fdata-sections -g -fno-lto'
HP_BIN=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
PATH=$HP_BIN:$PATH

usage() {
	cat <<'USAGE'
Usage: hp-srcbuild --package=NAME [OPTION]... FIX.patch -o KB.hp [-- HP-BUILD-OPTION...]
       hp-srcbuild --source=DIR [OPTION]... FIX.patch -o KB.hp [-- HP-BUILD-OPTION...]
       hp-srcbuild (--package=NAME | --source=DIR) [OPTION]... --prepare [--keep=DIR]
Builds a Debian source package before and after a patch, as hotpatches need it, and calls hp-build.

      --package=NAME   fetch the distribution's source package through apt-get
      --version=V      that version of it; default: the newest the package lists know
      --source=DIR     a source tree that is there instead; it is copied, not touched
      --build=COMMAND  what builds in the tree; default: debian/rules build
      --old=DIR        the old side as it was archived at release: it is not built again
      --image=FILE     the image that runs, where it is not the one of the old side (may be repeated)
      --prepare        build and keep the side before a patch only
      --keep=DIR       leave the two sides in DIR/old and DIR/new (with --prepare: the one in DIR)
      --cache=DIR      default $XDG_CACHE_HOME/hotpatch or ~/.cache/hotpatch
  -o, --output=KB.hp   the package; -- hands further options to hp-build: --id, --title, --fixes, --sign ...
  -j, --jobs=N         compile N files at a time; default: one per processor
  -q, --quiet          no progress
      --help, --version

Exit status: 0 package written, 1 the patch changes nothing that is built, 2 refused (each reason is printed),
3 bad usage, or something that cannot be used: a package nobody has, a patch that does not apply, missing
build dependencies, a tree that does not build.
USAGE
}

# ---- saying --------------------------------------------------------------------------------------------------------

die() { # STATUS MESSAGE
	echo "hp-srcbuild: $2" >&2
	exit "$1"
}
bad_usage() {
	echo "hp-srcbuild: $1" >&2
	echo "Try 'hp-srcbuild --help'." >&2
	exit $BAD
}
warn() { echo "hp-srcbuild: warning: $*" >&2; }
progress() { [ "$quiet" = 1 ] || [ ! -t 2 ] || echo "hp-srcbuild: $*" >&2; }

# The lines of a build's log that say why it failed.
explain_failure() { # LOG
	{ grep -E 'error:|Error [0-9]|\*\*\*|No space left|not found|cannot ' "$1" || tail -n 5 "$1"; } | head -n 8 | sed 's/^/  /' >&2
}

# ---- options -------------------------------------------------------------------------------------------------------

parse_options() {
	package='' version='' source='' build_command='' old='' images=() prepare=0 keep='' cache='' output='' quiet=0 patch=''
	jobs=$(nproc) build_options=()
	while [ $# -gt 0 ]; do
		case $1 in
		--package=*) package=${1#*=} ;;
		--version=*) version=${1#*=} ;;
		--source=*) source=${1#*=} ;;
		--build=*) build_command=${1#*=} ;;
		--old=*) old=${1#*=} ;;
		--image=*) images+=("$1") ;;
		--prepare) prepare=1 ;;
		--keep=*) keep=${1#*=} ;;
		--cache=*) cache=${1#*=} ;;
		-o) output=${2-}; shift ;;
		-o*) output=${1#-o} ;;
		--output=*) output=${1#*=} ;;
		-j) jobs=${2-}; shift ;;
		-j*) jobs=${1#-j} ;;
		--jobs=*) jobs=${1#*=} ;;
		-q | --quiet) quiet=1 ;;
		--help) usage; exit 0 ;;
		--version) echo "hp-srcbuild ${HP_TOOL_VERSION:-$("$HP_BIN/hp-build" --version | sed -n '1s/.* //p')}"; exit 0 ;;
		--) shift; build_options=("$@"); break ;;
		-*) bad_usage "unknown option '$1'" ;;
		*) [ -z "$patch" ] || bad_usage "one patch at a time; concatenate several"; patch=$1 ;;
		esac
		shift || bad_usage "an argument is missing"
	done
	check_options
}

check_options() {
	[ -n "$package$source" ] || bad_usage "which source? --package=NAME or --source=DIR is missing"
	[ -z "$package" ] || [ -z "$source" ] || bad_usage "--package and --source exclude each other"
	[ -z "$version" ] || [ -n "$package" ] || bad_usage "--version=V is for --package"
	case $package in *[!a-z0-9+.-]*) bad_usage "'$package' is no name of a source package" ;; esac
	case $version in *[!A-Za-z0-9.+~:-]*) bad_usage "'$version' is no version" ;; esac
	case $jobs in '' | *[!0-9]* | 0) bad_usage "-j takes a number" ;; esac
	if [ "$prepare" = 1 ]; then
		[ -z "$patch$output$old" ] || bad_usage "--prepare takes no patch, no -o and no --old"
	else
		[ -n "$patch" ] || bad_usage "which patch?"
		[ -n "$output" ] || bad_usage "where to? -o KB.hp is missing"
		{ [ -r "$patch" ] && [ -f "$patch" ]; } || die $BAD "$patch: cannot be read"
	fi
	[ -z "$source" ] || [ -d "$source" ] || die $BAD "$source: is no directory"
	[ -z "$old" ] || [ -d "$old" ] || die $BAD "$old: is no directory"
	[ -n "$cache" ] || cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/hotpatch
	cache=$cache/srcbuild
	{ mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; } || die $BAD "$cache: cannot be written; name another one with --cache"
	cache=$(cd "$cache" && pwd)
	log=$cache/log.$$
	# A package that is there is not the one that was asked for.
	[ "$prepare" = 1 ] || forget_output
}

# As hp-build does: on failure no earlier package is left at -o.
forget_output() {
	[ ! -e "$output" ] || [[ $output == *.hp ]] || die $BAD "$output: is there and is no package; name another file"
	rm -f "$output"
}

# ---- the source --------------------------------------------------------------------------------------------------------

# Few systems list the source side of their archives, so it is derived from the binary side, into a configuration of our
# own; nothing of the system's is written.
apt() {
	apt-get -q -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State="$cache/apt/state" \
		-o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root "$@"
}

list_sources() {
	mkdir -p "$cache/apt/state/lists/partial" "$cache/apt/cache/archives/partial"
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format 'deb-src [signed-by=$(SIGNED_BY)] $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		sed 's/\[signed-by=\(\$(SIGNED_BY)\)\{0,1\}\] //' | sort -u >"$cache/apt/sources.list"
	[ -s "$cache/apt/sources.list" ] || die $BAD "apt knows no archive to fetch $package from; run apt-get update, or give --source=DIR"
}

fetch_source() {
	local wanted=$package${version:+=$version} dir
	for tool in apt-get dpkg-source; do
		command -v $tool >/dev/null || die $BAD "$tool is missing: apt-get install dpkg-dev, or give --source=DIR"
	done
	exec 8>"$cache/lock.apt"
	flock 8
	if [ -z "$version" ] || ! compgen -G "$cache/source/${package}_$version/" >/dev/null; then
		progress "fetching the source of $wanted"
		list_sources
		apt update >"$log" 2>&1 || warn "not every package list could be fetched; going on with the others"
		dir=$(mktemp -d "$cache/download.XXXXXX")
		(cd "$dir" && apt --download-only source "$wanted") >>"$log" 2>&1 || {
			grep '^E:' "$log" | sed 's/^/  /' >&2
			rm -rf "$dir"
			die $BAD "$wanted: the archives have no such source package, or it cannot be fetched"
		}
		version=$(sed -n 's/^Version: *//p' "$dir"/*.dsc | head -1)
		if [ ! -d "$cache/source/${package}_$version" ]; then
			dpkg-source --no-check --no-copy -x "$dir"/*.dsc "$dir/tree" >>"$log" 2>&1 || die $BAD "$wanted: cannot be unpacked; see $log"
			mkdir -p "$cache/source" && mv "$dir/tree" "$cache/source/${package}_$version"
		fi
		rm -rf "$dir"
	fi
	exec 8>&-
	source=$cache/source/${package}_$version
}

name_source() {
	if [ -n "$package" ]; then
		fetch_source
	else
		source=$(cd "$source" && pwd)
	fi
	[ -n "$build_command" ] || [ -f "$source/debian/rules" ] ||
		die $BAD "$source: has no debian/rules; say with --build=COMMAND how it is built"
	if [ -z "$package" ] && [ -f "$source/debian/changelog" ]; then
		package=$(dpkg-parsechangelog -l "$source/debian/changelog" -S Source 2>/dev/null) || package=''
	fi
	[ -n "$package" ] || package=$(basename "$source")
}

check_dependencies() {
	local missing
	[ -z "$build_command" ] || return 0
	command -v dpkg-checkbuilddeps >/dev/null || die $BAD "dpkg-checkbuilddeps is missing: apt-get install dpkg-dev"
	missing=$(cd "$source" && dpkg-checkbuilddeps -I 2>&1) && return 0
	missing=$(sed -n 's/.*[Uu]nmet build dependencies: //p' <<<"$missing")
	[ -n "$missing" ] || die $BAD "$source/debian/control: cannot be read"
	die $BAD "build dependencies are missing: $missing
  install them: apt-get build-dep $package${version:+=$version}   (or: apt-get install $(sed 's/([^)]*)//g;s/|[^ ]*//g;s/  */ /g' <<<"$missing"))"
}

# ---- a side --------------------------------------------------------------------------------------------------------------

# What a build is made of: sources with their modes, patch, command, flags, compiler.
digest_of() { # [PATCH]
	{
		(cd "$source" && find . -type f ! -path './.git/*' -print0 | sort -z | xargs -0 sha256sum)
		[ -z "${1-}" ] || sha256sum <"$1"
		echo "$build_command|$FLAGS|${CC:-}|$(${CC:-gcc} --version 2>&1 | head -1)|$(dpkg-architecture -qDEB_BUILD_ARCH 2>/dev/null)"
	} | sha256sum | cut -c1-40
}

apply_patch() { # TREE
	local level
	for level in 1 0 2; do
		if patch -p$level --dry-run -s -f -d "$1" <"$patch" >"$log" 2>&1; then
			patch -p$level -s -f -d "$1" <"$patch" >>"$log" 2>&1 || die $BAD "$patch: cannot be applied; see $log"
			return
		fi
		cp "$log" "$log.$level"
	done
	patch -p1 -R --dry-run -s -f -d "$1" <"$patch" >/dev/null 2>&1 &&
		die $BAD "$patch: is in the source already${version:+ (version $version)}; name the version that runs with --version=V"
	sed 's/^/  /' "$log.1" | head -n 8 >&2
	rm -f "$log".?
	die $BAD "$patch: does not apply to the source${version:+ of version $version}"
}

# Where one source is built is one place, so that no path differs between two sides; two at once take turns.
build_in() { # TREE
	local cflags
	(
		cd "$1" || exit
		export DEB_BUILD_OPTIONS="nocheck nostrip noautodbgsym parallel=$jobs" DEB_CFLAGS_APPEND="$FLAGS" DEB_CXXFLAGS_APPEND="$FLAGS"
		export DEB_LDFLAGS_APPEND=-Wl,--build-id=sha1
		if [ -n "$build_command" ]; then
			cflags=$(dpkg-buildflags --get CFLAGS 2>/dev/null) || cflags="-O2 $FLAGS"
			export CFLAGS="$cflags" CXXFLAGS="$cflags" LDFLAGS=-Wl,--build-id=sha1 MAKEFLAGS=-j$jobs
			sh -c "$build_command"
		else
			chmod +x debian/rules && debian/rules build
		fi
	) </dev/null >"$log" 2>&1
}

# Objects, archives and linked images: what hp-build reads.
harvest() { # FROM TO
	local name magic
	(
		cd "$1" || exit
		find . -type f \( -name '*.o' -o -name '*.a' -o -name '*.so' -o -name '*.so.*' \) -print
		find . -type f -perm -u+x ! -name '*.o' ! -name '*.a' ! -name '*.so' ! -name '*.so.*' -print | while IFS= read -r name; do
			magic=
			IFS= read -rd '' -n4 magic <"$name" || [ -n "$magic" ] || continue
			[ "$magic" != $'\x7fELF' ] || printf '%s\n' "$name"
		done
	) | (cd "$1" && xargs -r -d '\n' cp -p --parents -t "$2")
}

# make_side WHICH [PATCH]: builds a side unless it is there; sets side to its directory.
make_side() {
	local key tree part
	key=$(digest_of "${2-}")
	side=$cache/sides/$key
	[ ! -d "$side" ] || { progress "$1: built before"; return; }
	tree=$cache/build/$(digest_of)
	mkdir -p "$cache/build" "$cache/sides"
	exec 9>"$tree.lock"
	flock 9
	if [ ! -d "$side" ]; then # nobody built it while this one waited
		progress "building $package ${1}"
		rm -rf "$tree"
		cp -a "$source" "$tree" || die $BAD "$cache: cannot be written"
		[ -z "${2-}" ] || apply_patch "$tree"
		build_in "$tree" || {
			explain_failure "$log"
			cp "$log" "$cache/failed.log"
			rm -rf "$tree"
			die $BAD "$package does not build $1; the whole of its output is in $cache/failed.log"
		}
		part=$(mktemp -d "$cache/sides/part.XXXXXX")
		harvest "$tree" "$part"
		[ -n "$(ls -A "$part")" ] || { rm -rf "$part"; die $BAD "$package: its build leaves no objects"; }
		mv -T "$part" "$side"
		rm -rf "$tree"
	fi
	exec 9>&-
}

# ---- the image that runs ------------------------------------------------------------------------------------------------------

build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: //p'; }

# The installed files are the distribution's build: processes that run them are not what this package is for.
compare_installed() { # JSON
	local id file name
	command -v dpkg-query >/dev/null || return 0
	# shellcheck disable=SC2016 # dpkg-query's own placeholders
	dpkg-query -W -f '${source:Package} ${binary:Package}\n' 2>/dev/null | awk -v p="$package" '$1 == p { print $2 }' |
		xargs -r dpkg-query -L 2>/dev/null | sort -u >"$log.files"
	sed -n 's/.*"build_id": *"\([0-9a-f]*\)".*/\1/p' "$1" | sort -u >"$log.ids"
	sed -n 's/.*"image": *"\([^"]*\)".*/\1/p' "$1" | sort -u | while IFS= read -r name; do
		file=$(grep -m1 "/$name\$" "$log.files")
		[ -f "$file" ] || continue
		id=$(build_id "$file")
		[ -z "$id" ] || grep -qx "$id" "$log.ids" ||
			warn "$file as installed is build ID ${id:0:8}…, which this package does not repair: it is for $(head -c8 "$log.ids")…, the build made here; to repair what a distribution ships its own objects must have been kept (hotpatch: tutorial-archive.md)"
	done
	rm -f "$log.files" "$log.ids"
}

# ---- the pipeline ----------------------------------------------------------------------------------------------------------------

# Where hp-build is to find the two sides under names that people know.
keep_sides() {
	[ -n "$keep" ] || return 0
	{ mkdir -p "$keep/$2" && cp -a "$1/." "$keep/$2"; } || die $BAD "$keep: cannot be written"
}

run_hp_build() {
	local status json=$log.json options=()
	[ "$quiet" = 0 ] || options=(-q)
	"$HP_BIN/hp-build" "${options[@]}" "${images[@]}" -o "$output" --json="$json" "${build_options[@]}" "$old" "$new"
	status=$?
	[ $status != 0 ] || compare_installed "$json"
	rm -f "$json"
	return $status
}

main() {
	parse_options "$@"
	trap 'rm -f "$log" "$log".*' EXIT
	trap 'exit 3' INT TERM HUP
	name_source
	check_dependencies
	if [ -z "$old" ]; then
		make_side "before the patch"
		old=$side
	fi
	if [ "$prepare" = 1 ]; then
		[ -z "$keep" ] || { mkdir -p "$keep" && cp -a "$old/." "$keep"; } || die $BAD "$keep: cannot be written"
		echo "${keep:-$old}"
		exit $DONE
	fi
	patch=$(realpath "$patch")
	make_side "after the patch" "$patch"
	new=$side
	keep_sides "$old" old
	keep_sides "$new" new
	run_hp_build
	case $? in
	0) exit $DONE ;;
	1) exit $NOTHING ;;
	2) exit $REFUSED ;;
	*) exit $BAD ;;
	esac
}

main "$@"
