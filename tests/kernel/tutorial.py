#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's tutorial as a test: commands behind `$` run on this machine, those behind `#` in a guest.

    tutorial.py host FILE.md RELEASE DIR                    writes the files, runs the first, prints results
    tutorial.py guest FILE.md RELEASE                       prints the guest's script
    tutorial.py compare FILE.md RELEASE CONSOLE             prints results of what the guest printed

RELEASE takes the place of the release that the tutorial names. Results are without numbers: "ok - NAME".
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tutorial  # noqa: E402


def parts(path, release):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"6\.1\.0-\d+-cloud-amd64", release, file.read())
    return list(tutorial.parse_text(text))


def report(path, commands, outputs):
    for index, (_, number, command, expected, _) in enumerate(commands):
        got = tutorial.strip(outputs[index].split("\n")) if index < len(outputs) else ["(it did not come this far)"]
        good = tutorial.same(command, tutorial.strip(expected), got)
        print(("ok" if good else "not ok") + f" - {path}:{number}: {command.splitlines()[0].replace('#', '')}")
        if not good:
            print("\n".join(["# shown in the tutorial:"] + ["#   " + line for line in expected] +
                            ["# printed:"] + ["#   " + line for line in got]))


def of(prompt, all_parts):
    return [part for part in all_parts if part[0] == "command" and part[4] == prompt]


def host(path, release, folder):
    everything = parts(path, release)
    for part in everything:
        if part[0] == "file":
            with open(os.path.join(folder, part[1]), "w", encoding="utf-8") as file:
                file.write(part[2])
    commands = of("$", everything)
    script = ["exec 2>&1"] + [f"{part[2]}\necho; echo '{tutorial.MARK}'" for part in commands]
    shell = subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, text=True, errors="replace",
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    report(path, commands, shell.stdout.split(tutorial.MARK + "\n"))


def guest(path, release):
    print("exec 2>&1")
    for part in of("#", parts(path, release)):
        print(f"{part[2]}\necho; echo '{tutorial.MARK}'")


def compare(path, release, console):
    with open(console, encoding="utf-8", errors="replace") as file:
        text = re.sub(r"[^\n]*\x1b\[K", "", file.read())  # progress on a terminal
    start = text.find(tutorial.MARK + "\n")  # the script's first line prints one, behind what the kernel says
    report(path, of("#", parts(path, release)), text[start + len(tutorial.MARK) + 1:].split(tutorial.MARK + "\n"))


if __name__ == "__main__":
    {"host": host, "guest": guest, "compare": compare}[sys.argv[1]](*sys.argv[2:])
