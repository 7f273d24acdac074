#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Replaces what differs from one run of a demo to the next: numbers, hashes, where the demo ran, tries, blank lines.
sed -E '
	s/[0-9a-f]{4,}…/N/g
	s/\b[0-9a-f]{64}\b/N/g
	s/\b[0-9a-f]{40}\b/N/g
	s/0x[0-9a-f]+/N/g
	s/[0-9]+([.,][0-9]+)*/N/g
	s, /[^ ]*/(old/),  …/\1,g
	s/,? +N retr(y|ies)//g
	s/ +/ /g
	s/ $//
	/^$/d
'
