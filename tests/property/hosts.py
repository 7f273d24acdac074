# SPDX-License-Identifier: GPL-3.0-or-later
"""Which functions of an object hold code of a source function: itself, its clones, and those it is inlined into.

From DWARF, as `readelf --debug-dump=info` prints it.
"""
import re
import subprocess

ENTRY = re.compile(r"^ <(\w+)><(\w+)>: Abbrev Number: (\d+)(?: \((\w+)\))?")
ATTRIBUTE = re.compile(r"^\s+<\w+>\s+(DW_AT_\w+)\s*: (.*)$")


class Functions:
    """by_line: [(decl_line, name)] of the functions of the main file; hosts: name -> names of emitted functions."""

    def __init__(self, path, main_file):
        self.by_line, self.hosts, self.emitted = [], {}, set()
        entries = self.read(path)
        self.collect(entries, self.numbers_of(path, main_file))

    @staticmethod
    def numbers_of(path, main_file):
        """The main file has any number; which, the first table of lines says."""
        text = subprocess.run(["readelf", "-W", "--debug-dump=rawline", path], capture_output=True, text=True,
                              errors="replace", check=False).stdout
        table = text.partition("File Name Table")[2].partition("Line Number Statements")[0]
        rows = [line.split() for line in table.splitlines()]
        return {row[0] for row in rows if len(row) > 2 and row[0].isdigit() and row[-1].rpartition("/")[2] == main_file}

    @staticmethod
    def read(path):
        text = subprocess.run(["readelf", "-W", "--debug-dump=info", path], capture_output=True, text=True,
                              errors="replace", check=False).stdout
        entries, current = [], None
        for line in text.splitlines():
            begin = ENTRY.match(line)
            if begin:
                depth, offset, number, tag = begin.groups()
                current = {"depth": int(depth, 16), "offset": int(offset, 16), "tag": tag if number != "0" else None}
                entries.append(current)
                continue
            attribute = ATTRIBUTE.match(line)
            if attribute and current is not None:
                current[attribute.group(1)] = attribute.group(2).strip()
        return entries

    @staticmethod
    def value(entry, key):
        said = entry.get(key)
        if said is None:
            return None
        # Debian 12's readelf names the form first: "(strp) (offset: 0xb03): main", "(data1) 4", "(ref4) <0x5a2>, int".
        said = re.sub(r"^\((?!indirect|offset)[\w ]+\) ", "", said)
        said = re.sub(r"^\((?:indirect.*?|offset.*?)\): ", "", said)
        if said.startswith("<0x"):
            return int(said[1:said.index(">")], 16)
        return said.strip()

    def origin(self, entry, by_offset):
        seen = 0
        while seen < 8:
            reference = self.value(entry, "DW_AT_abstract_origin") or self.value(entry, "DW_AT_specification")
            if not isinstance(reference, int) or reference not in by_offset:
                return entry
            entry, seen = by_offset[reference], seen + 1
        return entry

    def collect(self, entries, main_numbers):
        by_offset = {e["offset"]: e for e in entries}
        stack = []
        for entry in entries:
            if entry["tag"] is None:
                continue
            while stack and stack[-1][0] >= entry["depth"]:
                stack.pop()
            if entry["tag"] == "DW_TAG_subprogram":
                base = self.origin(entry, by_offset)
                name = self.value(base, "DW_AT_name")
                emitted = "DW_AT_low_pc" in entry or "DW_AT_ranges" in entry
                stack.append((entry["depth"], name if emitted else None))
                if emitted and name:
                    self.hosts.setdefault(name, set()).add(name)
                    self.emitted.add(name)
                line = self.value(base, "DW_AT_decl_line")
                if line and name and str(self.value(base, "DW_AT_decl_file")) in main_numbers and \
                        ("DW_AT_inline" in base or emitted):
                    self.by_line.append((int(line), name))
            elif entry["tag"] == "DW_TAG_inlined_subroutine":
                name = self.value(self.origin(entry, by_offset), "DW_AT_name")
                host = next((n for _, n in reversed(stack) if n), None)
                if name and host:
                    self.hosts.setdefault(name, set()).add(host)
        self.by_line = sorted(set(self.by_line))
