#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-srcbuild from the outside, on a source package of a few lines.
# time limit: 300

tool=${HP_BIN:?}/hp-srcbuild
out=${HP_TESTS_OUT:?}
count=0
export XDG_CACHE_HOME=$out/cache
mkdir -p "$out" && cd "$out" || exit 1
rm -rf cache hello in fixed lacks broken plain both empty released

check() { # NAME COMMAND...
	count=$((count + 1))
	local name=$1
	shift
	if "$@" >log 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' log
	fi
}
exits() { # STATUS COMMAND...
	local wanted=$1 got
	shift
	"$@"
	got=$?
	[ $got = "$wanted" ] || { echo "exit $got instead of $wanted: $*"; return 1; }
}

mkdir -p hello/debian/source
cat >hello/hello.c <<'SOURCE'
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) int limit(int x)
{
	return x % 1000003 * 2;
}

int main(void)
{
	int x;

	while (scanf("%d", &x) == 1)
		printf("%d\n", limit(x)), fflush(stdout);
	return 0;
}
SOURCE
cat >hello/debian/rules <<'RULES'
#!/usr/bin/make -f
include /usr/share/dpkg/buildflags.mk
build:
	echo built >>$(COUNT)
	test ! -e broken
	$(CC) $(CPPFLAGS) $(CFLAGS) -c hello.c
	$(CC) $(LDFLAGS) hello.o -o hello
.PHONY: build
RULES
cat >hello/debian/control <<'CONTROL'
Source: hello
Maintainer: Nobody <nobody@example.org>
Build-Depends: make

Package: hello
Architecture: any
Description: says twice
CONTROL
cat >hello/debian/changelog <<'LOG'
hello (1.0-1) unstable; urgency=low

  * Release.

 -- Nobody <nobody@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
LOG
chmod +x hello/debian/rules
patch_of() { # FROM TO: a patch of hello.c
	{ sed "s|$1|$2|" hello/hello.c | diff -u --label a/hello.c --label b/hello.c hello/hello.c -; } || true
}
patch_of 'return x % 1000003 \* 2;' 'return x > 100 ? 200 : x % 1000003 * 2;' >fix.patch
patch_of '#include <unistd.h>' '#include <unistd.h> /* unused */' >comment.patch
patch_of 'int main(void)' 'int limit_of = 5; __attribute__((constructor)) static void set(void) { limit_of = getpid(); }\nint main(void)' >refused.patch
export COUNT=$out/count
builds() { wc -l <"$COUNT"; }
: >count

writes_a_package() {
	exits 0 "$tool" --source=hello fix.patch -o KB1.hp -- --id=KB1 --fixes=CVE-2026-1 && [ -s KB1.hp ] && [ "$(builds)" = 2 ] &&
		"$HP_BIN/hp-show" KB1.hp | grep -q 'limit' && [ ! -e hello/hello.o ]
}
check "a source package and a patch become a package; the source is not touched" writes_a_package

start_hello() {
	released/hello <in >answers &
	pid=$!
}
applies() {
	"$tool" --source=hello --prepare --keep=released && mkfifo in &&
		start_hello && exec 7>in && echo 1000 >&7 && until [ -s answers ]; do sleep 0.05; done &&
		"$HP_BIN/hp-apply" --trust=none "$pid" KB1.hp && echo 1000 >&7 && exec 7>&- && wait "$pid"
	[ "$(tr '\n' ' ' <answers)" = "2000 200 " ]
}
check "it repairs the build that --prepare keeps" applies

kept_by_content() {
	: >count
	exits 0 "$tool" --source=hello fix.patch -o KB2.hp -- --id=KB1 --fixes=CVE-2026-1 && [ "$(builds)" = 0 ] && cmp KB1.hp KB2.hp
}
check "what was built is not built again, and gives the same bytes" kept_by_content

only_the_new_side() {
	: >count
	patch_of 'return x % 1000003 \* 2;' 'return x > 50 ? 100 : x % 1000003 * 2;' >second.patch
	exits 0 "$tool" --source=hello second.patch -o KB3.hp && [ "$(builds)" = 1 ]
}
check "the old side serves the next fix" only_the_new_side

archived_side() {
	: >count
	exits 0 "$tool" --source=hello --old=released --cache="$out/empty" fix.patch -o KB4.hp -- --id=KB1 --fixes=CVE-2026-1 &&
		[ "$(builds)" = 1 ] && cmp KB1.hp KB4.hp
}
check "--old takes the side that was archived" archived_side

