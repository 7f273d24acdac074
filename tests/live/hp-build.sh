#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-build from the outside: exit codes, what is left at -o, determinism, JSON, signatures.
# time limit: 300

hp_build="${HP_BIN:?}/hp-build"
out="${HP_TESTS_OUT:?}"
here="$PWD"
source="$PWD/testdata/create/server.c"
count=0

check() { # NAME COMMAND...
	count=$((count + 1))
	name=$1
	shift
	if "$@" >"$out/log" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$out/log"
	fi
}

exits() { # STATUS COMMAND...
	wanted=$1
	shift
	"$@"
	got=$?
	[ "$got" = "$wanted" ] || { echo "exit $got instead of $wanted: $*"; return 1; }
}

build_pair() { # DIR FLAGS... : both sides of the server
	dir=$1
	shift
	mkdir -p "$dir/old" "$dir/new"
	for side in old new; do
		fixed=$([ $side = new ] && echo -DFIXED)
		# The same relative names on both sides, so that debug information holds no place of its own.
		(cd "$dir/$side" && cp "$source" server.c &&
			${CC:-cc} -O2 -g -ffunction-sections -fdata-sections "-ffile-prefix-map=$dir=." "$@" $fixed -c server.c &&
			${CC:-cc} "$@" server.o -o server -lm && rm server.c) || exit 1
	done
}

build_pair "$out/a"
build_pair "$out/elsewhere/deep"
cd "$out" || exit 1

writes_a_package() {
	exits 0 "$hp_build" -o a.hp --id=KB1 --fixes=CVE-2099-1 a/old a/new && [ -s a.hp ]
}
check "a fix becomes a package" writes_a_package

nothing_to_patch() {
	echo stale >b.hp
	exits 1 "$hp_build" -o b.hp a/old a/old && [ ! -e b.hp ]
}
check "equal trees are nothing to patch, and an earlier package is gone" nothing_to_patch

