#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares two JSON files, whatever the order of their keys. usage: same_json.py A B; exit status 0 equal, 1 not."""
import json
import sys


def differences(place, one, two):
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys()):
            yield from differences(f"{place}.{key}", one.get(key, "(missing)"), two.get(key, "(missing)"))
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (left, right) in enumerate(zip(one, two)):
            yield from differences(f"{place}[{index}]", left, right)
    elif one != two or type(one) is not type(two):
        yield f"{place}: {one!r} and {two!r}"


def main():
    with open(sys.argv[1], encoding="utf-8") as one, open(sys.argv[2], encoding="utf-8") as two:
        found = list(differences("", json.load(one), json.load(two)))
    for line in found:
        print(line, file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
