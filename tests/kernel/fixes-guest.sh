# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh disable=SC1091,SC2016
# Runs in the guest, on the kernel before the fixes: what each changes, before its package, with it, and after it was taken back.
. /common.sh

more() { [ "$1" -gt "$2" ] || { echo "# '$1' is not more than '$2'"; false; }; }

# FILE OLD NEW COMMAND...: OLD and NEW are what the command prints on its last line; "+N" is a number above N. PHASE in the command
# is before, with, after.
see() {
	file=$1 old=$2 new=$3
	shift 3
	package=/$(echo "$file" | tr / _).hp
	[ -e "$package" ] || return 0
	phase=before
	check "$file: old before" says "$old" "$@"
	check "$file: applied" apply --timeout=120 "$package"
	phase=with
	check "$file: new with the package" says "$new" "$@"
	check "$file: taken back" apply --timeout=120 --revert-all
	phase=after
	check "$file: old afterwards" says "$old" "$@"
}

says() { # EXPECTED COMMAND...
	expected=$1
	shift
	said=$("$@" 2>&1 | tail -n 1)
	echo "# $phase: $said"
	case $expected in
	+*) more "$said" "${expected#+}" ;;
	*) is "$said" "$expected" ;;
	esac
}

# An algorithm stays once it was made; each phase makes its own.
longest_tag() {
	case $phase in before) hash=sha1 ;; with) hash=sha256 ;; *) hash=sha224 ;; esac
	probe tag "rfc4309(authenc(hmac($hash),ctr(aes)))"
}
short_hash() {
	[ "$phase" = before ] && cipher='cbc(aes)' || cipher='ctr(aes)'
	[ "$(probe cipher "authencesn(crct10dif,$cipher)")" = "done" ] && echo "done" || echo refused
}

# Files in modules that are not there fail their own checks.
for module in loop cdrom isofs af_alg algif_aead authenc authencesn ctr ccm dummy; do
	insmod /$module.ko || echo "# $module cannot be loaded"
done
ip link set lo up
ip link add xxxxxxxxxxxxxxx type dummy
mkdir /tmp/volume /tmp/group
probe volume /tmp/image
mount -t iso9660 -o loop,ro /tmp/image /tmp/volume
mount -t cgroup2 none /tmp/group
mkdir /tmp/group/one
load &

see kernel/sys.c +100 32 probe auxv
see ipc/util.c "done" ENOSPC probe queue
see net/ipv4/arp.c ENODEV "done" probe neighbour xxxxxxxxxxxxxxx
see net/ipv4/ip_options.c "done" EPERM probe route
see net/ipv4/raw.c "done" EINVAL probe header
see fs/proc/generic.c +20 "$(unshare -n sh -c 'set -- /proc/self/net/*/; echo $(($# + 2))')" probe links
see net/core/sock_map.c "done" EOPNOTSUPP probe sockmap
see kernel/bpf/local_storage.c "done" ENOENT probe storage /tmp/group/one
see kernel/time/namespace.c "done" EINVAL probe offset
see net/xdp/xdp_umem.c "done" EINVAL probe umem
see crypto/af_alg.c "done" EINVAL probe assoclen
see crypto/authencesn.c "done" refused short_hash
see crypto/ccm.c 16 32 longest_tag
see fs/isofs/export.c "done" ESTALE probe handle /tmp/volume
touch /tmp/stop
check log_is_clean log_is_clean
check nothing_is_active_at_last is "$(hp-apply --list)" ""
