# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034 # its readers use what it sets
#
# What the tests in QEMU begin with: results, the newest stock kernel of the distribution in a prepared tree, packages of
# testdata/kernel, a guest. HP_KERNEL_CACHE: where downloads and trees are kept; build/kernel without it.
out=${HP_TESTS_OUT:?} bin=${HP_BIN:?} build=${HP_BUILD:?}
cache=${HP_KERNEL_CACHE:-$build/kernel}
# shellcheck source=tests/tap.bash
. tests/tap.bash

# Builds of 6.1, the newest first: it, and the one before it. Without an archive there is nothing to patch; where it can be reached,
# everything has to work.
find_releases() {
	local tool
	for tool in qemu-system-x86_64 busybox cpio gcc-12 flex bison bc apt-get; do
		command -v $tool >/dev/null || skip_all "$tool is not installed; see KERNEL in setup.sh"
	done
	mapfile -t releases < <(apt-cache search -n '^linux-image-6[.]1[.]0-[0-9]*-cloud-amd64$' | sed 's/^linux-image-//; s/ .*//' | sort -rV)
	[ ${#releases[@]} -gt 0 ] || skip_all "the package lists know no cloud kernel of 6.1"
	release=${releases[0]} other=${releases[1]:-}
	[ -d "$cache/packages/$release" ] || can_download || skip_all "$(head -c 300 "$out/reach.log" | tr '\n' ' ')"
}

# What apt-get says where there is no way to the archive, or where that lacks what its own lists name: no fault of ours.
out_of_reach() { # TEXT
	grep -qE 'resolv|Could not connect|Cannot initiate the connection|Connection (refused|timed out)|Network is unreachable|No route to host|404 +Not Found|Hash Sum mismatch' <<<"$1"
}

# A small package of the archive tells.
can_download() {
	local status
	mkdir -p "$out/reach"
	(cd "$out/reach" && apt-get -q download "linux-headers-$release") >"$out/reach.log" 2>&1
	status=$?
	rm -rf "$out/reach"
	[ $status = 0 ] || ! out_of_reach "$(cat "$out/reach.log")"
}

kbuild() { "$bin/hp-kbuild" -q --kernel="$release" --fetch --cache="$cache" "$@"; }

# Sets tree, image and modules of $release.
prepare_release() { # NAME OF THE RESULT
	local said status
	said=$(kbuild --prepare 2>&1)
	status=$?
	[ $status = 0 ] || ! out_of_reach "$said" || skip_all "$(head -c 300 <<<"$said" | tr '\n' ' ')"
	result $status "$1" "$said"
	tree='' image='' modules=''
	eval "$(grep -E '^(tree|image|modules)=' <<<"$said")"
	[ -n "$image" ] || { finish; exit; }
}

prepare() {
	find_releases
	prepare_release stock_kernel_is_prepared
}

# A cache at DIR that has the tree and no objects.
cache_without_objects() { # DIR
	local tree_store store
	tree_store=$(dirname "$tree")
	store=$1/kernel/$(basename "$tree_store")
	mkdir -p "$store" && ln -s "$cache/packages" "$1/packages" && ln -s "$tree" "$store/tree" && cp "$tree_store/image" "$store/" && cp "$cache/kernel/hashes" "$1/kernel/"
}

package_of() { # NAME...
	local name said
	for name in "$@"; do
		said=$(kbuild "testdata/kernel/$name.patch" -o "$out/$name.hp" --module="$out/$name" -- --id="$name" 2>&1)
		result $? "package_of_$name" "$said"
	done
}

refused() { # NAME STATUS TEXT
	local said status
	echo kept >"$out/refused.hp"
	said=$("$bin/hp-kbuild" --kernel="$release" --fetch --cache="$cache" "testdata/kernel/$1.patch" -o "$out/refused.hp" 2>&1)
	status=$?
	[ $status = "$2" ] && grep -qF -- "$3" <<<"$said" && [ ! -e "$out/refused.hp" ]
	result $? "$1_is_refused" "status $status: $said"
}

# Two tests may want it at once.
static_applier() {
	flock "$build" make -s O="$build/static" LDFLAGS=-static CFLAGS=-O2 "$build/static/bin/hp-apply" >"$out/static.log" 2>&1
	result $? static_applier "$(cat "$out/static.log")"
}

# Boots IMAGE with the root directory $out/NAME and SCRIPT, which prints results without numbers.
boot() { # NAME IMAGE SCRIPT SECONDS
	local status name
	mkdir -p "$out/$1/bin"
	cp "$build/static/bin/hp-apply" "$out/$1/bin/"
	cp "$3" "$out/$1/test.sh"
	cp tests/kernel/guest-common.sh "$out/$1/common.sh"
	tests/kernel/boot "$2" "$out/$1" "$4" >"$out/$1.console"
	result $? "$1_runs_to_its_end" "$(tail -n 30 "$out/$1.console")"
	while read -r status name; do
		[ "$status" = ok ]
		result $? "$name" "$(grep -B 5 "not ok - $name" "$out/$1.console")"
	done < <(sed -nE '/.*not ok - /{s//failed /p;d}; s/.*ok - /ok /p' "$out/$1.console")
}
