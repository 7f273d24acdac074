#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
"""The table of compiler habits: testdata/cases, each compiled by many compilers in many ways and compared.

    tests/cases/table.py [--full] [--every=N] [--from=K] [--jobs=N] [--case=WORD] [--configuration=WORD] [--list] [--show]
                         [--keep=DIR]

A case is one file, compiled without and with -DNEW. What must come out is written in comments at its top, from
what the source means:

    // where: gcc O1 O2           only configurations with one of these tags of each kind named
    // also: gcc12-riscv64-...    a configuration of the full table in which the short run, too, looks at this case
    // flags: -fno-inline         more flags; flags[clang]: for some configurations, flags[new]: for one side
    // build: link 2              compiled with -DPART=1 and -DPART=2, put together by ld -r; also: archive, thin, lto
    // expect: changed f; new data f.count; refuse data-changed x
    // expect[clang !O0]: ...     in configurations with all of these tags and none of those with "!"
    // reason f: call "puts"      one reason for f holds all of these words
    // quiet f: puts              no reason for f holds any of these words
    // suppressed f: 10 12        __LINE__ 10 became 12 in f, which is no change

Everything that is not expected must not be reported; "maybe changed f" allows what a compiler may choose to do.
`f` stands for its clones and parts too. `f.count` is the static local of f, which GCC names count.N. Beside that, in
every configuration: the comparison the other way round finds the same, --patch shows every changed function, the
same source twice gives no difference, and each change has a reason.
"""
import argparse
import concurrent.futures
import hashlib
import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading

CASES = "testdata/cases"
KEEP = None  # a directory of objects made before
MACHINES = ["x86_64", "aarch64", "ppc64le", "s390x", "riscv64", "loongarch64"]
GNU = {"x86_64": "x86_64", "aarch64": "aarch64", "ppc64le": "powerpc64le", "s390x": "s390x", "riscv64": "riscv64",
       "loongarch64": "loongarch64"}
LEVELS = ["O0", "O1", "O2", "O3", "Os"]
COMPILERS = ["gcc12", "clang14", "clang16"]
MODES = {"nopie": ["-fno-pie", "-fno-pic"], "pie": ["-fPIE"], "pic": ["-fPIC"]}
LAYOUTS = {"sections": ["-ffunction-sections", "-fdata-sections"], "whole": ["-fno-function-sections", "-fno-data-sections"]}
EXTRAS = {
    "plain": [],
    "cet": ["-fcf-protection=full"],
    "patchable": ["-fpatchable-function-entry=5,2"],
    "mfentry": ["-pg", "-mfentry"],
    "pg": ["-pg"],
    "ssp": ["-fstack-protector-all"],
    "nounwind": ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
    "ubsan": ["-fsanitize=undefined"],
    "kasan": ["-fsanitize=kernel-address", "-mllvm", "-asan-globals=1"],
    "kcfi": ["-fsanitize=kcfi"],
    "addrsig": ["-faddrsig"],
    "large": ["-mcmodel=large"],
    "kernel": ["-mcmodel=kernel", "-mno-red-zone", "-fno-common", "-fno-strict-aliasing"],
    "noplt": ["-fno-plt"],
    "splitdwarf": ["-gsplit-dwarf"],
    "gz": ["-gz"],
    "dwarf4": ["-gdwarf-4"],
    "visibility": ["-fvisibility=hidden"],
    "nog": ["-g0"],
}
TAGS = {"compiler": COMPILERS + ["gcc", "clang"], "level": LEVELS, "machine": MACHINES, "mode": list(MODES),
        "layout": list(LAYOUTS), "extra": list(EXTRAS) + ["g"]}
KIND_OF_TAG = {tag: kind for kind, tags in TAGS.items() for tag in tags}


# ---- configurations ------------------------------------------------------------------------------------------


