#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a hotpatch package and prints it as JSON. Written from doc/hp-format.md alone, with the standard library alone: it
proves that the specification is complete. Prints what `hp-show --json` prints.

usage: hp_reader.py KB.hp       exit status 0 shown, 1 refused (the reason on stderr)
"""
import hashlib
import json
import pathlib
import struct
import sys
import zlib

sys.dont_write_bytecode = True  # a reader leaves nothing behind in the tree
import ed25519  # noqa: E402

ABSENT = 0xFFFFFFFF
KINDS = {1: "process", 2: "linux", 3: "linux-module", 4: "xen"}
# Field kinds: the letters of struct; "s" a string, "x" a number shown as an address, "n" an index that may be absent,
# "h" 32 bytes.
TABLES = [
    ("segments", [("vaddr", "x"), ("offset", "x"), ("file_size", "x"), ("memory_size", "x"), ("align", "x"),
                  ("flags", "I")]),
    ("sections", [("name", "s"), ("type", "I"), ("vaddr", "x"), ("size", "x"), ("flags", "x")]),
    ("functions", [("name", "s"), ("object", "s"), ("vaddr", "x"), ("old_size", "x"), ("symbol", "n"),
                   ("prologue", "n"), ("jump_offset", "I"), ("jump_size", "I"), ("flags", "I"), ("position", "I"),
                   ("pad_before", "I"), ("pad_after", "I"), ("old_hash", "h"), ("old_bytes", "h")]),
    ("parts", [("function", "I"), ("symbol", "n"), ("vaddr", "x"), ("size", "x")]),
    ("masks", [("function", "I"), ("offset", "I"), ("size", "I")]),
    ("bindings", [("symbol", "I"), ("kind", "I"), ("flags", "I"), ("position", "I"), ("vaddr", "x"), ("addend", "q"),
                  ("name", "s"), ("version", "s"), ("object", "s")]),
    ("states", [("symbol", "I"), ("object", "s"), ("owner", "s"), ("name", "s"), ("size", "x"), ("align", "x"),
                ("initial_hash", "h")]),
    ("hooks", [("phase", "I"), ("symbol", "I")]),
]
RECORD = [("kind", "I"), ("flags", "I"), ("machine", "H"), ("elf_type", "H"), ("build_id_size", "I"), ("tls_size", "x"),
          ("tls_align", "x"), ("name", "s"), ("soname", "s")]
SIZES = {"s": "I", "x": "Q", "n": "I", "h": "32s"}


def read_dictionary():
    """The lines of the specification's section "Dictionary"."""
    page = pathlib.Path(__file__).resolve().parents[2] / "doc" / "hp-format.md"
    text = page.read_text(encoding="utf-8").split("\n## Dictionary\n")[1].split("```\n")[1]
    return text.encode().replace(b"\n", b"\0")


DICTIONARY = read_dictionary()


class Refused(Exception):
    pass


def must(condition, message):
    if not condition:
        raise Refused(message)


