#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300
# Thread-local variables in each model, IFUNC, undefined weak and copied symbols in new code that runs: threads of a patched
# process get what those of a process of the new build get, and variables keep what they had.
. tests/live/lib.bash

# form NAME FORM "COMPILE OPTIONS" "LINK OPTIONS" RELOCATION : FORM library or program; the object must hold the relocation
form() {
	local name=$1 kind=$2 what='' before wanted kept program side
	program=$name-user
	if [ "$kind" = library ]; then
		EXTRA="-fPIC $3" LINK="-shared -Wl,-soname,$name $4" build "$name" "$data/threads.c" || what="not built"
		mkdir -p "$out/$program/old" "$out/$program/new"
		"$cc" "${flags[@]}" "$data/threads-user.c" -o "$out/$program/old/$program" "$out/$name/old/$name" || what="not linked"
		cp "$out/$program/old/$program" "$out/$program/new"
	else
		program=$name
		EXTRA=$3 LINK=$4 build "$name" "$data/threads.c" "$data/threads-user.c" || what="not built"
	fi
	readelf -rW "$out/$name/new/threads.o" | grep -q "$5" || what="no relocation $5 in the object"
	[ "$what" ] || package "$name" || what="no package: $(cat "$out/$name.build")"
	if [ "$what" ]; then
		result 1 "$name" "$what"
		return
	fi
	wanted=$(printf 'check\nreset\n' | LD_LIBRARY_PATH=$out/$name/new "$out/$program/new/$program" | tail -n 1)
	before=$(LD_LIBRARY_PATH=$out/$name/old "$out/$program/old/$program" <<<check)
	LD_LIBRARY_PATH=$out/$name/old start "$program"
	answer check && [ "$reply" = "$before" ] || what="before: $reply; "
	apply "$pid" "$out/$name.hp" || what="$what apply: $(said)"
	answer check # the variables of these threads go on: +1 by the old code, +2 by the new
	kept=$reply
	answer reset && [ "$reply" = "$wanted" ] || what="$what new threads: '$reply', those of the new build: '$wanted'; "
	[ "$kept" != "$wanted" ] && [ "$kept" != "$before" ] || what="$what the variables did not go on: $kept; "
	apply --verify "$pid" "$out/$name.hp" || what="$what verify: $(said)"
	apply --revert="$name" "$pid" || what="$what revert: $(said)"
	answer reset && [ "$reply" = "$before" ] || what="$what reverted: $reply"
	stop
	[ -z "$what" ]
	result $? "$name" "$what"
}

form general_dynamic library "-ftls-model=global-dynamic" "" R_X86_64_TLSGD
form local_dynamic library "-ftls-model=local-dynamic" "" R_X86_64_TLSLD
form initial_exec library "-ftls-model=initial-exec" "" R_X86_64_GOTTPOFF
form descriptors library "-DALL_GLOBAL -mtls-dialect=gnu2 -ftls-model=global-dynamic" "" R_X86_64_GOTPC32_TLSDESC
form general_dynamic_relaxed_in_a_program program "-fPIC -ftls-model=global-dynamic" "-pie" R_X86_64_TLSGD
form local_exec program "-fPIE" "-pie" R_X86_64_TPOFF32
form local_exec_and_copied_symbols program "-fno-pie" "-no-pie" R_X86_64_TPOFF32
readelf -rW "$out/local_exec_and_copied_symbols/old/local_exec_and_copied_symbols" | grep -q R_X86_64_COPY
result $? "the_program_has_a_copied_symbol"
form static_program program "-fno-pie" "-static" R_X86_64_TPOFF32

finish
