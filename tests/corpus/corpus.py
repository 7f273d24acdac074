#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real fixes, shipped: each row of fixes.tsv is compared, built, and applied to a process of that very program.

    corpus.py --pairs=DIR [--table=FILE] [--result=FILE] [--no-build] [--no-live] [PACKAGE | FIX]...

Prints TAP, and with no names given the coverage. DIR keeps what was built (pairs.sh) from one run to the next;
HP_BIN is where the tools are. --result writes the table that doc/ shows; --no-build takes only pairs that are there,
--no-live compares and builds only.

For each fix: hp-diff names the functions that the source's hunks are in; hp-build writes or refuses as the table says;
the package is applied to a running old process, and then
  - a transcript of ordinary work and the fix's own input give what the new build gives,
  - after the revert what the old build gives, and after applying again what the new build gives;
  - the new bodies were entered, counted by the processor's breakpoint registers (hosts/entered.c).
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs  # noqa: E402
from process import Counter, compile_once, read_symbols  # noqa: E402

KB = "KB"
# `meaning`: no field moves, but what the old code left in data means something else to the new one. No tool sees that;
# the package is written, and a process that keeps such data across the switch breaks. Shown, and not counted as shipped.
APPLIED = ("ships", "meaning")


class Row:
    """One fix: what is expected of it (from the table), and what came of it."""

    KEPT = ("result", "reason", "replaced", "entered", "bytes", "pause", "seconds")

    def __init__(self, line):
        field = line.rstrip("\n").split("\t") + [""] * 5
        self.package, self.fix, self.outcome = field[:3]
        self.functions, self.subject = field[3].split(), field[4]
        self.result, self.reason, self.replaced, self.entered = "not tried", "", [], []
        self.bytes = self.pause = self.seconds = None
        self.counted = True

    def save(self, context):
        """What came of it, beside the pair: a later run over other fixes still lists it."""
        if os.path.isdir(context.pair):
            with open(os.path.join(context.pair, "result.json"), "w") as file:
                json.dump({key: getattr(self, key) for key in self.KEPT}, file)

    def load(self, pairs):
        path = os.path.join(pairs, "pairs", self.package, self.fix, "result.json")
        if os.path.exists(path):
            with open(path) as file:
                for key, value in json.load(file).items():
                    setattr(self, key, value)

    @property
    def name(self):
        return re.sub(r"\.patch$", "", self.fix)


class Context:
    """What a live program needs to know: the pair, a folder to work in, the compiled host, Debian's source."""

    def __init__(self, pairs, row, work):
        self.pairs, self.package, self.work = pairs, row.package, work
        self.pair = os.path.join(pairs, "pairs", row.package, row.fix)
        self.source = os.path.join(pairs, "src", row.package)
        self.build = os.path.join(pairs, "build", row.package)
        self.program = None

    def path(self, name):
        return os.path.join(self.work, name)

    def write(self, name, data):
        with open(self.path(name), "wb" if isinstance(data, bytes) else "w") as file:
            file.write(data)
        return self.path(name)

    def library(self, side, path, soname):
        """A folder for LD_LIBRARY_PATH in which one side's library has the name that programs ask for."""
        folder = self.path("lib-" + side)
        os.makedirs(folder, exist_ok=True)
        link = os.path.join(folder, soname)
        if not os.path.exists(link):
            os.symlink(os.path.join(self.pair, side, path), link)
        return folder

    def copy(self, path, name):
        path = os.path.join(self.source, path)
        if os.path.exists(path):
            shutil.copy(path, self.path(name))


class Report:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, good, what, said=""):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)
        if not good:
            self.failed += 1
            for line in str(said).splitlines()[:40]:
                print(f"# {line[:300]}")
        return good

    def skip(self, what, reason):
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {reason}", flush=True)


def run(argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, **more)


def tool(name):
    folder = os.environ.get("HP_BIN")
    return os.path.join(folder, name) if folder else name


def base_name(function):
    """A clone counts as the function it was made of, a split-off part too, and libxml2's second names as the first."""
    return re.sub(r"\.(constprop|isra|part|cold|lto_priv)(\.\d+)?|__internal_alias", "", function)


