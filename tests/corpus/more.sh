#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 3600
#
#   more.sh [PACKAGE | FIX]...    fixes of further packages (more.tsv): compared and built, not applied; prints TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C.UTF-8
exec python3 "$here/corpus.py" --pairs="${HP_PAIRS:?}" --table="$here/more.tsv" --no-live "$@"
