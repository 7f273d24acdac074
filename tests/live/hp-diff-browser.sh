#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The page of hp-diff --html in a real browser: what it renders, on the screen and on paper.
set -u
work=${HP_TESTS_OUT:?}
CC=${CC:-cc}
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ]; then
	echo "1..0 # skip chromium is not installed"
	exit 0
fi
count=0
result() { # STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}
in_page() { # NAME PATTERN
	grep -qE -- "$2" "$work/dom"
	result $? "$1"
}
cat >"$work/old.c" <<'END'
extern void audit(const char *, int);
int limit = 10;
int check(int x) { if (x > 41) audit("<b>too large</b>", x); return x + limit; }
int same(int x) { return x * 7; }
int gone(int x) { return x / 3; }
END
sed -e 's/x > 41/x > 4242/' -e 's/limit = 10/limit = 11/' -e 's|too large|too big|' -e '/gone/d' "$work/old.c" >"$work/new.c"
for side in old new; do
	mkdir -p "$work/$side"
	"$CC" -O2 -g -ffunction-sections -fdata-sections -c -o "$work/$side/a.o" "$work/$side.c" || exit 1
done
"${HP_BIN:?}/hp-diff" --html="$work/page.html" "$work/old" "$work/new" >/dev/null 2>&1
headless() {
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
		--host-resolver-rules='MAP * ~NOTFOUND' "$@" "file://$work/page.html" 2>/dev/null
}
headless --dump-dom >"$work/dom"
in_page the_browser_renders_the_page '<section id="u1">'
in_page the_summary_links_to_each_unit '<a href="#u1">check</a>'
in_page the_counts_are_there 'id="counts">1 object compared, 1 differs'
in_page reasons_are_listed '<li>.*4242'
in_page both_panes_are_side_by_side '<td class="i o">cmp.*</td><td class="src o">.*<td class="p a">[0-9a-f]+</td><td class="i a">cmp'
in_page what_is_markup_in_a_string_is_text '&lt;b&gt;too large&lt;/b&gt;'
in_page data_has_both_values '10 → 11'
in_page what_is_gone_is_shown '<span class="k">D</span>gone'
! grep -qE '<script|src=|href="[^#]|url\(|@import' "$work/page.html"
result $? the_page_needs_nothing_but_itself
headless --print-to-pdf="$work/page.pdf" >/dev/null
[ "$(head -c 5 "$work/page.pdf" 2>/dev/null)" = "%PDF-" ]
result $? the_page_prints
echo "1..$count"
