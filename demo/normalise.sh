#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Replaces what differs from one run of a demo to the next: numbers, build IDs, hashes, empty lines and the like.
sed -E '
	s/[ \t]+$//
	s/[0-9a-f]{7,64}(…)?/HEX/g
	s/[0-9]+([.,][0-9]+)*/N/g
	s/ {2,}/ /g
	s/N (retry|retries)/N retries/g
	s/, N retries//g
	/^$/d
'
