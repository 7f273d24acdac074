#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fix out of the difference of two kernel trees: all of some files, and what belongs to it elsewhere.

    hunks.py OLD NEW CACHE FILE[,FILE...] [NAME...]       prints a patch

The hunks of each FILE, and of every other file those in which one of the NAMEs is added, removed or changed: a function's
declaration in a header, its definition, who calls it. CACHE: a file that keeps the list of what differs.
"""
import difflib
import os
import re
import sys

PLACES = ("arch/x86/include", "arch/x86/kernel", "arch/x86/net", "arch/x86/mm", "block", "crypto", "drivers", "fs", "include",
          "io_uring", "ipc", "kernel", "lib", "mm", "net", "security")


def read(path):
    with open(path, errors="surrogateescape") as file:
        return file.readlines()


def differing(old, new, cache):
    if not os.path.exists(cache):
        found = []
        for place in PLACES:
            for directory, _, names in os.walk(os.path.join(new, place)):
                for name in names:
                    path = os.path.relpath(os.path.join(directory, name), new)
                    if not name.endswith((".c", ".h")) or not os.path.exists(os.path.join(old, path)):
                        continue
                    if read(os.path.join(old, path)) != read(os.path.join(new, path)):
                        found.append(path)
        with open(cache + ".tmp", "w") as file:
            file.write("".join(path + "\n" for path in sorted(found)))
        os.rename(cache + ".tmp", cache)
    return [line.rstrip("\n") for line in read(cache)]


def hunks(old, new, path):
    """Lists of lines, each a hunk with its @@ line; of the whole file's difference."""
    lines = list(difflib.unified_diff(read(os.path.join(old, path)), read(os.path.join(new, path)), n=3))[2:]
    found = []
    for line in lines:
        if line.startswith("@@"):
            found.append([])
        found[-1].append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return found


def main():
    old, new, cache, whole, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split(","), sys.argv[5:]
    wanted = re.compile(r"\b(?:" + "|".join(map(re.escape, names)) + r")\b") if names else None
    for path in differing(old, new, cache) if names else sorted(whole):
        chosen = [hunk for hunk in hunks(old, new, path)
                  if path in whole or any(line[0] in "+-" and wanted.search(line) for line in hunk)]
        if chosen:
            sys.stdout.write(f"--- a/{path}\n+++ b/{path}\n" + "".join(line for hunk in chosen for line in hunk))


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="surrogateescape")
    main()
