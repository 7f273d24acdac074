#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a package against the two images with eyes of its own: every new function's bytes must be those the linker put into
the NEW image, and every relocated field must mean there what its binding means in the OLD image. Shares no code with hp-build.

usage: hp-build-verify.py KB.hp OLD-TREE NEW-TREE      exit status 0 all is right, 1 something is not (each on stdout)
"""
import os
import re
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "reader"))
import hp_reader  # noqa: E402

IMAGE, SLOT, DYNAMIC, TLS_MODULE, TLS_OFFSET, ABSOLUTE = 1, 2, 3, 4, 5, 6


class Elf:
    def __init__(self, data):
        self.data = data
        shoff, = struct.unpack_from("<Q", data, 40)
        shentsize, shnum, shstrndx = struct.unpack_from("<HHH", data, 58)
        self.sections = []
        for i in range(shnum):
            name, kind, flags, addr, offset, size, link, info, align, entsize = struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize)
            self.sections.append(dict(name=name, type=kind, flags=flags, addr=addr, offset=offset, size=size, link=link, info=info))
        strings = self.sections[shstrndx]
        for section in self.sections:
            section["name"] = self.text(strings["offset"] + section["name"])

    def text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def symbols(self, kind):
        for section in self.sections:
            if section["type"] == kind:
                names = self.sections[section["link"]]["offset"]
                for at in range(section["offset"], section["offset"] + section["size"], 24):
                    name, info, other, shndx, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
                    yield dict(name=self.text(names + name), type=info & 15, shndx=shndx, value=value, size=size)

    def relocations(self):
        for section in self.sections:
            if section["type"] == 4:
                for at in range(section["offset"], section["offset"] + section["size"], 24):
                    yield section, *struct.unpack_from("<QQq", self.data, at)


class Image(Elf):
    def __init__(self, path):
        with open(path, "rb") as file:
            super().__init__(file.read())
        self.fixed = self.data[16] == 2  # ET_EXEC
        self.names, self.at = {}, {}
        for symbol in list(self.symbols(2)) + list(self.symbols(11)):
            if symbol["shndx"] and symbol["type"] not in (4, 6):
                self.names.setdefault(symbol["name"].split("@")[0], []).append(symbol)
                self.at.setdefault(symbol["value"], set()).add(symbol["name"].split("@")[0])
        dynamic = list(self.symbols(11))
        self.slots, self.relative, self.nameless = {}, {}, {}
        for section, offset, info, addend in self.relocations():
            if info & 0xffffffff == 8:
                self.relative[offset] = addend
            elif not info >> 32:
                self.nameless[offset] = (info & 0xffffffff, addend)  # thread-local variables of the image itself
            elif dynamic:
                self.slots[offset] = dynamic[info >> 32]["name"].split("@")[0]
        self.stubs = {}
        for section in self.sections:
            if section["name"].startswith(".plt"):
                code = self.bytes(section["addr"], section["size"])
                for match in re.finditer(rb"\xff\x25(....)", code, re.S):
                    slot = section["addr"] + match.end() + struct.unpack("<i", match.group(1))[0]
                    if slot in self.slots or slot in self.nameless:
                        start = section["addr"] + match.start()
                        for back in range(0, 12):  # bnd, endbr64 before it
                            self.stubs.setdefault(start - back, self.slots.get(slot, self.at_target(slot)))

    def at_stub(self, addr):
        """Names of what the stub at ADDR leads to; an indirect function of the image itself has all of its resolver's."""
        name = self.stubs.get(addr)
        return {name} | {other for names in self.at.values() if name in names for other in names}

    def at_target(self, slot):
        kind, target = self.nameless.get(slot, (0, 0))
        return min(self.at.get(target, [""])) if kind == 37 else ""

    def bytes(self, addr, size):
        for section in self.sections:
            if section["addr"] and section["flags"] & 2 and section["addr"] <= addr < section["addr"] + section["size"]:
                if section["type"] == 8:
                    return b"\0" * size
                start = section["offset"] + addr - section["addr"]
                return self.data[start:start + size]
        return b""


def unnumbered(name):
    return re.sub(r"\.\d+$", "", name)