# ---- comparing and building -----------------------------------------------------------------------------------

def make_pair(context, row, options):
    if os.path.exists(os.path.join(context.pair, "built")):
        return ""
    if options.no_build:
        return "not built yet"
    said = run([os.path.join(HERE, "pairs.sh"), context.pairs, options.table, row.package, row.fix])
    if os.path.exists(os.path.join(context.pair, "built")):
        return ""
    lines = (said.stdout + said.stderr).strip().splitlines()
    return re.sub(r".*skipped: ", "", lines[-1]) if lines else "pairs.sh said nothing"


def compare(context, row, report):
    """hp-diff against the source's hunks. The functions that differ, or None."""
    said = run([tool("hp-diff"), "--json", context.pair + "/old", context.pair + "/new"])
    try:
        document = json.loads(said.stdout)
    except ValueError:
        report.check(False, f"{row.name}: hp-diff prints JSON", said.stdout[:200] + said.stderr)
        return None
    differ = {base_name(f["name"]) for o in document["objects"] for f in o.get("functions", [])}
    if row.outcome == "nothing":
        report.check(not differ, f"{row.name}: hp-diff finds no function changed", ", ".join(sorted(differ)))
        return differ
    missing = [f for f in row.functions if base_name(f) not in differ]
    report.check(said.returncode == 1 and not missing, f"{row.name}: hp-diff names the functions of the source's hunks",
                 f"exit {said.returncode}, missing: {' '.join(missing)}\n{said.stderr}")
    return differ


def build(context, row, report):
    """hp-build against the table. True when there is a package to be applied."""
    package, facts = context.path("kb.hp"), context.path("build.json")
    began = time.monotonic()
    said = run([tool("hp-build"), context.pair + "/old", context.pair + "/new", "-o", package, "--id=" + KB, "--json=" + facts])
    row.seconds = time.monotonic() - began
    codes = sorted(set(re.findall(r"\[([a-z-]+)\]$", said.stdout + said.stderr, re.M)))
    text = f"exit {said.returncode}\n{said.stdout}{said.stderr}"
    row.replaced = sorted({name.strip() for line in re.findall(r"^ *replaces +(.*?) +\d+ of \d+ match", said.stdout, re.M)
                           for name in line.split(",")})
    if row.outcome in APPLIED:
        row.reason = "refused: " + " ".join(codes) if codes else ""
        good = report.check(said.returncode == 0 and os.path.exists(package), f"{row.name}: hp-build writes the package", text)
        row.result = "written" if good else "refused needlessly"
        row.bytes = os.path.getsize(package) if good else None
        return good
    if row.outcome == "nothing":
        report.check(said.returncode == 1, f"{row.name}: hp-build finds nothing to patch", text)
        row.result, row.reason = "nothing to patch", row.subject
        return False
    wanted = set(row.outcome.split("+"))
    named = [word for word in row.subject.split(".") if word and not re.search(rf"\b{re.escape(word)}\b", text)]
    good = report.check(said.returncode == 2 and wanted <= set(codes) and not os.path.exists(package),
                        f"{row.name}: hp-build refuses: {row.outcome}", text)
    if row.subject:
        good &= report.check(not named, f"{row.name}: the refusal names {row.subject}", text)
    row.result, row.reason = "refused" if good else "wrong outcome", " ".join(codes) + (f": {row.subject}" if row.subject else "")
    return False


# ---- applying ---------------------------------------------------------------------------------------------------

def apply(context, process, *options):
    said = run([tool("hp-apply"), "--timeout=30", *options, str(process.pid)], cwd=context.work)
    return said.returncode == 0, said.stdout + said.stderr


def new_bodies(context):
    """{address: name} of the functions that the package brought, where they are in the process."""
    return {address: re.sub(rf"\.{KB}$", "", name) for address, name in read_symbols(context.path("symbols"))}


