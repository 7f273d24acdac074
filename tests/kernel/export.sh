#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 1200
#
# hp-export --format=klp: built by it or by make, twice the same, signed, embedded, what it refuses; then hooks and signatures
# in the stock kernel in QEMU.
set -u
# shellcheck source=tests/kernel/common.sh disable=SC2154 # variables of common.sh
. "$(dirname "$0")/common.sh"

prepare
package_of hooks veto
export_klp() { "$bin/hp-export" --format=klp --headers="$tree" -q "$@"; }

# ---- the directory and the module --------------------------------------------------------------------------------------

kbuild testdata/kernel/second.patch -o "$out/plain.hp" -- --id=signed --title='One function' --fixes=CVE-2026-0001 >"$out/plain.log" 2>&1
result $? package_without_module "$(cat "$out/plain.log")"
check source_is_written export_klp "$out/plain.hp" -o "$out/source"
check it_has_no_module_yet test ! -e "$out/source/hp_signed.ko" -a -e "$out/source/patch.c" -a -e "$out/source/Makefile"
check make_builds_it make -C "$out/source" KERNEL_HEADERS="$tree" HP_EXPORT="$bin/hp-export"
mkdir -p "$out/somewhere/else"
check hp_export_builds_it export_klp --build "$out/plain.hp" -o "$out/somewhere/else/built"
check both_are_the_same_module cmp "$out/source/hp_signed.ko" "$out/somewhere/else/built/hp_signed.ko"
check written_again_over_itself export_klp --build "$out/plain.hp" -o "$out/source"
check with_the_same_source diff -r -x '.*' -x '*.log' -x '*.mod' -x modules.order "$out/source" "$out/somewhere/else/built"
(cd / && umask 077 && TZ=Asia/Tokyo "$bin/hp-export" --format=klp --headers="$tree" -q --build "$out/plain.hp" -o "$out/private") >"$out/private.log" 2>&1 &&
	cmp "$out/private/hp_signed.ko" "$out/source/hp_signed.ko"
result $? whoever_builds_it_wherever "$(cat "$out/private.log")"
modinfo "$out/source/hp_signed.ko" >"$out/modinfo" 2>&1
check it_is_a_livepatch grep -q '^livepatch: *Y' "$out/modinfo"
check for_that_release grep -q "^vermagic: *$release " "$out/modinfo"
check it_tells_what_it_fixes grep -q CVE-2026-0001 "$out/source/patch.c"
check earlier_ones_are_replaced grep -q 'replace = true' "$out/source/patch.c"
check unless_they_are_not export_klp --no-replace "$out/plain.hp" -o "$out/beside"
check then_they_are_kept grep -q 'replace = false' "$out/beside/patch.c"
check it_knows_its_kernel grep -q "$(sed 's/../0x&, /g; s/, $//' <<<"$("$bin/hp-build" --target=linux --image="$image" | sed -n 's/^build_id=//p')")" "$out/source/patch.c"

# ---- signed ------------------------------------------------------------------------------------------------------------

openssl req -new -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 -subj '/CN=Release key of the test/' \
	-keyout "$out/key.pem" -out "$out/certificate.pem" >"$out/openssl.log" 2>&1
result $? key_is_made "$(cat "$out/openssl.log")"
check module_is_signed export_klp --build --key="$out/key.pem" --certificate="$out/certificate.pem" "$out/plain.hp" -o "$out/with-key"
signed=$out/with-key/hp_signed.ko
modinfo "$signed" >"$out/modinfo" 2>&1
check signer_is_named grep -q '^signer: *Release key of the test' "$out/modinfo"
check by_sha256 grep -q '^sig_hashalgo: *sha256' "$out/modinfo"
python3 - "$signed" "$out" <<'END'
import sys
data = open(sys.argv[1], "rb").read()
magic = b"~Module signature appended~\n"
assert data.endswith(magic)
size = int.from_bytes(data[-len(magic) - 4:-len(magic)], "big")
end = len(data) - len(magic) - 12
open(sys.argv[2] + "/signature", "wb").write(data[end - size:end])
open(sys.argv[2] + "/signed-part", "wb").write(data[:end - size])
END
verify() { # CONTENT CERTIFICATE
	openssl cms -verify -binary -inform DER -in "$out/signature" -content "$1" -certfile "$2" -nointern -noverify -out /dev/null
}
check signature_verifies verify "$out/signed-part" "$out/certificate.pem"
check what_is_signed_is_the_module cmp "$out/signed-part" "$out/source/hp_signed.ko"
sed 's/GPL/BSD/' "$out/signed-part" >"$out/forged"
check not_for_another_module sh -c "! openssl cms -verify -binary -inform DER -in '$out/signature' -content '$out/forged' -certfile '$out/certificate.pem' -nointern -noverify -out /dev/null"
check signed_twice export_klp --build --key="$out/key.pem" --certificate="$out/certificate.pem" "$out/plain.hp" -o "$out/with-key-again"
check is_the_same_module_too cmp "$signed" "$out/with-key-again/hp_signed.ko"

