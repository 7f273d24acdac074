#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Each refusal code has a minimal real example that triggers it. testdata/create/refuse/CODE.c is built twice, with
# and without -DNEW; words in its head say how and what else must be named: "flags:", "link:", "symbol:", "says:".
# time limit: 300

hp_build="${HP_BIN:?}/hp-build"
out="${HP_TESTS_OUT:?}"
here="$PWD/testdata/create/refuse"
CC=${CC:-cc}
base="-O2 -g -ffunction-sections -fdata-sections"
count=0

result() { # NAME STATUS
	count=$((count + 1))
	if [ "$2" = 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		sed 's/^/# /' "$out/log"
	fi
}

refused() { # CODE OLD NEW OPTIONS... : exit 2, and the code is named
	code=$1 old=$2 new=$3
	shift 3
	"$hp_build" -n "$@" "$old" "$new" >"$out/log" 2>&1
	status=$?
	[ $status = 2 ] || { echo "exit $status" >>"$out/log"; return 1; }
	grep -q "\[$code\]" "$out/log"
}

word() { # NAME FILE: the rest of "NAME: ..." in the head, up to the next word
	sed -n "2s/.*$1: *\([^:]*\)\( [a-z]*:.*\)\{0,1\}\$/\1/p" "$2"
}

for file in "$here"/*.c; do
	code=$(basename "$file" .c)
	flags=$(sed -n '2s/.*flags: \(.*\)/\1/p' "$file" | sed 's/ link:.*//')
	link=$(sed -n '2s/.*link: \(.*\)/\1/p' "$file")
	says=$(sed -n '2s/.*says: \(.*\)/\1/p;2s/.*symbol: \(.*\)/\1/p' "$file")
	dir="$out/$code"
	mkdir -p "$dir/old" "$dir/new"
	for side in old new; do
		macro=$([ $side = new ] && echo -DNEW)
		# shellcheck disable=SC2086
		(cd "$dir/$side" && cp "$file" case.c && $CC $base $flags $macro -c case.c -o case.o &&
			$CC $link -Wl,--unresolved-symbols=ignore-all case.o -o image && rm case.c) >"$out/log" 2>&1 || result "$code: the example builds" 1
	done
	refused "$code" "$dir/old" "$dir/new" && { [ -z "$says" ] || grep -q "$says" "$out/log"; }
	result "$code is refused" $?
	# shellcheck disable=SC2086
	"$hp_build" -n -q "$dir/old" "$dir/old" >"$out/log" 2>&1
	[ $? = 1 ]
	result "$code: without the difference there is nothing to patch" $?
done

# ---- what needs more than one source ---------------------------------------------------------------------------

pair() { # DIR: the server of testdata/create, both sides
	mkdir -p "$1/old" "$1/new"
	for side in old new; do
		fixed=$([ $side = new ] && echo -DFIXED)
		# shellcheck disable=SC2086
		(cd "$1/$side" && $CC $base $fixed -c "$here/../server.c" -o server.o && $CC server.o -o server -lm)
	done
}

mkdir "$out/pairs" && cd "$out/pairs" || exit 1
pair good
"$hp_build" -n -q good/old good/new >"$out/log" 2>&1
result "the pair that the next examples damage is not refused" $?

example() { # NAME FLAG...: NAME.c of testdata/create, both sides
	name=$1
	shift
	for side in old new; do
		mkdir -p "$name/$side"
		macro=$([ $side = new ] && echo -DNEW)
		# shellcheck disable=SC2086
		(cd "$name/$side" && $CC $base "$@" $macro -c "$here/../$name.c" -o "$name.o" && $CC "$name.o" -o "$name") >"$out/log" 2>&1
	done
}

# No data area of its own, but between a caller that cleans up and a callee that may throw.
example passed -fexceptions
refused exception-tables passed/old passed/new && grep -q 'middle may be passed by an exception' "$out/log" &&
	! grep -q 'leaf' "$out/log"
result "a function that an exception may pass is refused, one that calls nothing is not" $?
"$hp_build" -n -q --allow=exception-tables passed/old passed/new >"$out/log" 2>&1
result "and may be allowed" $?

# Each is new in its block: nothing is lost, but an applier could not tell them apart.
example alike
refused static-uncorrelated alike/old alike/new && grep -q 'count.* is new, and so is another variable of that name' "$out/log"
result "static-uncorrelated: two new statics of one name are refused" $?

example table
refused section-unsupported table/old table/new && grep -q 'commands: a table that the linker puts together' "$out/log"
result "section-unsupported: an entry added to a table that the linker puts together is refused" $?

damage() { # DIR
	cp -r good "$1"
}

damage malformed && head -c 3000 good/new/server.o >malformed/new/server.o
refused malformed-object malformed/old malformed/new
result "malformed-object: a truncated object is refused" $?

damage arch && echo "int answer(int x) { return x; }" >m32.c && $CC -m32 -c m32.c -o arch/new/server.o
refused arch-mismatch arch/old arch/new
result "arch-mismatch: an object of another machine is refused" $?

damage lto && $CC -O2 -flto -fno-fat-lto-objects -DFIXED -c "$here/../server.c" -o lto/new/server.o
refused lto-bytecode lto/old lto/new
result "lto-bytecode: compiler bytecode is refused" $?

damage lost && rm lost/old/server lost/new/server
refused image-not-found lost/old lost/new
result "image-not-found: a changed object without image is refused" $?

# shellcheck disable=SC2086
damage other && (cd other/old && $CC -O1 -g -ffunction-sections -fdata-sections -c "$here/../server.c" -o ../x.o && $CC ../x.o -o server -lm)
refused image-mismatch other/old other/new && grep -q 'of .* functions match' "$out/log"
result "image-mismatch: an image of other objects is refused, with what matches" $?

cat >b.c <<'END'
#ifdef NEW
int second(int x) { return x > 5 ? 5 : x * 3; }
#else
int second(int x) { return x * 3; }
#endif
END
cat >a.c <<'END'
int second(int x);
__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	x++;
#endif
	return second(x) + 1;
}
int (*volatile entry)(int) = served;
int main(int argc, char **argv) { (void)argv; for (;;) if (entry(argc) > 1000) return 0; }
END
mkdir -p half/old half/new
for side in old new; do
	macro=$([ $side = new ] && echo -DNEW)
	# shellcheck disable=SC2086
	$CC $base $macro -c a.c -o half/$side/a.o && $CC $base $macro -c b.c -o b-$side.o && $CC half/$side/a.o b-$side.o -o half/$side/image
