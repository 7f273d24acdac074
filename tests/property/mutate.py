#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one constant, condition or call in a random function, compiles again, and asks what hp-diff says.

    HP_KERNEL_TREE=TREE mutate.py --program=linux ...     the same in a prepared kernel tree
    mutate.py --count=N [--seed=S] [--fetched=DIR] [--work=DIR] [--program=NAME] [--cc=CC] [--verbose]

hp-diff must name the function that was changed, or those it is inlined into (by DWARF); every other function it names must
differ in the independent comparison (objcmp.py) too; and none that differs there may be missed. Each mutation has a seed of
its own, which is printed when something is wrong: --seed=THAT --count=1 repeats it. Exit: 0 all right, 1 something is wrong.
"""
import collections
import concurrent.futures
import os
import random
import re
import shutil
import sys

import hosts
import judge
import objcmp
import sources

FLAGS = (["-O2", "-ffunction-sections", "-fdata-sections"], ["-O2"], ["-O3", "-ffunction-sections", "-fdata-sections"],
         ["-Os"], ["-O1", "-ffunction-sections", "-fdata-sections"], ["-O0"],
         ["-O2", "-fPIC", "-ffunction-sections", "-fdata-sections"], ["-O2", "-fno-asynchronous-unwind-tables"])

# A kernel's own flags are its configuration.
KERNEL_FLAGS = ([], ["-ffunction-sections", "-fdata-sections"])


def flags_of(source):
    return KERNEL_FLAGS if source.program == "linux" else FLAGS


NUMBER = re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+|[0-9]+)(?![\w.])")
CONDITION = re.compile(r"(?<![<>=!&|+\-*/^%-])(==|!=|<=|>=|<|>|&&|\|\|)(?![<>=&|])")
CALL = re.compile(r"^(\s*)([A-Za-z_]\w*)\s*\(.*\);\s*$")
INSTEAD = {"==": "!=", "!=": "==", "<=": "<", ">=": ">", "<": "<=", ">": ">=", "&&": "||", "||": "&&"}
SHARING = 4
KEYWORDS = {"if", "while", "for", "switch", "return", "sizeof", "assert", "do", "else"}


def blanked(line):
    """The line with strings, characters and comments turned to blanks of the same length."""
    return re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//.*', lambda m: " " * len(m.group(0)), line)


def change_line(line, random_source):
    """One mutated form of LINE, or None: (new line, what was done)."""
    plain = blanked(line)
    choices = []
    if "/*" not in plain and "*/" not in plain and not plain.lstrip().startswith(("#", "*")) and not plain.rstrip().endswith("\\"):
        for found in NUMBER.finditer(plain):
            old = found.group(1)
            value = int(old, 0) if old.lower().startswith("0x") or not old.startswith("0") or old == "0" else int(old, 8)
            new = str(value + random_source.choice((1, 2, 3))) if not old.lower().startswith("0x") else hex(value ^ 1)
            choices.append((line[:found.start()] + new + line[found.end():], f"constant {old} -> {new}"))
        for found in CONDITION.finditer(plain):
            new = INSTEAD[found.group(1)]
            choices.append((line[:found.start()] + new + line[found.end():], f"condition {found.group(1)} -> {new}"))
        call = CALL.match(plain)
        if call and call.group(2) not in KEYWORDS and plain.count("(") == plain.count(")"):
            choices.append((call.group(1) + ";", f"call of {call.group(2)} removed"))
            choices.append((call.group(1) + "{" + line.strip() + line.strip() + "}", f"call of {call.group(2)} doubled"))
    return random_source.choice(choices) if choices else None


def end_of_function(lines, start):
    for i in range(start, len(lines)):
        if lines[i].startswith("}"):
            return i
    return len(lines)


class Laboratory:
    """Compiled originals, kept; and where mutants are made."""

    def __init__(self, options):
        self.options = options
        self.sources = []
        for program in options["program"].split(","):
            found = sources.prepare(program, options["fetched"], options["work"])
            # The amalgamation takes half a minute for each mutant; its pieces are here themselves.
            self.sources += [s for s in found if not s.source.endswith("sqlite3.c") and os.path.exists(s.path)]
        self.programs = sorted({s.program for s in self.sources})
        self.kept = os.path.join(options["work"], "originals")
        os.makedirs(self.kept, exist_ok=True)
        self.known = {}

    def original(self, source, flags, compiler):
        tag = re.sub(r"\W+", "", compiler + "".join(flags))
        path = os.path.join(self.kept, f"{source.name}.{tag}.o")
        if path not in self.known:
            if not os.path.exists(path):
                part = f"{path}.{os.getpid()}"
                if not sources.compile_source(source, part, flags + ["-g"], compiler, text=source.text()):
                    return None, None
                os.replace(part, path)
            self.known[path] = hosts.Functions(path, os.path.basename(source.source))
        return path, self.known[path]


def pick(laboratory, number):
    """A mutation that compiles: (source, flags, original, mutant path, function, functions, what)."""
    # Neighbouring seeds share a file and its flags: the original is compiled once for them.
    chance, files = random.Random(number), random.Random(number // SHARING * SHARING)
    options = laboratory.options
    for _ in range(60):
        program = files.choice(laboratory.programs)
        source = files.choice([s for s in laboratory.sources if s.program == program])
        flags = files.choice(flags_of(source))
        text = source.text()
        lines = text.split("\n")
        original, functions = laboratory.original(source, flags, options["cc"])
        if not original or not functions.by_line:
            continue
        for _ in range(20):
            line, name = chance.choice(functions.by_line)
            last = end_of_function(lines, line - 1)
            if last <= line or last >= len(lines):
                continue
            at = chance.randrange(line, last)
            changed = change_line(lines[at], chance)
            if not changed:
                continue
            mutant = os.path.join(options["work"], f"mutant.{os.getpid()}.{number}.o")
            said = f"{source.name}:{at + 1} {name}: {changed[1]} ({' '.join(flags)})"
            if sources.compile_source(source, mutant, flags + ["-g"], options["cc"],
                                      text="\n".join(lines[:at] + [changed[0]] + lines[at + 1:])):
                return original, mutant, name, functions, said
    return None


def one(laboratory, number):
    """(kind of outcome, what to say)."""
    picked = pick(laboratory, number)
    if not picked:
        return "not made", f"seed {number}: nothing that compiles was found"
    original, mutant, name, functions, said = picked
    try:
        too_much, missed, really, _ = judge.judge(original, mutant)
        where = {objcmp.without_numbers(h).split(".")[0] for h in functions.hosts.get(name, {name})} | {name}
        bases = {n.split(".")[0] for _, n in really}
        if missed or too_much:
            kept = os.path.join(laboratory.options["work"], f"seed-{number}")
            shutil.copy(original, kept + ".old.o")
            shutil.copy(mutant, kept + ".new.o")
            return "missed" if missed else "too much", (
                f"seed {number}: {said}\n  missed: {judge.names(missed)}\n  too much: {judge.names(too_much)}\n"
                f"  both: {judge.names(really)}\n  objects: {kept}.{{old,new}}.o")
        if not really:
            return "no code", f"seed {number}: {said}: the compiler emits the same"
        if not bases & where:
            return "elsewhere", f"seed {number}: {said}: differs in {judge.names(really)}, expected one of {sorted(where)}"
        return "exact", f"seed {number}: {said}: {judge.names(really)}"
    except (judge.Broken, objcmp.Cannot) as error:
        return "broken", f"seed {number}: {said}: {error}"
    finally:
        if os.path.exists(mutant):
            os.unlink(mutant)


def parse(arguments):
    options = {"count": "20", "seed": "", "fetched": "", "work": "", "program": ",".join(sources.PROGRAMS), "cc": "cc", "jobs": "2"}
    verbose = False
    for argument in arguments:
        found = re.match(r"--(\w+)=(.*)$", argument)
        if argument == "--verbose":
            verbose = True
        elif found and found.group(1) in options:
            options[found.group(1)] = found.group(2)
        else:
            sys.exit(__doc__)
    options["verbose"] = verbose
    options["fetched"] = os.path.abspath(options["fetched"] or "build/pairs/src")
    options["work"] = os.path.abspath(options["work"] or "build/property")
    options["seed"] = int(options["seed"] or random.SystemRandom().randrange(1 << 30))
    return options


LABORATORY = None


def in_worker(number):
    return one(LABORATORY, number)


def main():
    global LABORATORY  # pylint: disable=global-statement # what forked workers share
    options = parse(sys.argv[1:])
    LABORATORY = Laboratory(options)
    tally = collections.Counter()
    numbers = [options["seed"] + i for i in range(int(options["count"]))]
    print(f"# seeds {numbers[0]} to {numbers[-1]}", flush=True)
    with concurrent.futures.ProcessPoolExecutor(int(options["jobs"])) as pool:
        for kind, said in pool.map(in_worker, numbers):
            tally[kind] += 1
            if kind not in ("exact", "no code") or options["verbose"]:
                print(f"{kind}: {said}", flush=True)
    wrong = tally["missed"] + tally["too much"] + tally["broken"]
    made = sum(tally.values()) - tally["not made"]
    print(f"mutations {made}: named exactly {tally['exact']}, no code changed {tally['no code']}, "
          f"elsewhere but as compared {tally['elsewhere']}, named too much {tally['too much']}, missed {tally['missed']}, "
          f"broken {tally['broken']}")
    return 1 if wrong or not made else 0


if __name__ == "__main__":
    sys.exit(main())
