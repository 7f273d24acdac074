#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-apply on a threaded program: apply, again, list, verify, busy, revert; what the process does meanwhile.
# time limit: 300
pid_a=0 pid_b=0 # set by start()
. testdata/apply/apply.bash
cd "$out" || exit 1

build old 0 || exit 1
build new 1 || exit 1
build newer 2 || exit 1
build another 0 -DOTHER=1 || exit 1
hp-build -q -o kb5.hp --id=KB5 old another || exit 1
hp-build -q -o kb1.hp --id=KB1 --fixes=CVE-2099-1 --title="First" old new || exit 1
hp-build -q -o kb2.hp --id=KB2 --supersedes=KB1 old newer || exit 1
hp-build -q -o kb3.hp --id=KB3 --requires=KB0 old newer || exit 1
hp-build -q -o kb4.hp --id=KB4 old newer || exit 1
apply() { exits "$1" hp-apply --trust=none "${@:2}"; }

applies_while_it_runs() {
	start a old 4 && answers a "answer 10" 31 && answers a "library 2" 10 &&
		apply 0 "$pid_a" kb1.hp && answers a "answer 10" 32 && answers a "library 2" 11
}
check "a program and its library are patched while threads run in it" applies_while_it_runs

twice_is_done() {
	start a old 2 && apply 0 "$pid_a" kb1.hp && apply 0 "$pid_a" kb1.hp | tee twice && grep -q "already active" twice
}
check "a package applied twice is already active" twice_is_done

lists_and_verifies() {
	start a old 2 && apply 0 "$pid_a" kb1.hp && hp-apply --list "$pid_a" | tee list &&
		grep -q "KB1 .*active.*4 functions, 4 intact.*CVE-2099-1" list && apply 0 --verify "$pid_a" kb1.hp
}
check "list and verify see it from another process" lists_and_verifies

tampering_is_seen() {
	start a old 0 && apply 0 "$pid_a" kb1.hp || return 1
	python3 - "$pid_a" <<-'PY'
		import json, subprocess, sys
		pid = sys.argv[1]
		state = json.loads(subprocess.check_output(["hp-apply", "--list", "--json", pid]))
		address = int(state["processes"][0]["packages"][0]["functions"][0]["address"], 16)
		with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
		    memory.seek(address)
		    bytes_ = memory.read(9)
		    jump = address + (4 if bytes_[:4] == b"\xf3\x0f\x1e\xfa" else 0)
		    memory.seek(jump + 1)
		    memory.write(b"\x00\x00\x00\x00")
	PY
	apply 2 --verify "$pid_a"
}
check "verify fails when an entry jump was changed" tampering_is_seen

revert_restores() {
	start a old 4 && apply 0 "$pid_a" kb1.hp && answers a "answer 10" 32 && apply 0 --revert=KB1 "$pid_a" &&
		answers a "answer 10" 31 && answers a "library 2" 10 && apply 0 "$pid_a" kb1.hp &&
		answers a "answer 10" 32 && apply 0 --revert-all "$pid_a" && answers a "answer 10" 31
}
check "revert brings the old behaviour back, and it can be applied again" revert_restores

revert_restores_bytes() {
	start a old 0 || return 1
	code() {
		python3 - "$pid_a" <<-'PY'
			import hashlib, re, sys
			pid = sys.argv[1]
			digest = hashlib.sha256()
			with open(f"/proc/{pid}/mem", "rb", 0) as memory:
			    for line in open(f"/proc/{pid}/maps"):
			        if "r-xp" in line and re.search(r"/(target|libapply.so)", line):
			            start, end = (int(x, 16) for x in line.split()[0].split("-"))
			            memory.seek(start)
			            digest.update(memory.read(end - start))
			print(digest.hexdigest())
		PY
	}
	before=$(code)
	apply 0 "$pid_a" kb1.hp || return 1
	[ "$(code)" != "$before" ] && apply 0 --revert=KB1 "$pid_a" && [ "$(code)" = "$before" ]
}
check "revert leaves the images' code byte for byte as it was" revert_restores_bytes

