#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Real fixes, file by file: the differences between the source of an older kernel update and a newer one, each built into
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
			printf "%d files: %d packages with their modules, %d refused, %d without a change in this kernel, %d failed.\n\n", n, by["module"], by["refused"], by["nothing"], by["failed"]
			print "| file | objects | functions | seconds | package | module | outcome |"
			print "|---|---|---|---|---|---|---|"
			for (i = 1; i <= n; i++) print line[i]
		}' "$1/fixes.tsv"
}
[ "${1:-}" != --table ] || { table "$2"; exit; }

release=$1 newer=$2 out=$3 count=${4:-60} bin=${HP_BIN:?}
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

one() { # FILE
	local name=${1//\//_} start=$EPOCHREALTIME status objects functions outcome reason package=- module=-
	{ diff -u --label "a/$1" --label "b/$1" "$tree/$1" "$newer/$1"; } >"$out/$name.patch"
	"$bin/hp-kbuild" --kernel="$release" -q ${HP_KERNEL_CACHE:+--cache="$HP_KERNEL_CACHE"} --module="$out/$name" "$out/$name.patch" -o "$out/$name.hp" -- --id="$name" >"$out/$name.log" 2>&1
	status=$?
	objects=$(awk -F'\t' -v f="$1" '$2 == f { n++ } END { print n + 0 }' "$tree/.hp/commands")
	functions=$(sed -nE 's/^  replaces  ([^ ].*)    .*/\1/p' "$out/$name.log" | tr ',' '\n' | grep -c .)
	case $status in
	0) outcome=module reason=; package=$(stat -c %s "$out/$name.hp"); module=$(stat -c %s "$out/$name"/*.ko) ;;
	1) outcome=nothing reason=$(tail -n 1 "$out/$name.log") ;;
	2) outcome=refused reason=$(grep -oE '\[[a-z-]+\]$' "$out/$name.log" | sort | uniq -c | awk '{ printf "%s%s%s", s, $2, ($1 > 1 ? " x" $1 : ""); s = ", " }')
		[ -n "$reason" ] || reason=$(grep -v 'refused:' "$out/$name.log" | tail -n 1) ;;
	*) outcome=failed reason=$(tail -n 1 "$out/$name.log") ;;
	esac
	# The package without the module inside: what is sent where kernels have it already.
	[ $status != 0 ] || package=$(($(stat -c %s "$out/$name.hp")))
	printf '%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\n' "$1" "$objects" "$functions" "$(echo "$EPOCHREALTIME - $start" | bc)" \
		"$package" "$module" "$outcome" "$(echo "$reason" | tr '\t' ' ' | cut -c1-160)" >>"$out/fixes.tsv"
}

[ -s "$out/chosen" ] || choose >"$out/chosen"
while IFS= read -r file; do
	cut -f1 "$out/fixes.tsv" | grep -qxF "$file" || one "$file"
done <"$out/chosen"
