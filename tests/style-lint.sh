#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# The cheap half of `make lint`: formatting and shell scripts. The other half is in tests/lint.sh.
set -u
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	files=$(git ls-files | while read -r file; do [ ! -e "$file" ] || echo "$file"; done)
else
	files=$(find . -type f -not -path './build*' | sed 's,^\./,,')
fi

echo "1..2"
if ! command -v clang-format >/dev/null; then
	echo "ok 1 - C files are formatted # SKIP clang-format is not installed"
elif why=$(grep -E '\.[ch]$' <<<"$files" | grep -v '^testdata/' | xargs -d '\n' clang-format --dry-run -Werror 2>&1); then
	echo "ok 1 - C files are formatted"
else
	echo "not ok 1 - C files are formatted"
	grep 'error:' <<<"$why" | sed 's/^\([^:]*\):\([0-9]*\):.*/# \1:\2 is not as clang-format has it/' | sort -u | head -40
fi

# Scripts by their first line: not all have a name that says so.
scripts=$(while read -r file; do
	head -c 40 "$file" | tr -d '\0' | head -1 | grep -qE '^#!.*\b(sh|bash)$' && echo "$file"
done <<<"$files")
if ! command -v shellcheck >/dev/null; then
	echo "ok 2 - shell scripts have no findings # SKIP shellcheck is not installed"
elif why=$(xargs -d '\n' shellcheck -x -P SCRIPTDIR -S warning <<<"$scripts" 2>&1); then
	echo "ok 2 - shell scripts have no findings"
else
	echo "not ok 2 - shell scripts have no findings"
	printf '# %s\n' "${why//$'\n'/$'\n# '}"
fi