done
refused object-missing half/old half/new && grep -q second "$out/log"
result "object-missing: a change whose object is not in the trees is refused" $?

cat >h.c <<'END'
__attribute__((visibility("hidden"), noinline)) int helper(int x) { return x * 3; }
END
cat >s.c <<'END'
static __attribute__((noinline)) int helper(int x) { return x * 5; }
int (*volatile use)(int) = helper;
END
cat >c.c <<'END'
__attribute__((visibility("hidden"))) int helper(int x);
__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	x += helper(x);
#endif
	return x + 1;
}
END
mkdir -p names/old names/new
for side in old new; do
	macro=$([ $side = new ] && echo -DNEW)
	# shellcheck disable=SC2086
	$CC $base -fPIC $macro -c c.c -o names/$side/c.o && $CC $base -fPIC -c h.c -o h.o && $CC $base -fPIC -c s.c -o s.o &&
		$CC -shared names/$side/c.o h.o s.o -o names/$side/image.so
done
refused symbol-ambiguous names/old names/new && grep -q helper "$out/log"
result "symbol-ambiguous: a hidden global beside a static of the same name is refused" $?

for side in old new; do
	fixed=$([ $side = new ] && echo -DFIXED)
	mkdir -p static/$side
	# shellcheck disable=SC2086
	$CC $base $fixed -c "$here/../server.c" -o static/$side/server.o && $CC -static static/$side/server.o -o static/$side/server -lm
done
refused symbol-missing static/old static/new && grep -q strtod "$out/log"
result "symbol-missing: a static program cannot be given a function of the library that it has not" $?

cat >gone.c <<'END'
#ifndef NEW
int shared(int x) { return x + 5; }
#endif
__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	return x * 9 + 2;
#else
	return x * 9 + 1;
#endif
}
END
cat >user.c <<'END'
int shared(int x) __attribute__((weak));
int served(int x);
int (*volatile entry)(int) = served;
int main(int argc, char **argv) { (void)argv; for (;;) if (entry(argc) + (shared ? shared(argc) : 0) > 1000) return 0; }
END
for side in old new; do
	macro=$([ $side = new ] && echo -DNEW)
	mkdir -p gone/$side
	# shellcheck disable=SC2086
	(cd gone/$side && $CC $base $macro -c ../../gone.c && $CC $base -c ../../user.c && $CC gone.o user.o -o image)
done
refused removed-still-used gone/old gone/new && grep -q shared "$out/log"
result "removed-still-used: a function that an unchanged object calls is gone" $?

