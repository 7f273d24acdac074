# SPDX-License-Identifier: GPL-3.0-or-later
"""libtiff in a program of several threads (hosts/tiff.c); tiffcrop and tiffcp held up where they open an input."""
import hashlib
import os
import struct

from process import Gated, Told

LIBRARY = "libtiff/.libs/libtiff.so.6.0.0"

SHORT, LONG, ASCII, UNDEFINED = 3, 4, 2, 7
SIZE = {SHORT: 2, LONG: 4, ASCII: 1, UNDEFINED: 1}
PACK = {SHORT: "H", LONG: "I"}


def image(width, height, strips, samples=1, bits=8, compression=1, photometric=1, rows=None, tile=None, planar=1, extra=()):
    """The bytes of a little-endian TIFF file of one directory; `strips` are strips or tiles, compressed already."""
    tags = {256: (LONG, [width]), 257: (LONG, [height]), 258: (SHORT, [bits] * samples), 259: (SHORT, [compression]),
            262: (SHORT, [photometric]), 277: (SHORT, [samples]), 284: (SHORT, [planar])}
    if tile:
        tags.update({322: (LONG, [tile[0]]), 323: (LONG, [tile[1]]), 324: (LONG, [0] * len(strips)), 325: (LONG, [len(s) for s in strips])})
        offsets = 324
    else:
        tags.update({278: (LONG, [rows or height]), 273: (LONG, [0] * len(strips)), 279: (LONG, [len(s) for s in strips])})
        offsets = 273
    for tag, kind, values in extra:
        tags[tag] = (kind, values)
    return pages([(tags, offsets, strips)])


def pages(directories):
    out = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for tags, offsets, strips in directories:
        places = []
        for strip in strips:
            places.append(len(out))
            out += strip
        tags = dict(tags)
        tags[offsets] = (LONG, places)
        values = {}
        for tag, (kind, items) in sorted(tags.items()):
            data = bytes(items) if kind in (ASCII, UNDEFINED) else struct.pack("<" + PACK[kind] * len(items), *items)
            if len(data) > 4:
                out += b"\0" * (len(out) % 2)
                values[tag] = (kind, len(items), struct.pack("<I", len(out)))
                out += data
            else:
                values[tag] = (kind, len(items), data.ljust(4, b"\0"))
        out += b"\0" * (len(out) % 2)
        out[link:link + 4] = struct.pack("<I", len(out))
        out += struct.pack("<H", len(values))
        for tag, (kind, count, data) in sorted(values.items()):
            out += struct.pack("<HHI", tag, kind, count) + data
        link = len(out)
        out += b"\0\0\0\0"
    return bytes(out)


