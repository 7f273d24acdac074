#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
# A few of Debian's redis fixes: two of redis's own code, two of the Lua in it (hidden symbols, an archive),
# one that must be refused. `make check-corpus` does them all.
exec tests/corpus/redis.sh 0006-CVE-2025-32023.patch 0002-Fix-Read-Write-key-pattern-selector-CVE-2024-51741-1.patch \
	CVE-2025-46817.patch CVE-2025-49844.patch CVE-2025-46818.patch
