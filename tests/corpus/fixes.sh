#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 10800
#
#   fixes.sh [PACKAGE | FIX]...    Debian's own security fixes, applied to running programs; prints TAP. See corpus.py.
#
# HP_PAIRS is where the pairs are built and kept; a run over all fixes leaves its table there, as doc/fixes.md has it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C.UTF-8
[ $# != 0 ] || set -- --result="${HP_PAIRS:?}/fixes.md"
exec python3 "$here/corpus.py" --pairs="${HP_PAIRS:?}" "$@"
