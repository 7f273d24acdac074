# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by tests/live/apply-*.sh: building packages, running targets, TAP.
# shellcheck shell=bash

out=$HP_TESTS_OUT
sources=$PWD/testdata/apply
count=0
PATH=$HP_BIN:$PATH
trap '' PIPE # a target that died is said by the test, not by our own death

check() { # NAME COMMAND... : one TAP line; the output when it fails. HP_CHECK=WORDS runs only those named so
	local name=$1
	[[ $name == *"${HP_CHECK:-}"* ]] || return
	count=$((count + 1))
	shift
	if "$@" >"$out/log" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$out/log"
	fi
	stop_targets
}

exits() { # STATUS COMMAND...
	local wanted=$1 got
	shift
	timeout 60 "$@"
	got=$?
	[ "$got" = "$wanted" ] || { echo "exit $got instead of $wanted: $*"; return 1; }
}

build() { # DIR FIXED FLAGS... : the target program and library
	local dir=$1 fixed=$2
	shift 2
	mkdir -p "$dir"
	cp "$sources"/{fix,library,target}.c "$dir"
	(
		cd "$dir" || exit 1
		for unit in fix library target; do
			${CC:-cc} -O2 -g -ffunction-sections -fdata-sections "$@" "-DFIXED=$fixed" -c $unit.c || exit 1
		done
		case " $* " in
		*\ -static*) ${CC:-cc} "$@" -pthread target.o fix.o -o target ;;
		*)
			${CC:-cc} -fPIC -O2 -g -ffunction-sections -fdata-sections "-DFIXED=$fixed" -c library.c &&
				${CC:-cc} -shared -o libapply.so library.o &&
				${CC:-cc} "$@" -pthread target.o fix.o -o target -L. -Wl,--no-as-needed -lapply "-Wl,-rpath,\$ORIGIN"
			;;
		esac && rm -f ./*.c
	) || { echo "the target cannot be built"; return 1; }
}

targets=()
start() { # NAME DIR ARGUMENT... : runs it in the background; sets pid_NAME
	local name=$1 dir=$2
	shift 2
	rm -f "$out/$name.in" "$out/$name.out"
	mkfifo "$out/$name.in"
	: >"$out/$name.out" # there before the process is
	"${under[@]}" "$dir/target" "$@" <"$out/$name.in" >"$out/$name.out" 2>&1 &
	printf -v "pid_$name" %d $!
	targets+=($!)
	eval "exec {in_$name}>\"$out/$name.in\""
	ask "$name" "answer 1" >/dev/null || { echo "target $name does not answer"; return 1; }
}
under=()

ask() { # NAME COMMAND : the next line it prints
	local name=$1 before after handle=in_$1
	before=$(wc -l <"$out/$name.out")
	echo "$2" >&"${!handle}"
	for _ in $(seq 200); do
		after=$(wc -l <"$out/$name.out")
		[ "$after" -gt "$before" ] && { sed -n "$((before + 1))p" "$out/$name.out"; return 0; }
		sleep 0.02
	done
	echo "no answer to $2"
	return 1
}

tell() { # NAME COMMAND : no answer expected
	local handle=in_$1
	echo "$2" >&"${!handle}"
}

answers() { # NAME COMMAND WANTED
	local got
	got=$(ask "$1" "$2")
	[ "$got" = "$3" ] || { echo "'$2' gives '$got' instead of '$3'"; return 1; }
}

stop_targets() {
	[ ${#targets[@]} -gt 0 ] && kill -9 "${targets[@]}" 2>/dev/null
	wait "${targets[@]}" 2>/dev/null
	targets=()
}

finish() {
	echo "1..$count"
}
