#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Kinds of fixes: new and changed data, layouts, signatures, functions split and merged. Each is applied to a process
# that serves, which must then answer as the new build does, and after reverting as the old one; or is refused.
# time limit: 600
exec python3 tests/live/fixes.py "${HP_BIN:?}" "${HP_TESTS_OUT:?}"
