#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the notes of an object: forge.py OBJECT OLD NEW replaces the string OLD by NEW; forge.py OBJECT from OTHER takes the
notes of another object; forge.py OBJECT swap A B exchanges two strings. The sum at the end is made right again, unless
FORGE_SUM=no. The rest of the object stays as it is."""
import os
import subprocess
import sys

import notes

path, old, new = sys.argv[1:4]
section = notes.section_of(new if old == "from" else path)
if old != "from":
    forged = b""
    for payload in notes.units_of(section):
        records = list(notes.records_of(payload))
        strings = notes.read_strings(records[0][1])
        change = {sys.argv[3]: sys.argv[4], sys.argv[4]: sys.argv[3]} if old == "swap" else {old: new}
        records[0] = (1, notes.write_strings([change.get(s.decode(), s.decode()).encode() for s in strings]))
        body = b"".join(notes.number(tag) + notes.number(len(data)) + data for tag, data in records)
        total = notes.fnv(payload if os.environ.get("FORGE_SUM") == "no" else body)
        forged += b"HPN\2" + notes.number(len(body)) + body + total.to_bytes(8, "little")
    if forged == section:
        sys.exit(f"{path}: nothing forged")
    section = forged
with open(path + ".notes", "wb") as file:
    file.write(section)
subprocess.run(["objcopy", "--update-section", f".debug_hotpatch={path}.notes", path], check=True)
os.unlink(path + ".notes")
