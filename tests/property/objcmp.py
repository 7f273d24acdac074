#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says which functions and data of two object files differ in meaning; reads objdump and readelf alone.

    objcmp.py [--lines=MAP] [--explain] OLD NEW     prints JSON; exit 0 nothing differs, 1 something does, 2 cannot

An opinion that is independent of hp-diff: no code, no tables and no ideas in common but the question. Each function
becomes a list of instructions (their bytes, and what each relocation or resolved branch refers to); references become
names, strings, or the contents of constants. Two functions are the same when these lists are equal.

Names are reported without the compiler's numbers (`f.isra.#`, `count.#`): several units of one such name are compared as
a set, so nothing depends on which clone has which number. A split-off part (`f.cold`) is reported as `f`.
MAP holds lines `OLD NEW`: source lines that an edit moved; an immediate that moved like them is a __LINE__.
"""
import bisect
import collections
import json
import re
import subprocess
import sys

MACHINES = {
    "AArch64": "aarch64-linux-gnu-",
    "PowerPC64": "powerpc64le-linux-gnu-",
    "IBM S/390": "s390x-linux-gnu-",
    "RISC-V": "riscv64-linux-gnu-",
}
# State of one build, in the words of the kernel's headers; never a difference by itself.
PER_BUILD = re.compile(r"^(__already_done|__warned|__key|_rs|descriptor|_entry|__once|___once_key|__print_once|___tp_str)(\.\d+)*$"
                       r"|^__UNIQUE_ID_|^_entry_ptr|^__print_once")
# Tables of the kernel whose entries point into functions.
TABLES = re.compile(r"^(__bug_table|__ex_table|__jump_table|\.altinstructions|\.smp_locks|\.parainstructions|"
                    r"\.static_call_sites|\.call_sites|\.retpoline_sites|__mcount_loc|"
                    r"__ftr_fixup|__mmu_ftr_fixup|__fw_ftr_fixup|__lwsync_fixup|__barrier_nospec_fixup|__alt___ftr.*|"
                    r"\.s390_.*|__patchable_function_entries)$")
# Positions, or found again by tools that are run on every object: they follow from the code.
FOLLOWING = re.compile(r"^(\.orc_unwind.*|\.return_sites|\.ibt_endbr_seal|\.discard.*|\.eh_frame.*|\.printk_index|"
                       r"\.modinfo|\.export_symbol|__param|\.altinstr_aux|\.init\.setup|\.BTF.*|__ksymtab_strings)$")

# Tables that compilers name after what they are; reltable.f and switch.table.f are Clang's CSWTCH. They count by what they hold.
BY_CONTENT = re.compile(r"^((__func__|__FUNCTION__|__PRETTY_FUNCTION__|CSWTCH)(\.|$)|(reltable|switch\.table)\.)")


class Cannot(Exception):
    """One of the files is not to be compared."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=False)
    if done.returncode:
        raise Cannot(f"{' '.join(command)}: {done.stderr.strip()[:500]}")
    return done.stdout


Section = collections.namedtuple("Section", "index name type flags size entry align data")
Symbol = collections.namedtuple("Symbol", "index value size type bind section name file")
Reloc = collections.namedtuple("Reloc", "offset type symbol addend")
Insn = collections.namedtuple("Insn", "start end bytes text")


def without_numbers(name):
    """f.isra.0.constprop.2.cold -> f.isra.#.constprop.#"""
    if name.startswith("__UNIQUE_ID_"):
        return re.sub(r"[\d.]+$", "#", name)
    if name.startswith("__initcall__"):
        return re.sub(r"(?<=_)\d+(?=_)", "#", name)
    name = re.sub(r"\.cold(\.\d+)?$", "", name)
    head, dot, tail = name.partition(".")
    return head + dot + re.sub(r"(^|(?<=\.))\d+(?=\.|$)", "#", tail) if head else name


def is_label(name):
    return not name or name.startswith((".L", "$x", "$d"))


class Unit:
    """A function or a datum: what lies between two symbols of one section."""

    def __init__(self, object_file, section, symbol, end):
        self.object, self.section, self.symbol = object_file, section, symbol
        self.start, self.end = symbol.value, end
        self.name = symbol.name
        self.key = without_numbers(symbol.name)
        self.is_global = symbol.bind == "GLOBAL"
        if object_file.several_files and symbol.bind == "LOCAL":
            self.key += "@" + (symbol.file or "")
        self.identity = None  # the same text on both sides for units that are each other's counterpart
        self.names = {symbol.name}

    @property
    def is_code(self):
        return "X" in self.section.flags

    @property
    def is_constant(self):
        return not self.is_code and ("W" not in self.section.flags or self.section.name.startswith(".data.rel.ro"))


