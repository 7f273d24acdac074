#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   fetch-source.sh PACKAGE DIR    unpacks Debian's source of PACKAGE, all of its patches applied, as DIR/PACKAGE
#
# The system's own package sources say where from; few systems list their source side (deb-src), so it is derived
# from the binary side into a configuration of our own. Nothing of the system's is written: sources, lists, cache
# and state of apt all lie in DIR/apt. Needs apt-get, dpkg-source and patch; no root.
set -eu
die() {
	echo "fetch-source.sh: $*" >&2
	exit 3
}
package=${1:?PACKAGE} dir=${2:?DIR}
[ ! -d "$dir/$package" ] || exit 0
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
apt=$dir/apt
mkdir -p "$apt/sources.list.d" "$apt/state/lists/partial" "$apt/cache/archives/partial" "$dir/download"
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")

# Both styles of entries give one-line deb-src entries. Only the distribution's own suites are taken: the lists of
# third parties often have no source side, and then apt-get update fails as a whole.
# shellcheck disable=SC2016 # awk's dollars
awk_one_line='
	/^[ \t]*deb(-src)?[ \t]/ {
		options = ""
		if (match($0, /\[[^]]*\]/)) {
			options = substr($0, RSTART, RLENGTH) " "
			$0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
		}
		sub(/#.*/, "")
		if ($2 !~ /^cdrom:/ && is_own($3)) {
			uri = $2; suite = $3
			$1 = $2 = $3 = ""
			gsub(/^ +/, "")
			print "deb-src " options uri " " suite " " $0
		}
	}'
# shellcheck disable=SC2016
awk_deb822='
	function flush(   i, j, u, s, nu, ns, options) {
		if (types ~ /deb/ && enabled !~ /^(no|false|0)$/) {
			if (signed != "") options = "[signed-by=" signed "] "
			nu = split(uris, u, " "); ns = split(suites, s, " ")
			for (i = 1; i <= nu; i++)
				for (j = 1; j <= ns; j++)
					if (u[i] !~ /^cdrom:/ && is_own(s[j]))
						print "deb-src " options u[i] " " s[j] " " components
		}
		types = uris = suites = components = signed = enabled = ""
	}
	FNR == 1 || /^[ \t]*$/ { flush() }
	/^#/ { next }
	/^[^ \t]/ { field = tolower($1); value = $0; sub(/^[^:]*:[ \t]*/, "", value) }
	# A key written into the entry itself goes on over further lines; it cannot be said on one line.
	field == "types:" { types = value }
	field == "uris:" { uris = value }
	field == "suites:" { suites = value }
	field == "components:" { components = value }
	field == "enabled:" { enabled = tolower(value) }
	field == "signed-by:" && value ~ /^\// { signed = value }
	END { flush() }'
is_own='function is_own(suite) {
		sub(/\/updates$/, "", suite)
		return suite == code || suite == code "-updates" || suite == code "-security" || suite ~ /^(old)*stable(-updates|-security)?$/
	}'
{
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -r "$list" ] || awk -v code="$codename" "$is_own $awk_one_line" "$list"
	done
	for list in /etc/apt/sources.list.d/*.sources; do
		[ ! -r "$list" ] || awk -v code="$codename" "$is_own $awk_deb822" "$list"
	done
} | sort -u >"$apt/sources.list"
[ -s "$apt/sources.list" ] || die "no entry of /etc/apt/sources.list{,.d} serves $codename over the network"

# Downloads as the one who calls: apt's own user may not write here.
set -- -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/sources.list.d" \
	-o Dir::State="$apt/state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
apt-get "$@" update >"$apt/log" 2>&1 || echo "fetch-source.sh: not every list could be fetched; going on with the others" >&2
(cd "$dir/download" && apt-get "$@" --download-only source "$package") >>"$apt/log" 2>&1 || {
	tail -5 "$apt/log" >&2
	die "$package: its source cannot be had"
}
# Unpacked beside and moved: a folder that is there is whole.
rm -rf "$dir/$package.part"
dpkg-source --no-check --no-copy -x "$dir/download/${package}"_*.dsc "$dir/$package.part" >>"$apt/log" 2>&1 || die "$package: see $apt/log"
mv "$dir/$package.part" "$dir/$package"
