#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hp-build --target=linux on a small kernel of the tests' own: containers, symbols, matching, table entries, refusals.
# The stock kernel of the distribution is the matter of tests/kernel.
# time limit: 300
set -u
# shellcheck disable=SC2015,SC2154 # a && b || stop; variables of lib.bash
# shellcheck source=tests/live/lib.bash
. tests/live/lib.bash
[ "$(uname -m)" = x86_64 ] || { skip "hp-build --target=linux" "needs an x86-64 compiler"; finish; exit 0; }

here=$PWD/testdata/kernel tiny=$PWD/tests/kernel/tiny.py reader=$PWD/tests/reader/hp_reader.py
kernel_flags=(-O2 -g -std=gnu17 -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -fcf-protection=none
	-fno-asynchronous-unwind-tables -fno-stack-protector -fno-ipa-icf -pg -mfentry -mrecord-mcount)
split=(-ffunction-sections -fdata-sections)
cd "$out" || exit 1

compile() { # DIR SOURCE OPTION... : DIR/SOURCE.o
	local dir=$1 source=$2
	shift 2
	mkdir -p "$dir"
	"$cc" "${kernel_flags[@]}" "$@" -c "$here/$source.c" -o "$dir/$source.o"
}

# ---- the kernel and its module --------------------------------------------------------------------------------------

for source in one two three; do
	compile running $source && compile old $source "${split[@]}" || { echo "Bail out! it does not compile"; exit 1; }
done
"$tiny" link vmlinux "$here/tiny.lds" running/one.o running/two.o running/three.o &&
	NEW_ORDER=1 "$tiny" link vmlinux.new "$here/tiny.lds" running/one.o running/two.o running/three.o &&
	"$tiny" pack gzip vmlinux vmlinuz || { echo "Bail out! it does not link"; exit 1; }
compile modules.running module && compile modules.old module "${split[@]}" &&
	ld -r --build-id=sha1 -o module.ko modules.running/module.o && xz -k module.ko || { echo "Bail out! no module"; exit 1; }

changed() { # CASE SOURCE... : CASE/old, CASE/new (SOURCE with -DNEW_CASE), CASE/running
	local name=$1 source dir
	shift
	mkdir -p "$name/old" "$name/new" "$name/running"
	for source; do
		dir=
		[ "$source" != module ] || dir=modules.
		cp "${dir}running/$source.o" "$name/running/" && cp "${dir}old/$source.o" "$name/old/"
		compile "$name/new" "$source" "${split[@]}" "-DNEW_$name"
	done
}
allow=()
hp_build() { # CASE IMAGE... : CASE.hp; what it says in said
	local name=$1 image images=()
	shift
	for image; do images+=("--image=$image"); done
	said=$("$bin/hp-build" --target=linux "${images[@]}" "${allow[@]}" --running="$name/running" --id="$name" "$name/old" "$name/new" -o "$name.hp" 2>&1)
}
builds() { # NAME CASE IMAGE...
	local name=$1
	shift
	hp_build "$@"
	local status=$?
	[ $status = 0 ]
	result $? "$name" "exit $status: $said"
}
refuses() { # NAME CODE CASE IMAGE...
	local name=$1 code=$2
	shift 2
	hp_build "$@"
	local status=$?
	[ $status = 2 ] && grep -q "\[$code\]" <<<"$said" && [ ! -e "$1.hp" ]
	result $? "$name" "exit $status, not with $code: $said"
}
# The package as its independent reader sees it, and questions about it in Python; p: package, t: its first target.
asks() { # NAME CASE EXPRESSION
	local got
	got=$(python3 "$reader" "$2.hp" 2>&1 | python3 -c "
import json, sys
p = json.load(sys.stdin)
t = p['targets'][0]
b = {(x['name'], x['position']) for x in t['bindings']}
f = [(x['name'], x['position']) for x in t['functions']]
print(b, f)
sys.exit(not ($3))" 2>&1)
	result $? "$1" "$got"
}

# A section of the payload, in hexadecimal.
has_size() { # NAME CASE SECTION SIZE
	local got
	got=$("$bin/hp-export" --format=klp --build-id="$(printf 'ab%.0s' {1..20})" "$2.hp" -o "$2.export" 2>&1 >/dev/null &&
		readelf -SW "$2.export"/payload-*.o_shipped | sed -nE "s/^.* \\$3 +PROGBITS +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) .*/\\1/p")
	[ "$got" = "$4" ]
	result $? "$1" "'$got'"
}

changed PLAIN one
builds "a changed function of a kernel makes a package" PLAIN vmlinux
asks "its references are bound by name, with no position where there is one" PLAIN "f == [('plain', 0)] and {('limit', 0), ('overridden', 0), ('twin', 0), ('__fentry__', 0)} <= b"
asks "the target is the kernel" PLAIN "t['kind'] == 'linux' and t['name'] == 'vmlinux'"
cp PLAIN.hp first.hp
hp_build PLAIN "$out/vmlinux" && cmp -s PLAIN.hp first.hp
result $? "the same inputs give the same bytes, however they are named" "$said"

# ---- containers -------------------------------------------------------------------------------------------------------

for form in gzip xz lzma bzip2 zstd lz4 lz4-literals lzo none; do
	case $form in zstd | lz4) tool=$form ;; lzo) tool=lzop ;; *) tool=true ;; esac
	if ! command -v $tool >/dev/null; then
		skip "a bzImage compressed with $form is read" "no $tool here"
		continue
	fi
	"$tiny" pack $form vmlinux "packed.$form" && hp_build PLAIN "packed.$form" && cmp -s PLAIN.hp first.hp
	result $? "a bzImage compressed with $form is read" "$said"
