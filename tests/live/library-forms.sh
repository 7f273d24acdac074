#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Shared libraries of each form: preemptible, protected, hidden and versioned symbols, lazy and immediate binding, without
# a PLT, folded by the linker; the patched process gives what one does that was started with the new library.
. tests/live/lib.bash

echo 'FORMS_1 { global: forms_all; forms_hook; forms_protected; forms_versioned; local: *; }; FORMS_2 { global: forms_versioned; } FORMS_1;' >"$out/forms.map"

# form NAME "COMPILE OPTIONS" "LINK OPTIONS" "PROGRAM OPTIONS"
form() {
	local name=$1 what='' before wanted side
	if ! EXTRA="-fPIC $2" LINK="-shared -Wl,-soname,$name -Wl,--version-script=$out/forms.map $3" build "$name" "$data/forms.c" || ! package "$name"; then
		result 1 "$name" "not built: $(cat "$out/$name.build" 2>&1)"
		return
	fi
	mkdir -p "$out/$name-user/old"
	# shellcheck disable=SC2086
	"$cc" "${flags[@]}" $4 "$data/forms-user.c" -o "$out/$name-user/old/$name-user" "$out/$name/old/$name" || return
	wanted=$(LD_LIBRARY_PATH=$out/$name/new "$out/$name-user/old/$name-user" <<<check)
	before=$(LD_LIBRARY_PATH=$out/$name/old "$out/$name-user/old/$name-user" <<<check)
	[ "$before" != "$wanted" ] || what="both sides say $before; "
	LD_LIBRARY_PATH=$out/$name/old start "$name-user"
	answer check && [ "$reply" = "$before" ] || what="$what before: $reply; "
	apply "$pid" "$out/$name.hp" || what="$what apply: $(said)"
	answer check && [ "$reply" = "$wanted" ] || what="$what patched: '$reply', the new library says '$wanted'; "
	apply --verify "$pid" "$out/$name.hp" || what="$what verify: $(said)"
	apply --revert="$name" "$pid" || what="$what revert: $(said)"
	answer check && [ "$reply" = "$before" ] || what="$what reverted: $reply"
	stop
	[ -z "$what" ]
	result $? "$name" "$what"
}

# refuses_twin NAME "LINK OPTIONS" : two functions share their code in the image, and only one of them changes
refuses_twin() {
	local status
	EXTRA="-fPIC -DTWIN" LINK="-shared -Wl,--version-script=$out/forms.map $2" build "$1" "$data/forms.c"
	package "$1"
	status=$?
	[ $status = 2 ] && grep -q "forms_twin_b shares its code in the image with .*symbol-ambiguous" "$out/$1.build" && [ ! -e "$out/$1.hp" ]
	result $? "$1" "exits with $status: $(cat "$out/$1.build")"
}

form lazy_binding "" "-Wl,-z,lazy" "-Wl,-z,lazy"
form immediate_binding "" "-Wl,-z,now" "-Wl,-z,now"
form without_plt "-fno-plt" "-Wl,-z,now" ""
form preempted_by_the_program "" "" "-DHOOK -rdynamic"
form bound_symbolically "" "-Wl,-Bsymbolic" "-DHOOK -rdynamic"
form protected_by_default "-fvisibility=protected" "" ""
if command -v ld.gold >/dev/null; then
	form folded_by_gold "" "-fuse-ld=gold -Wl,--icf=all" ""
	refuses_twin folded_by_gold_one_of_two_changes "-fuse-ld=gold -Wl,--icf=all"
fi
if command -v ld.lld >/dev/null; then
	form folded_by_lld "" "-fuse-ld=lld -Wl,--icf=all" ""
	refuses_twin folded_by_lld_one_of_two_changes "-fuse-ld=lld -Wl,--icf=all"
fi

finish