class Configuration:
    def __init__(self, compiler, machine, level, mode="pie", layout="sections", extra="plain"):
        self.compiler, self.machine, self.level = compiler, machine, level
        self.mode, self.layout, self.extra = mode, layout, extra
        self.name = "-".join((compiler, machine, level, mode, layout, extra))
        self.tags = {compiler, compiler.rstrip("0123456789"), machine, level, mode, layout, extra}
        if extra != "nog":
            self.tags.add("g")

    def command(self, cxx):
        """The compiler with its flags, or None when it is not installed."""
        number = self.compiler.lstrip("gclan")
        if self.compiler.startswith("gcc"):
            prefix = "" if self.machine == "x86_64" else GNU[self.machine] + "-linux-gnu-"
            program = [f"{prefix}g{'++' if cxx else 'cc'}-{number}"]
        else:
            program = [f"clang{'++' if cxx else ''}-{number}", f"--target={GNU[self.machine]}-linux-gnu"]
        if not shutil.which(program[0]):
            return None
        return program + ["-g", "-" + self.level] + MODES[self.mode] + LAYOUTS[self.layout] + self.extra_flags()

    def extra_flags(self):
        flags = list(EXTRAS[self.extra])
        if self.compiler.startswith("gcc"):
            flags = [f for f in flags if f not in ("-mllvm", "-asan-globals=1")]
            if self.extra == "kasan":
                flags += ["--param", "asan-globals=1", "--param", "asan-instrumentation-with-call-threshold=10000"]
        if self.compiler.startswith("gcc") and self.machine != "x86_64":
            # addresses relative to another datum of the section; the case section_anchors is about them
            flags.append("-fno-section-anchors")
        if self.compiler.startswith("gcc") and self.level == "Os":
            # makes one of functions that are equal on one side only; the case functions_made_one is about it
            flags.append("-fno-ipa-icf")
        if self.machine == "x86_64" and self.extra not in ("cet", "kcfi"):
            flags.append("-fcf-protection=none")  # as Debian's compilers do; some distributions' do not
        return flags


def fast_set():
    c = Configuration
    return [
        c("gcc12", "x86_64", "O2"),
        c("gcc12", "x86_64", "O0", "nopie", "whole"),
        c("gcc12", "x86_64", "O2", "pic", "whole", "cet"),
        c("clang14", "x86_64", "O2", "nopie"),
        c("clang16", "x86_64", "Os", "pic", "whole"),
        c("gcc12", "aarch64", "O2"),
        c("gcc12", "ppc64le", "O2", "pic", "whole"),
        c("gcc12", "s390x", "O2", "pie", "whole"),
        c("gcc12", "riscv64", "O2"),
        c("clang16", "loongarch64", "O1"),
    ]


def full_set():
    c, out = Configuration, fast_set()
    for compiler, level in itertools.product(COMPILERS, LEVELS):
        for mode, layout in (("nopie", "sections"), ("pie", "whole"), ("pic", "sections"), ("pic", "whole")):
            out.append(c(compiler, "x86_64", level, mode, layout))
    for compiler, extra in itertools.product(COMPILERS, EXTRAS):
        if extra == "kcfi" and compiler != "clang16" or extra == "addrsig" and not compiler.startswith("clang"):
            continue
        mode = "nopie" if extra in ("kernel", "large") else "pie"
        out.append(c(compiler, "x86_64", "O2", mode, "sections", extra))
        if extra in ("nog", "patchable", "ssp", "ubsan"):
            out.append(c(compiler, "x86_64", "O1", mode, "whole", extra))
    for machine in MACHINES[1:]:
        for level in LEVELS:
            if machine != "loongarch64":
                out.append(c("gcc12", machine, level, "pie", "sections"))
                out.append(c("gcc12", machine, level, "pic", "whole"))
            out.append(c("clang16", machine, level, "pie" if level != "O2" else "nopie", "whole" if level in ("O1", "Os") else "sections"))
        if machine != "loongarch64":
            out.append(c("gcc12", machine, "O2", "nopie", "sections", "nog"))
            # GCC 12 puts the instructions between both entries of ELFv2 functions: the assembler takes 4 and more
            # only where their number is a power of two, and `5,2` is none
            if machine != "ppc64le":
                out.append(c("gcc12", machine, "O2", "pie", "whole", "patchable"))
            out.append(c("clang14", machine, "O2", "pic", "sections"))
    return list({configuration.name: configuration for configuration in out}.values())


