#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds old/new pairs of real security fixes from Debian's source packages.
#
#   pairs.sh DIR TABLE [PACKAGE [FIX]]
#
# TABLE has one row per fix: package, fix (a file name in debian/patches), tab-separated; # starts a comment.
# For each row: DIR/pairs/PACKAGE/FIX/old and .../new, two complete builds (objects, archives and linked
# images) of the same source before and after the fix, both from DIR/build/PACKAGE so that paths agree.
# "After" is the distribution's source, all of its patches applied; "before" is that with one fix reversed.
# Where later patches build upon a fix, both sides are without those. A fix that does not reverse even then is
# reported as skipped, which is no failure.
#
# Flags are the distribution's own (dpkg-buildflags) plus what a hotpatchable build needs:
# -ffunction-sections -fdata-sections -g, no LTO. What is there already is not built again.
#
# Environment: JOBS (default: all cores), HP_CFLAGS (added last: a plugin, another -O level), CC.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL

die() { echo "pairs.sh: $*" >&2; exit 3; }
rows() { grep -v '^#' "$table" | awk -F'\t' -v p="${1:-}" -v f="${2:-}" 'NF>=2 && (p=="" || $1==p) && (f=="" || $2==f) {print $1 "\t" $2}'; }

configure_and_make() {
	local package=$1
	export DEB_BUILD_OPTIONS="nocheck parallel=$jobs" DEB_BUILD_MAINT_OPTIONS="optimize=-lto hardening=+bindnow"
	local cflags cppflags ldflags
	cppflags=$(dpkg-buildflags --get CPPFLAGS) ldflags=$(dpkg-buildflags --get LDFLAGS)
	cflags="$(dpkg-buildflags --get CFLAGS | sed 's/-ffile-prefix-map=[^ ]*//') -ffunction-sections -fdata-sections -g -w ${HP_CFLAGS:-}"
	local conf=(./configure --quiet CFLAGS="$cflags" CPPFLAGS="$cppflags" LDFLAGS="$ldflags -Wl,--build-id=sha1")
	# The same file in the same state is compiled for many pairs.
	if command -v ccache >/dev/null; then
		export CCACHE_DIR=$base/ccache CC="ccache ${CC:-gcc}"
	fi
	# The binding for Python where what it needs is there.
	local python=no
	! compgen -G '/usr/include/python3.*/Python.h' >/dev/null || python=/usr/bin/python3
	# As the distribution does: the build system made anew, once; afterwards make itself sees what a patch touched.
	if [ ! -e .configured ]; then
		[ ! -e configure.ac ] || autoreconf -fi >/dev/null 2>&1
		case $package in
		busybox) make -s defconfig >/dev/null ;;
		curl) "${conf[@]}" --with-openssl --with-gnutls --with-nghttp2 --with-libssh2 --with-gssapi --enable-websockets --disable-manual --disable-static ;;
		libxml2) "${conf[@]}" --disable-static --with-python="$python" ;;
		tiff) "${conf[@]}" --disable-static --disable-cxx ;;
		# Otherwise made by debian/rules.
		lua5.4) echo "#define DEB_HOST_MULTIARCH \"$(dpkg-architecture -qDEB_HOST_MULTIARCH)\"" >src/lua5.4-deb-multiarch.h ;;
		vim) "${conf[@]}" --with-features=normal --disable-gui --without-x --enable-gpm=no ;;
		memcached) "${conf[@]}" --enable-sasl --enable-tls ;;
		openssh) "${conf[@]}" --with-pam --without-zlib-version-check --disable-strip ;;
		opensc) "${conf[@]}" --disable-doc --disable-man --disable-strict ;;
		redis | dnsmasq | mosquitto | giflib) ;;
		*) "${conf[@]}" ;;
		esac || return 1
		touch .configured
	fi
	# Only what is patched is built: a package's own tests and manuals take most of the time.
	case $package in
	redis)
		local settings=(CC="${CC:-gcc}" MALLOC=libc BUILD_TLS=yes USE_SYSTEMD=no OPTIMIZATION=-O2 CFLAGS="$cflags" LDFLAGS="$ldflags")
		# Its own makefile looks at deps/ only once.
		[ ! -e src/redis-server ] || { make -s -C deps "${settings[@]}" lua hiredis linenoise hdr_histogram && rm -f src/redis-server; }
		make -s -j"$jobs" "${settings[@]}" ;;
	dnsmasq) make -s -j"$jobs" CC="${CC:-gcc}" COPTS=-DHAVE_DNSSEC CFLAGS="$cflags $cppflags" LDFLAGS="$ldflags" ;;
	busybox) make -s -j"$jobs" CC="${CC:-gcc}" EXTRA_CFLAGS="$cflags" SKIP_STRIP=y ;;
	lua5.4) make -s -C src -j"$jobs" LIBTOOL=libtool MYCFLAGS="$cflags" linux ;;
	mosquitto) make -s -j"$jobs" CFLAGS="$cflags" WITH_DOCS=no WITH_CJSON=no ;;
	giflib) rm -f libgif.so libgif.so.7 && make -s -j"$jobs" CFLAGS="$cflags -fPIC -std=gnu99" libgif.so libgif.a ;;
	memcached) make -s -j"$jobs" memcached ;;
	libxml2) make -s -j"$jobs" libxml2.la xmllint xmlcatalog && { [ "$python" = no ] || make -s -C python -j"$jobs"; } ;;
	tiff) make -s -C port -j"$jobs" && make -s -C libtiff -j"$jobs" && make -s -C tools -j"$jobs" ;;
	curl) make -s -C lib -j"$jobs" && make -s -C src -j"$jobs" ;;
	*) make -s -j"$jobs" ;;
	esac
}

