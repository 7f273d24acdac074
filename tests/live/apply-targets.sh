#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-apply on processes in unusual states, and on those that cannot be patched: the code, and nothing touched.
# time limit: 300
pid_a=0 # set by start()
. testdata/apply/apply.bash
cd "$out" || exit 1

build old 0 || exit 1
build new 1 || exit 1
hp-build -q -o kb.hp --id=KB1 old new || exit 1
apply() { exits "$1" hp-apply --trust=none "${@:2}"; }

refused() { # NAME CODE : refused with this code, the process answers as before, nothing of ours is mapped
	local pid=pid_$1
	apply 2 --json "${!pid}" kb.hp >refused.json || { cat refused.json; return 1; }
	grep -q "\"code\": \"$2\"" refused.json || { cat refused.json; return 1; }
	answers "$1" "answer 10" 31 && apply 0 --list "${!pid}" | tee list && ! grep -q KB1 list
}

stopped_stays_stopped() {
	start a old 2 && kill -STOP "$pid_a" && sleep 0.2 && apply 0 "$pid_a" kb.hp && sleep 0.2 &&
		grep -q "^State:.*stopped" "/proc/$pid_a/status" && kill -CONT "$pid_a" && answers a "answer 10" 32
}
check "a stopped process is patched and stays stopped" stopped_stays_stopped

main_thread_gone() {
	start a old 2 leave-main && sleep 0.2 && grep -q "^State:.*zombie" "/proc/$pid_a/status" &&
		apply 0 "$pid_a" kb.hp && answers a "answer 10" 32 && apply 0 --verify "$pid_a" kb.hp &&
		apply 0 --revert=KB1 "$pid_a" && answers a "answer 10" 31
}
check "a process whose main thread has ended is patched" main_thread_gone

vfork_parent() {
	start a old 0 && answers a "vfork 1500" vfork && apply 1 --timeout=0.4 "$pid_a" kb.hp | tee vfork &&
		grep -q "does not stop" vfork && grep -q "^TracerPid:.0" "/proc/$pid_a/status" &&
		apply 0 --timeout=5 "$pid_a" kb.hp && sleep 1 && answers a "answer 10" 32
}
check "the parent of a vfork is busy until the child ends, and never left traced" vfork_parent

forked_children() {
	start a old 1 && answers a "fork 10" "child 31" && apply 0 "$pid_a" kb.hp && answers a "fork 10" "child 32" &&
		apply 0 --revert=KB1 "$pid_a" && answers a "fork 10" "child 31"
}
check "children forked from a patched process run what it runs" forked_children

child_named() {
	start a old 0 fork && child=$(ask a pid) && apply 0 "$pid_a" kb.hp | tee parent && grep -q "forked children: $child" parent &&
		answers a "answer 10" 31 && apply 0 kb.hp | tee both && grep -Eq "^ +$child .* patched, 4/4" both && answers a "answer 10" 32
}
check "a child forked before is named, and is a target of its own" child_named

filter_kills() { start a old 0 filter=mmap-dies && refused a target-seccomp; }
check "a seccomp filter that would kill at mmap is seen beforehand" filter_kills
filter_fails() { start a old 0 filter=mmap-fails && refused a target-seccomp; }
check "a seccomp filter that denies mmap is seen beforehand" filter_fails
filter_allows() { start a old 1 filter=mmap-allowed && apply 0 "$pid_a" kb.hp && answers a "answer 10" 32; }
check "a seccomp filter that allows mmap is no obstacle" filter_allows

traced() {
	start a old 0 || return 1
	python3 - "$pid_a" <<-'PY' &
		import ctypes, sys, time
		libc = ctypes.CDLL(None)
		libc.ptrace(0x4206, int(sys.argv[1]), 0, 0)
		time.sleep(20)
	PY
	targets+=($!)
	for _ in $(seq 200); do
		grep -q "^TracerPid:	0$" "/proc/$pid_a/status" || break
		sleep 0.05
	done
	refused a target-traced
}
check "a process that is traced already is refused" traced