fails() { # NAME STATUS WORDS ARGUMENT...
	local name=$1 wanted=$2 words=$3 said status
	shift 3
	said=$(export_klp "$@" 2>&1)
	status=$?
	[ $status = "$wanted" ] && grep -qF -- "$words" <<<"$said"
	result $? "$name" "status $status: $said"
}
fails key_without_certificate 3 "belong together" --build --key="$out/key.pem" "$out/plain.hp" -o "$out/bad"
fails key_without_a_module 3 "signs what --build builds" --key="$out/key.pem" --certificate="$out/certificate.pem" "$out/plain.hp" -o "$out/bad"
fails key_that_is_none 2 "cannot be signed" --build --key="$out/certificate.pem" --certificate="$out/certificate.pem" "$out/plain.hp" -o "$out/bad"
fails key_that_is_not_there 2 "cannot be signed" --build --key="$out/nothing" --certificate="$out/certificate.pem" "$out/plain.hp" -o "$out/bad"
fails headers_that_are_not_there 3 "headers are not there" --build --headers="$out" "$out/plain.hp" -o "$out/bad"
fails no_package 3 "[" "$out/key.pem" -o "$out/bad"
mkdir -p "$out/foreign" && echo mine >"$out/foreign/file"
fails directory_of_somebody_else 3 "was not written by hp-export" "$out/plain.hp" -o "$out/foreign"
check it_stays_as_it_was grep -q mine "$out/foreign/file"
check nothing_was_written_by_any_of_them test ! -e "$out/bad" -a -z "$(find "$out" -maxdepth 1 -name 'bad.*')"

# ---- embedded ------------------------------------------------------------------------------------------------------------

cp "$out/plain.hp" "$out/signed.hp"
check module_is_embedded export_klp --embed --key="$out/key.pem" --certificate="$out/certificate.pem" "$out/signed.hp" -o "$out/embedded"
python3 - "$out/signed.hp" "$signed" <<'END'
import sys
sys.path.insert(0, "tests/reader")
import hp_reader
package, module = (open(path, "rb").read() for path in sys.argv[1:3])
found = [chunk["data"] for chunk in hp_reader.read_chunks(package)[1] if chunk["type"] == "KMOD"]
sys.exit(not (len(found) == 1 and found[0].endswith(module)))
END
result $? the_signed_one
cp "$out/signed.hp" "$out/once.hp"
check embedded_twice export_klp --embed --key="$out/key.pem" --certificate="$out/certificate.pem" "$out/signed.hp" -o "$out/embedded"
check is_the_same_package cmp "$out/once.hp" "$out/signed.hp"
check unsigned_again export_klp --embed "$out/signed.hp" -o "$out/embedded"
check replaces_the_module_within test "$(stat -c %s "$out/signed.hp")" -lt "$(stat -c %s "$out/once.hp")"
cp "$out/once.hp" "$out/signed.hp"
"$bin/hp-sign" keygen "$out/release" >/dev/null 2>&1 && cp "$out/once.hp" "$out/sealed.hp" && "$bin/hp-sign" sign "$out/release.key" "$out/sealed.hp" >"$out/sign.log" 2>&1
result $? package_is_signed "$(cat "$out/sign.log")"
fails signed_package_is_not_touched 2 "embed first, then sign" --embed "$out/sealed.hp" -o "$out/bad"
check it_still_verifies "$bin/hp-sign" verify "$out/release.pub" "$out/sealed.hp"

# ---- in the kernel -------------------------------------------------------------------------------------------------------

static_applier
mkdir -p "$out"/guest "$out"/strict
cp "$out"/{hooks,veto,signed}.hp "$out/guest/"
cp "$out"/{hooks,signed}.hp "$out/strict/"
find "$modules" \( -name dummy.ko -o -name ifb.ko \) -exec cp {} "$out/guest/" \;
boot guest "$image" tests/kernel/export-guest.sh 300
HP_KERNEL_ARGS=module.sig_enforce=1 boot strict "$image" tests/kernel/export-guest.sh 300
finish
