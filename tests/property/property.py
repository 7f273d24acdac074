#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles the same source twice, with an edit in between that means nothing, and asks what hp-diff says.

    property.py [--count=N|all] [--seed=S] [--fetched=DIR] [--work=DIR] [--program=NAME,...] [--cc=CC] [--edits=NAME,...] [--verbose]

Edits: blank-lines, reordered, renamed-labels, unused-statics, directory (built elsewhere), no-debug (-g on one side only).
hp-diff must exit 0. Where the compiler really emitted other code for the edit, the independent comparison (objcmp.py)
must agree with exactly what hp-diff reports. N files are drawn (all: each file, with each edit). Exit: 0, or 1 with the
seeds that repeat what is wrong.
"""
import collections
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys

import edits
import judge
import mutate
import objcmp
import sources

EDITS = list(edits.TEXT_EDITS) + ["directory", "no-debug"]


def elsewhere(work, program):
    """The same tree at another place: a copy that shares its files."""
    copy = os.path.join(work, "elsewhere", program)
    if not os.path.exists(copy + ".ready"):
        shutil.rmtree(copy, ignore_errors=True)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        subprocess.run(["cp", "-al", os.path.join(work, "tree", program), copy], check=True)
        open(copy + ".ready", "w", encoding="utf-8").close()
    return copy


def build_sides(options, source, edit, flags, chance, paths):
    """Both objects; the map of lines. None when the edit has nothing to do here or does not compile."""
    text = source.text()
    if edit in edits.TEXT_EDITS:
        done = edits.apply(edit, text, chance)
        if done is None:
            return None
        edited, moved = done
        # What means nothing must at least compile; some texts are generated or full of macros.
        if not sources.compile_source(source, paths[1], flags + ["-g"], options["cc"], text=edited):
            return None
        if not sources.compile_source(source, paths[0], flags + ["-g"], options["cc"], text=text):
            return None
        return moved
    if not sources.compile_source(source, paths[0], flags + ["-g"], options["cc"]):
        return None
    if edit == "directory":
        tree = os.path.join(options["work"], "tree", source.program)
        copy = elsewhere(options["work"], source.program)
        cwd = os.path.join(copy, os.path.relpath(source.cwd, tree))
        moved_source = sources.Source(source.program, cwd, source.source.replace(tree, copy),
                                      [a.replace(tree, copy) for a in source.arguments])
        return {} if sources.compile_source(moved_source, paths[1], flags + ["-g"], options["cc"]) else None
    return {} if sources.compile_source(source, paths[1], flags + ["-g0"], options["cc"]) else None


def one(options, number, source, edit):
    """(kind, what to say): same, really other (both agree), too much, missed, skipped."""
    chance = random.Random(number)
    flags = chance.choice(mutate.flags_of(source))
    said = f"seed {number}: {source.name} {edit} ({' '.join(flags)})"
    paths = [os.path.join(options["work"], f"property.{os.getpid()}.{number}.{side}.o") for side in ("old", "new")]
    try:
        moved = build_sides(options, source, edit, flags, chance, paths)
        if moved is None:
            return "skipped", f"{said}: not there to be edited"
        too_much, missed, really, status = judge.judge(*paths, moved)
        if too_much or missed:
            kept = os.path.join(options["work"], f"property-{number}")
            for path, side in zip(paths, ("old", "new")):
                shutil.copy(path, f"{kept}.{side}.o")
            return "missed" if missed else "too much", (
                f"{said}\n  too much: {judge.names(too_much)}\n  missed: {judge.names(missed)}\n"
                f"  both: {judge.names(really)}\n  objects: {kept}.{{old,new}}.o")
        if status != (1 if really else 0):
            return "too much", f"{said}: hp-diff exits with {status}, both compare {judge.names(really)}"
        return ("same", said) if not really else ("really other", f"{said}: {judge.names(really)}")
    except (judge.Broken, objcmp.Cannot) as error:
        return "broken", f"{said}: {error}"
    finally:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)


def draw(options):
    """(number, source, edit): all, or COUNT of them by their seeds."""
    everything = []
    wanted = options["edits"].split(",") if options["edits"] else EDITS
    if options["program"] == "linux":
        wanted = [edit for edit in wanted if edit != "directory"]
    for program in options["program"].split(","):
        for source in sources.prepare(program, options["fetched"], options["work"]):
            if os.path.exists(source.path):
                everything.append(source)
    if options["count"] == "all":
        return [(options["seed"] + i, source, edit) for i, (source, edit) in
                enumerate((s, e) for s in everything for e in wanted)]
    # A single file of half a million lines of code would be most of a short run.
    small = [s for s in everything if os.path.getsize(s.path) < 1000000]
    by_program = collections.defaultdict(list)
    for source in small:
        by_program[source.program].append(source)
    drawn = []
    for i in range(int(options["count"])):
        chance = random.Random(f"draw {options['seed'] + i}")
        source, edit = chance.choice(by_program[chance.choice(sorted(by_program))]), chance.choice(wanted)
        if edit == "renamed-labels":
            having = [s for s in by_program[source.program] if "goto " in s.text()]
            source = chance.choice(having) if having else source
        drawn.append((options["seed"] + i, source, edit))
    return drawn


OPTIONS = None


def in_worker(item):
    return one(OPTIONS, *item)


def main():
    global OPTIONS  # pylint: disable=global-statement # what forked workers share
    arguments, wanted = [], ""
    for argument in sys.argv[1:]:
        found = re.match(r"--edits=(.*)$", argument)
        if found:
            wanted = found.group(1)
        else:
            arguments.append(argument)
    OPTIONS = dict(mutate.parse(arguments), edits=wanted)
    items, tally = draw(OPTIONS), collections.Counter()
    for program in OPTIONS["program"].replace("linux", "").split(","):
        if program:
            elsewhere(OPTIONS["work"], program)
    print(f"# seeds {items[0][0]} to {items[-1][0]}", flush=True)
    with concurrent.futures.ProcessPoolExecutor(int(OPTIONS["jobs"])) as pool:
        for kind, said in pool.map(in_worker, items):
            tally[kind] += 1
            if kind not in ("same", "skipped", "really other") or OPTIONS["verbose"]:
                print(f"{kind}: {said}", flush=True)
    wrong = tally["missed"] + tally["too much"] + tally["broken"]
    compared = tally["same"] + tally["really other"] + wrong
    print(f"edits {compared}: nothing reported {tally['same']}, really other code and both agree {tally['really other']}, "
          f"reported too much {tally['too much']}, missed {tally['missed']}, broken {tally['broken']}; skipped {tally['skipped']}")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
