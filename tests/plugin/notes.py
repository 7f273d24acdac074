#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader of the plugin's notes, written from doc/notes-format.md alone.

notes.py OBJECT...          all facts, one JSON document
notes.py --sizes OBJECT...  how many bytes each kind of record takes, over all of them"""
import collections
import json
import subprocess
import sys
import tempfile

TAGS = {1: "STRINGS", 2: "BUILD", 3: "FUNCTION", 4: "VARIABLE", 5: "TYPE", 6: "PLACES"}


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def take(self, size):
        self.at += size
        if self.at > len(self.data):
            raise IndexError
        return self.data[self.at - size:self.at]

    def hash(self):
        return int.from_bytes(self.take(8), "little")

    def more(self):
        return self.at < len(self.data)


def number(value):
    """A number as it is written."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def fnv(data):
    total = 0xCBF29CE484222325
    for byte in data:
        total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return total


def read_strings(data):
    strings, body = [], Bytes(data)
    while body.more():
        shared = body.number()
        end = data.index(0, body.at)
        strings.append((strings[-1][:shared] if shared else b"") + body.take(end - body.at))
        body.take(1)
    return strings


def write_strings(strings):
    out, last = b"", b""
    for string in strings:
        shared = 0
        while shared < min(len(string), len(last), 127) and string[shared] == last[shared]:
            shared += 1
        out += number(shared) + string[shared:] + b"\0"
        last = string
    return out


def section_of(path):
    with tempfile.NamedTemporaryFile() as file:
        # it cannot be dumped while the linker is to leave it out
        subprocess.run(["objcopy", "--set-section-flags", ".debug_hotpatch=debug,contents,readonly",
                        "--decompress-debug-sections", "--dump-section", ".debug_hotpatch=" + file.name, path, "/dev/null"],
                       check=True, stderr=subprocess.DEVNULL)
        return file.read()


def units_of(section):
    """The payload of each unit."""
    body = Bytes(section)
    while body.more():
        if body.take(4) != b"HPN\2":
            raise ValueError("not version 2")
        payload = body.take(body.number())
        if body.hash() != fnv(payload):
            raise ValueError("does not add up")
        yield payload


def records_of(payload):
    body = Bytes(payload)
    while body.more():
        tag = body.number()
        yield tag, body.take(body.number())


class Unit:
    """The facts of one unit; what has no value is left out."""

    def __init__(self, payload):
        self.strings, self.named, self.kinds = [], 0, []
        self.facts = collections.defaultdict(list)
        for tag, data in records_of(payload):
            if tag == 1:
                self.strings = [s.decode(errors="replace") for s in read_strings(data)]
            elif tag in TAGS:
                self.facts[TAGS[tag].lower()].append(getattr(self, TAGS[tag].lower())(Bytes(data)))

    def string(self, body):
        index = body.number()
        if index == 1:
            return ""
        if not index:
            self.named += 1
        return self.strings[index - 2 if index else self.named - 1]

    def build(self, body):
        return {"flags": body.number(), "compiler": self.string(body), "options": self.string(body), "source": self.string(body)}

    def function(self, body):
        flags = body.number()
        made = {"flags": flags, "name": self.string(body)}
        if flags & 1:
            made["symbol"] = made["name"] if flags & 32 else self.string(body)
        made.update(file=self.string(body), line=body.number())
        if flags & 2:
            made["hash"] = f"{body.hash():016x}"
        made.update(origin=body.number(), clone=self.string(body), inlined=[])
        for _ in range(body.number()):
            callee, line = body.number(), body.number()
            made["inlined"].append({"callee": callee, "line": line >> 2, "early": bool(line & 2),
                                    "file": self.string(body) if line & 1 else made["file"]})
        return made

    def variable(self, body):
        flags = body.number()
        made = {"name": self.string(body), "symbol": self.string(body), "function": body.number(), "type": self.string(body),
                "size": body.number(), "file": self.string(body), "line": body.number(), "initial": body.number()}
        if made["initial"] == 1:
            made["value"] = body.hash()
        if flags & 1:
            made.update(path=self.string(body), scope=f"{body.hash():016x}", shape=f"{body.hash():016x}")
        if flags & 2:
            made["users"] = [body.number() for _ in range(body.number())]
        return made

    def type(self, body):
        made = {"name": self.string(body), "size": body.number(), "align": body.number(), "file": self.string(body),
                "line": body.number(), "hash": f"{body.hash():016x}", "fields": []}
        hashed, end = made["name"].encode() + b"\0" + number(made["size"]) + number(made["align"]), 0
        for _ in range(body.number()):
            first = body.number()
            name = self.string(body)
            if not first >> 1:
                self.kinds.append((self.string(body), body.number()))
            kind, extent = self.kinds[(first >> 1) - 1]
            place = body.number() if first & 1 else 2 * end + 1 if extent & 1 else end // 8 * 2
            scale = 1 if extent & 1 else 8
            end = (place >> 1) * scale + (extent >> 1) * scale
            hashed += name.encode() + b"\0" + kind.encode() + b"\0" + number(place) + number(extent)
            made["fields"].append({"name": name, "type": kind, "bits" if extent & 1 else "bytes": [place >> 1, extent >> 1]})
        if made["hash"] != f"{fnv(hashed):016x}":
            raise ValueError(f"{made['name']}: another hash")
        return made

    def places(self, body):
        made = []
        while body.more():
            place = {"macro": self.string(body), "file": self.string(body), "lines": []}
            line = 0
            while distance := body.number():
                line += distance
                place["lines"].append(line)
            made.append(place)
        return made


def sizes(paths):
    total = collections.Counter()
    for path in paths:
        for payload in units_of(section_of(path)):
            for tag, data in records_of(payload):
                total[TAGS.get(tag, str(tag))] += len(data)
    for name, size in total.most_common():
        print(f"{size:10} {name}")


if __name__ == "__main__":
    if sys.argv[1] == "--sizes":
        sizes(sys.argv[2:])
    else:
        json.dump({path: [Unit(payload).facts for payload in units_of(section_of(path))] for path in sys.argv[1:]}, sys.stdout, indent=1)
        print()