def lzw(data, end=True):
    """Literals only, nine bits each: right for short strips. Without `end` the last code is missing."""
    codes = [256, *data] + ([257] if end else [])
    bits = "".join(f"{code:09b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def pattern(count, seed=1):
    return bytes((seed * (i + 3) * 7 + (i >> 3)) & 0xff for i in range(count))


FILES = {
    "grey.tif": image(20, 10, [pattern(200)]),
    "grey2.tif": image(30, 24, [pattern(720, 5)]),
    "rgb.tif": image(20, 10, [pattern(300), pattern(300, 2)], samples=3, photometric=2, rows=5),
    "bits.tif": image(33, 17, [pattern(5 * 17)], bits=1),
    "wide.tif": image(64, 40, [pattern(64 * 40)]),
    "lzw.tif": image(10, 10, [lzw(pattern(50)), lzw(pattern(50, 3))], compression=5, rows=5),
    "no-end.tif": image(10, 10, [lzw(pattern(30), False), lzw(pattern(50, 3))], compression=5, rows=5),
    "tiled.tif": image(32, 32, [pattern(256, i) for i in range(1, 5)], tile=(16, 16)),
    "separate.tif": image(32, 32, [pattern(256, i) for i in range(1, 13)], samples=3, photometric=2, tile=(16, 16), planar=2),
    "unknown.tif": image(8, 8, [pattern(64)], extra=[(60001, LONG, [7]), (60002, ASCII, list(b"text\0"))]),
    # A type that does not exist: no field can be made up for it.
    "unknown-type.tif": image(8, 8, [pattern(64)], extra=[(60003, SHORT, [7])]).replace(struct.pack("<HH", 60003, 3), struct.pack("<HH", 60003, 99)),
    "ycbcr.tif": image(16, 16, [pattern(16 * 16 * 3 // 2)], samples=3, photometric=6, extra=[(530, SHORT, [2, 2])]),
    "ycbcr44.tif": image(16, 16, [pattern(16 * 16 + 2 * 16)], samples=3, photometric=6, extra=[(530, SHORT, [4, 4])]),
    "ycbcr42.tif": image(16, 16, [pattern(16 * 16 + 2 * 32)], samples=3, photometric=6, extra=[(530, SHORT, [4, 2])]),
    "ycbcr12.tif": image(16, 16, [pattern(16 * 16 + 2 * 128)], samples=3, photometric=6, extra=[(530, SHORT, [1, 2])]),
    "raw": pattern(4000),
}

ORDINARY = [
    "info\tgrey.tif", "info\trgb.tif", "info\ttiled.tif", "info\tunknown.tif", "info\traw", "strips\tlzw.tif\t2", "strips\trgb.tif\t1", "scanlines\tlzw.tif",
    "scanlines\tgrey.tif", "rgba\tgrey.tif\t20\t10\t1", "rgba\trgb.tif\t20\t10\t4", "rgba\ttiled.tif\t32\t32\t1", "rgba\tycbcr.tif\t16\t16\t1",
    "rgba\tycbcr44.tif\t16\t16\t1", "rgba\tycbcr42.tif\t16\t16\t1", "rgba\tycbcr12.tif\t16\t16\t1", "rgba-strip\trgb.tif\t0\t5", "rgba-strip\tgrey.tif\t0\t0",
    "rgba-tile\ttiled.tif\t16\t16", "logluv\tlog.tif\tfine\t34676", "logluv\tlog.tif\tfine\t34677", "inknames\tink.tif\t3\t13", "inknames\tink.tif\t2\t13",
]

OWN_INPUT = {
    "CVE-2023-2731": ["strips\tno-end.tif\t3", "scanlines\tno-end.tif"],
    "CVE-2023-2908": ["inknames\tink.tif\t3\t0", "inknames\tink.tif\t3\t5"],
    "CVE-2023-52356": ["rgba-strip\tgrey.tif\t0\t1000", "rgba-tile\ttiled.tif\t4096\t16", "rgba-tile\ttiled.tif\t16\t4096"],
    "CVE-2023-26966": ["logluv\tlog.tif\tnan\t34676", "logluv\tlog.tif\tnan\t34677"],
    "CVE-2024-7006": ["info\tunknown-type.tif"],
    "CVE-2025-9900": ["rgba\tgrey.tif\t20\t4\t1", "rgba\tgrey.tif\t40\t30\t1"],
    "CVE-2026-4775": ["rgba\tycbcr44.tif\t16\t16\t4", "rgba\tycbcr42.tif\t40\t16\t4"],
}

# Arguments for the tools: IN1 is read before the gate, IN2 behind it. [ordinary work, the fix's own input]
TOOLS = {
    "CVE-2022-48281": ("tiffcrop", ["-e", "separate", "-z", "1,1,8,8:1,1,20,9"], ["-e", "separate", "-z", "1,1,3,3:1,1,20,10:1,1,12,10"]),
    "CVE-2023-0800": ("tiffcrop", ["-e", "combined", "-E", "left", "-z", "1,1,8,8:9,1,20,8"], ["-e", "combined", "-E", "left", "-z", "1,1,8,8:1,1,20,9"]),
    "CVE-2023-3576": ("tiffcrop", ["-F", "vert"], ["-R", "90"]),
    "CVE-2023-26965": ("tiffcrop", ["-R", "180"], ["-F", "both"]),
    "CVE-2023-25433": ("tiffcrop", ["-R", "90"], ["-R", "270", "-e", "separate", "-z", "1,1,8,8:1,1,20,9"]),
    "CVE-2023-40745": ("tiffcp", ["-c", "lzw"], ["-t", "-c", "none", "-p", "contig"]),
}


class Library:
    def __init__(self, context, fix):
        self.context = context
        self.own = next((commands for part, commands in OWN_INPUT.items() if part in fix), [])
        for name, data in FILES.items():
            context.write(name, data)

    def start(self, side):
        return Told([self.context.program, "3"], {"LD_LIBRARY_PATH": self.context.library(side, LIBRARY, "libtiff.so.6")}, self.context.work)

    @staticmethod
    def transcript(process):
        return [f"{command}: {process.ask(command)}" for command in ORDINARY]

    def probe(self, process):
        return [f"{command}: {process.ask(command)}" for command in self.own]

    @staticmethod
    def end(process):
        said, good = process.quit()
        return good, "the other threads always read what they wrote: " + said.strip().replace("\n", " ")


class Tool:
    def __init__(self, context, fix):
        self.context = context
        self.tool, *self.work = next(work for part, work in TOOLS.items() if part in fix)
        for name, data in FILES.items():
            context.write(name, data)

    def kinds(self):
        return ["ordinary", "own"]

    def start(self, side, kind):
        context = self.context
        first, second = ("grey.tif", "grey2.tif") if self.tool == "tiffcrop" else ("rgb.tif", "separate.tif")
        gate = context.write("gated.tif", FILES[second])
        if os.path.exists(context.path("out.tif")):
            os.unlink(context.path("out.tif"))
        # The library's own half-built wrapper is a script; the program itself lies in .libs.
        process = Gated([os.path.join(context.pair, side, "tools/.libs", self.tool), *self.work[kind != "ordinary"], first, gate, "out.tif"], gate,
                        {"LD_LIBRARY_PATH": context.library(side, LIBRARY, "libtiff.so.6")}, context.work)
        process.wait_at_gate()
        return process

    def finish(self, process):
        said = process.go_on().split("\n")
        path = self.context.path("out.tif")
        written = "nothing"
        if os.path.exists(path):
            with open(path, "rb") as file:
                written = hashlib.sha256(file.read()).hexdigest()
        return [line.replace(self.context.work, "") for line in said[:-1]] + ["wrote " + written, said[-1]]


def of(context, fix):
    return Tool(context, fix) if any(part in fix for part in TOOLS) else Library(context, fix)