def holds(words, tags):
    """Are all tags of WORDS there, and none with a `!`?"""
    return all((word[1:] not in tags) if word.startswith("!") else (word in tags) for word in words)


# ---- cases ---------------------------------------------------------------------------------------------------


class Case:
    def __init__(self, path):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        self.cxx = path.endswith(".cc")
        self.where, self.also, self.lines, self.build = {}, [], [], ["single"]
        self.errors = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = re.match(r"(?://|#|/\*) (where|also|flags|build|expect|reason|quiet|suppressed)(?:\[([^]]*)\])?( \S+)?: *(.*?)\s*(?:\*/)?$", line)
                if match:
                    self.take(number, *match.groups())
        if not any(line[0] == "expect" for line in self.lines):
            self.errors.append("has no `expect:` line; for no difference write `expect: nothing`")

    def take(self, number, what, condition, subject, text):
        words = (condition or "").split()
        for word in words:
            if word.lstrip("!") not in KIND_OF_TAG and word not in ("old", "new"):
                self.errors.append(f"line {number}: no tag is called `{word}`")
        if what == "where":
            for tag in text.split():
                if tag.lstrip("!") not in KIND_OF_TAG:
                    self.errors.append(f"line {number}: no tag is called `{tag}`")
                    continue
                self.where.setdefault(KIND_OF_TAG[tag.lstrip("!")], []).append(tag)
        elif what == "also":
            self.also += text.split()
        elif what == "build":
            self.build = text.split()
        else:
            self.lines.append((what, words, (subject or "").strip(), text))

    def runs_in(self, configuration):
        for wanted in self.where.values():
            without = [tag[1:] for tag in wanted if tag.startswith("!")]
            only = [tag for tag in wanted if not tag.startswith("!")]
            if any(tag in configuration.tags for tag in without):
                return False
            if only and not any(tag in configuration.tags for tag in only):
                return False
        if "machine" not in self.where and configuration.extra in ("mfentry", "kernel", "large", "cet") and configuration.machine != "x86_64":
            return False
        return True

    def texts(self, what, configuration, subject=None):
        return [(name, text) for kind, words, name, text in self.lines
                if kind == what and holds([w for w in words if w not in ("old", "new")], configuration.tags)
                and (subject is None or subject == name)]

    def flags(self, configuration, side):
        flags = []
        for kind, words, _, text in self.lines:
            if kind == "flags" and holds([w for w in words if w not in ("old", "new")], configuration.tags):
                if not {"old", "new"} & set(words) or side in words:
                    flags += shlex.split(text)
        return flags


class Expected:
    def __init__(self, case, configuration):
        self.must, self.may = set(), set()
        for _, text in case.texts("expect", configuration):
            for item in filter(None, (part.strip() for part in text.split(";"))):
                if item == "nothing":
                    continue
                words = item.split()
                into = self.may if words[0] == "maybe" else self.must
                words = words[words[0] == "maybe":]
                if words[0] == "refuse":
                    into.add(("refuse", words[1], words[2] if len(words) > 2 else None))
                elif len(words) > 1 and words[1] == "data":
                    into.add((words[0], "data", words[2]))
                else:
                    into.add((words[0], "function", words[1]))
        # facts of the configuration, not of the case; what kcfi puts in front of a new function cannot travel where it counts
        new = any(item[:2] == ("new", "function") for item in self.must | self.may)
        if "whole" in configuration.tags or ("kcfi" in configuration.tags and new):
            self.may.add(("refuse", "no-function-sections", None))
        if "g" not in configuration.tags:  # nothing tells whether another offset is another layout: allowed to doubt it
            self.may |= {("refuse", "no-types", item[2]) for item in self.must | self.may if item[:2] == ("changed", "function")}


