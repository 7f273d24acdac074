#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The tree keeps its own rules: licences, the direction of includes, no left-overs, manual pages for every tool.
set -u
count=0
# lastpipe: result() counts, so it must not run in a subshell.
shopt -s nullglob lastpipe

# result NAME: ok when the standard input is empty, else what it says is why not.
result() {
	local why
	why=$(cat)
	count=$((count + 1))
	if [ -z "$why" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '# %s\n' "${why//$'\n'/$'\n# '}"
	fi
}

# Every text file of the tree but the licence and what tests keep as they found it.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	all=$(git ls-files | while read -r file; do [ ! -e "$file" ] || echo "$file"; done)
else
	all=$(find . -type f -not -path './build*' -not -path './.git/*' | sed 's,^\./,,')
fi
files=$(grep -vE '^(COPYING|LICENSE|\.gitignore)$|^testdata/.*\.(bin|hp|o|a|so|elf|gz|expected|txt|seed)$|^testdata/fuzz/' <<<"$all")
tools=$(sed -n 's/^TOOLS := //p' GNUmakefile)
in_files() { xargs -d '\n' grep "$@" <<<"$files"; }

for file in $files; do
	case $file in
	# JSON and golden outputs have no comments.
	*.json | testdata/*golden* | testdata/*/expected*) continue ;;
	esac
	head -c 1000 "$file" | grep -q 'SPDX-License-Identifier: \(GPL-3.0-or-later\|GPL-2.0-only\|MIT\)' || echo "$file"
done | result "every_file_names_its_licence"

for file in formats/*.[ch] doc/hp-format.md; do
	head -3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
done | result "libhp_and_its_specification_are_MIT"

# FOLDER: the folders it may include from; all of them through their one public header.
public='^(util/util|arch/arch|diff/diff|create/create|formats/hp|formats/klp|apply/apply)\.h$'
while read -r folder allowed; do
	for file in "$folder"/*.[ch]; do
		while IFS= read -r header; do
			from=${header%%/*}
			# Its own, also when named without the folder.
			if [ "$from" = "$folder" ] || [ "$from" = "$header" ]; then continue; fi
			case " $allowed " in
			*" $from "*) grep -qE "$public" <<<"$header" || echo "$file: $header is private to $from/" ;;
			*) echo "$file: $folder/ must not know $header" ;;
			esac
		done < <(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file")
	done
done <<'END' | result "includes_point_one_way_and_to_public_headers"
util
arch util
diff arch util
create diff arch formats util
formats
apply formats util
END

# The same arrows where programs are linked: the applier and its reader are small and know neither libbfd nor libelf.
grep -nE '^(USES|LIBS)_(hp-show|hp-sign|hp-apply) .*(diff|create|arch|-lbfd|-lopcodes|-lelf|-ldw)' GNUmakefile |
	result "the_applier_is_linked_without_the_compiler_side"

in_files -nIwE 'TODO|FIXME|XXX|HACK' | grep -v '^tests/style.sh' | result "nothing_is_left_for_later"

# Paths that are right on one machine only, and hosts that packages come from.
in_files -nIE '/root/|/work/|/home/[a-z]' | grep -v '^tests/style.sh' | result "no_path_of_one_machine"
in_files -nIiE '(deb|security|snapshot|ftp[.a-z]*)\.debian\.org|registry\.npmjs|pypi\.org|proxy\.golang' |
	grep -v '^tests/style.sh' | result "no_host_of_a_package_registry"

while read -r file; do
	head -c 2 "$file" | grep -q '^#!' && [ ! -x "$file" ] && echo "$file"
done <<<"$files" | result "scripts_can_be_run"

in_files -nIE '[ 	]+$' --include='*.[ch]' --include='*.sh' --include='*.mk' --include=GNUmakefile | result "no_trailing_blanks"

grep -E '^(util|arch|diff|create|formats|apply|tools)/.*\.[ch]$' <<<"$files" | xargs -d '\n' wc -l | awk '$2 != "total" && $1 > 1000' |
	result "files_stay_below_a_thousand_lines"

# No input can end the process: exit and abort belong to main, running out of memory to xalloc.
grep -nE '\b(exit|_exit|abort|assert|err|errx)\(' {util,arch,diff,create,formats,apply}/*.c | grep -vE '^util/[^:]*:[0-9]*:.*abort\(\)|^[^:]*:[0-9]*:[ \t]*(//|/?\*)' |
	result "nothing_below_main_ends_the_process"

for tool in $tools; do
	[ -e "man/$tool.1" ] || [ -e "man/$tool.8" ] || echo "man/$tool.1"
done | result "every_tool_has_a_manual_page"

if command -v man >/dev/null; then
	for page in man/*.[1-9]; do
		LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | sed "s,^,$page: ,"
	done | result "manual_pages_have_no_warnings"
fi

for tool in $tools; do
	if [ -x "$HP_BIN/$tool" ]; then
		timeout 10 "$HP_BIN/$tool" --help 2>&1 >"$HP_TESTS_OUT/help" || echo "$tool --help ends with status $?"
		grep -qi usage "$HP_TESTS_OUT/help" || echo "$tool --help does not show its usage on stdout"
		timeout 10 "$HP_BIN/$tool" --version | grep -q "^$tool.* [0-9]" || echo "$tool --version does not say it"
		timeout 10 "$HP_BIN/$tool" --no-such-option >"$HP_TESTS_OUT/out" 2>/dev/null && echo "$tool --no-such-option is taken"
		[ ! -s "$HP_TESTS_OUT/out" ] || echo "$tool --no-such-option prints to stdout"
		page=$(cat "man/$tool".[1-9] 2>/dev/null | sed 's/\\-/-/g; s/\\f[A-Z]//g')
		grep -oE -- '--[a-z][a-z-]+' "$HP_TESTS_OUT/help" | sort -u | while read -r option; do
			grep -qF -- "$option" <<<"$page" || echo "$tool: $option is not in its manual page"
		done
	else
		echo "$tool is not built"
	fi
done | result "every_tool_says_help_version_and_bad_usage"

grep -E '\.schema\.json$|^doc/schema/.*\.json$|^schema/' <<<"$all" | while read -r schema; do
	# shellcheck disable=SC2016 # JSON Schema's own word
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert "$schema" in d' "$schema" 2>&1 | tail -1 | sed "s,^,$schema: ,"
done | result "schemas_are_JSON_schemas"

# Every relative link of the documents leads somewhere.
for file in README.md doc/*.md; do
	grep -oE '\]\([^)#: ]+' "$file" | sed 's/^](//' | while read -r link; do
		[ -e "$(dirname "$file")/$link" ] || echo "$file: $link"
	done
done | result "links_in_documents_lead_somewhere"

echo "1..$count"