refused_leaves_nothing() {
	mkdir -p r/old r/new
	cp a/old/* r/old && cp a/new/* r/new
	${CC:-cc} -O2 -ffunction-sections -fdata-sections -DFIXED -DCHANGED_DATA -c "$source" -o r/new/server.o &&
		${CC:-cc} r/new/server.o -o r/new/server -lm || return 1
	echo stale >r.hp
	exits 2 "$hp_build" -o r.hp r/old r/new && [ ! -e r.hp ] && grep -q 'data-changed' log
}
check "a refusal leaves nothing at -o" refused_leaves_nothing

bad_usage() {
	for arguments in "" "a/old" "a/old a/new a/new" "--frobnicate a/old a/new" "--target=linux a/old a/new" \
		"--target=xen a/old a/new" "--running=missing a/old a/new" "--allow=nonsense a/old a/new" "--id=a/b a/old a/new" \
		"--id= a/old a/new" "-j0 a/old a/new" "-jx a/old a/new" "a/old missing" "missing a/new" "--image=missing a/old a/new"; do
		echo stale >u.hp
		# shellcheck disable=SC2086
		exits 3 "$hp_build" -o u.hp $arguments || return 1
		[ ! -e u.hp ] || { echo "left u.hp: $arguments"; return 1; }
	done
}
check "bad usage and unreadable arguments exit 3 and leave nothing" bad_usage

foreign_output() {
	cp a/old/server.o kept.o && cp kept.o kept.copy
	exits 3 "$hp_build" -o kept.o a/new || return 1
	exits 3 "$hp_build" -o kept.o a/old a/new || return 1
	cmp kept.o kept.copy
}
check "a file at -o that is no package is never deleted or written over" foreign_output

dry_run() {
	rm -f d.hp
	exits 0 "$hp_build" -n -o d.hp a/old a/new && [ ! -e d.hp ]
}
check "-n writes no package" dry_run

unwritable() {
	exits 3 "$hp_build" -o missing-directory/x.hp a/old a/new && [ ! -e missing-directory ]
}
check "an output that cannot be written exits 3" unwritable

full_disk() {
	exits 3 "$hp_build" -q -o full.hp --json=/dev/full a/old a/new
	[ ! -e full.hp ]
}
check "JSON that cannot be written leaves no package" full_disk

same_bytes() {
	"$hp_build" -q -o j1.hp -j1 a/old a/new && "$hp_build" -q -o j2.hp -j2 a/old a/new && cmp j1.hp j2.hp &&
		(cd elsewhere && TZ=Asia/Tokyo LC_ALL=C "$hp_build" -q -o ../j3.hp deep/old deep/new) && cmp j1.hp j3.hp &&
		"$hp_build" -q -o j4.hp "$out/a/old" "$out/a/new" && cmp j1.hp j4.hp
}
check "same input gives the same bytes: -j1, -j2, another directory, absolute paths" same_bytes

json_is_complete() {
	"$hp_build" -q -o a.hp --id=KB1 --json=a.json a/old a/new && python3 - <<'END'
import json
d = json.load(open("a.json"))
assert d["schema"] == 1 and d["refusals"] == []
assert d["package"]["file"] == "a.hp" and d["package"]["bytes"] > 0
target = d["package"]["targets"][0]
assert target["image"] == "server" and "answer" in target["functions"], target
assert [o["path"] for o in d["objects"]] == ["server.o"]
END
}
check "--json tells package, targets and functions" json_is_complete

json_of_a_refusal() {
	"$hp_build" -q -o r.hp --json=r.json r/old r/new
	python3 - <<'END'
import json
d = json.load(open("r.json"))
assert d["package"] is None and any(r["code"] == "data-changed" and r["message"] for r in d["refusals"]), d
END
}
check "--json tells refusals" json_of_a_refusal

allowed_is_recorded() {
	exits 0 "$hp_build" -o allowed.hp --allow=data-changed --json=allowed.json r/old r/new && python3 - <<'END'
import json
d = json.load(open("allowed.json"))
assert any(r["code"] == "data-changed" and r.get("allowed") for r in d["refusals"])
END
}
check "--allow lets one refusal pass and says so" allowed_is_recorded

allowed_by_symbol() {
	exits 2 "$hp_build" -q -o allowed.hp --allow=data-changed:other r/old r/new &&
		exits 0 "$hp_build" -q -o allowed.hp --allow=data-changed:limit r/old r/new
}
check "--allow=CODE:SYMBOL is for that symbol only" allowed_by_symbol

image_option() {
	exits 0 "$hp_build" -q -o i.hp --image=server a/old a/new && cmp i.hp j1.hp
}
check "--image names an image of the old tree" image_option

one_image_many_names() {
	mkdir -p n/old n/new
	cp a/old/* n/old && cp a/new/* n/new && cp a/old/server n/old/twin
	"$hp_build" -o n.hp n/old n/new | grep -q 'one image under 2 names'
}
check "one image under two names is one target" one_image_many_names

replaces() { "$hp_build" -n "$1/old" "$1/new" | grep '^  replaces'; }
twins_count_once() {
	mkdir -p t/old t/new
	cp a/old/* t/old && cp a/new/* t/new && ar rcsD t/old/lib.a t/old/server.o && ar rcsD t/new/lib.a t/new/server.o
	exits 0 "$hp_build" -q -o t.hp t/old t/new && [ -n "$(replaces a)" ] && [ "$(replaces t)" = "$(replaces a)" ]
}
check "an archive's copy of an object is no second change" twins_count_once

# ---- every form of image, against what the linker made of the new objects --------------------------------------------

allow=
verified() { # NAME FLAGS...
	dir="form-$count"
	build_pair "$out/$dir" "$@" || return 1
	# shellcheck disable=SC2086
	exits 0 "$hp_build" -q -o "$dir.hp" $allow "$dir/old" "$dir/new" &&
		python3 "$verify" "$dir.hp" "$dir/old" "$dir/new"
}
verify="$here/tests/live/hp-build-verify.py"
check "PIE: every field means what it means in the new image" verified
check "PIE bound at once: every field means what it means in the new image" verified -Wl,-z,now
check "PIE, optimised for size: every field means what it means in the new image" verified -Os
check "PIE without optimisation: every field means what it means in the new image" verified -O0
check "PIE with CET: every field means what it means in the new image" verified -fcf-protection
check "PIE with patchable entries: every field means what it means in the new image" verified -fpatchable-function-entry=16,14
check "PIE without PLT: every field means what it means in the new image" verified -fno-plt
check "PIE from PIC objects: every field means what it means in the new image" verified -fPIC
check "PIE with TLS descriptors: every field means what it means in the new image" verified -fPIC -mtls-dialect=gnu2
check "PIE with local-dynamic TLS: every field means what it means in the new image" verified -fPIC -ftls-model=local-dynamic
check "PIE with initial-exec TLS: every field means what it means in the new image" verified -fPIC -ftls-model=initial-exec
check "PIE of the large code model: every field means what it means in the new image" verified -fPIC -mcmodel=large
check "the same without PIE: every field means what it means in the new image" verified -fno-pie -no-pie -mcmodel=large
check "PIE of the medium code model: every field means what it means in the new image" verified -fPIC -mcmodel=medium -mlarge-data-threshold=1
check "library of the large code model: every field means what it means in the new image" verified -fPIC -shared -mcmodel=large
check "library of the medium code model: every field means what it means in the new image" verified -fPIC -shared -mcmodel=medium -mlarge-data-threshold=1
check "library: every field means what it means in the new image" verified -fPIC -shared
check "library with initial-exec TLS: every field means what it means in the new image" verified -fPIC -shared -ftls-model=initial-exec
check "library with TLS descriptors: every field means what it means in the new image" verified -fPIC -shared -mtls-dialect=gnu2
check "library bound to itself: every field means what it means in the new image" verified -fPIC -shared -Wl,-Bsymbolic

source="$here/testdata/create/data.c"
check "new and changed data: every field means what it means in the new image" verified
check "new and changed data with common symbols: every field means what it means in the new image" verified -fcommon
# A program may have kept what word() returned.
allow=--allow=data-changed:words
check "new and changed data in a library: every field means what it means in the new image" verified -fPIC -shared

data_is_told() {
	"$hp_build" -o told.hp "$allow" "form-$((count - 1))/old" "form-$((count - 1))/new" >told.txt && cat told.txt &&
		grep -q 'replaces  weigh, weigh_more, word, served ' told.txt && grep -q 'brings    .*calls' told.txt &&
		! grep -q 'brings.*state' told.txt
}
check "readers of a changed constant are replaced, existing state is not brought along" data_is_told

# ---- traps ---------------------------------------------------------------------------------------------------------

trap_pair() { # DIR FLAGS...
	dir=$1
	shift
	mkdir -p "$dir/old" "$dir/new"
	for side in old new; do
		fixed=$([ $side = new ] && echo -DFIXED)
		(cd "$dir/$side" && ${CC:-cc} -O2 -g -ffunction-sections -fdata-sections "$@" $fixed -c "$here/testdata/create/traps.c" &&
			${CC:-cc} -O2 -g -ffunction-sections -fdata-sections "$@" -c "$here/testdata/create/hidden.c" &&
			${CC:-cc} "$@" traps.o hidden.o -o traps) || return 1
	done
}

trapped() { # NAME FLAGS...
	dir="trap-$count"
	trap_pair "$dir" "$@" && exits 0 "$hp_build" -q -o "$dir.hp" "$dir/old" "$dir/new" &&
		python3 "$verify" "$dir.hp" "$dir/old" "$dir/new" && python3 - "$here" "$dir.hp" <<'END'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/tests/reader")
import hp_reader
targets = [hp_reader.read_target(c["data"]) for c in hp_reader.read_chunks(open(sys.argv[2], "rb").read())[1] if c["type"] == "TARG"]
assert not any(b["kind"] == 3 and b["name"] == "hidden_global" for b in targets[0]["bindings"])
names = sorted(f["name"] for f in targets[0]["functions"])
assert names in (["brief", "same_function", "served"], ["also_served", "brief", "same_function"]), names
END
}
check "hidden global, weak undefined, indirect function, alias, short function, label addresses: PIE" trapped
check "the same without PIE" trapped -fno-pie -no-pie
check "the same in a static program" trapped -static
check "the same in a static PIE" trapped -fPIE -static-pie
check "the same with CET" trapped -fcf-protection

slots_are_used() {
	python3 - "$here" j1.hp <<'END'
import struct, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/tests/reader")
import hp_reader
chunks = hp_reader.read_chunks(open(sys.argv[2], "rb").read())[1]
target = hp_reader.read_target(next(c["data"] for c in chunks if c["type"] == "TARG"))
kinds = [b["kind"] for b in target["bindings"]]
looked_up = sorted(b["name"] for b in target["bindings"] if b["kind"] == 3)
assert kinds.count(2) >= 4, kinds
assert looked_up == ["qsort", "strcmp", "strtod"], looked_up
assert all(b["version"] == "GLIBC_2.2.5" for b in target["bindings"] if b["kind"] == 3), target["bindings"]
END
}
check "what the image imports goes through its own slots; only the rest is looked up, with its version" slots_are_used

pic_twins() {
	for side in old new; do
		fixed=$([ $side = new ] && echo -DFIXED)
		mkdir -p twins/$side/.libs
		(cd twins/$side && flags="-O2 -g -ffunction-sections -fdata-sections $fixed" &&
			${CC:-cc} $flags -fPIC -c "$here/testdata/create/server.c" -o .libs/server.o &&
			${CC:-cc} $flags -fno-pie -c "$here/testdata/create/server.c" -o server.o &&
			ar rcsD .libs/lib.a server.o && ${CC:-cc} -shared .libs/server.o -o .libs/lib.so) || return 1
	done
	exits 0 "$hp_build" -q -o twins.hp twins/old twins/new
}
check "the object that libtool built a second time for the archive is no mismatch" pic_twins

# One source, two builds: the fix is in the program's part only. The library holds what is alike in both.
other_build() {
	cat >shared.c <<-'END'
		#include <stdlib.h>
		int counter;
		__attribute__((noinline)) int alike(int x) { return x * 3 + counter; }
		__attribute__((noinline)) int differs(const char *text)
		{
		#ifdef PROGRAM
			int sum = FIXED;
			for (; *text; text++)
				sum = sum * 31 + *text;
			return alike(sum);
		#else
			return alike(atoi(text)) + 1;
		#endif
		}
		#ifdef PROGRAM
		int (*volatile call)(const char *) = differs;
		int main(int argc, char **argv) { return call(argv[argc - 1]) == 7; }
		#endif
	END
	for side in old new; do
		flags="-O2 -g -ffunction-sections -fdata-sections -DFIXED=$([ $side = old ] && echo 1 || echo 2)"
		mkdir -p other/$side/lib other/$side/src && cp shared.c other/$side/lib && cp shared.c other/$side/src
		# shellcheck disable=SC2086 # a list of words
		(cd other/$side/lib && ${CC:-cc} $flags -fPIC -c shared.c && ${CC:-cc} -shared -Wl,-Bsymbolic shared.o -o libshared.so && rm shared.c) || return 1
		# shellcheck disable=SC2086
		(cd other/$side/src && ${CC:-cc} $flags -fPIC -DPROGRAM -c shared.c && ${CC:-cc} shared.o -o program && rm shared.c) || return 1
	done
	exits 0 "$hp_build" -q -o other.hp other/old other/new
}
check "a library's own build of a source, in which nothing changed, is no mismatch" other_build

check_can_fail() {
	# Against the old image in the new one's place every changed function must be found wrong, or missing.
	python3 "$verify" j1.hp a/new a/old
	[ $? = 1 ]
}
check "the comparison itself can fail" check_can_fail

echo "1..$count"
