#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Real fixes, file by file, with the hunks of others that it needs: the differences between the source of an older kernel update and a newer one, each built into
# a package and a module for the older image as if it were the running one.
#
#	fixes.sh RELEASE NEWER-SOURCE-TREE OUT [COUNT]
#
# OUT/fixes.tsv: file, objects, functions, seconds, bytes of package, of module, outcome, reason. Goes on where it stopped.
# fixes.sh --table OUT: the table of doc/kernel-fixes.md.
set -u
export LC_ALL=C

table() { # OUT
	awk -F'\t' '
		{ n++; by[$7]++; line[n] = sprintf("| `%s` | %s | %s | %s | %s | %s | %s |", $1, $2, $3, $4, $5, $6, $7 ($8 == "" ? "" : ": " $8)) }
		END {
			printf "%d files: %d packages with their modules, %d refused, %d without a change in this kernel, %d failed, %d not finished.\n\n", n, by["module"], by["refused"], by["nothing"], by["failed"], by["unfinished"]
			print "| file | objects | functions | seconds | package | module | outcome |"
			print "|---|---|---|---|---|---|---|"
			for (i = 1; i <= n; i++) print line[i]
		}' "$1/fixes.tsv"
}
[ "${1:-}" != --table ] || { table "$2"; exit; }

release=$1 newer=$2 out=$3 count=${4:-60} bin=${HP_BIN:?}
# Fixes whose header nearly every object includes, as a release engineer changes them: see doc/kernel-fixes.md.
adapted=testdata/kernel/fixes
mkdir -p "$out"
touch "$out/fixes.tsv"
eval "$("$bin/hp-kbuild" --kernel="$release" --fetch -q --prepare ${HP_KERNEL_CACHE:+--cache="$HP_KERNEL_CACHE"})"
: "${tree:?}"

# Compiled files that differ, of each part of the kernel its share, smaller changes first.
choose() {
	cut -f2 "$tree/.hp/commands" | grep -E '^(fs|net|mm|kernel|crypto|block|ipc|security|lib|drivers/(net|block|char|virtio|tty|nvme|scsi|ata|md|input))/.*\.c$' |
		sort -u | while IFS= read -r file; do
		[ -e "$newer/$file" ] || continue
		! cmp -s "$tree/$file" "$newer/$file" || continue
		echo "$(diff "$tree/$file" "$newer/$file" | grep -c '^[<>]') $file"
	done | sort -n -k1,1 -k2,2 | awk -v n="$count" '
		{ split($2, part, "/"); p = part[1]; if (used[p]++ < n / 4) print $2 }' | head -n "$count"
}