modified() {
	start a old 0 && python3 - "$pid_a" <<-'PY' || return 1
		import subprocess, sys
		pid = sys.argv[1]
		for line in subprocess.check_output(["nm", "old/target"], text=True).splitlines():
		    if line.endswith(" T count"):
		        offset = int(line.split()[0], 16)
		base = next(int(line.split("-")[0], 16) for line in open(f"/proc/{pid}/maps") if line.rstrip().endswith("old/target"))
		with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
		    memory.seek(base + offset + 6)
		    byte = memory.read(1)
		    memory.seek(base + offset + 6)
		    memory.write(bytes([byte[0] ^ 1]))
	PY
	refused a target-modified
}
check "code that is not what the package was made for is refused" modified

one_of_two_modified() { # the package is for the program and its library; only the library cannot be patched
	start a old 2 && python3 - "$pid_a" <<-'PY' || return 1
		import subprocess, sys
		pid = sys.argv[1]
		for line in subprocess.check_output(["nm", "old/libapply.so"], text=True).splitlines():
		    if line.endswith(" T library_answer"):
		        offset = int(line.split()[0], 16)
		base = next(int(line.split("-")[0], 16) for line in open(f"/proc/{pid}/maps") if line.rstrip().endswith("old/libapply.so"))
		with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
		    memory.seek(base + offset + 8)
		    byte = memory.read(1)
		    memory.seek(base + offset + 8)
		    memory.write(byte)  # as it is, so that the page is the process's own
		    memory.seek(base + offset + 5)
		    byte = memory.read(1)
		    memory.seek(base + offset + 5)
		    memory.write(bytes([byte[0] ^ 8]))
	PY
	refused a target-modified && grep -q "libapply.so: library_answer" refused.json && answers a "other 1" 10
}
check "of several images one cannot be patched: none is" one_of_two_modified

stripped() { # the file that runs has no symbols; the build ID says that it is the one in the tree
	cp -r old bare && strip bare/target bare/libapply.so && start a bare 2 && answers a "library 2" 10 && apply 0 "$pid_a" kb.hp &&
		answers a "answer 10" 32 && answers a "library 2" 11 && apply 0 --verify "$pid_a" kb.hp && apply 0 --revert=KB1 "$pid_a" &&
		answers a "answer 10" 31 && answers a "library 2" 10
}
check "a stripped running image of an unstripped one in the tree is patched" stripped

not_permitted() {
	start a old 0 && chmod 755 "$out" && cp kb.hp /tmp/hp-apply-test-$$.hp && chmod 644 /tmp/hp-apply-test-$$.hp
	setpriv --reuid=65534 --regid=65534 --clear-groups "$(command -v hp-apply)" --trust=none --json "$pid_a" /tmp/hp-apply-test-$$.hp >refused.json
	status=$?
	rm -f /tmp/hp-apply-test-$$.hp
	cat refused.json
	[ $status = 2 ] && grep -q target-permission refused.json && answers a "answer 10" 31
}
if setpriv --reuid=65534 --regid=65534 --clear-groups "$(command -v hp-apply)" --version >/dev/null 2>&1; then
	check "without permission it is refused" not_permitted
else
	count=$((count + 1))
	echo "ok $count - without permission it is refused # SKIP another user cannot reach the tools here"
fi

namespaces() {
	under=(unshare --mount --pid --fork --mount-proc)
	start a old 2
	local ok=$?
	under=()
	[ $ok = 0 ] || return 1
	inner=$(pgrep -P "$pid_a") && targets+=("$inner") && [ "$(ask a pid)" != "$inner" ] && apply 0 "$inner" kb.hp &&
		answers a "answer 10" 32 && apply 0 --revert=KB1 "$inner" && answers a "answer 10" 31
}
if unshare --mount --pid --fork --mount-proc true 2>/dev/null; then
	check "a process in another pid and mount namespace is patched" namespaces
else
	count=$((count + 1))
	echo "ok $count - a process in another pid and mount namespace is patched # SKIP namespaces cannot be made here"
fi