busy_then_done() {
	start a old 1 && tell a hold && sleep 0.3 || return 1
	apply 1 --timeout=0.5 "$pid_a" kb1.hp | tee busy
	grep -Eq "thread [0-9]+ \(target\) is in hold; backtrace: .*hold" busy && answers a "answer 10" 31 &&
		apply 0 --verify "$pid_a" && answers a release "held 5" && apply 0 "$pid_a" kb1.hp &&
		answers a "answer 10" 32 && tell a hold && sleep 0.2 && answers a release "held 6"
}
check "a function on the stack is busy: thread, function and backtrace, nothing changed" busy_then_done

new_body_on_stack() {
	start a old 1 && apply 0 "$pid_a" kb1.hp && tell a hold && sleep 0.3 &&
		apply 1 --timeout=0.3 --revert=KB1 "$pid_a" | tee busy && grep -q "is in hold" busy &&
		answers a "answer 10" 32 && answers a release "held 6" && apply 0 --revert=KB1 "$pid_a"
}
check "revert waits for new code on a stack as apply does for old" new_body_on_stack

check_changes_nothing() {
	start a old 0 && cp "/proc/$pid_a/maps" before && apply 0 -n "$pid_a" kb1.hp && apply 0 --check "$pid_a" kb1.hp &&
		cmp before "/proc/$pid_a/maps" && answers a "answer 10" 31
}
check "-n changes nothing" check_changes_nothing

state_goes_on() {
	start a old 0 && apply 0 "$pid_a" kb1.hp && answers a count 1000 && answers a count 1001 &&
		apply 0 --revert=KB1 "$pid_a" && answers a count 1 && apply 0 "$pid_a" kb1.hp && answers a count 1002
}
check "new writable data keeps its value over revert and apply" state_goes_on

supersedes() {
	start a old 3 && apply 0 "$pid_a" kb1.hp && apply 0 "$pid_a" kb2.hp && answers a "answer 10" 33 &&
		hp-apply --list "$pid_a" | tee list && grep -q "KB1 *inactive" list && grep -q "KB2 *active" list &&
		apply 0 --revert=KB2 "$pid_a" && answers a "answer 10" 32
}
check "a superseding package takes over in one step; reverting it brings the earlier one back" supersedes

dead_before_the_store() {
	start a old 2 && apply 0 "$pid_a" kb1.hp && answers a "answer 10" 32 || return 1
	# All jumps re-aimed, the word not stored yet: what an applier leaves that is killed there.
	python3 - "$pid_a" <<-'PY' || return 1
		import sys
		pid = sys.argv[1]
		with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
		    for line in open(f"/proc/{pid}/maps"):
		        start = int(line.split("-")[0], 16)
		        if start >> 31 or "r-xp" not in line:
		            continue
		        memory.seek(start)
		        if memory.read(6) == b"HPCTRL":
		            memory.seek(start + 64)
		            assert memory.write(bytes(8)) == 8
		            sys.exit(0)
		sys.exit("no control block")
	PY
	answers a "answer 10" 31 && answers a "library 2" 10 && answers a "other 1" 10 &&
		apply 0 --list "$pid_a" | tee list && grep -q "an applier that died" list &&
		apply 0 "$pid_a" kb5.hp | tee other && grep -q "cleared" other && answers a "other 1" 11 &&
		answers a "answer 10" 31 && answers a "library 2" 10 && apply 0 --verify "$pid_a" kb5.hp &&
		apply 0 "$pid_a" kb1.hp && answers a "answer 10" 32 && answers a "other 1" 11 &&
		apply 0 --revert-all "$pid_a" && answers a "answer 10" 31 && answers a "other 1" 10
}
check "what an applier left that died before the store is cleared, not switched on by the next one" dead_before_the_store

state_is_taken_over() {
	start a old 0 && apply 0 "$pid_a" kb1.hp && answers a count 1000 && answers a count 1001 && apply 0 "$pid_a" kb2.hp &&
		answers a count 1002 && apply 0 --revert=KB2 "$pid_a" && answers a count 1003
}
check "a superseding package takes over the counter of the one before, also back" state_is_taken_over