CLONE = re.compile(r"\.(?:constprop|isra|part|cold|lto_priv|llvm|specialized)(?:\.\d+)*")


def names_of(name):
    """What an expectation may call a reported name."""
    base = CLONE.sub("", name)
    numberless = re.sub(r"(?:\.\d+)+$", "", base)
    return {name, base, numberless}


def is_called(wanted, name):
    if "|" in wanted:
        return any(is_called(one, name) for one in wanted.split("|"))
    if wanted in names_of(name):
        return True
    if "." in wanted:  # f.count: GCC's count.N
        return wanted.split(".", 1)[1] in names_of(name) and re.search(r"\.\d+$", name) is not None
    return False


# ---- building ------------------------------------------------------------------------------------------------


class Failure(Exception):
    pass


def run(command, cwd=None, status=(0,), **more):
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=120, check=False, **more)
    if done.returncode not in status:
        raise Failure(f"{shlex.join(command)}: status {done.returncode}\n{done.stderr}{done.stdout}")
    return done


def tool(configuration, name):
    """binutils for the machine; where Debian has none, LLVM's or the one for all machines."""
    if configuration.machine != "x86_64":
        candidates = [f"{GNU[configuration.machine]}-linux-gnu-{name}", f"llvm-{name}-16" if name != "ld" else "ld.lld"]
    else:
        candidates = [name]
    for candidate in candidates:
        if shutil.which(candidate):
            return candidate
    return name


def kept_object(case, configuration, command):
    """Where --keep has the object that COMMAND makes of the case, or None."""
    # -gsplit-dwarf writes a second file beside the object and its path into it
    if not KEEP or configuration.extra == "splitdwarf":
        return None
    content = hashlib.sha256("\0".join(command).encode())
    for path in (case.path, os.path.join(CASES, "case.h")):
        with open(path, "rb") as file:
            content.update(file.read())
    return os.path.join(KEEP, content.hexdigest() + ".o")


def compile_once(case, configuration, command, output):
    kept = kept_object(case, configuration, command)
    if kept and os.path.exists(kept):
        shutil.copy(kept, output)
        return
    run(command + ["-o", output])
    if kept:
        temporary = f"{kept}.{os.getpid()}.{threading.get_ident()}"
        shutil.copy(output, temporary)
        os.rename(temporary, kept)


def compile_side(case, configuration, directory, side, more=()):
    """Builds one side into DIRECTORY/SIDE.o, or .a; gives its path."""
    command = configuration.command(case.cxx) + case.flags(configuration, side) + list(more)
    if side == "new":
        command.append("-DNEW")
    command += ["-w", "-I", CASES]
    kind = case.build[0]
    if kind in ("single", "profile"):
        output = os.path.join(directory, side + ".o")
        if more:
            run(command + ["-c", case.path, "-o", output])
        else:
            compile_once(case, configuration, command + ["-c", case.path], output)
        return output
    if kind == "lto":
        output = os.path.join(directory, side + ".o")
        run(command + ["-flto", "-ffat-lto-objects", "-c", case.path, "-o", output])
        return output
    parts = []
    folder = os.path.join(directory, side)
    os.makedirs(folder, exist_ok=True)
    for part in range(1, int(case.build[1]) + 1):
        # each part is a file of its own, so that each has its own STT_FILE symbol
        source = os.path.join(directory, f"part{part}{os.path.splitext(case.path)[1]}")
        if not os.path.exists(source):
            shutil.copy(case.path, source)
        parts.append(os.path.join(folder, f"part{part}.o"))
        run(command + [f"-DPART={part}", "-c", source, "-o", parts[-1]])
    if kind == "link":
        output = os.path.join(directory, side + ".o")
        run([tool(configuration, "ld"), "-r", "-o", output] + parts)
        return output
    if kind in ("archive", "thin"):
        output = os.path.join(folder, "lib.a")
        members = [os.path.basename(part) for part in parts]
        run([tool(configuration, "ar"), "rcD" + ("T" if kind == "thin" else ""), "lib.a"] + members, cwd=folder)
        return output
    raise Failure(f"{case.path}: `build: {kind}` is not known")