def count_entries(context, row, process, work):
    """Does `work` four addresses at a time; the functions that were entered by it."""
    bodies, entered, why = new_bodies(context), {}, ""
    addresses = sorted(bodies)
    for i in range(0, len(addresses), 4):
        counter = Counter(context.counter, process.pid, addresses[i:i + 4])
        work()
        counts, why = counter.counts()
        if counts is None:
            return None, why
        for address, count in counts.items():
            entered[bodies[address]] = entered.get(bodies[address], 0) + count
    return entered, why


def first_difference(wanted, got):
    for w, g in zip(wanted, got):
        if w != g:
            return f"expected: {w[:2000]}\ngot:      {g[:2000]}"
    return f"{len(wanted)} answers expected, {len(got)} came"


def record(program, side):
    """Transcript and probe of one side as it was built, each in a process of its own; whether the probe did no harm."""
    process = program.start(side)
    transcript = program.transcript(process)
    process.stop()
    process = program.start(side)
    probe = program.probe(process)
    harmless = not probe or program.transcript(process) == transcript
    # An answer made of memory that is not the program's is another one each time.
    harmless = harmless and (not probe or program.probe(process) == probe)
    process.stop()
    return transcript, probe, harmless


def live(context, row, report):
    program = programs.of(context, row.fix)
    if not program:
        row.result, row.reason = "written", "no live process for it"
        report.check(False, f"{row.name}: there is a live process to apply it to")
        return
    try:
        own = (live_gated if hasattr(program, "finish") else live_told)(context, row, report, program)
        for other in getattr(program, "beside", []):
            live_beside(context, row, report, other)
    finally:
        if hasattr(program, "close"):
            program.close()
    if row.entered and row.result == "written":
        row.result, row.reason = "shipped", own
    elif row.result == "written":
        row.result, row.reason = (("never entered", "no replaced function was entered") if row.counted else
                                  ("applied", "entries could not be counted here"))


def judge(old, new, harmless):
    """What the fix's own input shows, in words."""
    if not new:
        return "no input of its own"
    if not harmless:
        return "own input: harms the old process, not the patched one"
    return "own input: answered as by the new build" + (", by the old one alike" if old == new else ", unlike the old one")


def live_told(context, row, report, program):
    sides = {side: record(program, side) for side in ("old", "new")}
    process = program.start("old")
    try:
        through_it(context, row, report, program, process, sides)
    finally:
        process.stop()
    return judge(sides["old"][1], sides["new"][1], sides["old"][2])


def live_gated(context, row, report, program):
    """A program that ends by itself: patched while it is held up, then let go on."""
    own = "no input of its own"
    for kind in program.kinds():
        said = {side: program.finish(program.start(side, kind)) for side in ("old", "new")}
        # Neither may it die, nor answer from memory that is not its own: another answer each time.
        harmless = "SIG" not in said["old"][-1] and program.finish(program.start("old", kind)) == said["old"]
        if kind != "ordinary":
            own = judge(said["old"], said["new"], harmless)
        for switches in (["apply"], ["apply", "revert"], ["apply", "revert", "apply"]):
            if len(switches) == 2 and not harmless:
                continue
            wanted = said["old" if len(switches) == 2 else "new"]
            gated(context, row, report, program, kind, switches, wanted)
            if row.result != "written":
                return own
    return own


def live_beside(context, row, report, program):
    """A long-lived process of the same image, which the fix does not concern: all its answers stay as they were."""
    process = program.start("old")
    try:
        wanted = program.transcript(process)
        for switch in "applied", "reverted", "applied again":
            done, said = apply(context, process, "--revert=" + KB if switch == "reverted" else context.path("kb.hp"))
            now = program.transcript(process)
            good = report.check(done and now == wanted, f"{row.name}: {program.name} answers as before, {switch}",
                                said + first_difference(wanted, now))
            if not good:
                row.result = "behaves otherwise"
    finally:
        process.stop()