class Stream:
    """Packed fields, one behind the other."""

    def __init__(self, data, strings):
        self.data, self.strings, self.at = data, strings, 0

    def take(self, size):
        must(size <= len(self.data) - self.at, "target record ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def field(self, kind):
        layout = "<" + SIZES.get(kind, kind)
        value, = struct.unpack(layout, self.take(struct.calcsize(layout)))
        if kind == "s":
            return self.string(value)
        if kind == "x":
            return hex(value)
        if kind == "n":
            return None if value == ABSENT else value
        return value.hex() if kind == "h" else value

    def string(self, at):
        must(at < len(self.strings), "name outside of the strings")
        return self.strings[at:self.strings.index(0, at)].decode() if at else None

    def record(self, fields):
        return {name: self.field(kind) for name, kind in fields}


def read_chunks(data):
    must(data[:8] == b"\x89HPK\r\n\x1a\n", "not a package")
    must(len(data) >= 64, "header cut short")
    version, count, total, reserved = struct.unpack_from("<IIQQ", data, 8)
    must(version == 1, f"format version {version}")
    must(reserved == 0 and count <= 4096 and 64 + 64 * count <= total <= len(data), "header")
    table = data[64:64 + 64 * count]
    must(hashlib.sha256(data[:32] + table).digest() == data[32:64], "header digest")
    chunks, at, inflated = [], 64 + 64 * count, 0
    for index in range(count):
        kind, flags, offset, stored, raw, digest = struct.unpack_from("<4sIQQQ32s", table, index * 64)
        must(all(0x20 <= byte < 0x7F for byte in kind) and flags & ~3 == 0, "chunk type or flags")
        must(offset == at and stored <= total - at, "chunk place")
        inflated += raw
        must(inflated <= 256 << 20 and raw <= (stored + 1) * 1040, "chunk size")
        body = data[offset:offset + stored]
        must(hashlib.sha256(body).digest() == digest, "chunk digest")
        at = offset + stored
        end = (at + 7) // 8 * 8
        must(end <= total and not any(data[at:end]), "padding")
        at = end
        if flags & 2:
            stream = zlib.decompressobj(zdict=DICTIONARY)
            body = stream.decompress(body, raw + 1)
            must(stream.eof and not stream.unused_data, "deflated data")
        must(len(body) == raw, "chunk size")
        chunks.append({"type": kind.decode(), "flags": flags, "offset": offset, "stored_size": stored, "raw_size": raw,
                       "data": body})
    must(at == total, "bytes behind the last chunk")
    return total, chunks


def read_signatures(data, total):
    must((len(data) - total) % 104 == 0 and len(data) - total <= 64 * 104, "bytes behind the package")
    keys = []
    for at in range(total, len(data), 104):
        magic, key, signature = struct.unpack_from("<8s32s64s", data, at)
        must(magic == b"HPSIGN1\n", "signature magic")
        must(ed25519.verify(key, data[:at], signature), "signature")
        keys.append(key.hex())
    return keys


def read_target(data):
    must(len(data) >= 5, "target record too short")
    size, = struct.unpack_from("<I", data)
    must(1 <= size <= len(data) - 4, "string table size")
    strings = data[len(data) - size:]
    must(strings[0] == 0 and strings[-1] == 0, "string table")
    clean = strings.decode()
    must(not any(0 < ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in clean), "control character in a name")
    stream = Stream(data[4:len(data) - size], strings)
    target = stream.record(RECORD)
    counts = [stream.field("I") for _ in TABLES]
    must(target["kind"] in KINDS and 1 <= target["build_id_size"] <= 64, "target record")
    target["kind"] = KINDS[target["kind"]]
    target["build_id"] = stream.take(target.pop("build_id_size")).hex()
    for (name, fields), count in zip(TABLES, counts):
        target[name] = [stream.record(fields) for _ in range(count)]
    must(stream.at == len(stream.data), "bytes between tables and strings")
    return target


def read_package(data):
    total, chunks = read_chunks(data)
    package = {"schema": 1, "format": 1, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
               "contents_sha256": hashlib.sha256(data[:total]).hexdigest(),
               "signatures": read_signatures(data, total), "chunks": chunks, "targets": []}
    for chunk in chunks:
        contents = chunk.pop("data")
        targets = package["targets"]
        if chunk["type"] == "MANI":
            must("manifest" not in package and 0 not in contents, "manifest")
            package["manifest"] = json.loads(contents.decode())
        elif chunk["type"] == "TARG":
            must(not targets or "payload" in targets[-1], "target without payload")
            targets.append(read_target(contents))
        elif chunk["type"] == "PAYL":
            must(targets and "payload" not in targets[-1], "payload without target")
            if not contents:
                must(len(targets) > 1, "no payload to repeat")
                targets[-1]["payload"] = targets[-2]["payload"]
                continue
            must(contents[:6] == b"\x7fELF\x02\x01", "payload")
            targets[-1]["payload"] = {"size": len(contents), "sha256": hashlib.sha256(contents).hexdigest()}
        else:
            must(chunk["flags"] & 1, f"chunk type {chunk['type']}")
    must("manifest" in package, "no manifest")
    must(all("payload" in target for target in package["targets"]), "target without payload")
    return package


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        package = read_package(data)
    except (Refused, zlib.error, UnicodeDecodeError, json.JSONDecodeError) as error:
        print(f"{sys.argv[1]}: refused: {error}", file=sys.stderr)
        return 1
    package["file"] = sys.argv[1]
    json.dump(package, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