# What the log misses of the newer kernel: names that the compiler or hp-build does not know. Members of structures are none of them:
# a header that adds one changes live data.
missing() { # LOG
	sed -nE "s/.*implicit declaration of function '([^']*)'.*/\\1/p; s/.*error: '([^']*)' undeclared.*/\\1/p
		s/.*too (many|few) arguments to function '([^']*)'.*/\\2/p; s/.*passing argument [0-9]+ of '([^']*)'.*/\\1/p
		s/.*refers to \`([^']*)', which the kernel does not have.*/\\1/p" "$1" | grep -oE '[A-Za-z_][A-Za-z0-9_]*$' | sort -u
}

# One fix is a file's difference and, where that alone cannot be compiled, what belongs to it in headers and other files.
attempt() { # RESULT FILES NAME...
	local name=$1 file=$2
	shift 2
	echo "$*" >"$out/$name.names"
	tests/kernel/hunks.py "$tree" "$newer" "$out/differing" "$file" "$@" >"$out/$name.patch"
	by_patch "$name" "$out/$name.patch"
}

by_patch() { # RESULT PATCH
	local name=$1
	[ "$2" = "$out/$name.patch" ] || cp "$2" "$out/$name.patch"
	timeout "${HP_FIX_SECONDS:-600}" "$bin/hp-kbuild" --kernel="$release" ${HP_KERNEL_CACHE:+--cache="$HP_KERNEL_CACHE"} --module="$out/$name" \
		--keep="$out/$name.objects" "$out/$name.patch" -o "$out/$name.hp" -- --id="$name" >"$out/$name.log" 2>&1
}

# The difference of FILE; then with the hunks of others that the compiler misses; then with all of those files.
# shellcheck disable=SC2015,SC2086 # words
with_what_it_needs() { # FILE RESULT
	local name=$2 status more names=''
	for _ in 1 2 3 4 5 6; do
		attempt "$name" "$1" $names
		status=$?
		more=$([ $status != 2 ] || missing "$out/$name.log")
		more=$(printf '%s\n' $names $more | sort -u | tr '\n' ' ')
		[ "$more" != "$names" ] && [ -n "${more// /}" ] || break
		names=$more
	done
	# Hunks of several fixes may belong together: all of those files, then.
	if [ $status = 2 ] && grep -q 'cannot be compiled' "$out/$name.log" && [ "$(grep -c '^+++ ' "$out/$name.patch")" -gt 1 ]; then
		attempt "$name" "$(sed -n 's,^+++ b/,,p' "$out/$name.patch" | paste -sd,)"
		status=$?
	fi
	return $status
}

# shellcheck disable=SC2015,SC2086 # words
one() { # FILE
	local name=${1//\//_} start=$EPOCHREALTIME status objects functions outcome reason package=- module=- with
	if [ -e "$adapted/$name.patch" ]; then
		by_patch "$name" "$adapted/$name.patch"
		status=$?
	else
		with_what_it_needs "$1" "$name"
		status=$?
	fi
	with=$(grep -c '^+++ ' "$out/$name.patch")
	objects=$(find "$out/$name.objects/new" -name '*.o' 2>/dev/null | wc -l)
	[ "$objects" != 0 ] || objects=$(awk -F'\t' -v f="$1" '$2 == f { n++ } END { print n + 0 }' "$tree/.hp/commands")
	rm -rf "$out/$name.objects"
	functions=$(sed -nE 's/^  replaces  ([^ ].*)    .*/\1/p' "$out/$name.log" | tr ',' '\n' | grep -c .)
	case $status in
	0) outcome=module reason=; package=$(stat -c %s "$out/$name.hp"); module=$(stat -c %s "$out/$name"/*.ko) ;;
	1) outcome=nothing reason=$(tail -n 1 "$out/$name.log") ;;
	2) outcome=refused reason=$(grep -oE '\[[a-z-]+\]$' "$out/$name.log" | sort | uniq -c | awk '{ printf "%s%s%s", s, $2, ($1 > 1 ? " x" $1 : ""); s = ", " }')
		[ -n "$reason" ] || reason=$(grep -oE "'[^']*' has no member named '[^']*'" "$out/$name.log" | head -n 1)
		[ -n "$reason" ] || reason=$(grep -v 'refused:' "$out/$name.log" | tail -n 1) ;;
	124) outcome=unfinished reason=$(sed -nE 's/^hp-kbuild: ([0-9]+ objects (may )?include .*[^ ]) *$/\1/p' "$out/$name.log" | tail -n 1) ;;
	*) outcome=failed reason=$(tail -n 1 "$out/$name.log") ;;
	esac
	[ ! -e "$adapted/$name.patch" ] || reason="${reason:+$reason; }declared in the C files, not in a header"
	printf '%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\n' "$1$([ "$with" -lt 2 ] || echo " and $((with - 1)) more")" "$objects" "$functions" \
		"$(echo "$EPOCHREALTIME - $start" | bc)" "$package" "$module" "$outcome" "$(echo "$reason" | tr '\t' ' ' | cut -c1-160)" >>"$out/fixes.tsv"
}

[ -s "$out/chosen" ] || choose >"$out/chosen"
while IFS= read -r file; do
	cut -f1 "$out/fixes.tsv" | sed 's/ and .*//' >"$out/done"
	grep -qxF "$file" "$out/done" || one "$file"
done <"$out/chosen"
