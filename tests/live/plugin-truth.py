#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the matches of `hp-diff --json` against what variables really are: the names of their sections.

plugin-truth.py JSON OLD.o NEW.o: prints "right=N wrong=N open=N": open is a variable that both sides have and that was
not matched. Leaves with 1 when a match is wrong."""
import json
import re
import subprocess
import sys


def truth_of(path):
    sections, symbols = {}, {}
    for line in subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout.splitlines():
        found = re.match(r"\s*\[\s*(\d+)\] (\.truth\.\S+)", line)
        if found:
            sections[found[1]] = found[2]
    for line in subprocess.run(["readelf", "-sW", path], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split()
        if len(words) == 8 and words[3] == "OBJECT" and words[6] in sections:
            symbols[words[7]] = sections[words[6]]
    return symbols


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    old, new = truth_of(sys.argv[2]), truth_of(sys.argv[3])
    # What is not listed has its own name on both sides, or no counterpart.
    pairs = {m["old"]: m["new"] for o in document["objects"] for m in o["matches"]}
    gone = {d["name"] for o in document["objects"] for d in o["data"] if d["status"] == "removed"}
    right = wrong = 0
    for name, section in old.items():
        if name not in pairs and (name in gone or not document["objects"]):
            continue
        other = new.get(pairs.get(name, name))
        if other == section:
            right += 1
        elif other:
            wrong += 1
    common = len(set(old.values()) & set(new.values()))
    print(f"right={right} wrong={wrong} open={common - right - wrong}")
    sys.exit(wrong > 0)


main()
