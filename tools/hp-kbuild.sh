#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# hp-kbuild: from a source patch to a package for the Linux kernel that is running. Reads as its pipeline at the end.
set -uo pipefail
export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL

DONE=0 NOTHING=1 REFUSED=2 BAD=3
FIX_FORM='-ffunction-sections -fdata-sections'
TREE_FORMAT=2 # of what is prepared in the cache, .hp/ above all: another number, another tree

usage() {
	cat <<'END'
Usage: hp-kbuild --kernel=RELEASE [OPTION]... FIX.patch -o KB.hp [-- HP-BUILD-OPTION...]
       hp-kbuild --kernel=RELEASE [OPTION]... --prepare
Compiles the objects that a source patch touches, before and after, as the kernel's makers did, and calls
hp-build: a package for the stock kernel, without building it.

      --kernel=RELEASE   as uname -r says it
      --fetch            download what is missing of the release's image, headers and source through apt-get
      --source=DIR       the kernel's source, unpacked; default: the distribution's linux-source package
      --config=FILE      its configuration; default: that of its headers package
      --image=FILE       its vmlinuz; default /boot/vmlinuz-RELEASE
      --prepare          only prepare the tree; prints where everything is
      --cache=DIR        default $XDG_CACHE_HOME/hotpatch or ~/.cache/hotpatch
      --module=DIR       export the livepatch module to DIR, too, and embed it in KB.hp
      --keep=DIR         keep the objects: DIR/old, DIR/new, DIR/running (old ones as they were linked)
      --timings=FILE     write the seconds of each stage
  -o KB.hp               the package; -- hands further options to hp-build: --id, --title, --fixes, --sign ...
  -j N                   compile N objects at a time; default: one per processor
  -q                     no progress
      --help, --version

Exit status: 0 package written, 1 the patch changes nothing in this kernel, 2 refused (each reason is
printed), 3 bad usage, or an argument that cannot be used: a patch that does not apply, a tree or compiler
of another version.
END
}

# ---- saying --------------------------------------------------------------------------------------------------------

die() { # STATUS MESSAGE
	echo "hp-kbuild: $2" >&2
	exit "$1"
}

note() { [ "$quiet" = 1 ] || echo "hp-kbuild: $*" >&2; }
progress() { [ "$quiet" = 1 ] || [ ! -t 2 ] || echo "hp-kbuild: $*" >&2; }

stage_name='' stage_start=0
stage() { # NAME: ends the stage before
	local now=$EPOCHREALTIME
	if [ -n "$stage_name" ] && [ -n "$timings" ]; then
		awk -v n="$stage_name" -v a="$stage_start" -v b="$now" 'BEGIN { printf "%s\t%.2f\n", n, b - a }' >>"$timings"
	fi
	stage_name=$1 stage_start=$now
	[ -z "$1" ] || progress "$1"
}

# Where there is no room left, for bytes or for files. A log cannot tell: it lies on that disk, too.
full_disk() {
	df --output=avail,itotal,iavail,target "$cache" "$work" 2>/dev/null |
		awk 'NR > 1 && ($1 < 1024 || ($2 > 0 && $3 == 0)) { sub(/^ *([^ ]+ +)([^ ]+ +)([^ ]+ +)/, ""); print; exit }'
}

# Ends with what a failed command said. A full disk is no fault of the patch.
fail() { # STATUS LOG MESSAGE
	local status=$1 full=${was_full:-$(full_disk)}
	if [ -n "$full" ] || grep -qs 'No space left on device' "$2"; then
		echo "hp-kbuild: no space left on device${full:+: $full}; make room, or name another place with --cache or TMPDIR" >&2
		status=$BAD
	fi
	grep -sE 'error|Error|\*\*\*|No space|cannot|not found' "$2" | head -n 8 | sed 's/^/  /' >&2
	die "$status" "$3"
}

was_full='' # before what had been written was removed
no_room() { fail $BAD /dev/null "$work: cannot be written"; }

# ---- running -------------------------------------------------------------------------------------------------------

# A command in a process group of its own, so that all of it ends when this program is told to.
running='' counter=''
run() {
	local status
	set -m
	"$@" &
	running=$!
	set +m
	wait "$running"
	status=$?
	running=''
	return $status
}

interrupted() {
	trap '' INT TERM HUP
	[ -z "$running" ] || kill -TERM -- "-$running" 2>/dev/null
	end_count
	[ -z "$output" ] || rm -f "$output"
	echo "hp-kbuild: interrupted; what is finished is kept, the next run goes on from there" >&2
	exit 130
}

# Another run may be making what this one needs.
wait_for() { # DESCRIPTOR WHAT
	flock -n "$1" && return
	note "another hp-kbuild $2; waiting for it"
	run flock "$1"
}

# ---- options -------------------------------------------------------------------------------------------------------

