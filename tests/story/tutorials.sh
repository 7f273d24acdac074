#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Every command of every tutorial does what the tutorial says.
set -u
PATH=$HP_BIN:$PATH
export PATH
exec python3 tests/tutorial.py "$HP_TESTS_OUT" doc/tutorial*.md
