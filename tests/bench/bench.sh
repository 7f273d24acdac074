#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   bench.sh DIR    prints what each thing costs beside what it is measured against, in one run on one machine
#
# Each line: what, the figure, what it is compared with, the ratio, the limit it is to keep; `ABOVE` marks a limit
# not kept, and then the exit status is 1. Builds are cached in DIR. HP_BIN is the folder of the tools.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
dir=$(mkdir -p "${1:?bench.sh DIR}" && cd "$1" && pwd)
export PATH=$HP_BIN:$PATH LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL
cc=${CC:-cc}
pairs=${HP_PAIRS:-$dir/pairs}
flags="-O2 -g -ffunction-sections -fdata-sections -fPIC -pthread"
above=0
pid=''
# An interrupted run leaves no busy process behind.
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
measure() { python3 "$here/measure.py" "$@"; }

# line WHAT FIGURE UNIT AGAINST VALUE LIMIT: LIMIT is for FIGURE itself; VALUE is what the ratio is taken with.
line() {
	local mark=""
	if awk -v f="$2" -v l="$6" 'BEGIN { exit !(f > l) }'; then
		mark=ABOVE
		above=1
	fi
	awk -v what="$1" -v f="$2" -v unit="$3" -v against="$4" -v value="$5" -v limit="$6" -v mark="$mark" 'BEGIN {
		printf "%-44s %10s %-5s %-34s %10s  ratio %6.2f  limit %10s %s\n", what, f, unit, against, value, value ? f / value : 0, limit, mark
	}'
}

make_sqlite() {
	[ ! -e "$dir/sqlite/built" ] || return 0
	rm -rf "$dir/sqlite" && mkdir -p "$dir/sqlite/old" "$dir/sqlite/new"
	"$root/demo/fetch-source.sh" sqlite3 "$pairs/src"
	rm -rf "$dir/build-sqlite" && cp -a "$pairs/src/sqlite3" "$dir/build-sqlite"
	(cd "$dir/build-sqlite" && ./configure --disable-tcl && make sqlite3.c) >"$dir/sqlite.log" 2>&1
	local file=$dir/build-sqlite/sqlite3.c side
	for side in old new; do
		if [ "$side" = new ]; then
			sed -i '/^SQLITE_API sqlite3_int64 sqlite3_soft_heap_limit64(sqlite3_int64 n){/,/^}/ s/^  sqlite3_mutex_enter(mem0.mutex);/  if( n>0 \&\& n<4096 ) n = 4096;\n&/' "$file"
		fi
		# shellcheck disable=SC2086 # a list of words
		(cd "$dir/build-sqlite" && "$cc" $flags -c sqlite3.c -o sqlite3.o &&
			"$cc" -shared -Wl,--build-id=sha1 -Wl,-soname,libsqlite3.so.0 -o libsqlite3.so sqlite3.o -lm -lpthread -ldl) >>"$dir/sqlite.log" 2>&1
		mv "$dir/build-sqlite/sqlite3.o" "$dir/build-sqlite/libsqlite3.so" "$dir/sqlite/$side/"
	done
	touch "$dir/sqlite/built"
}

bench_sqlite() {
	local seconds rss size objdump_seconds form
	make_sqlite
	size=$(($(stat -c %s "$dir/sqlite/old/sqlite3.o") + $(stat -c %s "$dir/sqlite/new/sqlite3.o")))
	read -r seconds _ rss < <(measure 5 hp-diff "$dir/sqlite/old/sqlite3.o" "$dir/sqlite/new/sqlite3.o")
	read -r objdump_seconds _ _ < <(measure 1 objdump -dr "$dir/sqlite/old/sqlite3.o")
	line "diff of the SQLite object pair" "$seconds" s "objdump -dr of one of them" "$objdump_seconds" 0.1
	line "its memory" "$((rss / 1024))" MiB "size of both files" "$((size / 1048576))" "$((3 * size / 1048576))"
	for form in --patch --json "--html=$dir/sqlite.html"; do
		read -r seconds _ rss < <(measure 5 hp-diff "$form" "$dir/sqlite/old/sqlite3.o" "$dir/sqlite/new/sqlite3.o")
		line "diff of the SQLite object pair, ${form%%=*}" "$seconds" s "objdump -dr of one of them" "$objdump_seconds" 0.1
		line "its memory, ${form%%=*}" "$((rss / 1024))" MiB "size of both files" "$((size / 1048576))" "$((3 * size / 1048576))"
	done
	measure 1 hp-build "$dir/sqlite/old" "$dir/sqlite/new" -o "$dir/sqlite.hp" --id=BENCH >/dev/null
	line "package of its one function" "$(stat -c %s "$dir/sqlite.hp")" bytes "the object" "$((size / 2))" 2048
}