parse_options() {
	kernel='' fetch=0 source='' config='' image='' prepare=0 cache='' module='' keep='' timings='' output='' quiet=0
	patch='' jobs=$(nproc) build_options=()
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel=*) kernel=${1#*=} ;;
		--fetch) fetch=1 ;;
		--source=*) source=${1#*=} ;;
		--config=*) config=${1#*=} ;;
		--image=*) image=${1#*=} ;;
		--prepare) prepare=1 ;;
		--cache=*) cache=${1#*=} ;;
		--module=*) module=${1#*=} ;;
		--keep=*) keep=${1#*=} ;;
		--timings=*) timings=${1#*=} ;;
		-o) output=${2-}; shift ;;
		-o*) output=${1#-o} ;;
		-j) jobs=${2-}; shift ;;
		-j*) jobs=${1#-j} ;;
		-q) quiet=1 ;;
		--help) usage; exit 0 ;;
		--version) exec "$HP_BIN/hp-build" --version ;;
		--) shift; build_options=("$@"); break ;;
		-*) bad_usage "unknown option '$1'" ;;
		*) [ -z "$patch" ] || bad_usage "one patch at a time; concatenate several"; patch=$1 ;;
		esac
		shift || bad_usage "an argument is missing"
	done
	[ -n "$kernel" ] || bad_usage "which --kernel=RELEASE?"
	case $kernel in */* | *' '* | .*) bad_usage "'$kernel' is no release" ;; esac
	case $jobs in '' | *[!0-9]* | 0) bad_usage "-j takes a number" ;; esac
	[ "$prepare" = 1 ] || [ -n "$patch" ] || bad_usage "which patch?"
	[ "$prepare" = 1 ] || [ -n "$output" ] || bad_usage "where to? -o KB.hp is missing"
	[ -n "$cache" ] || cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/hotpatch
}

bad_usage() {
	echo "hp-kbuild: $1" >&2
	echo "Try 'hp-kbuild --help'." >&2
	exit $BAD
}

# Whatever package stood at -o before is none for this patch; but a file that no earlier run can have left stays.
clear_output() {
	[ -n "$output" ] && [ -e "$output" ] || return 0
	if [ ! -f "$output" ] || { [ -s "$output" ] && [ "${output%.hp}" = "$output" ] && [ "$(head -c 4 "$output" | tail -c 3)" != HPK ]; }; then
		echo "hp-kbuild: $output: is there and is no package; name another file" >&2
		output=''
		exit $BAD
	fi
	rm -f "$output"
}

# ---- the kernel: image, headers, source ------------------------------------------------------------------------------

download_packages() { # DIR VERSION NAME...
	local version=$2 name
	cd "$1" || exit
	shift 2
	for name in "$@"; do
		progress "downloading $name $version"
		apt-get -q download "$name=$version" >apt.log 2>&1 && dpkg-deb -x "${name}"_*.deb root >>apt.log 2>&1 && rm -f "${name}"_*.deb || exit
	done
}

# Unpacks Debian packages of the release into the cache. Version: that of the image, so that all are one build.
fetch_packages() {
	local base=${kernel%%-*} version names
	base=${base%.*}
	rm -rf "$root".tmp.*
	version=$(apt-cache madison "linux-image-$kernel" 2>/dev/null | awk '{ print $3; exit }')
	[ -n "$version" ] || die $BAD "the package lists know no linux-image-$kernel; is it the release of a distribution's kernel, and apt-get update up to date?"
	names="linux-image-$kernel linux-headers-$kernel"
	[ -n "$source" ] || names="$names linux-source-$base"
	mkdir -p "$root.tmp.$$" || die $BAD "$cache: cannot be written"
	# shellcheck disable=SC2086 # words
	run download_packages "$root.tmp.$$" "$version" $names || {
		was_full=$(full_disk)
		mv "$root.tmp.$$/apt.log" "$work/"
		rm -rf "$root.tmp.$$"
		fail $BAD "$work/apt.log" "packages of $kernel $version cannot be downloaded and unpacked"
	}
	mv -T "$root.tmp.$$/root" "$root" 2>/dev/null || [ -d "$root" ] || die $BAD "$root: cannot be written"
	rm -rf "$root.tmp.$$"
}

# first FILE...: the first that is there.
first() {
	local file
	for file in "$@"; do
		[ -e "$file" ] && { echo "$file"; return 0; }
	done
	return 1
}

find_kernel() {
	local missing=
	root=$cache/packages/$kernel
	mkdir -p "$cache/packages" 2>/dev/null || die $BAD "$cache: cannot be written; name another place with --cache"
	[ -z "$source" ] || [ -e "$source" ] || die $BAD "$source: is not there"
	find_files || missing=1
	if [ -n "$missing" ] && [ "$fetch" = 1 ] && [ ! -d "$root" ]; then
		exec 8>"$cache/packages/lock" && wait_for 8 "downloads the packages"
		[ -d "$root" ] || fetch_packages
		exec 8>&-
		find_files && missing=
	fi
	[ -r "$image" ] || die $BAD "no image of $kernel: /boot/vmlinuz-$kernel is not there; name it with --image, or use --fetch"
	[ -r "$config" ] || die $BAD "no configuration of $kernel: linux-headers-$kernel is not installed; name it with --config, or use --fetch"
	[ -r "$source" ] || die $BAD "no source of $kernel: name its tree with --source, or use --fetch"
}

find_files() {
	local base=${kernel%%-*}
	base=${base%.*}
	image=${image:-$(first "/boot/vmlinuz-$kernel" "$root/boot/vmlinuz-$kernel")}
	modules=$(first "/lib/modules/$kernel/kernel" "$root/lib/modules/$kernel/kernel" "$root/usr/lib/modules/$kernel/kernel")
	headers=$(first "/usr/src/linux-headers-$kernel" "$root/usr/src/linux-headers-$kernel")
	config=${config:-$(first "$headers/.config" "/boot/config-$kernel" "$root/boot/config-$kernel")}
	source=${source:-$(first "$root/usr/src/linux-source-$base.tar.xz" "/usr/src/linux-source-$base.tar.xz")}
	[ -n "$image" ] && [ -n "$config" ] && [ -n "$source" ]
}

# What the image says of itself: release, build ID, and the banner "Linux version RELEASE (maker) (compiler, linker) #1 ...
# Debian 6.1.192-2 (date)". Told once, kept with what is made for it.
read_image() {
	if [ ! -s "$store/image" ]; then
		"$HP_BIN/hp-build" --target=linux --image="$image" >"$work/image" 2>"$work/image.log" || {
			sed 's/^hp-build: /hp-kbuild: /' "$work/image.log" >&2
			exit $BAD
		}
		if ! mkdir -p "$store" || ! cp "$work/image" "$store/image.$$" || ! mv "$store/image.$$" "$store/image"; then
			fail $BAD /dev/null "$store: cannot be written"
		fi
	fi
	banner=$(sed -n 's/^banner=//p' "$store/image")
	[ -n "$banner" ] || die $BAD "$image: is a module; name the kernel itself, vmlinuz"
}

check_release() {
	case $banner in
	"Linux version $kernel "*) ;;
	*) die $BAD "$image: is not $kernel: $(echo "$banner" | cut -d' ' -f1-3)" ;;
	esac
}

check_compiler() {
	local compiler ours
	compiler=$(echo "$banner" | sed -n 's/^[^(]*([^)]*) (\(.*\), GNU ld.*/\1/p')
	CC=${compiler%% *}
	command -v "${CC:-none}" >/dev/null || die $BAD "the kernel was built by $compiler, which is not installed: apt-get install $CC"
	ours=$("$CC" --version | head -n 1)
	[ "$ours" = "$compiler" ] || die $BAD "the kernel was built by '$compiler', but here $CC is '$ours': other code would come out"
}

