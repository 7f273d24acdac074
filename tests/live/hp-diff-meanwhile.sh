#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A build runs while its trees are compared: files change, vanish and become shorter under hp-diff and hp-build. They say
# which, with their own status; a JSON document is whole and tells it, or breaks off in the middle.
set -u
work=${HP_TESTS_OUT:?}
here=$PWD
# shellcheck source=tests/tap.bash
. tests/tap.bash

# Objects whose listing is larger than what a pipe holds: hp-diff waits in the middle of it until somebody reads.
for side in old new; do
	mkdir -p "$work/$side"
	for i in 1 2 3; do
		{
			echo "int take(int); int kept_$i(int a) { return a; }"
			for k in $(seq 150); do
				echo "int function_with_a_rather_long_name_$k(int a) { return take(a * $k) + $([ $side = old ] && echo 1 || echo 2); }"
			done
		} >"$work/$i.c"
		(cd "$work" && ${CC:-cc} -O2 -g -ffunction-sections -fdata-sections -w -c -o "$side/$i.o" "$i.c") || exit 1
	done
done

# during ACTION ARGUMENT...: runs hp-diff on copies of the trees; when the pipe is full does ACTION, then reads the rest.
# Its status is hp-diff's; out, err.
during() {
	rm -rf "$work/run"
	mkdir "$work/run" && cp -a "$work/old" "$work/new" "$work/run" && (cd "$work/run" && python3 - "$@" "$HP_BIN/hp-diff" <<'P'
import fcntl, os, struct, subprocess, sys, termios, time
action, arguments, program = sys.argv[1], sys.argv[2:-1], sys.argv[-1]
with open("../err", "wb") as err, open("../out", "wb") as out:
    process = subprocess.Popen([program, "-q", "-j1", *arguments, "old", "new"], stdout=subprocess.PIPE, stderr=err)
    for _ in range(6000):
        waiting = struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, b"\0" * 4))[0]
        if waiting >= 61440:
            break
        time.sleep(0.01)
    else:
        sys.exit(99)
    subprocess.run(action, shell=True, check=True)
    while data := os.read(process.stdout.fileno(), 65536):
        out.write(data)
    sys.exit(process.wait() % 256)
P
	)
}

# expect STATUS WORDS ACTION ARGUMENT...: that status, and one line on stderr that holds WORDS.
expect() {
	local want=$1 words=$2 got
	shift 2
	during "$@"
	got=$?
	[ $got = "$want" ] && [ "$(wc -l <"$work/err")" = $((want == 2)) ] && { [ -z "$words" ] || grep -qF -- "$words" "$work/err"; } && return
	echo "status $got, not $want; or not said: $words"
	cat "$work/err"
	return 1
}
document() { # EXPRESSION over d, the document
	python3 "$here/tests/live/hp-diff-validate.py" "$here/doc/hp-diff.schema.json" "$work/out" &&
		python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$work/out" "$1"
}

check nothing_changes_is_1 expect 1 "" true --json
check and_the_document_has_no_error document 'd["errors"] == [] and len(d["objects"]) == 3'
for form in --json --patch; do
	check "file_written_anew_is_2${form#-}" expect 2 "3.o: new/3.o was written to or removed while it was compared" \
		'cp old/2.o new/temporary; mv new/temporary new/3.o' $form
	check "file_that_vanishes_is_2${form#-}" expect 2 "old/2.o was written to or removed" 'rm old/2.o' $form
	check "file_with_another_time_is_2${form#-}" expect 2 "old/1.o was written to or removed" 'touch old/1.o' $form
done
check json_says_which expect 2 "3.o: new/3.o was written" 'touch new/3.o' --json
check json_is_whole_and_says_it_too document 'd["errors"][0]["object"] == "3.o" and d["errors"][0]["code"] == "unreadable" and len(d["objects"]) == 3'
check rebuilt_tree_is_said_in_few_lines test "$(during 'touch old/*.o new/*.o' --json; wc -l <"$work/err")" = 6

# The bytes are gone: what maps the file would be killed.
check file_cut_short_is_2 expect 2 "/new/3.o: became shorter while it was read" ': >new/3.o' --patch
check file_cut_short_is_2_in_json expect 2 "3.o" ': >new/3.o' --json

# hp-build: no package of two builds, and none that stood there before.
build_meanwhile() { # ACTION WORDS
	rm -rf "$work/run"
	mkdir "$work/run" && cp -a "$work/old" "$work/new" "$work/run" && rm "$work"/run/*/[23].o || return 1
	(
		cd "$work/run" || exit 1
		for side in old new; do
			(cd $side && echo 'int take(int a) { return a; } int kept_1(int); int main(int c, char **v) { (void)v; return kept_1(c); }' >main.c &&
				${CC:-cc} -O2 -g -ffunction-sections -fdata-sections -c main.c && ${CC:-cc} -Wl,--build-id=sha1 -o image main.o 1.o) || exit 1
		done
		"$HP_BIN/hp-build" -q old new -o kb.hp >../out 2>&1 || { cat ../out; exit 1; }
		# shellcheck disable=SC2016 # gdb's variable
		gdb -q -batch -ex 'set breakpoint pending on' -ex 'set startup-with-shell off' -ex 'handle SIGBUS nostop noprint pass' -ex "tbreak $1" -ex run -ex "shell $2" -ex continue \
			-ex 'printf "status %d\n", $_exitcode' --args "$HP_BIN/hp-build" -q -j1 old new -o kb.hp >../out 2>../err </dev/null
		cat ../err >>../out
		grep -q "^status 2" ../out && grep -qF -- "$3" ../out && [ ! -e kb.hp ] && exit
		cat ../out
		exit 1
	)
}
if command -v gdb >/dev/null; then
	check hp_build_writes_no_package_of_a_tree_that_changes build_meanwhile build_targets 'touch new/1.o' "new/1.o was written to or removed"
	check hp_build_is_not_killed_by_a_file_cut_short build_meanwhile correlate ': >new/1.o' "new/1.o: became shorter while it was read"
fi
finish
