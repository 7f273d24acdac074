#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
#
# A dozen of Debian's own fixes, each applied to a running process of that program; `make check-corpus` does them all.
exec tests/corpus/fixes.sh CVE-2023-29469 CVE-2025-6021 CVE-2025-27113
