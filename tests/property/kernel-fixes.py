#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real fixes in single objects of a kernel: the files in which two versions of its source differ.

    kernel-fixes.py --tree=TREE --old=OLDSOURCE [--count=N] [--seed=S] [--work=DIR] [--most=LINES] [--verbose]

TREE is a prepared tree (`make modules_prepare`; HP_KERNEL_MAKE holds what else make was told, as ARCH=), OLDSOURCE the earlier source, unpacked. Files that differ in
at most LINES lines (60) are drawn. Each is compiled as it was and as it is, both with TREE's headers. Expected are the
functions that the hunks lie in, or those they are inlined into (by DWARF); and what hp-diff names must be exactly what the
independent comparison finds. Exit: 0, or 1 with what is wrong.
"""
import collections
import concurrent.futures
import difflib
import os
import random
import re
import shutil
import sys

import hosts
import judge
import objcmp
import sources


def place(options, source):
    """The file's path in its source tree, which a tree built elsewhere (O=) names `source`."""
    root = os.path.join(options["tree"], "source")
    return os.path.relpath(source.path, os.path.realpath(root)) if os.path.exists(root) else source.source


def changed_lines(old, new):
    """(lines of the old text, lines of the new text) that a difference covers, and the map of the equal ones."""
    left, right, moved = set(), set(), {}
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            for i in range(b - a):
                moved[a + i + 1] = {c + i + 1}
        else:
            left |= set(range(a + 1, b + 1))
            right |= set(range(c + 1, d + 1))
    return left, right, moved


def enclosing(functions, lines, text):
    found, source = set(), text.split("\n")
    for number in lines:
        if not source[number - 1].strip():
            continue
        before = [(line, name) for line, name in functions.by_line if line <= number]
        if before:
            line, name = before[-1]
            end = next((i for i in range(line, len(source)) if source[i].startswith("}")), len(source))
            if number <= end + 1:
                found.add(name)
    return found


def one(item):
    options, source, number = item
    paths = [os.path.join(options["work"], f"fix.{os.getpid()}.{number}.{side}.o") for side in ("old", "new")]
    try:
        with open(os.path.join(options["old"], place(options, source)), encoding="utf-8", errors="surrogateescape") as file:
            old = file.read()
        new = source.text()
        flags = [[], ["-ffunction-sections", "-fdata-sections"]][number % 2] + ["-g"]
        for path, text in zip(paths, (old, new)):
            if not sources.compile_source(source, path, flags, text=text):
                return "skipped", f"{place(options, source)}: the old file does not fit the new headers"
        left, right, moved = changed_lines(old, new)
        known = [hosts.Functions(path, os.path.basename(source.source)) for path in paths]
        touched = enclosing(known[0], left, old) | enclosing(known[1], right, new)
        where = set()
        for name in touched:
            where |= {name} | known[0].hosts.get(name, set()) | known[1].hosts.get(name, set())
        too_much, missed, really, _ = judge.judge(*paths, moved)
        named = {n.split(".")[0] for _, n in really}
        said = f"{place(options, source)}: {judge.names(really)}"
        if too_much or missed:
            for path, side in zip(paths, ("old", "new")):
                shutil.copy(path, os.path.join(options["work"], f"fix-{os.path.basename(source.source)}.{side}.o"))
            return "missed" if missed else "too much", f"{said}\n  too much: {judge.names(too_much)}\n  missed: {judge.names(missed)}"
        if not really:
            return "no code", f"{place(options, source)}: hunks in {sorted(touched)} change no code"
        beyond = sorted(named - where)
        if not named & where:
            return "elsewhere", f"{said}; hunks in {sorted(touched)}"
        return ("exact", said) if not beyond else ("and more", f"{said}; hunks in {sorted(touched)}, beyond them: {beyond}")
    except (judge.Broken, objcmp.Cannot) as error:
        return "broken", f"{place(options, source)}: {error}"
    finally:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)


def candidates(options):
    found = []
    for source in sources.kernel_sources(options["tree"]):
        old = os.path.join(options["old"], place(options, source))
        if not os.path.exists(old):
            continue
        with open(old, encoding="utf-8", errors="surrogateescape") as file:
            before = file.read()
        after = source.text()
        if before != after:
            lines = sum(1 for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=0) if line[:1] in "+-")
            if lines <= int(options["most"]):
                found.append(source)
    return found


def main():
    options = {"tree": "", "old": "", "count": "20", "seed": "1", "work": "build/property", "most": "60", "jobs": "2", "files": ""}
    for argument in sys.argv[1:]:
        found = re.match(r"--(\w+)(?:=(.*))?$", argument)
        if not found or found.group(1) not in list(options) + ["verbose"]:
            sys.exit(__doc__)
        options[found.group(1)] = found.group(2) or "yes"
    if not options["tree"] or not options["old"]:
        sys.exit(__doc__)
    options["work"] = os.path.abspath(options["work"])
    os.makedirs(options["work"], exist_ok=True)
    drawn = candidates(options)
    if options["files"]:
        drawn = [s for s in drawn if place(options, s) in options["files"].split(",")]
    else:
        random.Random(int(options["seed"])).shuffle(drawn)
    if not drawn:
        sys.exit(f"kernel-fixes.py: no built file of {options['tree']} differs from that of {options['old']}: is it an earlier version of the source?")
    print(f"# {len(drawn)} files differ by at most {options['most']} lines; seed {options['seed']}", flush=True)
    tally = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(int(options["jobs"])) as pool:
        for kind, said in pool.map(one, [(options, s, n) for n, s in enumerate(drawn[:int(options["count"])])]):
            tally[kind] += 1
            if kind not in ("exact", "no code", "skipped") or "verbose" in options:
                print(f"{kind}: {said}", flush=True)
    wrong = tally["missed"] + tally["too much"] + tally["broken"]
    compared = sum(tally.values()) - tally["skipped"]
    print(f"fixes {compared}: " + ", ".join(
        f"{kind} {tally[kind]}" for kind in ("exact", "and more", "elsewhere", "no code", "too much", "missed", "broken", "skipped")))
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