bench_many() {
	local seconds rss other side
	mkdir -p "$dir/many"
	for side in 0 1; do
		[ -e "$dir/many/$side.o" ] || python3 "$here/many_functions.py" 100000 $side | as -o "$dir/many/$side.o" -
	done
	read -r seconds _ rss < <(measure 3 hp-diff -q "$dir/many/0.o" "$dir/many/1.o")
	read -r other _ _ < <(measure 1 readelf -srW "$dir/many/0.o")
	line "diff of 100,000 functions, 1,000,000 relocations" "$seconds" s "readelf -srW of one side" "$other" 3
	line "its memory" "$((rss / 1024))" MiB "size of both files" "$((2 * $(stat -c %s "$dir/many/0.o") / 1048576))" 700
}

bench_redis() {
	local fix=0006-CVE-2025-32023.patch pair seconds other
	"$root/tests/corpus/pairs.sh" "$pairs" "$root/tests/corpus/fixes.tsv" redis "$fix" >/dev/null
	pair=$pairs/pairs/redis/$fix
	rm -rf "$dir/same" && mkdir "$dir/same" && cp -a "$pair/new" "$dir/same/a" && cp -a "$pair/new" "$dir/same/b"
	read -r seconds _ _ < <(measure 10 hp-diff "$dir/same/a" "$dir/same/b")
	read -r other _ _ < <(measure 10 diff -rq "$dir/same/a" "$dir/same/b")
	line "identical redis trees" "$seconds" s "diff -rq" "$other" "$other"
	read -r seconds _ _ < <(measure 5 hp-build "$pair/old" "$pair/new" -o "$dir/redis.hp" --id=BENCH)
	read -r other _ _ < <(measure 1 objdump -d "$pair/old/src/redis-server")
	line "hp-build of a redis pair" "$seconds" s "objdump -d of redis-server" "$other" 0.5
	line "its package, three functions" "$(stat -c %s "$dir/redis.hp")" bytes "redis-server" "$(stat -c %s "$pair/old/src/redis-server")" 4096
}

bench_pauses() {
	local threads kind median largest busy limit side value
	mkdir -p "$dir/pause/old" "$dir/pause/new"
	for side in old new; do
		if [ "$side" = old ]; then value=41; else value=43; fi
		# shellcheck disable=SC2086
		(cd "$dir/pause/$side" && cp "$here/threads.c" . &&
			"$cc" $flags -DANSWER=$value -c threads.c && "$cc" -pthread -Wl,--build-id=sha1 -o threads threads.o)
	done
	measure 1 hp-build "$dir/pause/old" "$dir/pause/new" -o "$dir/pause.hp" --id=PAUSE >/dev/null
	for kind in idle busy; do
		for threads in 1 16 256; do
			"$dir/pause/old/threads" "$threads" "$kind" >"$dir/ready" &
			pid=$!
			for _ in $(seq 100); do
				[ ! -s "$dir/ready" ] || break
				sleep 0.1
			done
			limit=$((200 + 30 * threads))
			read -r median largest busy < <(python3 "$here/pauses.py" 11 "$pid" PAUSE "$dir/pause.hp") || return 1
			kill "$pid"
			wait "$pid" 2>/dev/null || true
			pid=''
			line "pause, $threads threads, $kind (median of 11)" "$median" µs "longest; $busy tries were busy" "$largest" "$limit"
		done
	done
}

# What the GCC plugin adds: each object compiled with it and without. HP_BENCH=plugin PROGRAMS=sqlite3 is the shortest.
bench_plugin() {
	[ -e "$HP_BIN/../gcc-plugin/hotpatch.so" ] || { echo "plugin: $cc has no plugin headers"; return 0; }
	HP_BUILD=$(cd "$HP_BIN/.." && pwd) CC=$cc JOBS=1 "$root/tests/plugin/sweep.sh" "$dir/plugin" >"$dir/plugin.txt" || above=1
	local name objects differ notes time
	while read -r name objects differ notes time; do
		line "plugin: notes of $name" "$notes" % "objects that differ: $differ of" "$objects" 5
		line "plugin: compile time of $name" "$time" % "objects" "$objects" 3
	done < <(sed -n 's/^\([a-z0-9]*\)  *\([0-9]*\) objects, \([0-9]*\) differ, notes \([0-9.]*\) % .*, time \([-+0-9.]*\) %$/\1 \2 \3 \4 \5/p' "$dir/plugin.txt")
}

# The seconds of each stage, as hp-kbuild writes them.
stages() { # WHAT FILE
	awk -F'\t' -v what="$1" '{ printf "  %s: %-40s %8.2f s\n", what, $1, $2 }' "$2"
}

