# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies the fixes of testdata/fixes to running programs and libraries. Prints TAP.

    fixes.py BIN OUT [CASE...]

A case is one C file, built with -DVERSION=1 and =2 and linked with host.c, which calls its served() for each line of
input. The first comment line says what it is; then come:
    objects: NAME...    further files that are linked with it ("only: 2" in one: only the new build has it)
    form: library       only as a library, or only as a program
    replaces: F...      functions that the package must replace, among others
    refused: CODE       instead, the refusal that must be said; says: REGEX  and with what
    allow: CODE         what hp-build is told to let pass; carries: REGEX  what the package's manifest then says
    state: new          the answers depend on data that only the new build has (else on what both have)
    flags: F...         of the compiler; link: F...  when linking
    compilers: C...     only with these
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

BIN, OUT, ONLY = sys.argv[1], sys.argv[2], sys.argv[3:]
DATA = "testdata/fixes"
COMMANDS = "0 1 2 3 4 5 6 7 8 9 5 3 1 0".split()
FLAGS = "-std=gnu17 -O2 -g -ffunction-sections -fdata-sections -fcf-protection=none".split()


class Failure(Exception):
    pass


def read_keys(path):
    keys = {}
    for line in open(path, encoding="utf-8").read().split("\n")[1:]:
        if not line.startswith("//"):
            break
        found = re.match(r"// ([a-z]+): (.*)", line)
        if found:
            keys[found.group(1)] = found.group(2)
    return keys


def run(arguments, wanted=0, cwd=None):
    done = subprocess.run(arguments, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if wanted is not None and done.returncode != wanted:
        raise Failure(f"{' '.join(arguments)}: exit {done.returncode} instead of {wanted}:\n{done.stdout}")
    return done.stdout


def build(case, keys, compiler, form, folder):
    """Both sides, each in a tree of its own, from one place, so that no path differs."""
    sources = [case] + keys.get("objects", "").split()
    flags = FLAGS + keys.get("flags", "").split() + (["-fPIC"] if form == "library" else [])
    link = keys.get("link", "").split()
    for version, side in (1, "old"), (2, "new"):
        tree = os.path.join(folder, side)
        os.makedirs(tree)
        objects = []
        for source in sources:
            path = f"{DATA}/{source}.c"
            if read_keys(path).get("only", str(version)) != str(version):
                continue
            objects.append(source + ".o")
            run([compiler, *flags, f"-DVERSION={version}", "-c", path, "-o", f"{tree}/{source}.o"])
        host = f"{tree}/host.o"
        run([compiler, *FLAGS, "-c", f"{DATA}/host.c", "-o", host])
        if form == "library":
            run([compiler, "-shared", "-Wl,--build-id", *link, *objects, "-o", "libcase.so"], cwd=tree)
            run([compiler, "-rdynamic", "-Wl,--build-id", "host.o", "-L.", "-lcase", "-Wl,-rpath,$ORIGIN", "-o", "host"], cwd=tree)
        else:
            run([compiler, "-Wl,--build-id", *link, "host.o", *objects, "-o", "host"], cwd=tree)


class Process:
    def __init__(self, folder):
        self.process = subprocess.Popen([os.path.join(os.path.abspath(folder), "host")], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.pid = str(self.process.pid)

    def ask(self):
        """The answers to all commands."""
        answers = []
        for command in COMMANDS:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                raise Failure(f"the process ended ({self.process.wait()}) at command {command}")
            answers.append(line.rstrip("\n"))
        return answers

    def end(self):
        self.process.kill()
        self.process.communicate()


def same(what, got, wanted):
    for command, left, right in zip(COMMANDS, got, wanted):
        if left != right:
            raise Failure(f"{what}: {command} is answered with '{left}' instead of '{right}'")


def check_manifest(keys, package):
    shown = run([f"{BIN}/hp-show", "--json", package])
    document = json.loads(shown)
    replaced = {re.sub(r"\.(isra|constprop|part)\.\d+.*$", "", f["name"] if isinstance(f, dict) else f)
                for t in document["targets"] for f in t["functions"]}
    missing = set(keys.get("replaces", "").split()) - replaced
    if missing:
        raise Failure(f"not replaced: {' '.join(sorted(missing))}; replaced: {' '.join(sorted(replaced))}")
    if "carries" in keys and not re.search(keys["carries"], shown):
        raise Failure(f"the manifest does not say '{keys['carries']}':\n{shown}")


def check_refusal(keys, folder):
    said = run([f"{BIN}/hp-build", "-q", "-o", f"{folder}/case.hp", f"{folder}/old", f"{folder}/new"], 2)
    lines = [line for line in said.split("\n") if f"[{keys['refused']}]" in line]
    if not lines:
        raise Failure(f"refused, but not with {keys['refused']}:\n{said}")
    if "says" in keys and not any(re.search(keys["says"], line) for line in lines):
        raise Failure(f"refused without saying '{keys['says']}':\n{said}")


def check_live(keys, folder):
    package = f"{folder}/case.hp"
    allow = [f"--allow={code}" for code in keys.get("allow", "").split()]
    run([f"{BIN}/hp-build", "-q", "--id=case", *allow, "-o", package, f"{folder}/old", f"{folder}/new"])
    check_manifest(keys, package)
    old, new, patched = (Process(f"{folder}/{side}") for side in ("old", "new", "old"))
    try:
        olds, news = [old.ask() for _ in range(3)], [new.ask() for _ in range(2)]
        same("before", patched.ask(), olds[0])
        run([f"{BIN}/hp-apply", "--trust=none", patched.pid, package])
        same("patched", patched.ask(), news[0 if keys.get("state") == "new" else 1])
        run([f"{BIN}/hp-apply", "--revert=case", patched.pid])
        same("reverted", patched.ask(), olds[2])
    finally:
        for process in old, new, patched:
            process.end()


def check(work):
    case, keys, compiler, form = work
    folder = os.path.join(OUT, f"{case}-{compiler}-{form}")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        build(case, keys, compiler, form, folder)
        if "refused" in keys:
            check_refusal(keys, folder)
        else:
            check_live(keys, folder)
    except (Failure, subprocess.TimeoutExpired) as failure:
        return str(failure)
    shutil.rmtree(folder, ignore_errors=True)
    return None


def main():
    works = []
    for name in sorted(os.listdir(DATA)):
        case = name[:-2]
        if not name.endswith(".c") or case == "host" or re.search(r"-2$", case) or (ONLY and case not in ONLY):
            continue
        keys = read_keys(f"{DATA}/{name}")
        for compiler, form in ("gcc", "program"), ("clang", "program"), ("gcc", "library"):
            if compiler in keys.get("compilers", compiler).split() and form in keys.get("form", form).split():
                works.append((case, keys, compiler, form))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, (work, why) in enumerate(zip(works, pool.map(check, works)), 1):
            print(("not ok" if why else "ok") + f" {number} - {work[0]}: {work[2]}, {work[3]}", flush=True)
            if why:
                print("\n".join("# " + line for line in why.split("\n")))
    print(f"1..{len(works)}")


if __name__ == "__main__":
    main()