two_at_once() {
	: >count
	"$tool" --source=hello --cache="$out/both" fix.patch -o both1.hp >both1.log 2>&1 &
	exits 0 "$tool" --source=hello --cache="$out/both" fix.patch -o both2.hp && wait $! && cmp both1.hp both2.hp && [ "$(builds)" = 2 ]
}
check "two at once build each side once and both write their package" two_at_once

interrupted() {
	: >count
	sed -i 's|^	test ! -e broken|	test ! -e '"$out"'/hold \|\| sleep 60|' hello/debian/rules
	touch hold
	setsid "$tool" --source=hello fix.patch -o cut.hp >cut.log 2>&1 &
	while [ "$(builds)" = 0 ]; do sleep 0.1; done
	kill -KILL -- -$!
	rm hold
	exits 0 "$tool" --source=hello fix.patch -o cut.hp && [ -s cut.hp ]
}
check "after a SIGKILL in the middle the next run goes on" interrupted

# What is installed is another build of the same program: known from dpkg's own database, here one with a package more.
installed_is_another() {
	mkdir -p database/info database/updates installed
	ln -sf /var/lib/dpkg/info/* database/info/
	{
		cat /var/lib/dpkg/status && echo
		printf '%s\n' 'Package: hello' 'Status: install ok installed' 'Maintainer: Nobody <nobody@example.org>' \
			'Architecture: all' 'Version: 1.0-1' 'Description: says twice'
	} | cat -s >database/status
	printf '%s\n' /. "$out/installed" "$out/installed/hello" >database/info/hello.list
	gcc -O1 -Wl,--build-id=sha1 hello/hello.c -o installed/hello
	exits 0 env DPKG_ADMINDIR="$out/database" "$tool" --source=hello fix.patch -o other.hp &&
		grep -q 'installed/hello as installed is build ID .* which this package does not repair' log
}
check "an installed file of another build is told" installed_is_another

nothing_changes() {
	echo stale >n.hp
	exits 1 "$tool" --source=hello comment.patch -o n.hp && [ ! -e n.hp ]
}
check "a patch that changes nothing exits 1 and leaves nothing" nothing_changes

is_refused() {
	echo stale >r.hp
	exits 2 "$tool" --source=hello refused.patch -o r.hp && [ ! -e r.hp ] && grep -q init-changed log
}
check "a refusal exits 2 with its code and leaves nothing" is_refused

bad() { # WORDS ARGUMENTS...: exit 3, with these words
	local words=$1
	shift
	exits 3 "$tool" "$@" && grep -q -- "$words" log
}
sed 's/return x % 1000003 \* 2;/return x > 3;/' fix.patch >no.patch
check "a patch that does not apply exits 3" bad 'does not apply' --source=hello no.patch -o x.hp
cp -a hello fixed && patch -s -p1 -d fixed <fix.patch
check "a patch that is in the source already is told" bad 'in the source already' --source=fixed fix.patch -o x.hp
cp -a hello lacks && sed -i 's/^Build-Depends: .*/Build-Depends: no-such-package-here (>= 5)/' lacks/debian/control
check "missing build dependencies are named, with what to do" bad 'no-such-package-here.*\|apt-get build-dep' --source=lacks fix.patch -o x.hp
cp -a hello broken && echo 'int x = ;' >>broken/hello.c
check "a tree that does not build says why" bad 'error: expected' --source=broken fix.patch -o x.hp
check "no source is bad usage" bad 'which source' fix.patch -o x.hp
check "no patch is bad usage" bad 'which patch' --source=hello -o x.hp
check "no output is bad usage" bad 'where to' --source=hello fix.patch
check "an unknown option is bad usage" bad 'unknown option' --frobnicate --source=hello fix.patch -o x.hp
check "a tree without debian/rules wants --build" bad 'has no debian/rules' --source=cache fix.patch -o x.hp
check "a cache that cannot be written is told" bad 'cannot be written' --source=hello --cache=/proc/none fix.patch -o x.hp

plain_tree() {
	mkdir -p plain && cp hello/hello.c plain/ && printf 'hello: hello.o\n' >plain/Makefile
	# shellcheck disable=SC2016 # for the shell in the tree
	exits 0 "$tool" --source=plain --build='make hello' fix.patch -o plain.hp && [ -s plain.hp ]
}
check "--build builds a tree that is no Debian package" plain_tree
echo "1..$count"