conflicts() {
	start a old 0 && apply 0 "$pid_a" kb1.hp && apply 2 "$pid_a" kb4.hp | tee refused &&
		grep -q "KB1 already replaces" refused && answers a "answer 10" 32
}
check "a package for the same function that does not supersede is refused" conflicts

requires() {
	start a old 0 && apply 2 "$pid_a" kb3.hp | tee refused && grep -q "requires-missing" refused && answers a "answer 10" 31
}
check "a package whose requirement is not active is refused" requires

probes() {
	start a old 0 && apply 2 --probe=false "$pid_a" kb1.hp && answers a "answer 10" 31 &&
		apply 0 --probe='[ "$HP_ID" = KB1 ] && [ -d /proc/$HP_PID ]' "$pid_a" kb1.hp && answers a "answer 10" 32 &&
		apply 0 --revert-all "$pid_a" && rm -f second &&
		apply 2 --probe='[ ! -e second ] && touch second' "$pid_a" kb1.hp | tee probe &&
		grep -q "reverted" probe && answers a "answer 10" 31
}
check "a probe that fails before keeps it unchanged, one that fails after takes it back" probes

every_process() {
	start a old 1 && start b old 1 && apply 0 kb1.hp | tee all && grep -q "2 of 2 patched" all &&
		answers a "answer 10" 32 && answers b "answer 10" 32 && apply 0 --revert=KB1 && answers b "answer 10" 31
}
check "without a process number every process that maps a target is patched" every_process

absent() {
	apply 2 kb1.hp && apply 0 --if-present kb1.hp && apply 2 $$ kb1.hp && apply 0 --if-present $$ kb1.hp &&
		apply 2 999999999 kb1.hp && apply 2 $$ kb1.hp | tee said && grep "^KB1" said && ! grep -q "map" <(grep "^KB1" said)
}
check "no process is a failure unless --if-present" absent

old_on_disk() {
	start a old 0 && apply 0 "$pid_a" kb1.hp | tee disk && grep -q "STILL OLD ON DISK: .*/old/target" disk || return 1
	cp -r old gone && start b gone 0 && rm -r gone && apply 0 "$pid_b" kb1.hp | tee disk && answers b "answer 10" 32 &&
		! grep -q "STILL OLD" disk
}
check "the report says whether the file on disk is still the old build; a deleted one is patched in memory" old_on_disk

json_report() {
	start a old 1 && apply 0 --json "$pid_a" kb1.hp >report.json && python3 - "$pid_a" <<-'PY'
		import json, sys
		report = json.load(open("report.json"))
		process = report["processes"][0]
		assert report["schema"] == 1 and report["id"] == "KB1" and report["fixes"] == ["CVE-2099-1"], report
		assert process["pid"] == int(sys.argv[1]) and process["state"] == "patched", process
		assert process["functions"] == process["verified"] == 4 and process["pause_us"] > 0, process
		assert set(process) >= {"comm", "unit", "container", "probe", "code", "message"}, process
	PY
}
check "the JSON report says the same" json_report

logs() {
	rm -f listening
	start a old 0 || return 1
	python3 - "$pid_a" <<-'PY' &
		import os, socket, sys, time
		log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		log.bind("/dev/log")
		log.settimeout(10)
		open("listening", "w").close()
		try:
		    with open("logged", "w") as out:
		        ours, end = 0, time.monotonic() + 60
		        while ours < 3 and time.monotonic() < end:  # others may be at work on this machine
		            line = log.recv(4096).decode()
		            out.write(line + "\n")
		            out.flush()
		            ours += "HP_PID=" + sys.argv[1] in line
		finally:
		    os.unlink("/dev/log")
	PY
	listener=$!
	for _ in $(seq 100); do [ -e listening ] && break; sleep 0.05; done
	apply 0 "$pid_a" kb1.hp && apply 0 --revert=KB1 "$pid_a" && apply 2 "$pid_a" kb3.hp
	wait "$listener"
	cat logged
	grep -q "HP_ACTION=apply HP_ID=KB1 HP_PID=$pid_a HP_COMM=target .*HP_STATE=patched HP_FUNCTIONS=4" logged &&
		grep -q "HP_ACTION=revert HP_ID=KB1 HP_PID=$pid_a .*HP_STATE=reverted" logged &&
		grep -q "HP_ACTION=apply HP_ID=KB3 .*HP_STATE=refused .*HP_CODE=requires-missing" logged
}
if [ -e /dev/log ] || [ ! -w /dev ]; then
	count=$((count + 1))
	echo "ok $count - apply, revert and refusal reach the system log # SKIP /dev/log is taken"