done
gzip -k vmlinux
hp_build PLAIN vmlinux.gz && cmp -s PLAIN.hp first.hp
result $? "a compressed vmlinux is read" "$said"
strip -o stripped vmlinux
hp_build PLAIN stripped && cmp -s PLAIN.hp first.hp
result $? "a vmlinux without symbol table is read" "$said"
builds "kallsyms in the order of Linux 6.4 are read" PLAIN vmlinux.new

unreadable() { # NAME FILE WORDS
	hp_build PLAIN "$2"
	local status=$?
	[ $status = 3 ] && grep -q -- "$3" <<<"$said" && [ ! -e PLAIN.hp ]
	result $? "$1" "exit $status: $said"
}
head -c 3000 vmlinuz >short
unreadable "a bzImage that is cut short is an error" short "cut short"
python3 -c "
data = bytearray(open('vmlinuz', 'rb').read())
data[len(data) // 2] ^= 0x55
open('damaged', 'wb').write(data)"
unreadable "a damaged bzImage is an error" damaged "damaged\|decompressed\|malformed"
{ head -c 56 /dev/zero; printf 'ARM\x64'; head -c 4096 /dev/zero; } >arm64
unreadable "a kernel of another machine is an error" arm64 "kernel of aarch64.*\[arch-mismatch\]"
echo "no kernel" >text
unreadable "a text is an error" text "no kernel image"
ld -T "$here/tiny.lds" --build-id=sha1 -z noexecstack --no-warn-rwx-segments -o bare running/one.o running/two.o running/three.o
unreadable "a kernel without kallsyms is an error" bare "kallsyms"

# ---- symbols and tables -----------------------------------------------------------------------------------------------

changed TWIN two
builds "one of two functions of a name makes a package" TWIN vmlinuz
asks "it is told by its position" TWIN "f == [('same_name', 2)]"
changed STATIC two
builds "a function with a kept and a new static local makes a package" STATIC vmlinuz
asks "the old static is the kernel's, the new one comes along" STATIC "any(n.startswith('count.') for n, _ in b) and [s['name'] for s in t['states']] == ['fresh']"
changed MAIN two
builds "a function with table entries makes a package" MAIN vmlinuz
asks "their keys are bound, a call of a namesake goes by position" MAIN "{('call_key', 0), ('jiffies', 0), ('same_name', 2), ('plain', 0)} <= b"
changed SILENT three
builds "a function without a place for ftrace goes with those who call it" SILENT vmlinuz
asks "they are replaced, those in between too" SILENT "sorted(n for n, _ in f) == ['loud', 'louder'] and not any(n.startswith('silent') for n, _ in b)"
changed SCHED three
builds "a function that an attribute puts beside others makes a package" SCHED vmlinuz
asks "what it calls in its section is the kernel's" SCHED "f == [('waiter', 0)] and ('waits', 0) in b"
changed DEBUG three
builds "a function with one more pr_debug() makes a package" DEBUG vmlinuz
asks "the new description comes along" DEBUG "f == [('debugged', 0)] and t['states']"
changed MODULE module
builds "a function of a module makes a package" MODULE module.ko vmlinuz
asks "the target is the module, what it imports is exported" MODULE "t['kind'] == 'linux-module' and t['name'] == 'tiny_module' and [x['flags'] & 2 for x in t['bindings'] if x['name'] == 'plain'] == [2] and [x['object'] for x in t['bindings'] if x['name'].startswith('own_key')] == ['tiny_module']"
cp MODULE.hp plain_module.hp
gzip -k module.ko && { ! command -v zstd >/dev/null || zstd -q module.ko; }
for module in module.ko.*; do
	hp_build MODULE "$module" vmlinuz && cmp -s MODULE.hp plain_module.hp
	result $? "a compressed module is read: $module" "$said"
done
said=$("$bin/hp-build" --target=linux --image=vmlinuz --image=module.ko.xz 2>&1)
grep -q '^name=vmlinux$' <<<"$said" && grep -q '^banner=Linux version 6.1.0-tiny ' <<<"$said" && grep -q '^name=tiny_module$' <<<"$said" &&
	grep -q "^build_id=$(readelf -n vmlinux | sed -n 's/.*Build ID: //p')\$" <<<"$said"
result $? "without builds it says what the images are" "$said"
mkdir BOTH && for side in old new running; do cp -r PLAIN/$side BOTH/ && cp MODULE/$side/* BOTH/$side/; done
builds "a kernel and its module make one package" BOTH vmlinuz module.ko
asks "it has two targets" BOTH "sorted(x['kind'] for x in p['targets']) == ['linux', 'linux-module']"

# ---- hooks ---------------------------------------------------------------------------------------------------------------

changed HOOKS one
builds "functions that a source marks as hooks are hooks of the package" HOOKS vmlinuz
asks "of the phases that it names" HOOKS "sorted(h['phase'] for h in t['hooks']) == [1, 4] and f == [('plain', 0)]"
"$bin/hp-show" HOOKS.hp >shown 2>&1
grep -q 'runs *before, before it is applied' shown && grep -q 'runs *behind, when it is taken back' shown
result $? "hp-show names them" "$(cat shown)"
asks "their data comes along, the pointers to them do not" HOOKS "[s['name'] for s in t['states']] == ['hooked']"
changed LONE_HOOK one
refuses "a hook where nothing changes is refused" special-unsupported LONE_HOOK vmlinuz
changed HOOK_TWICE one
refuses "two hooks of one phase are refused" special-unsupported HOOK_TWICE vmlinuz
changed HOOK_OLD one
refuses "a hook that is a function of the kernel is refused" special-unsupported HOOK_OLD vmlinuz
changed HOOK_LATE one
refuses "a hook of a phase that does not exist is refused" special-unsupported HOOK_LATE vmlinuz

# ---- refusals -----------------------------------------------------------------------------------------------------------

changed INIT one
refuses "code that ran at the start is refused" init-changed INIT vmlinuz
changed NOTRACE one
refuses "a function without a place for ftrace is refused" notrace NOTRACE vmlinuz
changed HANDED three
refuses "one whose address is in data is refused" notrace HANDED vmlinuz
changed CIRCLE three
refuses "one of those that call each other in a circle is refused" notrace CIRCLE vmlinuz
changed DATA one
refuses "changed initial data is refused" data-changed DATA vmlinuz
changed OWN_KEY module
builds "a static call by a key of the module itself goes through its trampoline" OWN_KEY module.ko vmlinuz
has_size "no entry names that key" OWN_KEY .static_call_sites ''
grep -q 'post_unpatch = leave_module_0' OWN_KEY.export/patch.c && grep -q 'forget_module(object->name)' OWN_KEY.export/patch.c
result $? "the exported module forgets a module that goes"
changed OWN_BRANCH module
refuses "a branch by a key of the module itself is refused" special-unsupported OWN_BRANCH module.ko vmlinuz
allow=(--allow=special-unsupported:in_module)
builds "unless it may stay as it is" OWN_BRANCH module.ko vmlinuz
allow=()
has_size "then the kernel's key has an entry, that one none" OWN_BRANCH __jump_table 000010
changed IMPORT module
refuses "what the kernel does not export is refused in a module" symbol-missing IMPORT module.ko vmlinuz
compile modules.running namesake
ld -r --build-id=sha1 -o behind.ko modules.running/module.o modules.running/namesake.o
builds "a namesake in .init behind the function does not matter" MODULE behind.ko vmlinuz
asks "the function is the first of that name" MODULE "('helper', 1) in b"
ld -r --build-id=sha1 -o before.ko modules.running/namesake.o modules.running/module.o
refuses "a namesake in .init before the function is refused" symbol-ambiguous MODULE before.ko vmlinuz
changed TABLE one
compile TABLE/new one "${split[@]}" -DNEW_TABLE -DNEW_PLAIN
refuses "a table of the linker that names something else is refused" section-unsupported TABLE vmlinux
changed ORPHAN one
compile ORPHAN/new one "${split[@]}" -DNEW_PLAIN
rm ORPHAN/running/one.o
refuses "an object whose module is not named is refused" image-not-found MODULE vmlinuz
refuses "an object that is not among the running ones is refused" object-missing ORPHAN vmlinuz
changed OTHER one
compile OTHER/new one "${split[@]}" -DNEW_PLAIN
compile OTHER/running one -DNEW_TWIN -O1
refuses "objects of another build are refused" image-mismatch OTHER vmlinuz
grep -q "functions match" <<<"$said"
result $? "and how many of them match is said" "$said"
grep -q "another compiler made the kernel" <<<"$said"
result $? "and that its banner names another compiler" "$said"
changed STALE one
compile STALE/new one "${split[@]}" -DNEW_PLAIN
compile STALE/old one "${split[@]}" -DNEW_NOTRACE
refuses "old objects of another source than the running ones are refused" image-mismatch STALE vmlinuz

mkdir -p ASM/old ASM/new
printf '.globl by_hand\n.type by_hand,@function\nby_hand: nop\nret\n.size by_hand,.-by_hand\n' >by_hand.s
as by_hand.s -o ASM/old/by_hand.o && sed s/nop/'nop;nop'/ by_hand.s | as - -o ASM/new/by_hand.o
"$tiny" link with_asm "$here/tiny.lds" running/one.o running/two.o running/three.o ASM/old/by_hand.o
cp -r ASM/old ASM/running
refuses "assembly code is refused" section-unsupported ASM with_asm

# ---- applying: this machine runs another kernel ----------------------------------------------------------------------

code=no-livepatch
[ ! -d /sys/kernel/livepatch ] || code="image-not-found"
said=$("$bin/hp-apply" --trust=none --check first.hp 2>&1)
[ $? = 2 ] && grep -q "\[$code\]" <<<"$said"
result $? "the package is not applied to another kernel" "$said"
said=$("$bin/hp-apply" --trust=none --check --json first.hp 2>/dev/null | python3 -c '
import json, sys
k = json.load(sys.stdin)["kernel"]
print(k)
sys.exit(not (k["code"] == sys.argv[1] and k["state"] == "refused" and k["functions"] == 0 and k["held_up_by"] == []))' $code 2>&1)
result $? "and says so in JSON" "$said"

"$bin/hp-build" --target=linux PLAIN/old PLAIN/new -o none.hp >no-image 2>&1
[ $? = 3 ] && grep -q -- --image no-image
result $? "without a kernel it is bad usage" "$(cat no-image)"
finish