class ObjectFile:
    def __init__(self, path):
        self.path = path
        header = run("readelf", "-hW", path)
        machine = re.search(r"Machine:\s*(.*)", header).group(1)
        self.prefix = next((p for m, p in MACHINES.items() if m in machine), "")
        self.x86 = "X86-64" in machine
        self.little = "little endian" in header
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.reloc_offsets, self.code_offsets = {}, {}
        self.read_sections()
        self.read_symbols()
        self.read_relocs()
        self.find_units()
        self.read_code()
        self.find_places()

    # ---- tables of readelf ---------------------------------------------------------------------------------

    def read_sections(self):
        self.sections = {}
        line = re.compile(r"^\s*\[\s*(\d+)\] (\S*)\s+([A-Z_0-9]+|\S+: <unknown>)\s+[0-9a-f]{16} ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)\s+"
                          r"([A-Za-z]*)\s+\d+\s+\d+\s+(\d+)")
        for text in run("readelf", "-SW", self.path).splitlines():
            found = line.match(text)
            if not found:
                continue
            index, name, kind, offset, size, entry, flags, align = found.groups()
            offset, size = int(offset, 16), int(size, 16)
            data = None if kind == "NOBITS" else self.bytes[offset:offset + size]
            self.sections[int(index)] = Section(int(index), name, kind, flags, size, int(entry, 16), int(align), data)

    def read_symbols(self):
        self.symbols, file = {}, None
        line = re.compile(r"^\s*(\d+): ([0-9a-f]+)\s+(\d+|0x[0-9a-f]+) (\S+)\s+(\S+)\s+\S+(?:\s+\[[^\]]*\])?\s+(\S+)(?: (.*))?$")
        for text in run("readelf", "-sW", self.path).splitlines():
            found = line.match(text)
            if not found:
                continue
            index, value, size, kind, bind, section, name = found.groups()
            name = name or ""
            if kind == "FILE":
                file = name
            section = int(section) if section.isdigit() else section
            self.symbols[int(index)] = Symbol(int(index), int(value, 16), int(size, 0), kind, bind, section, name.strip(), file)
        files = {s.file for s in self.symbols.values() if s.bind == "LOCAL" and s.file}
        self.several_files = len(files) > 1

    def read_relocs(self):
        self.relocs, current = {}, None
        by_name = collections.defaultdict(list)
        for section in self.sections.values():
            by_name[section.name].append(section)
        used = collections.Counter()
        line = re.compile(r"^([0-9a-f]+)\s+([0-9a-f]+)\s+(R_\S+)(?:\s+(.*))?$")
        for text in run("readelf", "-rW", self.path).splitlines():
            begin = re.match(r"Relocation section '(.*)' at", text)
            if begin:
                name = re.sub(r"^\.rela?", "", begin.group(1))
                # COMDAT copies share a name: the tables come in the order of their sections.
                same = by_name[name]
                current = self.relocs.setdefault(same[min(used[name], len(same) - 1)].index, []) if same else None
                used[name] += 1
                continue
            found = line.match(text)
            if not found or current is None:
                continue
            offset, info, kind, rest = found.groups()
            symbol, addend = int(info, 16) >> 32, 0
            if rest:
                number = re.search(r"(?:^|([+-]) )([0-9a-f]+)$", rest.strip())
                if number:
                    addend = int(number.group(2), 16) * (-1 if number.group(1) == "-" else 1)
            if addend >= 1 << 63:
                addend -= 1 << 64
            current.append(Reloc(int(offset, 16), kind, symbol, addend))
        for relocs in self.relocs.values():
            relocs.sort(key=lambda r: r.offset)

    # ---- units ---------------------------------------------------------------------------------------------

    def find_units(self):
        self.units, self.units_of = [], collections.defaultdict(list)
        per_section = collections.defaultdict(list)
        for symbol in self.symbols.values():
            section = self.sections.get(symbol.section) if isinstance(symbol.section, int) else None
            if not section or symbol.type in ("SECTION", "FILE") or is_label(symbol.name) or "A" not in section.flags:
                continue
            per_section[section.index].append(symbol)
        self.unit_of_symbol = {}
        for index, symbols in per_section.items():
            section = self.sections[index]
            symbols.sort(key=lambda s: (s.value, -s.size, s.bind == "LOCAL", s.index))
            end, unit = -1, None
            for position, symbol in enumerate(symbols):
                if unit and (symbol.value < end or (symbol.value == unit.start and not symbol.size)):
                    unit.names.add(symbol.name)  # an alias, or a place inside
                    self.unit_of_symbol[symbol.index] = unit
                    continue
                following = next((s.value for s in symbols[position + 1:] if s.value > symbol.value), section.size)
                end = symbol.value + symbol.size if symbol.size else following
                unit = Unit(self, section, symbol, end)
                self.unit_of_symbol[symbol.index] = unit
                self.units.append(unit)
                self.units_of[index].append(unit)
        self.starts_of = {i: [u.start for u in us] for i, us in self.units_of.items()}

    def unit_at(self, section, offset):
        units = self.units_of.get(section, [])
        low = bisect.bisect_right(self.starts_of.get(section, []), offset)
        unit = units[low - 1] if low else None
        return unit if unit and (offset < unit.end or (offset == unit.end and unit.is_code)) else None

    # ---- code ----------------------------------------------------------------------------------------------

    def read_code(self):
        """Instructions of each code section, in order."""
        self.code = collections.defaultdict(list)
        executable = {s.name: s.index for s in self.sections.values() if "X" in s.flags and "A" in s.flags}
        seen, current = collections.Counter(), None
        indexes = collections.defaultdict(list)
        for section in self.sections.values():
            if "X" in section.flags:
                indexes[section.name].append(section.index)
        if not executable:
            return
        # Symbols of data in code would end the decoding early; all of it is wanted.
        text = run(self.prefix + "objdump", "-dwz", "--insn-width=16", self.path)
        for line in text.splitlines():
            if line.startswith("Disassembly of section "):
                name = line[len("Disassembly of section "):-1]
                same = indexes.get(name)
                current = self.code[same[min(seen[name], len(same) - 1)]] if same else None
                seen[name] += 1
            elif current is not None and line[:1] == " ":
                parts = line.split("\t")
                if len(parts) < 2:
                    continue
                raw = parts[1].replace(" ", "")
                start = int(parts[0].strip().rstrip(":"), 16)
                current.append(Insn(start, start + len(raw) // 2, raw, " ".join(part.strip() for part in parts[2:])))

    def relocs_between(self, section, start, end):
        if section not in self.reloc_offsets:
            self.reloc_offsets[section] = [r.offset for r in self.relocs.get(section, [])]
        offsets = self.reloc_offsets[section]
        return self.relocs.get(section, [])[bisect.bisect_left(offsets, start):bisect.bisect_left(offsets, end)]

    def code_between(self, section, start, end):
        if section not in self.code_offsets:
            self.code_offsets[section] = [i.start for i in self.code.get(section, [])]
        offsets = self.code_offsets[section]
        return self.code.get(section, [])[bisect.bisect_left(offsets, start):bisect.bisect_left(offsets, end)]

    def reference(self, section, reloc, tail):
        """(symbol, section index or None, offset): what a relocation means; TAIL is what PC-relative operands add."""
        symbol = self.symbols[reloc.symbol]
        offset = reloc.addend + tail
        if isinstance(symbol.section, int) and symbol.section in self.sections:
            return symbol, symbol.section, symbol.value + offset
        return symbol, None, offset

    PC_RELATIVE = re.compile(r"^R_X86_64_(PC|PLT|GOTPC|REX_GOTPC|CODE_\d_GOTPC|GOTTPOFF|TLSGD|TLSLD)")

    def tail_of(self, insn, reloc):
        """x86 counts from the end of the instruction, the relocation from its field."""
        return insn.end - reloc.offset if self.x86 and self.PC_RELATIVE.match(reloc.type) else 0

    def find_places(self):
        """Where anything refers into unnamed data: each such place begins a piece of its own."""
        self.places = collections.defaultdict(set)
        for index, relocs in self.relocs.items():
            section = self.sections[index]
            if "A" not in section.flags:
                continue
            insns = self.code.get(index, [])
            at = 0
            for reloc in relocs:
                while at < len(insns) and insns[at].end <= reloc.offset:
                    at += 1
                tail = self.tail_of(insns[at], reloc) if at < len(insns) else 0
                symbol, where, offset = self.reference(section, reloc, tail)
                if where is not None and (symbol.type == "SECTION" or is_label(symbol.name)):
                    self.places[where].add(offset)
        self.sorted_places = {i: sorted(p) for i, p in self.places.items()}


# ---- what both sides say ---------------------------------------------------------------------------------------


class Comparison:
    def __init__(self, old, new, moved):
        self.old, self.new, self.moved = old, new, moved
        self.busy, self.contents, self.forms = set(), {}, {}
        self.pair_units()

    # ---- who is whose counterpart --------------------------------------------------------------------------

    def pair_units(self):
        groups = collections.defaultdict(lambda: ([], []))
        for side, object_file in enumerate((self.old, self.new)):
            for unit in object_file.units:
                groups[(unit.key, unit.is_code, self.is_part(unit))][side].append(unit)
        self.users = [self.find_users(self.old), self.find_users(self.new)]
        crowded = []
        for (key, _, _), (olds, news) in groups.items():
            if len(olds) <= 1 and len(news) <= 1:
                for unit in olds + news:
                    unit.identity = key
            else:
                crowded.append((key, olds, news))
        # By exact shape first, then by who uses it in which order, then the last one left.
        for signature in (self.shape, self.use) + (self.use_by_known,) * 8:
            for key, olds, news in crowded:
                self.pair_by(key, olds, news, signature)
        for key, olds, news in crowded:
            self.pair_by_content(key, olds, news)
            left, right = ([u for u in side if u.identity is None] for side in (olds, news))
            if len(left) == 1 and len(right) == 1:
                left[0].identity = right[0].identity = f"{key}~last"
            for side, units in (("old", left), ("new", right)):
                for n, unit in enumerate(units):
                    if unit.identity is None:
                        unit.identity = f"{key}~{side}{n}"

    def pair_by(self, key, olds, news, signature):
        found = collections.defaultdict(lambda: ([], []))
        for side, units in enumerate((olds, news)):
            for unit in units:
                if unit.identity is None:
                    found[signature(unit, side)][side].append(unit)
        for said, (left, right) in found.items():
            if said is not None and len(left) == 1 and len(right) == 1:
                left[0].identity = right[0].identity = f"{key}~{left[0].name}"

    def pair_by_content(self, key, olds, news):
        """Constants that nothing else tells apart: what they say is all that they are."""
        found = collections.defaultdict(lambda: ([], []))
        for side, units in enumerate((olds, news)):
            for unit in units:
                if unit.identity is None and unit.is_constant:
                    found[repr(self.content(unit))][side].append(unit)
        for said, sides in found.items():
            for n, pair in enumerate(zip(*sides)):
                pair[0].identity = pair[1].identity = f"{key}~{said}{n}"

    @staticmethod
    def is_part(unit):
        return bool(re.search(r"\.cold(\.\d+)?$", unit.name))

    def find_users(self, object_file):
        """For each unit: functions that refer to it, and as the how-manieth unit of its key each does."""
        users = collections.defaultdict(list)
        for unit in object_file.units:
            order = collections.defaultdict(list)
            for target in self.targets(unit):
                if target is not unit and target not in order[target.key]:
                    order[target.key].append(target)
            for same in order.values():
                for number, target in enumerate(same):
                    users[target].append((unit, number, len(same)))
        return users

    def targets(self, unit):
        object_file = unit.object
        insns = self.instructions(unit) if unit.is_code else []
        at = 0
        for reloc in object_file.relocs_between(unit.section.index, unit.start, unit.end):
            while at < len(insns) and insns[at].end <= reloc.offset:
                at += 1
            tail = object_file.tail_of(insns[at], reloc) if at < len(insns) else 0
            symbol, where, offset = object_file.reference(unit.section, reloc, tail)
            if where is not None:
                target = self.target_unit(object_file, symbol, where, offset)
                if target:
                    yield target

    @staticmethod
    def target_unit(object_file, symbol, where, offset):
        if symbol.type != "SECTION" and not is_label(symbol.name):
            return object_file.unit_of_symbol.get(symbol.index)
        return object_file.unit_at(where, offset)

    def shape(self, unit, side):
        """Code without its references: enough to tell most clones apart."""
        if not unit.is_code:
            return None
        return tuple(i.bytes for i in self.instructions(unit)), self.use(unit, side)

    def use(self, unit, side):
        users = self.users[side].get(unit)
        return tuple(sorted((user.key, number, count) for user, number, count in users)) if users else None

    def use_by_known(self, unit, side):
        """Clones that call each other in a chain: by those users that have a counterpart already."""
        users = [(user.identity, number, count) for user, number, count in self.users[side].get(unit, []) if user.identity]
        return tuple(sorted(users)) if users else None

    # ---- contents ------------------------------------------------------------------------------------------

    @staticmethod
    def instructions(unit):
        return unit.object.code_between(unit.section.index, unit.start, unit.end)

    def describe(self, object_file, symbol, where, offset, by_writer=False):
        """What a reference means, in words that are equal on both sides when it means the same."""
        if where is None:
            if symbol.section == "COM":
                return "common", symbol.name, symbol.size, offset
            return ("global" if symbol.bind != "WEAK" else "weak", symbol.name, offset) if symbol.section == "UND" else \
                ("absolute", symbol.name, symbol.value + offset)
        section = object_file.sections[where]
        if "M" in section.flags and section.data is not None and where not in object_file.relocs and "W" not in section.flags:
            return self.describe_literal(section, offset)
        unit = self.target_unit(object_file, symbol, where, offset)
        if not unit:
            if "X" in section.flags:
                return "code", section.name, offset
            return ("data",) + self.piece(object_file, section, offset)
        if unit.is_code and unit.is_global and unit.identity == unit.name:
            return "global", unit.name, offset - unit.start  # whoever defines it
        if unit.is_code:
            return "function", unit.identity, self.is_part(unit), offset - unit.start
        if unit.is_constant and not PER_BUILD.match(unit.name):
            name = "" if BY_CONTENT.match(unit.name) else unit.key
            # What is written to holds a place; the constant there is itself compared.
            return "constant", name, offset - unit.start, None if by_writer and name else self.content(unit)
        return "variable", unit.key if PER_BUILD.match(unit.name) else unit.identity, offset - unit.start

    @staticmethod
    def describe_literal(section, offset):
        data = section.data
        if not 0 <= offset < len(data):
            return "literal", section.name, offset
        if "S" not in section.flags:
            return "literal", data[offset:offset + section.entry - offset % section.entry]
        end, width = offset, section.entry or 1
        while end < len(data) and data[end:end + width].strip(b"\0"):
            end += width
        return "string", data[offset:end]

    def piece(self, object_file, section, offset):
        """Unnamed data from OFFSET up to the next place that has a name or is referred to."""
        end = section.size
        for stops in (object_file.sorted_places.get(section.index, []), object_file.starts_of.get(section.index, [])):
            following = bisect.bisect_right(stops, offset)
            end = min([end] + stops[following:following + 1])
        return self.words(object_file, section, offset, end, named=False)

    def content(self, unit):
        if unit not in self.contents:
            if unit in self.busy:
                return "circle", unit.key
            self.busy.add(unit)
            self.contents[unit] = self.words(unit.object, unit.section, unit.start, unit.end, named=True)
            self.busy.discard(unit)
        return self.contents[unit]

    def words(self, object_file, section, start, end, named):
        key = (object_file, section.index, start)
        if key in self.busy:
            return "circle", section.name
        self.busy.add(key)
        inside = object_file.relocs_between(section.index, start, end)
        writer = named and "W" in section.flags and not section.name.startswith(".data.rel.ro")
        references = []
        for reloc in inside:
            symbol, where, offset = object_file.reference(section, reloc, 0)
            distance = 0
            if where is not None and not named and "X" in object_file.sections[where].flags and \
                    re.search(r"PC32|PREL32|REL32|PC64|ADD32|SUB32", reloc.type):
                distance = reloc.offset - start  # a table of distances from its own start
            references.append((reloc.offset - start, reloc.type,
                               self.describe(object_file, symbol, where, offset - distance, writer)))
        self.busy.discard(key)
        data = section.data[start:end] if section.data is not None else b"\0" * (end - start)
        if not named:
            last = inside[-1].offset - start + 4 if inside else 0
            shortest = max(last, len(data) - section.align + 1)
            while len(data) > shortest and data[-1] == 0:
                data = data[:-1]
        return (data, tuple(references))

    # ---- forms of functions --------------------------------------------------------------------------------

    BRANCH = re.compile(r"\b(?:0x)?([0-9a-f]+) <[^>]*>")

    def form_of_code(self, unit):
        object_file, out = unit.object, []
        relocs = object_file.relocs_between(unit.section.index, unit.start, unit.end)
        at = 0
        for insn in self.instructions(unit):
            references = []
            while at < len(relocs) and relocs[at].offset < insn.end:
                reloc = relocs[at]
                at += 1
                if reloc.offset < insn.start:
                    continue
                symbol, where, offset = object_file.reference(unit.section, reloc, object_file.tail_of(insn, reloc))
                references.append((reloc.offset - insn.start, reloc.type, self.describe(object_file, symbol, where, offset)))
            raw = insn.bytes
            if not references:
                raw, references = self.resolved_branch(unit, insn)
            out.append((raw, tuple(references), insn.text))
        return out

    def resolved_branch(self, unit, insn):
        """A branch or an address within the section, which the assembler has resolved itself."""
        found = self.BRANCH.search(insn.text)
        if not found:
            return insn.bytes, ()
        target = int(found.group(1), 16)
        if unit.start <= target < unit.end:
            return insn.bytes, ()
        other = unit.object.unit_at(unit.section.index, target)
        if not other or not other.is_code:
            return insn.bytes, ()
        return insn.text.split()[0] + str(insn.end - insn.start), (("resolved", other.identity, target - other.start),)

    def tables_of(self, object_file):
        """Entries of the kernel's tables, by the function they point into."""
        if not hasattr(object_file, "tables"):
            object_file.tables = collections.defaultdict(list)
            for section in object_file.sections.values():
                if TABLES.match(section.name) and section.data is not None:
                    self.read_table(object_file, section)
        return object_file.tables

    def read_table(self, object_file, section):
        relocs = object_file.relocs.get(section.index, [])
        # An entry starts at each relocation that points into code and repeats the first one's distance.
        count = len(relocs)
        for period in range(1, 9):
            if count and count % period == 0 and section.size % (count // period) == 0:
                size = section.size // (count // period)
                if all(relocs[i].offset == relocs[i - period].offset + size for i in range(period, count)) and \
                        relocs[period - 1].offset < size:
                    break
        else:
            return
        for i in range(0, count, period):
            start = relocs[i].offset - relocs[0].offset
            data = bytearray(section.data[start:start + size])
            if section.name == "__bug_table" and size >= 12:
                data[8:10] = b"\0\0"  # the line
            references, owner = [], None
            for reloc in relocs[i:i + period]:
                symbol, where, offset = object_file.reference(section, reloc, 0)
                if section.name == ".altinstructions" and reloc is relocs[i + period - 1] and where is not None:
                    references.append(self.replacement(object_file, where, offset, data[-1]))
                    continue
                unit = self.target_unit(object_file, symbol, where, offset) if where is not None else None
                if owner is None and unit and unit.is_code:
                    owner = unit
                references.append((reloc.type, self.describe(object_file, symbol, where, offset)))
            if owner:
                object_file.tables[owner].append((section.name, bytes(data), tuple(references)))

    def replacement(self, object_file, where, offset, length):
        """The LENGTH bytes of code that take another's place on some processors, wherever they lie."""
        section = object_file.sections[where]
        inside = object_file.relocs_between(where, offset, offset + length)
        return ("replacement", section.data[offset:offset + length],
                tuple((r.offset - offset, r.type, self.describe(object_file, *object_file.reference(section, r, 0))) for r in inside))

    def form(self, unit):
        if unit not in self.forms:
            kind = (unit.symbol.type == "GNU_IFUNC", unit.symbol.bind == "WEAK")
            if unit.is_code:
                tables = tuple(self.tables_of(unit.object).get(unit, ()))
                self.forms[unit] = (kind, self.form_of_code(unit), tables)
            else:
                storage = ("W" in unit.section.flags, "T" in unit.section.flags)
                self.forms[unit] = (kind, storage, self.content(unit))
        return self.forms[unit]

    def same(self, old, new):
        left, right = self.form(old), self.form(new)
        if not old.is_code:
            return left == right
        if left[0] != right[0] or left[2] != right[2] or len(left[1]) != len(right[1]):
            return False
        return all(a[:2] == b[:2] or self.moved_line(a, b) for a, b in zip(left[1], right[1]))

    # "$0x40a" of x86, "#0x40a // #1034" of ARM; the others mark no numbers: "lghi %r3,1034", "li a1,1034"
    NUMBER = re.compile(r"(?:[$#]|(?<=,))(0x[0-9a-f]+|\d+)(?=$|[\s,])")

    def moved_line(self, left, right):
        """The two instructions differ in one number, and that is a source line that moved."""
        if not self.moved or len(left[0]) != len(right[0]) or not self.moved_in_strings(left[1], right[1]):
            return False
        if left[0] == right[0]:
            return True
        numbers = [[int(n, 0) for n in self.NUMBER.findall(side[2])] for side in (left, right)]
        if self.NUMBER.sub("N", left[2]) != self.NUMBER.sub("N", right[2]):
            return False
        differing = [(a, b) for a, b in zip(*numbers) if a != b]
        return bool(differing) and all(b in self.moved.get(a, ()) for a, b in differing)

    def moved_in_strings(self, left, right):
        """"file.c:1034" and "file.c:1059" in the place of one another."""
        if len(left) != len(right):
            return False
        for a, b in zip(left, right):
            if a == b:
                continue
            if a[:2] != b[:2] or len(a) < 3 or a[2][0] != "string" or b[2][0] != "string":
                return False
            if re.sub(rb"\d+", b"N", a[2][1]) != re.sub(rb"\d+", b"N", b[2][1]):
                return False
            pairs = zip(re.findall(rb"\d+", a[2][1]), re.findall(rb"\d+", b[2][1]))
            if not all(x == y or int(y) in self.moved.get(int(x), ()) for x, y in pairs):
                return False
        return True

    # ---- the answer ----------------------------------------------------------------------------------------

    def counts(self, unit):
        if PER_BUILD.match(unit.name) and not unit.is_code:
            return False
        if FOLLOWING.match(unit.section.name) or TABLES.match(unit.section.name):
            return False
        return not BY_CONTENT.match(unit.name)

    def answer(self):
        sides = []
        for object_file in (self.old, self.new):
            sides.append({(u.identity, self.is_part(u), u.is_code): u for u in object_file.units if self.counts(u)})
        found = {"functions": {}, "data": {}}
        pairs = []
        for key in sorted(set(sides[0]) | set(sides[1]), key=str):
            old, new = sides[0].get(key), sides[1].get(key)
            unit = new or old
            kind = found["functions" if unit.is_code else "data"]
            if old and new:
                pairs.append((old, new))
                if not self.same(old, new):
                    kind[unit.key.partition("@")[0]] = "changed"
            else:
                kind.setdefault(unit.key.partition("@")[0], "changed" if self.is_part(unit) else "new" if new else "removed")
        return found

    def explain(self, key):
        """The first instructions that differ, for people."""
        lines = []
        for old in self.old.units:
            for new in self.new.units:
                if old.key.partition("@")[0] != key or old.identity != new.identity or self.is_part(old) != self.is_part(new) \
                        or not old.is_code or not new.is_code or self.same(old, new):
                    continue
                left, right = self.form(old), self.form(new)
                for a, b in zip(left[1], right[1]):
                    if a[:2] != b[:2]:
                        lines.append(f"{old.name}: - {a}"[:400])
                        lines.append(f"{new.name}: + {b}"[:400])
                        break
                if left[2] != right[2]:
                    lines.append(f"{old.name}: tables {left[2]} | {right[2]}"[:800])
                if len(left[1]) != len(right[1]):
                    lines.append(f"{old.name}: {len(left[1])} and {len(right[1])} instructions")
        return lines


def compare(old_path, new_path, moved=None):
    return Comparison(ObjectFile(old_path), ObjectFile(new_path), moved or {})


def read_moved(path):
    moved = collections.defaultdict(set)
    with open(path, encoding="utf-8") as file:
        for line in file:
            old, new = line.split()
            moved[int(old)].add(int(new))
    return moved


def main():
    moved, paths, explain = {}, [], False
    for argument in sys.argv[1:]:
        if argument.startswith("--lines="):
            moved = read_moved(argument[8:])
        elif argument == "--explain":
            explain = True
        else:
            paths.append(argument)
    if len(paths) != 2:
        sys.exit(__doc__)
    try:
        comparison = compare(*paths, moved)
        answer = comparison.answer()
    except Cannot as error:
        print(f"objcmp.py: {error}", file=sys.stderr)
        return 2
    print(json.dumps(answer, indent=1, sort_keys=True))
    if explain:
        for key in answer["functions"]:
            print("\n".join(comparison.explain(key)))
    return 1 if answer["functions"] or answer["data"] else 0


if __name__ == "__main__":
    sys.exit(main())
