#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles COUNT objects, evenly spread, of a kernel with another compiler: kernel-objects.py LOG COUNT TREE OUT COMPILER.
LOG is what `make -n vmlinux modules` says in the prepared TREE. Objects go to OUT; the tree stays as it is."""
import os
import re
import subprocess
import sys

log, count, tree, out, compiler = sys.argv[1:]
os.makedirs(out, exist_ok=True)
commands = {}
with open(log, encoding="utf-8", errors="replace") as lines:
    for line in lines:
        found = re.search(r"(\S*gcc\S* [^;]* -c -o (\S+\.o) (\S+\.c))", line)
        if found:
            commands.setdefault(found[2], found[1])
names = list(commands)
for name in names[::max(1, len(names) // int(count))][:int(count)]:
    command = re.sub(r"-Wp,-MMD,\S+", "", commands[name])
    command = command.replace(" -o " + name, " -o " + os.path.join(os.path.abspath(out), name.replace("/", "_")))
    command = compiler + " -g " + command.split(" ", 1)[1]
    subprocess.run(["sh", "-c", command], cwd=tree, check=False)