# Keeps what a patch tool reads: objects, archives, linked images; not sources.
harvest() {
	local from=$1 to name magic
	to=$(realpath -m "$2")
	rm -rf "$to" && mkdir -p "$to"
	(
		cd "$from" || exit 1
		find . -type f \( -name '*.o' -o -name '*.a' -o -name '*.so' -o -name '*.so.*' \) -print
		find . -type f -perm -u+x ! -name '*.o' ! -name '*.a' ! -name '*.so' ! -name '*.so.*' ! -name '*.sh' -print |
			while IFS= read -r name; do
				magic=
				IFS= read -rd '' -n4 magic <"$name" || [ -n "$magic" ] || continue
				[ "$magic" != $'\x7fELF' ] || printf '%s\n' "$name"
			done
	) | (cd "$from" && xargs -d '\n' cp -p --parents -t "$to")
}

# A patch without what it does to the package's own tests, where later patches add their cases at the same places.
source_part() {
	awk '
		function wanted(path) { sub(/^[^\/]*\//, "", path); return path !~ /^tests?\// }
		/^\\/ { if (keep) print; next }
		left > 0 { if (keep) print; c = substr($0, 1, 1); if (c != "+") old--; if (c != "-") new--; left = old > 0 || new > 0; next }
		/^@@ / {
			split($2, o, ","); split($3, n, ",")
			old = o[2] == "" ? 1 : o[2] + 0; new = n[2] == "" ? 1 : n[2] + 0
			left = old > 0 || new > 0
			if (keep) print
			next
		}
		/^--- / { keep = 1; from = $0; next }
		/^\+\+\+ / { keep = wanted($2); if (keep) { print from; print } }' "$1"
}

# change TREE PATCH [-R]: 1 when it does not fit; then nothing is changed.
change() {
	source_part "$2" | patch -p1 --dry-run -s -f -d "$1" "${@:3}" >/dev/null 2>&1 &&
		source_part "$2" | patch -p1 -s -f -d "$1" "${@:3}" >/dev/null || return 1
	# Not every makefile knows which sources read a header.
	case $1 in
	*/mosquitto | */giflib | */lua5.4)
		! source_part "$2" | grep -q '^+++ .*\.h' || find "$1" -name '*.c' -exec touch {} +
		;;
	esac
}

# The files a patch touches, one a line, behind the patch's own prefix.
files_of() { source_part "$1" | sed -n 's/^+++ [^\/]*\(\/[^ \t]*\).*/\1/p'; }

# Patches behind PATCH in the series that touch a file of it, or of one of these: they must be reversed first, on both
# sides.
patches_behind() {
	local src=$1 patch=$2 seen='' name files
	files=$(files_of "$patch")
	while read -r name _; do
		case $name in '' | '#'*) continue ;; esac
		if [ -n "$seen" ] && files_of "$src/debian/patches/$name" | grep -qxF "$files"; then
			echo "$src/debian/patches/$name"
			files+=$'\n'$(files_of "$src/debian/patches/$name")
		fi
		[ "$src/debian/patches/$name" != "$patch" ] || seen=yes
	done <"$src/debian/patches/series"
}