def profile(case, configuration, directory):
    """The file of counters of a run of the old side."""
    command = configuration.command(case.cxx) + ["-w", "-I", CASES, "-fprofile-generate"]
    program, made = os.path.join(directory, "train"), os.path.join(directory, "train.gcda")
    run(command + ["-c", case.path, "-o", os.path.join(directory, "train.o")])
    run([command[0], "-fprofile-generate", "-pie", os.path.join(directory, "train.o"), "-o", program])
    run([program])
    counters = os.path.join(directory, "counters.gcda")
    os.rename(made, counters)
    return counters


# ---- one combination -----------------------------------------------------------------------------------------


def hp_diff(*arguments, status=(0, 1)):
    return run([os.environ.get("HP_BIN", "build/bin") + "/hp-diff", "-q", "--color=never", *arguments], status=status)


def compare(old, new):
    # 2: refusals are there, as exit status of things that cannot be compared; the document tells which
    done = hp_diff("--json", old, new, status=(0, 1, 2))
    try:
        document = json.loads(done.stdout)
    except ValueError as error:
        raise Failure(f"hp-diff --json: {error}\n{done.stderr}{done.stdout}") from error
    if done.returncode == 2:
        raise Failure(f"hp-diff: {done.stderr}")
    return document


def reported(document):
    """(status, kind, name, reasons) of everything the document says."""
    for pair in document["objects"]:
        for kind, list_name in (("function", "functions"), ("data", "data")):
            for unit in pair[list_name]:
                yield unit["status"], kind, unit["name"], unit["reason"]


def unexpected(expected, document):
    """What is reported and not expected, and the other way round."""
    seen, problems = set(), []
    for status, kind, name, _ in reported(document):
        hits = {item for item in expected.must | expected.may if item[:2] == (status, kind) and is_called(item[2], name)}
        if not hits:
            problems.append(f"reported: {status} {kind} {name}")
        seen |= hits
    for refusal in document["refusals"]:
        hits = {item for item in expected.must | expected.may if item[0] == "refuse" and item[1] == refusal["code"] and
                (item[2] is None or is_called(item[2], refusal.get("symbol") or ""))}
        if not hits:
            problems.append(f"reported: refuse {refusal['code']} {refusal.get('symbol')}: {refusal['message']}")
        seen |= hits
    for item in sorted(expected.must - seen, key=str):
        problems.append("missing: " + " ".join(str(word) for word in item if word))
    return problems


def reason_text(reason):
    parts = [reason.get("what"), reason.get("text")]
    for key in ("old", "new", "of", "inlined", "line"):
        if reason.get(key) is not None:
            parts.append(f"{key}={reason[key]}")
    return " ".join(str(part) for part in parts if part)


def wrong_reasons(case, configuration, document):
    problems, texts = [], {}
    for status, kind, name, reasons in reported(document):
        if not reasons:
            problems.append(f"no reason for {status} {kind} {name}")
        for called in names_of(name):
            texts.setdefault(called, []).extend(reason_text(reason) for reason in reasons)
    for name, text in case.texts("reason", configuration):
        words = shlex.split(text)
        known = [reason for one in name.split("|") for reason in texts.get(one, texts.get(one.split(".")[-1], []))]
        if not any(all(word in reason for word in words) for reason in known):
            problems.append(f"no reason of {name} holds: {text}\n      it has: " + "\n              ".join(known or ["none"]))
    for name, text in case.texts("quiet", configuration):
        for word in shlex.split(text):
            for reason in texts.get(name, []):
                if word in reason:
                    problems.append(f"a reason of {name} holds `{word}`: {reason}")
    for name, text in case.texts("suppressed", configuration):
        old, new = map(int, text.split())
        if not any(is_called(name, entry["function"]) and (entry["old"], entry["new"]) == (old, new)
                   for entry in document["suppressed"]):
            problems.append(f"not suppressed in {name}: {old} {new}; but: {document['suppressed']}")
    return problems