def gated(context, row, report, program, kind, switches, wanted):
    process = program.start("old", kind)
    try:
        for switch in switches:
            done, said = (apply(context, process, "--revert=" + KB) if switch == "revert" else
                          apply(context, process, "--symbols=" + context.path("symbols"), context.path("kb.hp")))
            pause = re.search(r"stood still ([0-9.,]+ [µm]?s)", said)
            row.pause = row.pause or (pause.group(1) if pause else None)
            if not report.check(done, f"{row.name}: {switch} in the midst of {kind} work", said):
                row.result, row.reason = "not applied", said.strip()[:100]
                return
        bodies = new_bodies(context)
        counter = Counter(context.counter, process.pid, sorted(bodies)[:4])
        now = program.finish(process)
        counts, why = counter.counts()
    finally:
        process.stop()
    if counts is None:
        # Not every virtual machine has the registers; what the process answers is still compared.
        report.skip(f"{row.name}: entries are counted", why or "no breakpoint registers")
        row.counted = False
    elif len(switches) == 1:
        row.entered = sorted({*row.entered, *(bodies[a] for a, count in counts.items() if count)})
    elif len(switches) == 2:
        report.check(not any(counts.values()), f"{row.name}: no new body is entered after the revert", counts)
    if not report.check(now == wanted, f"{row.name}: {kind} work ends as it should after {', '.join(switches)}",
                        first_difference(wanted, now)):
        row.result = "behaves otherwise"


def behaves(report, row, program, process, side, when, with_probe):
    good = True
    now = program.transcript(process)
    good &= report.check(now == side[0], f"{row.name}: ordinary work gives what it should, {when}", first_difference(side[0], now))
    if with_probe and side[1]:
        now = program.probe(process)
        good &= report.check(now == side[1], f"{row.name}: the fix's own input gives what it should, {when}",
                             first_difference(side[1], now))
    return good


def through_it(context, row, report, program, process, sides):
    harmless = sides["old"][2]
    good = behaves(report, row, program, process, sides["old"], "before", harmless)
    if hasattr(program, "hold"):
        program.hold(process)
    done, said = apply(context, process, "--symbols=" + context.path("symbols"), context.path("kb.hp"))
    pause = re.search(r"stood still ([0-9.,]+ [µm]?s)", said)
    row.pause = pause.group(1) if pause else None
    if not report.check(done, f"{row.name}: the package is applied", said):
        row.result, row.reason = "not applied", said.strip().splitlines()[0][:100] if said.strip() else ""
        return

    def ordinary():
        nonlocal good
        good &= behaves(report, row, program, process, sides["new"], "applied", True)
    entered, why = count_entries(context, row, process, ordinary)
    if entered is None:
        report.skip(f"{row.name}: entries are counted", why or "no breakpoint registers")
        row.counted, entered = False, {}
    row.entered = sorted(name for name, count in entered.items() if count)
    never = sorted(name for name, count in entered.items() if not count)
    print(f"# {row.name}: entered: {' '.join(row.entered) or 'none'}; never: {' '.join(never) or 'none'}")
    if hasattr(program, "hold"):
        said = program.release(process)
        well = "died: " not in said
        if row.outcome == "meaning":
            report.check(not well, f"{row.name}: what was made before the switch is what breaks it, as the table says", said)
            row.result, row.reason = "not to be applied", row.subject
            return
        if not report.check(well, f"{row.name}: what was made before the switch ends well behind it", said):
            row.result, row.reason = "behaves otherwise", "what the old code made, the new code cannot end"
            return
    done, said = apply(context, process, "--revert=" + KB)
    good &= report.check(done, f"{row.name}: it is reverted", said)
    good &= behaves(report, row, program, process, sides["old"], "reverted", harmless)
    done, said = apply(context, process, context.path("kb.hp"))
    good &= report.check(done, f"{row.name}: and applied again", said)
    good &= behaves(report, row, program, process, sides["new"], "applied again", True)
    if hasattr(program, "end"):
        well, what = program.end(process)
        good &= report.check(well, f"{row.name}: {what}")
    if not good:
        row.result = "behaves otherwise"


# ---- the whole ----------------------------------------------------------------------------------------------------