# One build tree per package, the fix reversed and applied again in place: only what it touches is compiled anew.
build_once() {
	local package=$1 src=$2 build=$3
	[ ! -e "$build/.failed" ] || return 1
	[ ! -e "$build/.built" ] || return 0
	# What was interrupted before anything was reversed goes on; later the tree may be in any state.
	if [ ! -d "$build" ] || [ -d "$build.new" ]; then
		rm -rf "$build" "$build.new" "$build.part" && mkdir -p "$base/build" && cp -a "$src" "$build.part" && mv "$build.part" "$build"
	fi
	if ! (cd "$build" && configure_and_make "$package") >"$base/build/$package.log" 2>&1; then
		touch "$build/.failed"
		return 1
	fi
	harvest "$build" "$base/build/$package.new"
	touch "$build/.built"
}

one() {
	local package=$1 fix=$2 pair=$base/pairs/$1/$2 src=$base/src/$1 build=$base/build/$1 patch
	[ ! -e "$pair/built" ] || { echo "$package $fix: there"; return; }
	# Two at once would build in one tree.
	exec 9>"$base/.lock.$package"
	flock 9
	"$here/../../demo/fetch-source.sh" "$package" "$base/src" || { echo "$package $fix: skipped: no source"; return; }
	patch=$(cd "$src/debian/patches" && find . -name "${fix##*/}" | head -1)
	[ -n "$patch" ] || { echo "$package $fix: skipped: no such patch"; return; }
	patch=$src/debian/patches/${patch#./}
	build_once "$package" "$src" "$build" || { echo "$package $fix: skipped: does not build, see build/$package.log"; return; }
	mkdir -p "$pair"
	# An interruption between here and the last patch would leave the tree reversed: then it is built anew.
	rm -f "$build/.built"
	if both_sides "$package" "$src" "$build" "$patch" "$pair"; then
		touch "$pair/built"
		echo "$package $fix: built"
	else
		echo "$package $fix: skipped: $why"
	fi
	put_back "$build"
}

# The sides go to PAIR/new and PAIR/old; what is reversed is noted in `reversed`, the last one first.
both_sides() {
	local package=$1 src=$2 build=$3 patch=$4 pair=$5 behind i
	reversed=() why="the old side does not build, see pairs/$1/${4##*/}/old.log"
	if source_part "$patch" | patch -R -p1 --dry-run -s -f -d "$build" >/dev/null 2>&1; then
		# Equal files share their bytes, as they do between two real builds of one tree kept by a build cache.
		rm -rf "$pair/new" && cp -al "$base/build/$package.new" "$pair/new"
	else
		mapfile -t behind < <(patches_behind "$src" "$patch")
		for ((i = ${#behind[@]} - 1; i >= 0; i--)); do
			change "$build" "${behind[i]}" -R || { why="${behind[i]##*/}, which is behind it, does not reverse"; return 1; }
			reversed=("${behind[i]}" "${reversed[@]}")
		done
		(cd "$build" && configure_and_make "$package") >"$pair/new.log" 2>&1 || return 1
		harvest "$build" "$pair/new"
	fi
	change "$build" "$patch" -R || { why="does not reverse"; return 1; }
	reversed=("$patch" "${reversed[@]}")
	(cd "$build" && configure_and_make "$package") >"$pair/old.log" 2>&1 || return 1
	harvest "$build" "$pair/old"
}

# Only the source: what was touched is compiled again with the next pair.
put_back() {
	local build=$1 patch
	for patch in "${reversed[@]}"; do
		change "$build" "$patch" || return 0
	done
	touch "$build/.built"
}

[ $# -ge 2 ] || die "usage: pairs.sh DIR TABLE [PACKAGE [FIX]]"
base=$(mkdir -p "$1" && cd "$1" && pwd) table=$2 jobs=${JOBS:-$(nproc)}
[ -r "$table" ] || die "$table: cannot be read"
rows "${3:-}" "${4:-}" | while IFS=$'\t' read -r package fix; do (one "$package" "$fix") </dev/null; done