other_root() {
	mkdir -p root/app root/lib64 root/lib && cp old/target old/libapply.so root/app &&
		ldd old/target | grep -o '/[^ ]*' | while read -r library; do mkdir -p "root$(dirname "$library")" && cp -L "$library" "root$library" 2>/dev/null; done
	under=(env LD_LIBRARY_PATH=/app chroot "$PWD/root") # $ORIGIN needs /proc
	start a /app 2
	local ok=$?
	under=()
	[ $ok = 0 ] && apply 0 "$pid_a" kb.hp | tee rooted && answers a "answer 10" 32 && grep -q "STILL OLD ON DISK: .*target" rooted
}
check "a process with another root is patched, and its own disk is looked at" other_root

same_id() { # other contents under an id that is active
	hp-build -q -o other.hp --id=KB1 --title=other old new && start a old 0 && apply 0 "$pid_a" kb.hp || return 1
	for check in "" --check; do
		apply 2 --json $check "$pid_a" other.hp >refused.json || { cat refused.json; return 1; }
		grep -q "another package with the id KB1 is active" refused.json && grep -q '"code": "target-modified"' refused.json || return 1
	done
	answers a "answer 10" 32 && apply 0 --verify "$pid_a" kb.hp && apply 0 "$pid_a" kb.hp | tee twice && grep -q "already active" twice &&
		apply 0 --revert=KB1 "$pid_a" && apply 0 "$pid_a" kb.hp && answers a "answer 10" 32 && apply 0 --revert=KB1 "$pid_a" &&
		apply 0 "$pid_a" other.hp && answers a "answer 10" 32
}
check "another package under an id that is active is refused, the same one is not" same_id

word_ahead() {
	start a old 0 && apply 0 "$pid_a" kb.hp && python3 - "$pid_a" <<-'PY' || return 1
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
		            sys.exit(memory.write((9).to_bytes(8, "little")) != 8)
		sys.exit("no control block")
	PY
	apply 2 --list "$pid_a" && apply 2 --verify "$pid_a" kb.hp && apply 2 --revert=KB1 "$pid_a" &&
		apply 2 --json "$pid_a" kb.hp | tee refused.json && grep -q '"code": "target-modified"' refused.json && answers a "answer 10" 32
}
check "a generation word ahead of every record is damage" word_ahead

forged() { # bytes that a process maps itself where a control block would be
	cat >forge.c <<-'C'
		#include <stdio.h>
		#include <string.h>
		#include <sys/mman.h>
		#include <unistd.h>
		int main(void)
		{
			char *page = mmap((void *)0x10000000, 0x113000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			memset(page, 0xff, 0x113000);
			memcpy(page, "HPCTRL\x8d\r\n\x1a\n\0\0\0\0\0", 16);
			mprotect(page, 0x113000, PROT_READ | PROT_EXEC);
			puts("ready");
			fflush(stdout);
			pause();
			return page[0];
		}
	C
	${CC:-cc} -o forge forge.c || return 1
	./forge >forge.out &
	victim=$!
	targets+=("$victim")
	for _ in $(seq 200); do
		grep -q ready forge.out && break
		sleep 0.05
	done
	exits 2 hp-apply --list "$victim" && exits 2 hp-apply --revert=KB1 "$victim" &&
		kill -0 "$victim"
}
check "a forged control block is refused, and the process left alone" forged

for form in "-no-pie -fno-pie" "-static" "-static-pie -fPIE" "-fPIE -pie -fcf-protection=full" \
	"-fPIE -pie -Wl,-z,now -fno-plt" "-fPIE -pie -Os"; do
	side=$(echo "$form" | tr -d ' ,=')
	in_form() {
		# shellcheck disable=SC2086
		build "old$side" 0 $form && build "new$side" 1 $form &&
			hp-build -q -o "kb$side.hp" --id=KB1 --image=target "old$side" "new$side" &&
			start a "old$side" 3 && apply 0 "$pid_a" "kb$side.hp" && answers a "answer 10" 32 && answers a count 1000 &&
			apply 0 --verify "$pid_a" "kb$side.hp" && apply 0 --revert=KB1 "$pid_a" && answers a "answer 10" 31
	}
	check "an image built with $form is patched and reverted" in_form
done

finish