class Check:
    def __init__(self, target, payload, old, new):
        self.target, self.payload, self.old, self.new = target, Elf(payload), old, new
        self.syms = list(self.payload.symbols(2))
        self.bindings = {b["symbol"]: b for b in target["bindings"]}
        self.relocs = {}
        for section, offset, info, addend in self.payload.relocations():
            self.relocs.setdefault(section["info"], {})[offset] = (info & 0xffffffff, info >> 32, addend)
        self.fields = self.wrong = self.skipped = 0
        self.replaced = {function["symbol"] for function in target["functions"]}

    def complain(self, where, what):
        self.wrong += 1
        print(f"{self.target['name']}: {where}: {what}")

    def contents(self, index, at, size):
        section = self.payload.sections[index]
        if section["type"] == 8:
            return b""
        return self.payload.data[section["offset"] + at:section["offset"] + min(at + size, section["size"])]

    def import_name(self, index, at):
        """What the veneer or slot at AT of a .hp section leads to."""
        name = self.payload.sections[index]["name"]
        kind, symbol, addend = self.relocs[index][at + 2 if name == ".hp.plt" else at]
        symbol_facts = self.syms[symbol]
        if symbol_facts["shndx"]:
            if self.payload.sections[symbol_facts["shndx"]]["name"].startswith(".hp."):
                return self.import_name(symbol_facts["shndx"], symbol_facts["value"] + addend + (4 if name == ".hp.plt" else 0))
            return symbol_facts["name"]
        binding = self.bindings[symbol]
        if binding["kind"] == ABSOLUTE and binding["addend"] == 0 and symbol_facts["name"] not in self.new.names:
            return None
        if binding["kind"] == TLS_MODULE:
            return self.old.nameless[int(binding["vaddr"], 16)]
        if binding["kind"] == SLOT:
            found = self.old.slots.get(int(binding["vaddr"], 16))
            if found is not None:
                return found
        return symbol_facts["name"].removeprefix("hp.slot.").removeprefix("hp.old.")

    def is_branch(self, section, place):
        before = self.contents(section, place - 2, 2)
        return before[1:] in (b"\xe8", b"\xe9") or (before[0] == 0x0f and before[1] & 0xf0 == 0x80)

    def means_import(self, to, name):
        """Does address TO of the new image lead to NAME: its stub, its slot, or itself?"""
        if isinstance(name, tuple):
            return self.new.nameless.get(to) == name
        if self.new.stubs.get(to) == name or self.new.slots.get(to) == name or name in self.new.at.get(to, ()):
            return True
        return to in self.new.relative and name in self.new.at.get(self.new.relative[to], ())

    def field(self, where, section, place, new_place):
        kind, symbol, addend = self.relocs[section][place]
        facts = self.syms[symbol]
        self.fields += 1
        if kind not in (2, 1, 10, 11, 24, 25):
            self.skipped += 1
            return
        pc = 4 if kind == 2 else 0
        if kind == 2:
            value = new_place + struct.unpack("<i", self.new.bytes(new_place, 4))[0] - addend
        elif kind in (24, 25):
            base = new_place if kind == 24 else self.new.names["_GLOBAL_OFFSET_TABLE_"][0]["value"]
            value = base + struct.unpack("<q", self.new.bytes(new_place, 8))[0] - addend
        elif kind == 1:
            value = self.new.relative.get(new_place, None)
            if value is None and self.new.fixed and new_place not in self.new.slots:
                value, = struct.unpack("<Q", self.new.bytes(new_place, 8))
            if value is None:
                self.skipped += 1
                return
            value -= addend
        else:
            value = struct.unpack("<I", self.new.bytes(new_place, 4))[0] - addend
        if symbol in self.replaced and addend == -pc and kind != 25 and not self.is_branch(section, place):
            self.complain(where, f"takes the address of the new {facts['name']} instead of the old one's")
        if facts["shndx"]:
            home = self.payload.sections[facts["shndx"]]["name"]
            if home.startswith(".hp."):
                at = facts["value"] + addend + pc
                tail = -at % 8  # an immediate behind the field
                name = self.import_name(facts["shndx"], at + tail)
                if name is None:
                    self.skipped += 1  # an undefined weak symbol: zero
                elif not self.means_import(value + addend + pc + tail, name):
                    self.complain(where, f"means {name}, but NEW goes to {value + addend + pc:#x}")
            elif facts["type"] == 3:
                at = facts["value"] + addend + pc
                mine = self.contents(facts["shndx"], at, 16)
                if any(at <= offset < at + 16 for offset in self.relocs.get(facts["shndx"], {})):
                    self.skipped += 1  # a table of addresses; its entries are looked at by themselves
                    return
                end = mine.find(b"\0")
                mine = mine[:end + 1] if 0 <= end else mine[:4]
                if self.new.bytes(value + addend + pc, len(mine)) != mine:
                    self.skipped += 1  # behind an immediate: the place is not the end of the instruction
            elif facts["name"] not in self.new.at.get(value, ()):
                self.complain(where, f"means {facts['name']}, but NEW has {self.new.at.get(value)} at {value:#x}")
            return
        binding = self.bindings[symbol]
        name = facts["name"].removeprefix("hp.old.").removeprefix("hp.slot.")
        vaddr = int(binding["vaddr"], 16)
        if binding["kind"] == IMAGE and vaddr == 0 and name not in self.new.names:
            self.skipped += 1  # a call of an undefined weak function, which is never run
        elif binding["kind"] == IMAGE:
            if any(s["type"] == 10 for s in self.old.names.get(name, [])) and vaddr not in self.old.stubs:
                self.complain(where, f"calls the resolver of {name} instead of its stub")
            if not {unnumbered(n) for n in self.old.at.get(vaddr, ())} & {unnumbered(name)} and vaddr not in self.old.stubs:
                self.complain(where, f"is bound to {vaddr:#x}, where OLD has {self.old.at.get(vaddr)} and not {name}")
            if name not in self.new.at.get(value, ()) and name not in self.new.at_stub(value):
                self.complain(where, f"means {name}, but NEW has {self.new.at.get(value)} at {value:#x}")
        elif binding["kind"] == SLOT:
            name = self.old.slots.get(vaddr, self.old.nameless.get(vaddr, name))
            if not self.means_import(value + addend + pc, name):
                self.complain(where, f"means the slot of {name}, but NEW goes to {value + addend + pc:#x}")
        else:
            self.skipped += 1

    def function(self, symbol):
        bodies = [s for s in self.new.names.get(symbol["name"], []) if s["size"] == symbol["size"] and s["type"] in (2, 10)]
        if len({body["value"] for body in bodies}) != 1:
            return False
        body, section = bodies[0], symbol["shndx"]
        mine = bytearray(self.contents(section, symbol["value"], symbol["size"]))
        theirs = bytearray(self.new.bytes(body["value"], symbol["size"]))
        for place in sorted(self.relocs.get(section, {})):
            at = place - symbol["value"]
            if not 0 <= at < symbol["size"]:
                continue
            kind, target, _ = self.relocs[section][place]
            slot = self.syms[target]["name"].startswith("hp.slot.") or (
                self.syms[target]["shndx"] and self.payload.sections[self.syms[target]["shndx"]]["name"] == ".hp.got")
            # The linker may have rewritten the load of a slot.
            for byte in range(at - 3 if slot else at, at + (8 if kind in (1, 24, 25) else 4)):
                mine[byte] = theirs[byte]
            self.field(f"{symbol['name']}+{at:#x}", section, place, body["value"] + at)
        # Accesses of thread-local variables hold offsets of four bytes, which may differ; more than that may not.
        differing = [i for i in range(len(mine)) if mine[i] != theirs[i]]
        if differing and (b"\x64" not in theirs or any(i + 4 in differing and i + 2 in differing for i in differing)):
            at = differing[0]
            self.complain(f"{symbol['name']}+{at:#x}", f"byte {mine[at]:#x}, NEW has {theirs[at]:#x}")
        return True


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    chunks = hp_reader.read_chunks(data)[1]
    manifest, pairs, wrong, compared, fields = None, [], 0, 0, 0
    for chunk in chunks:
        if chunk["type"] == "MANI":
            manifest = hp_reader.json.loads(chunk["data"].decode())
        elif chunk["type"] == "TARG":
            pairs.append([hp_reader.read_target(chunk["data"]), None])
        elif chunk["type"] == "PAYL":
            pairs[-1][1] = chunk["data"] or pairs[-2][1]
    for (target, payload), facts in zip(pairs, manifest["targets"]):
        path = next((p for p in facts["paths"].split(", ") if os.path.basename(p) == target["name"]), facts["paths"].split(", ")[0])
        check = Check(target, payload, Image(os.path.join(sys.argv[2], path)), Image(os.path.join(sys.argv[3], path)))
        # Addresses in the payload's data: of a replaced function it must be the old entry.
        for index, relocs in check.relocs.items():
            for place, (kind, symbol, addend) in relocs.items():
                if kind == 1 and symbol in check.replaced and not addend:
                    check.complain(f"{check.payload.sections[index]['name']}+{place:#x}", "holds the address of a new body")
        for symbol in check.syms:
            if symbol["type"] == 2 and symbol["shndx"] and not symbol["name"].startswith("hp."):
                compared += check.function(symbol)
        for function in target["functions"]:
            if not any(s["value"] == int(function["vaddr"], 16) for s in check.old.names.get(function["name"], [])):
                check.complain(function["name"], "is not where the package says")
        wrong += check.wrong
        fields += check.fields - check.skipped
    print(f"{compared} functions, {fields} fields compared, {wrong} wrong")
    return 1 if wrong or not compared else 0


sys.exit(main())
