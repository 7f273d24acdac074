#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# A library's life in a process: opened after the package was applied, closed, opened again, mapped twice.
. tests/live/lib.bash

EXTRA=-fPIC LINK="-shared -Wl,-soname,opened" build opened "$data/opened.c" && package opened || {
	echo "Bail out! the library or its package was not built: $(cat "$out/opened.build")"
	exit 1
}
mkdir -p "$out/opener/old"
"$cc" "${flags[@]}" "$data/opener.c" -o "$out/opener/old/opener" -ldl || exit 1
library=$out/opened/old/opened
cp "$library" "$out/copy" # another file of the same build

replies() { # COMMAND WANTED
	answer "$1"
	[ "$reply" = "$2" ] || { what="$what'$1' says '$reply' instead of '$2'; "; return 1; }
}
exits() { # STATUS WORD ARGUMENT... : hp-apply exits so and says the word
	local status=$1 word=$2 got
	shift 2
	apply "$@"
	got=$?
	if [ $got != "$status" ]; then
		what="$what$* exits with $got: $(said); "
		return 1
	fi
	grep -q -- "$word" "$out/apply.out" || { what="$what'$word' is not in: $(said); "; return 1; }
}
test_it() { # NAME FUNCTION
	what=''
	start opener
	"$2"
	result $? "$1" "$what"
	stop
}
patch() {
	exits 0 patched --trust=none "$pid" "$out/opened.hp"
}

closed() {
	replies "open 0 $library" opened && patch && replies "check 0" "ok 2" && replies "close 0" "closed 0" &&
		exits 0 "opened at 0x[0-9a-f]* gone" --list "$pid" && exits 0 gone --verify "$pid" "$out/opened.hp" &&
		exits 0 reverted --revert=opened "$pid"
}
test_it "an_image_that_was_closed_is_gone_and_no_fault" closed

opened_again() {
	replies "open 0 $library" opened && patch && replies "count 0" 101 && replies "close 0" "closed 0" &&
		replies "open 0 $library" opened && replies "check 0" "ok 1" && exits 0 "stale: loaded after" --list "$pid" &&
		exits 2 stale --verify "$pid" && exits 2 "opened is not active" --verify "$pid" "$out/opened.hp" &&
		patch && replies "check 0" "ok 2" && exits 0 "1 function, 1 intact" --verify "$pid" "$out/opened.hp" || return 1
	replies "count 0" 102 || return 1 # "check" has counted: from its beginning, as the library's own data
	exits 0 "already active" --trust=none "$pid" "$out/opened.hp" && exits 0 reverted --revert=opened "$pid" && replies "check 0" "ok 1"
}
test_it "closed_and_opened_again_it_is_stale_and_applying_again_patches_it" opened_again

again_after_revert() { # nothing of ours is at its entry, before as after: but its data begin anew
	replies "open 0 $library" opened && patch && replies "count 0" 101 && exits 0 reverted --revert=opened "$pid" &&
		patch && replies "count 0" 102 && exits 0 reverted --revert=opened "$pid" && replies "close 0" "closed 0" &&
		replies "open 0 $library" opened && patch && replies "count 0" 101
}
test_it "new_data_go_on_over_a_revert_and_begin_anew_with_the_image" again_after_revert

opened_later() {
	replies "open 0 $library" opened && patch && replies "open 1 $out/copy" opened && replies "check 1" "ok 1" &&
		replies "check 0" "ok 2" && exits 0 "copy at 0x[0-9a-f]* stale" --list "$pid" && grep -q "opened at .* active" "$out/apply.out" &&
		exits 2 "not active in 1 of 2 images; apply it again" --verify "$pid" "$out/opened.hp" && patch && replies "check 1" "ok 2" &&
		replies "count 0" 102 && replies "count 1" 102 && exits 0 "2 functions, 2 intact" --verify "$pid" "$out/opened.hp" &&
		exits 0 reverted --revert=opened "$pid" && replies "check 0" "ok 1" && replies "check 1" "ok 1"
}
test_it "a_second_image_of_the_build_opened_later_is_stale_until_applied_again" opened_later

twice() { # two namespaces, two copies of the C library: each must find its own
	replies "open 0 $library" opened && replies "apart 1 $library" opened && exits 0 "2/2 verified" --trust=none "$pid" "$out/opened.hp" &&
		replies "check 0" "ok 2" && replies "check 1" "ok 2" && replies "check 1" "ok 2" && replies "count 0" 102 && replies "count 1" 103 &&
		replies "close 1" "closed 0" && exits 0 gone --list "$pid" && replies "check 0" "ok 2" && exits 0 "1/1 verified" --revert=opened "$pid" &&
		replies "check 0" "ok 1"
}
test_it "one_image_mapped_twice_in_two_namespaces_is_patched_twice" twice

states_in_json() {
	replies "open 0 $library" opened && replies "open 1 $out/copy" opened && patch && replies "close 1" "closed 0" &&
		replies "apart 2 $library" opened && "$bin/hp-apply" --list --json "$pid" >"$out/list.json" &&
		what=$(python3 - "$out/list.json" <<-'PY'
			import json, sys
			package = json.load(open(sys.argv[1]))["processes"][0]["packages"][0]
			states = sorted(image["state"] for image in package["images"])
			if states not in (["active", "gone", "stale"], ["active", "stale"]) or package["state"] != "active":  # 2 may lie where 1 was
			    print(package)
		PY
		) && [ -z "$what" ]
}
test_it "the_states_are_in_json" states_in_json

many_lives() {
	local i
	for i in $(seq 12); do
		replies "open 0 $library" opened && patch && replies "check 0" "ok 2" && replies "close 0" "closed 0" || { what="$what (life $i)"; return 1; }
	done
	[ "$(grep -c "r-xp 00000000 00:00 0 *$" "/proc/$pid/maps")" -le 6 ] || { what="$(cat "/proc/$pid/maps")"; return 1; }
}
test_it "a_library_that_lives_many_times_takes_little_memory" many_lives

finish