def one(pairs, row, report, options):
    with tempfile.TemporaryDirectory(prefix="hp-corpus.") as work:
        context = Context(pairs, row, work)
        why = make_pair(context, row, options)
        if why:
            report.skip(row.name, why)
            row.reason = why
            return
        if compare(context, row, report) is None:
            row.save(context)
            return
        if build(context, row, report) and not options.no_live:
            context.counter = compile_once(pairs, "hosts/entered.c", [])
            live(context, row, report)
        print(f"# {row.package} {row.name}: {row.result}; {row.reason}; hp-build {row.seconds:.2f} s, {row.bytes} bytes, pause {row.pause}")
        if not options.no_live:
            row.save(context)


PAGE = """<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
# Debian's security fixes, applied to running programs

Made by `make check-corpus`: each row is one of the security patches in Debian 12's source packages, its old side built
without it. What is expected of each was written down from the patch and its DWARF before `hp-build` saw it
(`tests/corpus/fixes.tsv`).

*shipped*: applied to a running process of that very program, reverted, applied again, while its other threads or clients
went on; after each step ordinary work, and the fix's own input where there is one, gave what the new build gives (after
the revert: the old); and a replaced function was entered, counted by the processor's breakpoint registers. Functions that
the test never entered are marked. *refused*: for the reason expected, naming the type and field or the function. *not to
be applied*: no field moves, but what the old code left in live data means something else to the new code; no tool sees
that in two builds, a reader of the patch does, and the test shows what happens. *refused needlessly*: what is still to do.

Bytes are the package's, for all images of the tree that contain the code. The pause is one sample, and like hp-build's
time taken on a busy machine of two cores.

"""


def coverage(rows):
    """Two figures: of the fixes that a running process can take at all, and of all that do not change live data's layout."""
    tried = [r for r in rows if r.result != "not tried"]
    fit = [r for r in tried if r.outcome in APPLIED]
    shipped = [r for r in fit if r.result == "shipped"]
    others = [r for r in tried if r.outcome not in (*APPLIED, "nothing")]
    layout_kept = fit + [r for r in others if "data-layout" not in r.outcome]
    right = [r for r in others if r.result == "refused"]

    def share(part, whole):
        return f"{len(part)} of {len(whole)}" + (f" ({100 * len(part) / len(whole):.1f} %)" if whole else "")
    return (f"{len(tried)} of {len(rows)} fixes tried. Shipped: {share(shipped, fit)} of those that a running process can take; "
            f"{share(shipped, layout_kept)} of all that leave the layout of live data alone, code that only `main` runs included. "
            f"Refused for the right reason: {share(right, others)}. "
            f"No code of this build changes: {len([r for r in tried if r.outcome == 'nothing'])}.")


def table(rows):
    lines = ["| package | fix | functions | bytes | pause | hp-build | outcome | reason |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        functions = [name + ("" if row.result != "shipped" or base_name(name) in map(base_name, row.entered) else " (not entered)")
                     for name in row.replaced]
        seconds = f"{row.seconds:.2f} s" if row.seconds is not None else ""
        lines.append(f"| {row.package} | {row.name} | {', '.join(functions)} | {row.bytes or ''} | {row.pause or ''} | {seconds} "
                     f"| {row.result} | {row.reason} |")
    return "\n".join(lines) + "\n\n" + coverage(rows) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", required=True)
    parser.add_argument("--result")
    parser.add_argument("--table", default=os.path.join(HERE, "fixes.tsv"))
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--no-live", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    with open(options.table) as file:
        rows = [Row(line) for line in file if line.strip() and not line.startswith("#")]
    wanted = [r for r in rows if not options.names or r.package in options.names or any(n in r.fix for n in options.names)]
    report = Report()
    for row in rows:
        row.load(os.path.abspath(options.pairs))
    for row in wanted:
        row.result, row.reason, row.entered, row.pause = "not tried", "", [], None
        one(os.path.abspath(options.pairs), row, report, options)
    if options.result:
        with open(options.result, "w") as file:
            file.write(PAGE + table(rows))
    for line in table(wanted).splitlines():
        print("# " + line)
    print(f"1..{report.count}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
