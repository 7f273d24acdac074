#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# --json of trees with many objects that differ: memory does not grow with their number, the document is the same
# however many threads work, and what one object's change does to others is found in objects that were let go.
set -u
hp_diff=${HP_BIN:?}/hp-diff
work=${HP_TESTS_OUT:?}
here=$(dirname "$0")
count=0

result() { # STATUS NAME WHY
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
	echo "# $3"
}

# make SIDE NAME FLAGS...: an object of one side, its source from stdin
make() {
	mkdir -p "$work/$1"
	cat >"$work/$2.c"
	(cd "$work" && "${CC:-gcc}" -g -O2 -ffunction-sections -fdata-sections "${@:3}" -w -c "$2.c" -o "$1/$2.o")
}

# busy.o is large and one of its functions differs; the others are about each other.
busy() {
	echo "int take(int);"
	for i in $(seq 400); do
		echo "int busy_$i(int a) { for (int k = 0; k < a; k += $i) if (take(k + $i)) a ^= take(a * $i); return a + $((i == 200 ? $1 : 0)); }"
	done
}
for side in 1 2; do
	busy $side | make $side busy
	echo "const int limits[2] = {4, NEW};" | make $side maker -DNEW=$side
	echo "extern const int limits[2]; int read_limit(int i) { return limits[i]; }" | make $side reader
	echo "#if NEW == 1
int gone(void) { return 7; }
#endif
int stays(void) { return NEW; }" | make $side remover -DNEW=$side
	echo "int gone(void); int user(void) { return gone() + 1; }" | make $side user
	echo "int gone(void); int other(void) { return 5; } int changed_user(void) { return gone() + 2; }
int changes(void) { return NEW; }" | make $side zz-user -DNEW=$side
done
size=$(stat -c %s "$work/1/busy.o")

# tree COPIES: the few objects and that many copies of busy.o
tree() {
	local side i
	for side in 1 2; do
		mkdir -p "$work/$1/$side/copies"
		cp "$work/$side/"{maker,reader,remover,user,zz-user}.o "$work/$1/$side"
		for ((i = 0; i < $1; i++)); do
			ln "$work/$side/busy.o" "$work/$1/$side/copies/$i.o"
		done
	done
}

# The address sanitizer keeps what was freed for a while, which is no memory that the program has.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=0"
peak() { # FORM COPIES: KiB
	python3 "$here/../bench/measure.py" 1 "$hp_diff" -q -j2 "$1" "$work/$2/1" "$work/$2/2" | cut -d' ' -f3
}
for copies in 0 50 100 300; do tree $copies; done
few=$(peak --json 100) many=$(peak --json 300)
# 200 objects more: what is known of each by name, and its findings, but not the object.
[ $(((many - few) * 1024 / 200)) -lt 8192 ]
result $? memory_does_not_grow_with_the_number_of_objects \
	"100 objects of 2 x $size bytes: $few KiB; 300: $many KiB, $(((many - few) * 1024 / 200)) bytes for each more"
few=$(peak --html=/dev/null 50) many=$(peak --html=/dev/null 100)
[ $(((many - few) * 1024 / 50)) -gt 65536 ]
result $? a_form_that_keeps_the_objects_shows_in_that_measure "$(((many - few) * 1024 / 50)) bytes for each more"

for jobs in 1 2 7; do
	"$hp_diff" -q -j$jobs --json "$work/300/1" "$work/300/2" >"$work/json.$jobs" 2>"$work/err.$jobs"
	echo $? >>"$work/json.$jobs"
done
cmp "$work/json.1" "$work/json.2" && cmp "$work/json.1" "$work/json.7" && [ ! -s "$work/err.1" ] && [ "$(tail -n1 "$work/json.1")" = 1 ]
result $? the_document_is_the_same_whatever_j ""

"$hp_diff" -q --json "$work/0/1" "$work/0/2" >"$work/json.small"
python3 - "$work/json.1" "$work/json.small" <<'PY'
import json, sys

text = open(sys.argv[1]).read()
large = json.loads(text[: text.rindex("}") + 1])
small = json.load(open(sys.argv[2]))
copies = [o for o in large["objects"] if o["path"].startswith("copies/")]
others = [o for o in large["objects"] if not o["path"].startswith("copies/")]
assert len(copies) == 300 and [o["path"] for o in large["objects"]] == sorted(o["path"] for o in large["objects"])
for one in copies:
    assert [f["name"] for f in one["functions"]] == ["busy_200"], one
    assert one["functions"][0]["reason"][0]["line"] == 201, one
assert others == small["objects"], (others, small["objects"])
assert {o["path"] for o in others} == {"maker.o", "reader.o", "remover.o", "zz-user.o"}, others
assert large["refusals"] == small["refusals"], (large["refusals"], small["refusals"])
assert [r["code"] for r in small["refusals"]].count("removed-still-used") == 1, small["refusals"]
PY
result $? what_concerns_other_objects_is_found_in_large_trees ""
echo "1..$count"