# What IMAGE costs: reading it, its symbols (kallsyms) included, and proving beside it that the objects of $dir/kernel-objects are its
# code. KERNEL, when it is a module, is read to make the package, too.
kernel_image() { # WHAT IMAGE FILE-FOR-OBJDUMP KERNEL
	local read whole other names images=(--image="$2")
	[ "$2" = "$4" ] || images+=(--image="$4")
	names=$(hp-build --target=linux --image="$2" | sed -n 's/^symbols=//p')
	read -r read _ _ < <(measure 3 hp-build --target=linux --image="$2")
	read -r whole _ _ < <(measure 3 hp-build --target=linux "${images[@]}" --running="$dir/kernel-objects/running" \
		--id=BENCH -o "$dir/kernel.hp" "$dir/kernel-objects/old" "$dir/kernel-objects/new")
	read -r other _ _ < <(measure 1 objdump -h -s -j .rodata "$3")
	line "kernel: $1: read, $names names" "$read" s "objdump -s of its .rodata" "$other" 0.5
	if [ "$2" = "$4" ]; then
		line "kernel: $1: matched, package made" "$(awk -v w="$whole" -v r="$read" 'BEGIN { printf "%.3f", w - r }')" s "reading it" "$read" 1
	fi
	line "kernel: hp-build, all of it, for $1" "$whole" s "objdump -s of its .rodata" "$other" 1
}

# From a source patch to a package and a module for the stock kernel. `make check-kernel` fetches what this needs.
bench_kernel() {
	local cache=${HP_KERNEL_CACHE:-$dir/../kernel} release image seconds other patch=$root/testdata/kernel/second.patch
	[ -d "$cache/packages" ] || { echo "kernel: no packages in $cache; make check-kernel fetches them"; return 0; }
	release=$(find "$cache/packages" -mindepth 1 -maxdepth 1 -type d -name '*-amd64' -printf '%f\n' | sort -V | tail -n 1)
	# Cold: nothing is there but the distribution's packages.
	rm -rf "$dir/kernel-cold" && mkdir -p "$dir/kernel-cold"
	ln -s "$(cd "$cache" && pwd)/packages" "$dir/kernel-cold/packages"
	kbuild() { hp-kbuild --kernel="$release" --cache="$dir/kernel-cold" -q --timings="$dir/stages" "$patch" -o "$dir/kernel.hp" "$@" -- --id=BENCH; }
	other=$(date +%s.%N)
	kbuild --module="$dir/kernel-module" >/dev/null
	seconds=$(date +%s.%N | awk -v from="$other" '{ printf "%.2f", $1 - from }')
	stages cold "$dir/stages"
	line "kernel: patch to module, cold" "$seconds" s "-" 0 120
	rm -rf "$dir"/kernel-cold/kernel/*/new
	other=$(date +%s.%N)
	kbuild --module="$dir/kernel-module" >/dev/null
	seconds=$(date +%s.%N | awk -v from="$other" '{ printf "%.2f", $1 - from }')
	stages warm "$dir/stages"
	line "kernel: patch to module, warm" "$seconds" s "-" 0 20
	image=$(find "$cache/packages/$release/boot" -name 'vmlinuz-*' | head -n 1)
	"$(find "$dir/kernel-cold/kernel" -path '*/tree/scripts/extract-vmlinux')" "$image" >"$dir/vmlinux" 2>/dev/null
	kbuild --keep="$dir/kernel-objects" >/dev/null
	kernel_image vmlinuz "$image" "$dir/vmlinux" "$image"
	patch=$root/testdata/kernel/module.patch
	cp "$dir/kernel.hp" "$dir/kernel-one.hp"
	kbuild --keep="$dir/kernel-objects" >/dev/null
	other=$(find "$cache/packages/$release/lib/modules" -name dummy.ko)
	kernel_image dummy.ko "$other" "$other" "$image"
	mv "$dir/kernel-one.hp" "$dir/kernel.hp"
	line "its package, one function" "$(stat -c %s "$dir/kernel.hp")" bytes "the module" "$(stat -c %s "$dir"/kernel-module/*.ko)" 2048
	rm -rf "$dir/kernel-cold" "$dir/vmlinux"
}

# HP_BENCH=sqlite, many, redis, plugin, kernel or pauses runs that part alone.
for part in sqlite many redis plugin kernel pauses; do
	case "${HP_BENCH:-$part} $part" in
	*"sqlite sqlite") bench_sqlite ;;
	*"many many") bench_many ;;
	*"redis redis") bench_redis ;;
	*"plugin plugin") bench_plugin ;;
	*"kernel kernel") bench_kernel ;;
	*"pauses pauses") bench_pauses ;;
	esac
done
if [ "$above" = 1 ]; then echo "limits marked ABOVE are not kept"; fi
exit "$above"