else
	check "apply, revert and refusal reach the system log" logs
fi

symbols_for_gdb() {
	start a old 0 && apply 0 --symbols=symbols.elf "$pid_a" kb1.hp && tell a hold && sleep 0.3 || return 1
	timeout 60 gdb -p "$pid_a" -batch -ex "add-symbol-file symbols.elf" -ex "thread apply all backtrace" >trace 2>/dev/null
	cat trace
	grep -q "in hold.KB1 ()" trace && grep -A1 "in hold.KB1 ()" trace | grep -q "in hold_here"
}
if command -v gdb >/dev/null; then
	check "gdb walks through new code with --symbols" symbols_for_gdb
else
	count=$((count + 1))
	echo "ok $count - gdb walks through new code with --symbols # SKIP gdb is not installed"
fi

symbols_not_written() {
	start a old 0 && mkdir -p taken || return 1
	for file in missing/symbols.elf taken; do
		apply 3 --symbols=$file "$pid_a" kb1.hp 2>&1 | tee said
		grep -q "$file: cannot be written" said && answers a "answer 10" 31 || return 1
	done
	apply 0 --symbols=/dev/full "$pid_a" kb1.hp | tee said && grep -q "patched: warning: no symbols written" said &&
		grep -q "1 of 1 patched" said && answers a "answer 10" 32
}
check "symbols that cannot be written are refused before anything changes, later they are a warning" symbols_not_written

unknown_package() {
	start a old 0 && apply 2 --revert=KB9 "$pid_a" 2>&1 | tee said && grep -q "0 of 1 reverted" said &&
		grep -q "hp-apply: no process has package KB9" said && apply 2 --revert=KB9 2>&1 | tee said &&
		grep -q "hp-apply: no process has package KB9" said && apply 0 --if-present --revert=KB9 &&
		apply 0 "$pid_a" kb1.hp && apply 2 --revert=KB9 "$pid_a" && answers a "answer 10" 32 &&
		apply 0 --revert=KB1 "$pid_a" && apply 0 --revert=KB1 "$pid_a" | tee said && grep -q "already inactive" said &&
		apply 0 --revert=KB1
}
check "a package to revert that no process has is said; one that is inactive already is done" unknown_package

usage() {
	exits 3 hp-apply && exits 3 hp-apply --list --verify && exits 3 hp-apply --no-such-option kb1.hp &&
		exits 3 hp-apply kb1.hp kb2.hp && exits 3 hp-apply --max-pause=5 kb1.hp && exits 3 hp-apply missing.hp &&
		printf 'not a package' >text.hp && exits 3 hp-apply text.hp && exits 0 hp-apply --help &&
		exits 0 hp-apply --version
}
check "bad usage and unreadable packages exit with 3" usage

signatures() {
	hp-sign keygen key >/dev/null && hp-sign keygen other >/dev/null && cp kb1.hp signed.hp && hp-sign sign key.key signed.hp &&
		start a old 0 && exits 2 hp-apply --trust=key.pub "$pid_a" kb1.hp && exits 2 hp-apply --trust=other.pub "$pid_a" signed.hp &&
		answers a "answer 10" 31 && exits 0 hp-apply --trust=key.pub "$pid_a" signed.hp && answers a "answer 10" 32
}
check "with a trusted key, unsigned and foreign packages are refused" signatures

max_pause() {
	start a old 30 && apply 1 --max-pause=1us --timeout=0.2 "$pid_a" kb1.hp && answers a "answer 10" 31 &&
		apply 0 --max-pause=1s "$pid_a" kb1.hp && answers a "answer 10" 32
}
check "--max-pause gives up with nothing changed" max_pause

finish
