#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many refusals and needless changes disappear with the GCC plugin.

refusals.py count PAIR...               each PAIR holds the trees old/ and new/, compiled with -g and the plugin
refusals.py kernel TREE OUT PATCH...    makes such pairs in OUT: TREE as hp-kbuild --prepare left it, PATCH of one file each

Code is the same with the plugin and without (sweep.sh), and so are debug sections; so what a build without the one or the other
would have been is the same object without these sections. Every pair is compared in four forms by `hp-diff --json` of HP_BIN; a
table tells for each form pairs without refusals, refusals by code, and functions and data that count as changed or new."""
import collections
import filecmp
import json
import os
import shlex
import shutil
import subprocess
import sys

DEBUG = [f".debug_{name}" for name in ("info", "abbrev", "aranges", "line", "str", "line_str", "loc", "loclists", "ranges", "rnglists",
                                       "frame", "macro", "addr", "str_offsets", "types")]
NOTES = [".debug_hotpatch"]
FORMS = {"-g and plugin": [], "-g alone": NOTES, "plugin alone": DEBUG, "neither": DEBUG + NOTES}


def run(command, **options):
    return subprocess.run(command, capture_output=True, check=False, **options)


def objects_of(tree):
    for directory, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                head = file.read(18)
            if head[:4] == b"\x7fELF" and head[16] == 1:
                yield os.path.relpath(path, tree)


def reduce_pair(pair, form, to):
    """Copies the objects that differ, without the sections that the form has not; how many."""
    shutil.rmtree(to, ignore_errors=True)
    count = 0
    for path in objects_of(os.path.join(pair, "new")):
        sides = [os.path.join(pair, side, path) for side in ("old", "new")]
        if not os.path.exists(sides[0]) or filecmp.cmp(*sides, shallow=False):
            continue
        count += 1
        for side, source in zip(("old", "new"), sides):
            target = os.path.join(to, side, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            options = [option for name in FORMS[form] for option in ("-R", name, "-R", ".rela" + name)]
            subprocess.run(["objcopy", *options, source, target], check=True)
    return count


def compare(to):
    said = run([os.path.join(os.environ["HP_BIN"], "hp-diff"), "--json", os.path.join(to, "old"), os.path.join(to, "new")])
    return json.loads(said.stdout)


def count(pairs):
    total = {form: collections.Counter() for form in FORMS}
    work = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"refusals.{os.getpid()}")
    for pair in [p for p in pairs if os.path.isdir(os.path.join(p, "old")) and os.path.isdir(os.path.join(p, "new"))]:
        if not reduce_pair(pair, "-g and plugin", work):
            continue
        for form, counter in total.items():
            reduce_pair(pair, form, work)
            document = compare(work)
            counter["pairs"] += 1
            counter["pairs that are refused"] += bool(document["refusals"])
            for refusal in document["refusals"]:
                counter["refused: " + refusal["code"]] += 1
            for one in document["objects"]:
                counter["functions changed or new"] += sum(f["status"] != "removed" for f in one["functions"])
                counter["data changed, new or gone"] += len(one["data"])
                for match in one.get("matches", []):
                    counter["pairs of renumbered names by " + match["evidence"]] += 1
            print(f"{pair}: {form}: {sorted({r['code'] for r in document['refusals']})}", file=sys.stderr)
    shutil.rmtree(work, ignore_errors=True)
    rows = sorted({row for counter in total.values() for row in counter})
    print("| | " + " | ".join(FORMS) + " |\n|---|" + "---|" * len(FORMS))
    for row in rows:
        print(f"| {row} | " + " | ".join(str(total[form][row]) for form in FORMS) + " |")


def compile_side(tree, command, plugin, source, target):
    words = shlex.split(command)
    words = [word for word in words if not word.startswith("-Wp,-M")]
    made = run([words[0], f"-fplugin={plugin}", "-g", *words[1:], "-iquote", os.path.dirname(source[1]), "-c", source[0], "-o", target], cwd=tree)
    return made.returncode == 0


def kernel(tree, out, patches):
    plugin = os.environ["HP_PLUGIN"]
    commands = {}
    with open(os.path.join(tree, ".hp/commands"), encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            commands.setdefault(fields[1], (fields[0], fields[3]))
    for patch in patches:
        with open(patch, encoding="utf-8", errors="replace") as file:
            path = next(line.split()[1] for line in file if line.startswith("+++ ")).split("/", 1)[1]
        if path not in commands:
            continue
        name, command = commands[path]
        # both sides from one place, so that nothing differs by its path
        source = os.path.join(os.path.abspath(out), "source", path)
        pair = os.path.join(os.path.abspath(out), path.replace("/", "_"))
        os.makedirs(os.path.dirname(source), exist_ok=True)
        shutil.copyfile(os.path.join(tree, path), source)
        for side in ("old", "new"):
            target = os.path.join(pair, side, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if side == "new" and run(["patch", "-s", "-p1", "-i", os.path.abspath(patch)], cwd=os.path.join(out, "source")).returncode:
                shutil.rmtree(pair)
                break
            if not compile_side(tree, command, plugin, (source, path), target):
                shutil.rmtree(pair)
                break
        print(f"{path}: {'compiled' if os.path.exists(pair) else 'left out'}", file=sys.stderr)


if sys.argv[1] == "kernel":
    kernel(sys.argv[2], sys.argv[3], sys.argv[4:])
elif sys.argv[1] == "count":
    count(sys.argv[2:])
else:
    sys.exit(__doc__)
