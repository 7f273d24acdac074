#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposes rows of fixes.tsv from a patch's text and both sides' DWARF, without any of this project's tools.

    expect.py PAIRS PACKAGE [FIX]...

For each pair that is built: the functions that hold code of a changed line, as gdb finds them in the linked images
(so an inlined function is named by what it is inlined into; one whose code did not change is left out), the record types in whose braces a line changed and whose
layout differs by `ptype /o`, and whether only `main` is touched. A reader decides; hp-build has no part in it.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = {
    "libxml2": [".libs/libxml2.so.2.9.14", ".libs/xmllint", "python/.libs/libxml2mod.so"],
    "tiff": ["libtiff/.libs/libtiff.so.6.0.0", "tools/.libs/tiffcrop", "tools/.libs/tiffcp", "tools/.libs/raw2tiff"],
    "redis": ["src/redis-server", "src/redis-check-aof"],
    "dnsmasq": ["src/dnsmasq"],
    "busybox": ["busybox_unstripped"],
    "curl": ["lib/.libs/libcurl-nss.so.4.8.0", "src/.libs/curl"],
}


def run(argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, **more)


def touched(patch):
    """Files a patch changes, tests left out, relative to the tree."""
    with open(patch, errors="replace") as file:
        names = re.findall(r"^\+\+\+ [^/\s]*/(\S+)", file.read(), re.M)
    return [name for name in names if not re.match(r"tests?/", name)]


def two_sides(source, patch, folder):
    """{file: (old lines, new lines)}: the package's source with what is built upon the fix reversed, as pairs.sh does."""
    files = touched(patch)
    with open(os.path.join(source, "debian/patches/series")) as file:
        series = [line.split()[0] for line in file if line.strip() and not line.startswith("#")]
    at = next(i for i, name in enumerate(series) if os.path.join(source, "debian/patches", name) == patch)
    behind, reach = [], set(files)
    for name in (os.path.join(source, "debian/patches", name) for name in series[at + 1:]):
        if set(touched(name)) & reach:
            behind.append(name)
            reach |= set(touched(name))
    for name in {f for p in [patch, *behind] for f in touched(p)}:
        os.makedirs(os.path.dirname(os.path.join(folder, name)) or folder, exist_ok=True)
        if os.path.exists(os.path.join(source, name)):
            with open(os.path.join(source, name), "rb") as old, open(os.path.join(folder, name), "wb") as new:
                new.write(old.read())

    def reverse(name, *options):
        return run(["patch", "-R", "-p1", "-s", "-f", "-d", folder, *options], stdin=open(name)).returncode == 0
    if not reverse(patch, "--dry-run"):
        for name in reversed(behind):
            reverse(name)
    new = {name: read_lines(os.path.join(folder, name)) for name in files}
    reverse(patch)
    return {name: (read_lines(os.path.join(folder, name)), new[name]) for name in files}


def read_lines(path):
    try:
        with open(path, errors="replace") as file:
            return file.read().split("\n")
    except OSError:
        return []


def changed_lines(old, new):
    """Numbers of lines that one side only has: of the old side, of the new side. Comments and blanks do not count."""
    gone, come = [], []
    old, new = ([re.sub(r"/\*.*?\*/|//.*|\s+", "", line) for line in side] for side in (old, new))
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += range(a + 1, b + 1)
            come += range(c + 1, d + 1)
    return gone, come


def functions_at(image, name, numbers):
    """Symbols of the image that hold code of these lines."""
    if not os.path.exists(image) or not numbers:
        return set()
    base = os.path.basename(name)
    commands = [word for number in numbers for word in ("-ex", f"info line {base}:{number}")]
    text = run(["gdb", "-batch", "-nx", *commands, image]).stdout
    return set(re.findall(r"starts at address 0x[0-9a-f]+ <([^+>]+)(?:\+\d+)?>", text))


def near(numbers):
    """Lines around these, for where the compiler gave a changed line no code of its own."""
    return sorted({number + step for number in numbers for step in range(-3, 4) if number + step > 0})


def same_code(images, function):
    """Whether gdb disassembles a function alike in both images, but for where things lie."""
    def text(image):
        lines = run(["gdb", "-batch", "-nx", "-ex", f"disassemble '{function}'", image]).stdout
        lines = re.sub(r"^\s*0x[0-9a-f]+", "", lines, flags=re.M)
        return re.sub(r"(\$?0x[0-9a-f]+\(%rip\)\s*# )?0x[0-9a-f]{4,}( <)?", r"\2", lines)
    old, new = (text(image) for image in images)
    return old == new and bool(old.strip())


def records_at(lines, numbers):
    """(kind, name, line) of the struct or union in whose braces a line is."""
    found = set()
    for number in numbers:
        text = lines[number - 1]
        # A member: a declaration that ends here, or a macro that makes one.
        if not re.search(r";|\w\(\w+\)", text) or re.match(r"\s*(/?\*|//|#|return|if)", text):
            continue
        depth = 0
        for above in range(number - 2, -1, -1):
            depth += lines[above].count("}") - lines[above].count("{")
            if depth < 0:
                match = re.match(r"\s*(?:typedef\s+)?(struct|union)\s+(\w+)\s*\{?", lines[above] if "{" != lines[above].strip() else lines[above - 1])
                if match:
                    member = re.search(r"(\w+)\s*(?:\[[^\]]*\]|\))*\s*(?::\s*\d+)?\s*;", text)
                    found.add((match.group(1), match.group(2), member.group(1) if member else text.strip()))
                break
    return found


def layout(image, kind, name):
    return run(["gdb", "-batch", "-nx", "-ex", f"ptype /o {kind} {name}", image]).stdout


def propose(pairs, package, fix):
    pair, source = os.path.join(pairs, "pairs", package, fix), os.path.join(pairs, "src", package)
    patch = next((os.path.join(folder, fix) for folder, _, names in os.walk(source + "/debian/patches") if fix in names), None)
    if not patch or not os.path.exists(pair + "/built"):
        return None
    functions, records = set(), set()
    with tempfile.TemporaryDirectory() as folder:
        sides = two_sides(source, patch, folder)
    for name, (old, new) in sides.items():
        gone, come = changed_lines(old, new)
        for image in IMAGES[package]:
            both = os.path.join(pair, "old", image), os.path.join(pair, "new", image)
            found = functions_at(both[0], name, gone) | functions_at(both[1], name, come)
            found = found or functions_at(both[0], name, near(gone)) | functions_at(both[1], name, near(come))
            functions |= {function for function in found if not same_code(both, function)}
        for kind, record, member in records_at(old, gone) | records_at(new, come):
            for image in IMAGES[package]:
                before, after = (layout(os.path.join(pair, side, image), kind, record) for side in ("old", "new"))
                if before != after and before.strip():
                    records.add(f"{record}.{member}")
    outcome = "data-layout" if records else "nothing" if not functions else "already-ran" if functions == {"main"} else "ships"
    return outcome, sorted(functions), sorted(records)


def main():
    pairs, package, *fixes = sys.argv[1:]
    for line in open(os.path.join(HERE, "fixes.tsv")):
        field = line.rstrip("\n").split("\t")
        if line.startswith("#") or field[0] != package or (fixes and field[1] not in fixes):
            continue
        proposal = propose(os.path.abspath(pairs), package, field[1])
        if proposal:
            outcome, functions, records = proposal
            print("\t".join([package, field[1], outcome, " ".join(functions), " ".join(records)]).rstrip(), flush=True)


if __name__ == "__main__":
    main()