check_version() { # TREE
	local version
	version=$(sed -n 's/^VERSION = //p;s/^PATCHLEVEL = /./p;s/^SUBLEVEL = /./p' "$1/Makefile" 2>/dev/null | head -n 3 | tr -d '\n')
	[ -n "$version" ] || die $BAD "$source: is no source tree of a kernel"
	case "$banner " in
	"Linux version $version"[-\ ]* | *" $version-"[0-9]*) ;;
	*) die $BAD "$source: is version $version, but the image says: ${banner##*#}; take the source of that version" ;;
	esac
}

# ---- the prepared tree -----------------------------------------------------------------------------------------------

kbuild() { # TREE GOAL...
	local tree=$1
	shift
	make -C "$tree" CC="$CC" KERNELRELEASE="$kernel" PAHOLE="$tree/.hp/pahole" "$@"
}

# kbuild asks pahole for its version, and structures depend on the answer; single objects need no more of it.
fake_pahole() { # TREE
	local version
	version=$(sed -n 's/^CONFIG_PAHOLE_VERSION=\(.\)\(.*\)/v\1.\2/p' "$1/.config")
	printf '#!/bin/sh\necho %s\n' "${version:-v0.0}" >"$1/.hp/pahole" && chmod +x "$1/.hp/pahole"
}

