#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What unchanged code may rely on: addresses of functions, registers that a static function leaves alone.
. tests/live/lib.bash

for kind in "pie:-fPIE:-pie" "non-pie:-fno-pie -fno-pic:-no-pie" "static:-fno-pie:-static" "static-pie:-fPIE:-static-pie" \
	"ipa-ra-o3:-O3 -fipa-ra -fPIE:-pie" "cet:-fcf-protection=full -fPIE:-pie" "no-plt:-fno-plt -fPIE:-pie -Wl,-z,now" \
	"frame-pointer:-fno-omit-frame-pointer -fPIE:-pie" "large-pic:-fPIC -mcmodel=large:-pie" \
	"large:-fno-pie -fno-pic -mcmodel=large:-no-pie" \
	"medium-pic:-fPIC -mcmodel=medium -mlarge-data-threshold=1:-pie"; do
	IFS=: read -r name compile link <<<"$kind"
	rm -rf "$out/program" "$out/program.hp"
	if ! EXTRA=$compile LINK=$link build program "$data/program.c" "$data/parts.c" || ! package program; then
		result 1 "$name: package is built" "$(cat "$out/program.build" 2>/dev/null)"
		continue
	fi
	start program plain
	answer registers
	before=${reply#registers }
	applies_and_reverts "$name: applied and reverted"
	apply "$pid" "$out/program.hp"
	answer pointers
	[ "$reply" = "pointers 12" ]
	result $? "$name: address of a replaced function is its old entry" "$reply"
	answer registers
	# The new version adds 2 % 4 where the old one adds 1 % 4, a thousand times.
	[ "$reply" = "registers $((before + 1000))" ]
	result $? "$name: registers are kept across the call of a replaced static function" "$reply, before $before"
	stop
done

# The program that runs was linked from objects with all functions in one section; those with a section each are made
# beside, with the same compiler and otherwise the same flags, to take the changed functions from.
as_linked() {
	build program "$data/program.c" "$data/parts.c" && mkdir -p "$out/program/running" || return 1
	for source in program parts; do
		"$cc" "${flags[@]}" -fno-function-sections -fno-data-sections -DVERSION=1 -c "$data/$source.c" \
			-o "$out/program/running/$source.o" || return 1
	done
	"$cc" -pthread -Wl,--build-id "$out"/program/running/*.o -o "$out/program/image" &&
		rm "$out"/program/*/program && mv "$out/program/image" "$out/program/old/program"
}
rm -rf "$out/program" "$out/program.hp"
as_linked && mkdir -p "$out/program/nothing" &&
	! "$bin/hp-build" -q --image=program --running="$out/program/nothing" "$out/program/old" "$out/program/new" \
		-o "$out/program.hp" >"$out/program.build" 2>&1
result $? "--running without the objects is refused" "$(cat "$out/program.build")"
"$bin/hp-build" -q --id=program --image=program --running="$out/program/running" "$out/program/old" "$out/program/new" \
	-o "$out/program.hp" >"$out/program.build" 2>&1
result $? "with --running the objects as linked prove where everything is" "$(cat "$out/program.build")"
start program plain
answer registers
before=${reply#registers }
applies_and_reverts "linked without function sections: applied and reverted"
apply "$pid" "$out/program.hp"
answer registers
[ "$reply" = "registers $((before + 1000))" ]
result $? "linked without function sections: new code runs" "$reply, before $before"
stop

# Checks of -fsanitize=undefined describe themselves in unnamed writable data. New ones are several in one function: each
# reports what it is.
rm -rf "$out/program" "$out/program.hp"
mkdir -p "$out/checked" && cp "$data/checked.c" "$out/checked/checked.c"
EXTRA="-fsanitize=undefined -fPIE" LINK="-pie -fsanitize=undefined" build program "$out/checked/checked.c" && package program
result $? "-fsanitize=undefined: package is built" "$(cat "$out/program.build")"
start program
applies_and_reverts "-fsanitize=undefined: applied and reverted"
apply "$pid" "$out/program.hp"
answer grow # what the runtime says comes first: both go to one place
said_of_it=$reply
until [[ $reply == grown* ]]; do
	read -r -t 30 reply <&"$told" || break
done
[[ $said_of_it == *"signed integer overflow: "*" * "*" cannot"* && $reply == "grown -8" ]]
result $? "-fsanitize=undefined: a new check says what it is" "$said_of_it; $reply"
stop

finish
