#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the notes of an object: forge.py OBJECT OLD NEW replaces the string OLD by NEW, of the same length; or
forge.py OBJECT from OTHER takes the notes of another object; forge.py OBJECT swap A B exchanges two strings. The sum at
the end is made right again, unless FORGE_SUM=no. The rest of the object stays as it is."""
import os
import subprocess
import sys



def number_at(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def with_sum(data):
    size, at = number_at(data, 4)
    total = 0xCBF29CE484222325
    for byte in data[at:at + size]:
        total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return data[:at + size] + total.to_bytes(8, "little") + data[at + size + 8:]


path, old, new = sys.argv[1:4]
section = path + ".notes"
# the section cannot be dumped while the linker is to leave it out
subprocess.run(["objcopy", "--set-section-flags", ".debug_hotpatch=debug,contents,readonly",
                "--dump-section", f".debug_hotpatch={section}", new if old == "from" else path, "/dev/null"], check=True)
with open(section, "rb") as file:
    notes = file.read()
before = notes
if old == "swap":
    a, b = (b"\0" + s.encode() + b"\0" for s in sys.argv[3:5])
    notes = notes.replace(a, b"\0\1\0").replace(b, a).replace(b"\0\1\0", b)
elif old != "from":
    notes = notes.replace(b"\0" + old.encode() + b"\0", b"\0" + new.encode() + b"\0")
if old != "from" and (notes == before or len(notes) != len(before)):
    sys.exit(f"{path}: nothing forged")
if os.environ.get("FORGE_SUM") != "no":
    notes = with_sum(notes)
with open(section, "wb") as file:
    file.write(notes)
subprocess.run(["objcopy", "--update-section", f".debug_hotpatch={section}", path], check=True)
os.unlink(section)