OTHER_WAY = {"changed": "changed", "new": "removed", "removed": "new"}


def asymmetric(document, reverse):
    """What the comparison the other way round finds must be the same, with new and removed exchanged."""
    there = {(OTHER_WAY[status], kind, name) for status, kind, name, _ in reported(document) if status != "changed"}
    back = {(status, kind, name) for status, kind, name, _ in reported(reverse) if status != "changed"}
    changed = sorted(min(names_of(name)) for status, _, name, _ in reported(document) if status == "changed")
    changed_back = sorted(min(names_of(name)) for status, _, name, _ in reported(reverse) if status == "changed")
    if there != back or len(changed) != len(changed_back):
        return [f"the other way round it reports {sorted(back)} {changed_back}, not {sorted(there)} {changed}"]
    return []


def missing_patches(old, new, document, configuration):
    """Every changed function is shown, in instructions; libopcodes of Debian 12 has none for loongarch64."""
    changed = [name for status, kind, name, _ in reported(document) if status == "changed" and kind == "function"]
    if not changed:
        return []
    patch = hp_diff("--patch", old, new).stdout
    problems = []
    for name in changed:
        if name not in patch:
            problems.append(f"--patch does not show {name}")
    if re.search(r"0x(f{8})?(5a5a|b4b4)", patch):  # what diff/disassemble.c puts into relocated fields
        problems.append("--patch shows a number where a name belongs:\n" + patch)
    if ".byte 0x" in patch or (".word 0x" in patch and configuration.machine != "loongarch64"):
        problems.append("--patch shows bytes instead of instructions:\n" + patch)
    return problems


def check(case, configuration, directory):
    """Problems of one combination, and whether both sides came out equal byte for byte."""
    more = [f"-fprofile-use={profile(case, configuration, directory)}"] if case.build[0] == "profile" else []
    old = compile_side(case, configuration, directory, "old", more)
    new = compile_side(case, configuration, directory, "new", more)
    document = compare(old, new)
    problems = unexpected(Expected(case, configuration), document)
    problems += wrong_reasons(case, configuration, document)
    problems += asymmetric(document, compare(new, old))
    problems += missing_patches(old, new, document, configuration)
    return problems, old, new, document


def disassembly(configuration, path):
    command = tool(configuration, "objdump")
    flags = ["-d", "-r", "-s", "-j", ".*"] if command.startswith("llvm") else ["-d", "-r", "-w"]
    if command.startswith("llvm"):
        flags = ["-d", "-r", "--no-show-raw-insn"]
    try:
        code = run([command, *flags, path]).stdout
        symbols = run(["readelf", "-sW", path]).stdout
    except Failure as failure:
        return str(failure)
    return code + symbols


def try_one(case, configuration, show):
    """(problems, text to show of them)"""
    with tempfile.TemporaryDirectory(prefix="hp-case-") as directory:
        try:
            problems, old, new, document = check(case, configuration, directory)
        except (Failure, subprocess.TimeoutExpired) as failure:
            return [str(failure)], ""
        text = ""
        if problems or show:
            for side, path in (("old", old), ("new", new)):
                text += f"--- {side}\n{disassembly(configuration, path)}"
            text += "--- hp-diff --json\n" + json.dumps(document, indent=1) + "\n"
        return problems, text


# ---- all of them ---------------------------------------------------------------------------------------------


def find_cases(word):
    out = []
    for name in sorted(os.listdir(CASES)):
        if name.endswith((".c", ".cc", ".S")) and word in name:
            out.append(Case(os.path.join(CASES, name)))
    return out


