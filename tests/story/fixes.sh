#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1800
#
# A dozen of Debian's own fixes, three each of four packages, applied to running programs: some small, one that spreads
# over eight source files, some that must be refused. `make check-corpus` does them all.
exec tests/corpus/fixes.sh 0006-CVE-2025-32023 CVE-2024-51741 CVE-2025-46818 \
	CVE-2026-2291 CVE-2026-4890 CVE-2026-5172 \
	CVE-2023-2731 CVE-2025-9900 CVE-2023-0795 \
	CVE-2023-29469 CVE-2025-6021 CVE-2025-7425
