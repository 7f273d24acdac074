#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# libhp while memory runs out at each request in turn: an error comes back, nothing is lost.
out=${HP_TESTS_OUT:?}
wrap=-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I. -g -O1 -fsanitize=address,undefined -o "$out/faults" $wrap \
	tests/live/libhp-faults.c formats/*.c -lsodium -lz && exec "$out/faults"
echo "Bail out! tests/live/libhp-faults.c does not compile"
exit 1