def combinations(cases, configurations, word):
    """Each case with what it is meant for: of CONFIGURATIONS, and of those it names itself that hold WORD."""
    full = {configuration.name: configuration for configuration in full_set()}
    for case in cases:
        case.errors += [f"no configuration is called {name}" for name in case.also if name not in full]
        named = [full[name] for name in case.also if name in full and word in name]
        for configuration in {c.name: c for c in configurations + named}.values():
            if case.runs_in(configuration) and configuration.command(case.cxx):
                yield case, configuration


def print_details(problems, text, limit=200):
    for problem in problems:
        for line in problem.splitlines():
            print("#   " + line)
    lines = text.splitlines()
    for line in lines[:limit]:
        print("#   | " + line)
    if len(lines) > limit:
        print(f"#   | ... {len(lines) - limit} more lines")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="only each Nth combination")
    parser.add_argument("--from", dest="start", type=int, default=0, help="the first of those: slices 0 to N-1 are all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", default="")
    parser.add_argument("--configuration", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--show", action="store_true", help="print both disassemblies also where nothing is wrong")
    parser.add_argument("--brief", action="store_true", help="no disassemblies")
    parser.add_argument("--keep", metavar="DIR", help="keep objects there, and take those that an earlier run made")
    options = parser.parse_args()
    if options.keep:
        global KEEP
        KEEP = options.keep
        os.makedirs(KEEP, exist_ok=True)

    cases = find_cases(options.case)
    configurations = [c for c in (full_set() if options.full else fast_set()) if options.configuration in c.name]
    missing = sorted({(c.compiler, c.machine) for c in configurations if not c.command(False)})
    there = [c for c in configurations if (c.compiler, c.machine) not in missing]
    work = list(combinations(cases, there, options.configuration))
    work = work[options.start :: options.every]
    if options.list:
        for case, configuration in work:
            print(case.name, configuration.name)
        return 0

    print(f"1..{len(cases) + len(missing)}")
    results, lock = {}, threading.Lock()

    def one(item):
        case, configuration = item
        outcome = try_one(case, configuration, options.show)
        with lock:
            results.setdefault(case.name, []).append((configuration, *outcome))

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, work))
    failed = report(cases, results, options)
    number = len(cases)
    for compiler, machine in missing:
        number += 1
        print(f"ok {number} - {compiler} for {machine} # skip it is not installed; ./setup.sh check installs it")
    return 1 if failed else 0


def report(cases, results, options):
    failed, shown = 0, 0
    counts = {}
    for number, case in enumerate(cases, 1):
        outcomes = sorted(results.get(case.name, []), key=lambda outcome: outcome[0].name)
        bad = [outcome for outcome in outcomes if outcome[1]]
        for configuration, problems, _ in outcomes:
            count = counts.setdefault((configuration.compiler, configuration.machine), [0, 0])
            count[bool(problems)] += 1
        whole = options.full and options.every == 1 and not options.configuration
        ok = not bad and not case.errors and (outcomes or not whole)
        if ok and not outcomes:
            print(f"ok {number} - {case.name} # skip no configuration of this run is meant for it")
            continue
        print(f"{'ok' if ok else 'not ok'} {number} - {case.name} ({len(outcomes) - len(bad)} of {len(outcomes)} combinations)")
        failed += not ok
        for error in case.errors:
            print(f"# {case.path}: {error}")
        for index, (configuration, problems, text) in enumerate(bad):
            print(f"# {case.path} in {configuration.name}:")
            print_details(problems, "" if options.brief or index >= 2 or shown > 20 else text)
            shown += 1
        if options.show:
            for configuration, problems, text in outcomes:
                if not problems:
                    print(f"# {configuration.name}")
                    print_details([], text, 2000)
    for (compiler, machine), (right, wrong) in sorted(counts.items()):
        print(f"# {compiler:8} {machine:12} {right:6} combinations right, {wrong} wrong")
    print(f"# {len(cases)} cases, {sum(sum(c) for c in counts.values())} combinations")
    return failed


if __name__ == "__main__":
    sys.exit(main())
