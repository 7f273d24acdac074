#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make lint`: formatting, shell scripts, clang-tidy over every C file. Ends with status 1 when there are findings.
set -u
cd "$(dirname "$0")/.." || exit 3
status=0
HP_TESTS_OUT=${TMPDIR:-/tmp} tests/style-lint.sh | grep -vE '^(ok|1\.\.)' && status=1

tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || {
	echo "lint: clang-tidy is not installed; ./setup.sh lint installs it" >&2
	exit 3
}
# What GCC knows and Clang does not is not its business here.
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\n' {util,arch,diff,create,formats,apply,tools}/*.c | grep -v '\*' |
	xargs -P "$(nproc)" -n 1 sh -c '"$0" --quiet "$1" -- -std=gnu17 -D_GNU_SOURCE -DHP_TOOL_VERSION="\"0\"" -I. 2>/dev/null' "$tidy" |
	sort -u | grep -E -A3 'warning:|error:' && status=1
exit "$status"
