#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Refusals: the page, the code and the tests name the same codes.
exec python3 tests/cli/refusal-codes.py