# Each object of the configuration with its exact command, as make itself tells it: object, source, module or "-", compiler
# command without files, objtool command without file.
list_commands() { # TREE
	kbuild "$1" -n -k vmlinux modules 2>/dev/null | awk '
		!match($0, / -c -o [^ ]+\.o [^ ;]+ *(;|$)/) { next }
		{
			files = substr($0, RSTART + 7, RLENGTH - 7)
			split(files, file, " ")
			head = substr($0, 1, RSTART - 1)
			rest = substr($0, RSTART + RLENGTH)
			sub(/;$/, "", file[2])
			if (file[2] !~ /\.[cS]$/ || seen[file[1]]++)
				next
			sub(/.*; */, "", head)
			sub(/-Wp,-MMD,[^ ]* */, "", head)
			tool = ""
			if (match(rest, /^ *\.\/tools\/objtool\/objtool [^;]*/)) {
				tool = substr(rest, RSTART, RLENGTH)
				sub(/ +[^ ]+ *$/, "", tool)
			}
			unit = "-"
			if (head ~ / -DMODULE/ && match(head, /-DKBUILD_MODNAME=[^ ]*/))
				unit = substr(head, RSTART + 17, RLENGTH - 17)
			gsub(/["'\''\\]/, "", unit)
			print file[1] "\t" file[2] "\t" unit "\t" head "\t" tool
		}' >"$1/.hp/commands"
	# With -k make may fail where the tree is all right; a list that is cut short is not.
	[ "${PIPESTATUS[1]}" = 0 ] && [ -s "$1/.hp/commands" ]
}

# Who may include what, by the text alone: FILE, name in the include line, and the file it is for certain: what stands in
# quotes is first looked for beside the file.
list_includes() { # TREE
	(cd "$1" && find . -name '*.[chS]' -printf '%P\n' && grep -rE --include='*.[chS]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' \
		arch/"$SRCARCH" include block certs crypto drivers fs init io_uring ipc kernel lib mm net security sound virt 2>/dev/null) |
		awk '
			!/["<]/ { there[$0] = 1; next }
			{
				file = $0; sub(/:.*/, "", file)
				name = $0; sub(/^[^"<]*/, "", name)
				quoted = name ~ /^"/
				name = substr(name, 2); sub(/[">].*/, "", name)
				beside = file; sub(/[^\/]*$/, "", beside)
				beside = quoted && there[beside name] ? beside name : ""
				sub(/^(\.\.?\/)+/, "", name)
				print file "\t" name "\t" beside
			}' >"$1/.hp/includes"
	# Not every version has all of these directories, so grep may complain.
	[ "${PIPESTATUS[1]}" = 0 ] && [ -s "$1/.hp/includes" ]
}

unpack_source() { # TREE
	if [ -d "$source" ]; then
		cp -a "$source/." "$1/"
	else
		tar -xf "$source" -C "$1" --strip-components=1
	fi
}

prepare_tree() { # TREE LOG
	local t=$1 log=$2
	mkdir -p "$t/.hp" && unpack_source "$t" >"$log" 2>&1 || return
	cp "$config" "$t/.config" && chmod u+w "$t/.config" && fake_pahole "$t" || return
	check_version "$t"
	"$t/scripts/config" --file "$t/.config" -d GCC_PLUGINS >>"$log" 2>&1 || return
	stage 'preparing the tree'
	kbuild "$t" -j"$jobs" olddefconfig modules_prepare >>"$log" 2>&1 </dev/null || return
	if [ -n "$headers" ]; then
		cp "$headers/Module.symvers" "$t/" || return
		for f in compile.h package.h utsversion.h; do
			[ ! -e "$headers/include/generated/$f" ] || cp "$headers/include/generated/$f" "$t/include/generated/" || return
		done
	fi
	stage 'listing the objects'
	list_commands "$t" && list_includes "$t"
}

source_key() {
	if [ -d "$source" ]; then
		(cd "$source" && find . -name .git -prune -o -type f -printf '%p %s %T@\n' | sort | sha256sum)
	else
		hash_archive "$source"
	fi
}

# A hash of 140 MB takes longer than a small fix; it is known as long as the file's change time is the same.
hash_archive() { # FILE
	local stamp hash
	stamp=$(stat -Lc '%d:%i %s %Y %Z' "$1") || return
	grep -sF "$stamp	" "$cache/kernel/hashes" | tail -n 1 | cut -f2 | grep . && return
	hash=$(sha256sum <"$1") || return
	mkdir -p "$cache/kernel" && printf '%s\t%s\n' "$stamp" "$hash" >>"$cache/kernel/hashes"
	echo "$hash"
}

prepare_in_stages() { # TREE LOG
	local status
	stage 'unpacking the source'
	prepare_tree "$1" "$2"
	status=$?
	stage ''
	return $status
}

# One tree per contents of image, configuration and source; made beside its place, so that it is whole or not there.
get_tree() {
	local key log status
	SRCARCH=x86
	stage 'looking for the tree'
	key=$({ echo "$TREE_FORMAT" && cat "$image" "$config" && source_key; } | sha256sum | cut -c1-20) || die $BAD "image, configuration or source cannot be read"
	store=$cache/kernel/$kernel-$key
	tree=$store/tree
	read_image
	check_release
	check_compiler
	[ ! -d "$source" ] || check_version "$source"
	exec 9>"$store/lock" || die $BAD "$store: cannot be written"
	wait_for 9 "prepares the tree"
	if [ ! -d "$tree" ]; then
		rm -rf "$store"/tree.tmp.*
		log=$store/prepare.log
		stage ''
		run prepare_in_stages "$store/tree.tmp.$$" "$log"
		status=$?
		if [ $status != 0 ]; then
			was_full=$(full_disk)
			rm -rf "$store/tree.tmp.$$"
			[ $status = $BAD ] && exit $BAD # it said why
			fail $BAD "$log" "the tree cannot be prepared; see $log"
		fi
		mv -T "$store/tree.tmp.$$" "$tree" || die $BAD "$tree: cannot be written"
	fi
	exec 9>&-
	stage ''
}

# ---- what the patch touches --------------------------------------------------------------------------------------------

# The files that the patch names; looked at before a tree is prepared for it.
read_patch() {
	if [ ! -f "$patch" ] || [ ! -r "$patch" ]; then
		die $BAD "$patch: cannot be read"
	fi
	sed -nE 's/^(---|\+\+\+) ([^\t ]*).*/\2/p' "$patch" | grep -v '^/dev/null$' | sed -E 's,^[^/]*/,,' | sort -u >"$work/named"
	[ -s "$work/named" ] || die $BAD "$patch: is no unified diff"
	! grep -m 1 -E '(^|/)[.][.](/|$)' "$work/named" >"$work/outside" || die $BAD "$patch: names $(cat "$work/outside"), which lies outside of the tree"
}

# Applies the patch to copies of the files it names: $work/patched/FILE.
apply_patch() {
	local file
	stage 'applying the patch'
	while IFS= read -r file; do
		[ -f "$tree/$file" ] || continue
		mkdir -p "$work/patched/$(dirname "$file")"
		cp "$tree/$file" "$work/patched/$file" || no_room
	done <"$work/named"
	mkdir -p "$work/patched" || no_room
	if ! patch -d "$work/patched" -p1 -s -f -N --no-backup-if-mismatch <"$patch" >"$work/patch.log" 2>&1; then
		[ -z "$(full_disk)" ] || no_room
		head -n 6 "$work/patch.log" | sed 's/^/  /' >&2
		die $BAD "$patch: does not apply to $kernel (#${banner##*#})"
	fi
	(cd "$work/patched" && find . -type f ! -name '*.orig' -printf '%P\n' | sort) >"$work/files" || no_room
	while IFS= read -r file; do
		cmp -s "$tree/$file" "$work/patched/$file" || echo "$file" || no_room
	done <"$work/files" >"$work/changed"
}

# Lines of a folder's makefile that name WORD.
naming() { # DIRECTORY WORD
	local file=$tree/$1/Makefile
	[ ! -e "$tree/$1/Kbuild" ] || file=$tree/$1/Kbuild
	sed -e ':join' -e '/\\$/{N;s/\\\n/ /;b join' -e '}' "$file" 2>/dev/null | grep -E "[[:space:]=]${2//./[.]}([[:space:]]|\$)"
}

# Why a changed C file is in no object: the first switch that is off on the way from it to the kernel, by way of the object that
# it is a part of, and of its folder.
why_not_compiled() { # FILE
	local directory=${1%/*} word=${1##*/} lines symbol part
	word=${word%.*}.o
	for _ in 1 2 3 4 5 6 7 8; do
		lines=$(naming "$directory" "$word") || break
		while IFS= read -r symbol; do
			grep -q "^$symbol=" "$tree/.config" || { echo "$symbol is not set in this kernel"; return; }
		done < <(cut -d= -f1 <<<"$lines" | grep -oE 'CONFIG_[A-Z0-9_]+')
		part=$(sed -nE 's/^([A-Za-z0-9_-]+)-(objs|y|m|\$\([^)]*\))[[:space:]]*[:+]?=.*/\1/p' <<<"$lines" | head -n 1)
		case $part in
		obj | lib | '') [ "$directory" != . ] || break
			word=${directory##*/}/
			case $directory in */*) directory=${directory%/*} ;; *) directory=. ;; esac ;;
		*) word=$part.o ;;
		esac
	done
	echo "it is compiled into nothing of this kernel"
}

# What runs in the kernel, of all that its makefiles compile: $work/own. They also make what runs before it (decompressor, EFI stub,
# real mode), after it (purgatory) or beside it (their own tools); some of that from sources of the kernel (lib/cmdline.c). What
# tells are the folder and, for x86, the memory model that only the kernel is compiled for (KBUILD_CFLAGS of arch/x86/Makefile), the
# last one of a command being the one that counts. The vDSO is among them, though it runs in processes: hp-build
# refuses where it changes, and nobody would be told otherwise.
list_own() {
	awk -F'\t' -v arch="$SRCARCH" '
		$1 ~ /^(scripts|usr)\// { next }
		$2 ~ /[.]S$/ && $1 ~ ("^arch/" arch "/(boot|realmode|purgatory|entry/vdso)/") { next }
		arch == "x86" && $2 ~ /[.]c$/ {
			model = $4
			if (!sub(/.*-mcmodel=/, "", model) || model !~ /^kernel( |$)/) {
				if ($1 !~ ("^arch/" arch "/entry/vdso/[^/]*$"))
					next
				print $1 >"/dev/stderr"
			}
		}
		{ print }' "$tree/.hp/commands" >"$work/own" 2>"$work/vdso" || no_room
}

# Objects by source file, and by the headers that their sources may include: $work/objects.
find_objects() {
	local file
	stage 'finding the objects'
	: >"$work/sources"
	: >"$work/reach"
	list_own
	while IFS= read -r file; do
		case $file in
		arch/"$SRCARCH"/boot/*) beside_the_kernel "$file" ;;
		arch/"$SRCARCH"/*) sort_file "$file" ;;
		arch/*) note "$file: is for another architecture" ;;
		Documentation/* | tools/* | samples/* | scripts/* | usr/* | *.rst | *.txt | MAINTAINERS | CREDITS) note "$file: is no code of the kernel" ;;
		Makefile | */Makefile | */Makefile.* | */Kbuild | */Kconfig* | Kconfig*) note "$file: says how to build; a running kernel stays configured as it is" ;;
		*) sort_file "$file" ;;
		esac
	done <"$work/changed"
	awk -F'\t' 'NR == FNR { wanted[$1] = 1; next } wanted[$2] { print $1 }' "$work/sources" "$work/own" >"$work/objects.direct" || no_room
	: >"$work/objects.reached"
	[ ! -s "$work/reach" ] || find_reached
	sort -u "$work/objects.direct" "$work/objects.reached" >"$work/objects" || no_room
}

is_source() { # FILE COMMANDS
	awk -F'\t' -v f="$1" '$2 == f { found = 1; exit } END { exit !found }' "$2"
}

beside_the_kernel() { # FILE
	note "$1: is no part of the running kernel's own code; not patched"
}

sort_file() { # FILE: a source of its own, or something others include
	if is_source "$1" "$work/own"; then
		echo "$1" >>"$work/sources" || no_room
	elif is_source "$1" "$tree/.hp/commands"; then
		beside_the_kernel "$1"
	elif [ ! -e "$tree/$1" ]; then
		note "$1: is new; what includes it is compiled"
	elif grep -qE "	([^	]*/)?${1##*/}(	|\$)" "$tree/.hp/includes"; then
		echo "$1" >>"$work/reach" || no_room
	else
		note "$1: $(why_not_compiled "$1")"
	fi
}

# Files that may include a changed one, by name, to the end; then the compiler's own list decides for each.
find_reached() {
	local count
	awk -F'\t' '
		FILENAME == ARGV[1] { queue[++n] = $1; seen[$1] = 1; next }
		FILENAME == ARGV[2] { k = $2; sub(/.*\//, "", k); by[k] = by[k] "\n" $1 "\t" $2 "\t" $3; next }
		FILENAME == ARGV[3] { object[$2] = object[$2] "\n" $1; next }
		END {
			for (i = 1; i <= n; i++) {
				k = queue[i]; sub(/.*\//, "", k)
				m = split(by[k], entry, "\n")
				for (j = 2; j <= m; j++) {
					split(entry[j], e, "\t")
					if (e[3] != "" && e[3] != queue[i])
						continue
					if (("/" queue[i]) !~ ("/" escape(e[2]) "$") || seen[e[1]]++)
						continue
					queue[++n] = e[1]
				}
				m = split(object[queue[i]], list, "\n")
				for (j = 2; j <= m; j++)
					print list[j]
			}
		}
		function escape(text) { gsub(/[.+]/, "\\\\&", text); return text }' \
		"$work/reach" "$tree/.hp/includes" "$work/own" | sort -u >"$work/candidates" || no_room
	count=$(wc -l <"$work/candidates")
	note "$count objects may include $(tr '\n' ' ' <"$work/reach")"
	stage 'reading the dependencies'
	run_each depend "$tree" "$store/depend" '' "$work/candidates"
	including "$store/depend" <"$work/candidates" >"$work/objects.reached" || no_room
	note "$(wc -l <"$work/objects.reached") objects include $(tr '\n' ' ' <"$work/reach")"
}

# Of the objects of stdin those whose dependencies name a file of $work/reach, however it is spelled ("fs/nfs/../internal.h"), and
# those whose dependencies are not known. One process for all, whose answer is its own: a pipe to grep -q fails at times although
# the file is named, when grep has ended before tr has written all.
including() { # DEPENDENCIES
	awk -v dir="$1" '
		FILENAME == ARGV[1] { reach[$0] = 1; next }
		{
			file = dir "/" $0 ".d"
			found = 0
			while ((getline line <file) > 0) {
				n = split(line, word, " ")
				for (i = 1; i <= n && !found; i++) {
					while (sub(/[^\/]+\/\.\.\//, "", word[i]) || sub(/^\.\//, "", word[i]))
						;
					found = word[i] in reach
				}
				lines[file]++
			}
			close(file)
			if (found || !lines[file])
				print
		}' "$work/reach" -
}

# ---- compiling -----------------------------------------------------------------------------------------------------

# A view of the tree with the changed files in place: directories on the way to them are real, the rest are links.
make_view() {
	local directory file
	view=$work/view
	mkdir -p "$view"
	link_entries .
	{ cat "$work/changed"; cat "$work/objects"; } | while IFS= read -r file; do
		while :; do
			case $file in */*) file=${file%/*}; echo "$file" ;; *) break ;; esac
		done
	done | sort -u | while IFS= read -r directory; do
		[ ! -L "$view/$directory" ] || rm "$view/$directory"
		mkdir -p "$view/$directory"
		[ ! -d "$tree/$directory" ] || link_entries "$directory"
	done
	while IFS= read -r file; do
		rm -f "$view/$file"
		[ ! -e "$work/patched/$file" ] || cp "$work/patched/$file" "$view/$file" || no_room
	done <"$work/changed"
}

link_entries() { # DIRECTORY
	(cd "$view/$1" && find "$tree/$1" -mindepth 1 -maxdepth 1 -print0 | xargs -0 ln -s -t . 2>/dev/null)
	return 0
}

# On a terminal, how many of the list are done, from the second second on; each ends with a byte in $work/finished.
show_count() { # LIST
	local total
	total=$(wc -l <"$1")
	while sleep 1; do
		printf '\rhp-kbuild:   %d of %d ' "$(stat -c %s "$work/finished")" "$total" >&2
	done
}

end_count() {
	[ -n "$counter" ] || return 0
	{ kill "$counter" && wait "$counter"; } 2>/dev/null
	counter=''
	printf '\r\033[K' >&2
}

run_each() { # ACTION TREE OUT FLAGS LIST: for each object of the list
	local status
	: >"$work/finished" || no_room
	if [ "$quiet" = 0 ] && [ -t 2 ]; then
		show_count "$5" &
		counter=$!
	fi
	run xargs -r -a "$5" -d '\n' -P "$jobs" -I OBJECT "$0" --one "$work/finished" "$1" "$2" "$3" "$4" OBJECT "$tree"
	status=$?
	end_count
	return $status
}

# One object, once: in TREE with FLAGS, to OUT. Runs in a process of its own; whole or not there.
compile_one() { # ACTION TREE OUT FLAGS OBJECT PRISTINE
	local action=$1 tree=$2 out=$3 flags=$4 object=$5 pristine=$6 line source command tool
	[ ! -e "$out/$object" ] || return 0
	line=$(awk -F'\t' -v o="$object" '$1 == o { print; exit }' "$pristine/.hp/commands")
	IFS=$'\t' read -r _ source _ command tool <<<"$line"
	mkdir -p "$out/${object%/*}" && cd "$tree" || exit
	if [ "$action" = depend ]; then
		[ ! -e "$out/$object.d" ] || return 0
		eval "$command -M -MF '$out/$object.d.$$' -MT x '$source'" >/dev/null 2>&1 && mv "$out/$object.d.$$" "$out/$object.d"
		rm -f "$out/$object.d.$$"
		return 0
	fi
	if ! eval "$command -Wp,-MMD,'$out/$object.d.$$' $flags -c -o '$out/$object.$$' '$source'" >"$out/$object.log" 2>&1 ||
		! { [ -z "$tool" ] || eval "$tool '$out/$object.$$'" >>"$out/$object.log" 2>&1; }; then
		rm -f "$out/$object.$$" "$out/$object.d.$$"
		return 1
	fi
	mv "$out/$object.d.$$" "$out/$object.d" && mv "$out/$object.$$" "$out/$object" && rm -f "$out/$object.log"
}

# Some sources are made by kbuild on the way to an object.
make_missing_sources() { # OUT
	local object
	while IFS= read -r object; do
		[ -e "$1/$object" ] || echo "$object"
	done <"$work/objects" >"$work/failed"
	[ -s "$work/failed" ] || return 0
	exec 9>"$store/lock" && wait_for 9 "makes sources in the tree"
	run xargs -r -a "$work/failed" -d '\n' "$0" --kbuild "$tree" "$CC" "$kernel" "$jobs" >"$work/kbuild.log" 2>&1
	while IFS= read -r object; do rm -f "$tree/$object"; done <"$work/failed"
	exec 9>&-
}

compile_all() { # WHAT TREE OUT FLAGS
	local object
	stage "compiling $(wc -l <"$work/objects") objects: $1"
	run_each compile "$2" "$3" "$4" "$work/objects" && return
	[ -n "$(full_disk)" ] || make_missing_sources "$3"
	run_each compile "$2" "$3" "$4" "$work/objects" && return
	while IFS= read -r object; do
		[ -e "$3/$object" ] || fail $REFUSED "$3/$object.log" "$object: cannot be compiled ($1)"
	done <"$work/objects"
}

# A header found through ".." may be the one that was not changed: then the view is not what was compiled.
check_view() { # OUT
	local object file
	sed "s,^,$tree/," "$work/changed" >"$work/unchanged" || no_room
	while IFS= read -r object; do
		file=$(tr ' ' '\n' <"$1/$object.d" | grep -m 1 -xFf "$work/unchanged")
		[ -z "$file" ] || die $REFUSED "$object: was compiled with $file, which the patch changes"
	done <"$work/objects"
}

# Old objects are kept with the tree; new ones under what they were made of.
compile() {
	local key
	key=$( (cd "$work/patched" && xargs -r -d '\n' sha256sum <"$work/changed" 2>/dev/null; cat "$work/changed") | sha256sum | cut -c1-20)
	new=$store/new/$key
	if ! mkdir -p "$new" || ! touch "$new"; then
		fail $BAD /dev/null "$store: cannot be written"
	fi
	compile_all 'old, as they were linked' "$tree" "$store/running" '-g0'
	compile_all 'old' "$tree" "$store/old" "$FIX_FORM"
	make_view
	compile_all 'new' "$view" "$new" "$FIX_FORM"
	check_view "$new"
}

gather() { # FROM TO
	local object
	while IFS= read -r object; do
		mkdir -p "$2/${object%/*}" && ln "$1/$object" "$2/$object" 2>/dev/null || cp "$1/$object" "$2/$object" || fail $BAD /dev/null "$2: cannot be written"
	done <"$work/objects"
}

# ---- the package -----------------------------------------------------------------------------------------------------

# Modules that hold one of the objects: their files. A file may have "-" where the module's name has "_".
find_modules() {
	local unit file
	awk -F'\t' 'NR == FNR { wanted[$1] = 1; next } wanted[$1] && $3 != "-" { print $3 }' "$work/objects" "$tree/.hp/commands" | sort -u >"$work/units"
	[ ! -s "$work/units" ] || find "${modules:-/nonexistent}" -name '*.ko*' 2>/dev/null | sort >"$work/modules"
	while IFS= read -r unit; do
		file=$(awk -v unit="$unit" '{ n = $0; sub(/.*\//, "", n); sub(/\.ko.*/, "", n); gsub(/-/, "_", n) } n == unit { print; exit }' "$work/modules")
		[ -n "$file" ] || die $BAD "module $unit of $kernel is not there; is its package installed?"
		echo "--image=$file"
	done <"$work/units" >"$work/images"
}

build_package() {
	local images=() status base=${keep:-$work}
	stage 'making the package'
	find_modules || exit
	mapfile -t images <"$work/images"
	mkdir -p "$base"
	[ -z "$keep" ] || rm -rf "${keep:?}/old" "$keep/new" "$keep/running"
	gather "$store/old" "$base/old"
	gather "$new" "$base/new"
	gather "$store/running" "$base/running"
	"$HP_BIN/hp-build" --target=linux --image="$image" "${images[@]}" --running="$base/running" -o "$output" \
		"${build_options[@]}" "$base/old" "$base/new"
	status=$?
	stage ''
	[ $status != $REFUSED ] || ! grep -xFf "$work/vdso" "$work/objects" >"$work/beside" ||
		note "$(paste -sd ' ' "$work/beside"): part of the vDSO, which runs in processes: a livepatch does not reach it, a restart does"
	return $status
}

# A package that changes only modules does not name the kernel's build.
export_module() {
	local status options=(--headers="$tree" --embed --build-id="$(sed -n 's/^build_id=//p' "$store/image")")
	stage 'building the module'
	[ "$quiet" = 0 ] || options+=(-q)
	"$HP_BIN/hp-export" --format=klp "${options[@]}" "$output" -o "$module"
	status=$?
	stage ''
	return $status
}

# ---- the story -------------------------------------------------------------------------------------------------------

HP_BIN=$(dirname "$(readlink -f "$0")")
case ${1:-} in
--one)
	finished=$2
	shift 2
	(compile_one "$@")
	status=$?
	printf . >>"$finished"
	exit $status ;;
--kbuild) tree=$2 CC=$3 kernel=$4 jobs=$5; shift 5; kbuild "$tree" -k -j"$jobs" "$@"; exit 0 ;;
esac
parse_options "$@"
work=$(mktemp -d) || die $BAD "no room for temporary files"
trap 'rm -rf "$work"' EXIT
trap interrupted INT TERM HUP
[ -z "$timings" ] || : >"$timings"
clear_output

[ -z "$patch" ] || read_patch
find_kernel
get_tree
if [ "$prepare" = 1 ]; then
	printf 'tree=%s\nimage=%s\nmodules=%s\nconfig=%s\ncompiler=%s\n' "$tree" "$image" "$modules" "$config" "$CC"
	exit $DONE
fi
apply_patch
[ -s "$work/changed" ] || die $NOTHING "$patch: changes nothing"
find_objects
[ -s "$work/objects" ] || die $NOTHING "$patch: touches no object of $kernel; nothing to patch"
compile
build_package || exit
[ -z "$module" ] || export_module || { status=$?; rm -f "$output"; exit $status; }
