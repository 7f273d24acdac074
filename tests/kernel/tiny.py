#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links a small vmlinux with kallsyms in it, as the kernel's scripts/link-vmlinux.sh does, and packs kernels.

    tiny.py link OUT SCRIPT OBJECT...       [NEW_ORDER=1: the tables in the order of 6.4 and later]
    tiny.py pack FORMAT VMLINUX OUT         gzip, xz, lzma, bzip2, zstd, lz4, lz4-literals, lzo, none: a bzImage
"""
import bz2
import gzip
import lzma
import os
import struct
import subprocess
import sys

BASE = 0xFFFFFFFF81000000
TOKEN = "linux_"  # one token of several letters, as compressed tables have them


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_symbols(image):
    symbols = []
    for line in run("nm", "-n", image).splitlines():
        address, kind, name = line.split()
        if not name.startswith("kallsyms_") and kind not in "UNa":
            symbols.append((int(address, 16), kind, name))
    return symbols


def record(kind, name):
    data = (kind + name).encode().replace(TOKEN.encode(), b"\x01")
    header = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
    return header + data


def table(label, data, align=8):
    text = f"\t.balign {align}\n{label}:\n"
    return text + "".join(f"\t.byte {','.join(map(str, data[i:i + 32]))}\n" for i in range(0, len(data), 32))


def kallsyms(symbols, new_order):
    names, markers = b"", b""
    for i, (_, kind, name) in enumerate(symbols):
        if i % 256 == 0:
            markers += struct.pack("<I", len(names))
        names += record(kind, name)
    tokens = [TOKEN if i == 1 else chr(i) if 0x20 <= i < 0x7F else "" for i in range(256)]
    token_table = b"".join(token.encode() + b"\0" for token in tokens)
    index = struct.pack("<256H", *[sum(len(t) + 1 for t in tokens[:i]) for i in range(256)])
    # Negative: below the base; addresses outside of the kernel are absolute.
    offsets = b"".join(struct.pack("<i", BASE - 1 - address) for address, _, _ in symbols)
    order = sorted(range(len(symbols)), key=lambda i: (symbols[i][2], i))
    parts = {
        "offsets": table("kallsyms_offsets", offsets),
        "base": table("kallsyms_relative_base", struct.pack("<Q", BASE)),
        "count": table("kallsyms_num_syms", struct.pack("<I", len(symbols))),
        "names": table("kallsyms_names", names),
        "markers": table("kallsyms_markers", markers),
        "seqs": table("kallsyms_seqs_of_names", b"".join(struct.pack(">I", i)[1:] for i in order)),
        "tokens": table("kallsyms_token_table", token_table),
        "index": table("kallsyms_token_index", index),
    }
    old = ["offsets", "base", "count", "names", "markers", "seqs", "tokens", "index"]
    new = ["count", "names", "markers", "tokens", "index", "offsets", "base", "seqs"]
    return "\t.section .rodata, \"a\"\n" + "".join(parts[part] for part in (new if new_order else old))


def link(out, script, objects):
    new_order = os.environ.get("NEW_ORDER") == "1"
    symbols = [(BASE, "T", "plain")]
    for _ in range(4):  # until nothing moves
        with open(out + ".S", "w", encoding="utf-8") as file:
            file.write(kallsyms(symbols, new_order))
        run("as", out + ".S", "-o", out + ".sym.o")
        run("ld", "-T", script, "--build-id=sha1", "-z", "noexecstack", "--no-warn-rwx-segments", "-o", out, *objects,
            out + ".sym.o")
        before, symbols = symbols, read_symbols(out)
        if before == symbols:
            break
    else:
        raise SystemExit("the addresses do not come to rest")
    for name in (out + ".S", out + ".sym.o"):
        os.remove(name)


def lz4(data):
    """Legacy format, literals only."""
    packed = b"\x02\x21\x4c\x18"
    for at in range(0, len(data), 8 << 20):
        block = data[at:at + (8 << 20)]
        more = len(block) - 15
        body = (b"\xf0" + b"\xff" * (more // 255) + bytes([more % 255]) if more >= 0 else bytes([len(block) << 4])) + block
        packed += struct.pack("<I", len(body)) + body
    return packed


def compress(form, data):
    tools = {"zstd": ["zstd", "-q", "-c"], "lz4": ["lz4", "-l", "-9", "-c", "-q"], "lzo": ["lzop", "-9", "-c"]}
    if form in tools:  # as the kernel's build calls them
        return subprocess.run(tools[form], input=data, check=True, capture_output=True).stdout
    return {"gzip": lambda: gzip.compress(data, mtime=0), "xz": lambda: lzma.compress(data),
            "lzma": lambda: lzma.compress(data, format=lzma.FORMAT_ALONE), "bzip2": lambda: bz2.compress(data),
            "lz4-literals": lambda: lz4(data), "none": lambda: data}[form]()


def pack(form, vmlinux, out):
    with open(vmlinux, "rb") as file:
        data = file.read()
    payload = compress(form, data) + struct.pack("<I", len(data))
    setup = bytearray(5 * 512)  # setup_sects 4
    setup[0x1F1], setup[0x1FE], setup[0x1FF] = 4, 0x55, 0xAA
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, 0x20F)
    struct.pack_into("<II", setup, 0x248, 64, len(payload))
    with open(out, "wb") as file:
        file.write(bytes(setup) + bytes(64) + payload)


def main():
    if sys.argv[1] == "link":
        link(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1] == "pack":
        pack(*sys.argv[2:5])
    else:
        raise SystemExit(__doc__)


main()