mkdir -p moved/old moved/new
cp good/old/* moved/old && cp good/new/* moved/new && mv moved/new/server.o moved/new/renamed.o
refused object-missing moved/old moved/new
result "object-missing: a file that was renamed between the builds is refused" $?

cat >fold.c <<'END'
__attribute__((noinline)) int one(int x) { return x * 31 + 7; }
__attribute__((noinline)) int served(int x)
{
#ifdef NEW
	if (x > 100)
		return 0;
#endif
	return x * 31 + 7;
}
int (*volatile entry)(int);
int main(int argc, char **argv) { (void)argv; entry = argc > 1 ? one : served; for (;;) if (entry(argc) > 1000) return one(argc); }
END
for side in old new; do
	macro=$([ $side = new ] && echo -DNEW)
	mkdir -p fold/$side
	# shellcheck disable=SC2086
	(cd fold/$side && $CC $base -fno-ipa-icf $macro -c ../../fold.c && $CC -fuse-ld=gold -Wl,--icf=all fold.o -o image)
done 2>"$out/log"
if [ -x fold/old/image ]; then
	refused symbol-ambiguous fold/old fold/new
	result "symbol-ambiguous: a function that the linker folded with another is refused" $?
else
	count=$((count + 1))
	echo "ok $count - symbol-ambiguous: folded functions # SKIP no gold linker here"
fi

# ---- names of functions as constants: numbered anew when one comes in between --------------------------------------

cat >numbered.c <<'END'
#include <stdio.h>
#define say(x) printf("%s %d %d\n", __func__, __LINE__, x)
__attribute__((noinline)) int one(int x) { say(x); return x + 1; }
#ifdef NEW
__attribute__((noinline)) int between(int x) { say(x); return x + 2; }
#else
#define between(x) (x)
#endif
__attribute__((noinline)) int two(int x) { say(x); return x + 3; }
__attribute__((noinline)) int served(int x) { say(x); return between(x) + 4; }
int main(int argc, char **argv) { (void)argv; for (;;) if (one(argc) + two(argc) + served(argc) > 99) return 1; }
END
for side in old new; do
	macro=$([ $side = new ] && echo -DNEW)
	mkdir -p numbered/$side
	{ [ $side = old ] || echo '// a line more'; cat numbered.c; } >numbered/$side.c
	# shellcheck disable=SC2086
	(cd numbered/$side && $CC $base $macro -c ../$side.c -o numbered.o && $CC -Wl,--build-id=sha1 numbered.o -o image)
done 2>"$out/log"
"$hp_build" -n numbered/old numbered/new >"$out/log" 2>&1 && grep -q '^  replaces  served' "$out/log"
result "object-missing: function names that were numbered anew are no difference" $?

# ---- one object in two programs: it ran already in one of them ---------------------------------------------------

cat >twice.c <<'END'
__attribute__((noinline)) int added(int x)
{
#ifdef NEW
	if (x > 9)
		return 0;
#endif
	return x * 31 + 7;
}
END
echo 'int added(int); int main(int argc, char **argv) { (void)argv; return added(argc); }' >client.c
echo 'int main(int argc, char **argv) { (void)argv; return argc; }' >idle.c
echo 'int added(int); int main(int argc, char **argv) { (void)argv; for (;;) if (added(argc++) > 1000) argc = 1; }' >serving.c
for side in old new; do
	macro=$([ $side = new ] && echo -DNEW)
	mkdir -p twice/$side client/$side idle/$side
	# shellcheck disable=SC2086
	(cd twice/$side && $CC $base $macro -c ../../twice.c && for program in client serving idle; do
		$CC $base -c ../../$program.c && $CC -Wl,--build-id=sha1 $program.o twice.o -o $program
	done && cp client client.o twice.o ../../client/$side && cp client client.o idle idle.o twice.o ../../idle/$side && rm idle idle.o)
done 2>"$out/log"
"$hp_build" twice/old twice/new -o "$out/twice.hp" >"$out/log" 2>&1 && grep -q '^  target    serving' "$out/log" &&
	! grep -q '^  target    client' "$out/log" && grep -q 'leaves    client: .*main → added' "$out/log" &&
	"${HP_BIN:?}/hp-show" "$out/twice.hp" | grep -q 'leaves.*client'
result "already-ran: a program that called it once is left out when another takes the fix" $?
refused already-ran client/old client/new
result "already-ran: and refused when it is the only one" $?

refused already-ran idle/old idle/new
result "already-ran: a program that has it and never calls it takes no fix" $?

# ---- the overriding of each ------------------------------------------------------------------------------------

"$hp_build" -n -q --allow=already-ran "$out/already-ran/old" "$out/already-ran/new" >"$out/log" 2>&1
result "already-ran can be allowed" $?

echo "1..$count"
