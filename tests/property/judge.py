# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts hp-diff's answer beside the independent one."""
import json
import os
import subprocess

import objcmp

HP_DIFF = os.path.join(os.environ.get("HP_BIN", "build/bin"), "hp-diff")


class Broken(Exception):
    """hp-diff itself went wrong."""


def hp_diff(old, new):
    """{"functions": {name: status}, "data": {name: status}} with names as objcmp.py has them, the exit status."""
    done = subprocess.run([HP_DIFF, "--json", "-q", "-j1", old, new], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise Broken(f"hp-diff {old} {new} exits with {done.returncode}: {done.stderr.strip()[:300]}")
    found = {"functions": {}, "data": {}}
    for item in json.loads(done.stdout)["objects"]:
        for kind, one in (("functions", item.get("functions", [])), ("data", item.get("data", []))):
            for unit in one:
                found[kind][objcmp.without_numbers(unit["name"])] = unit["status"]
    return found, done.returncode


def differences(answer, kinds=("functions", "data")):
    return {(kind, name) for kind in kinds for name in answer[kind]}


def judge(old, new, moved=None):
    """(too much, missed, what the independent comparison says, hp-diff's exit status)."""
    ours, status = hp_diff(old, new)
    theirs = objcmp.compare(old, new, moved).answer()
    left, right = differences(ours), differences(theirs)
    return left - right, right - left, right, status


def names(found):
    return " ".join(sorted(name if kind == "functions" else f"{name}(data)" for kind, name in found)) or "-"
