# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the commands of tutorials and compares what they print with what the tutorial shows. Prints TAP.

    tutorial.py DIR FILE.md...

A fenced block `console` is a session: lines behind `$ ` are commands (going on after a final backslash), the lines
below each are its output; `...` stands for any lines. A fenced block with a file name behind its language
(```c counter.c) is written to that file. Each tutorial runs in one shell in a folder of its own, so variables and
background processes live on from one command to the next. What the hp- tools print differs from run to run in
numbers and hashes: of those only the kind is compared.
"""
import os
import re
import subprocess
import sys

MARK = "@@tutorial@@"


def parse(path):
    """Yields ("file", name, text) and ("command", line number, command, expected lines, prompt)."""
    with open(path, encoding="utf-8") as file:
        return parse_text(file.read())


def parse_text(text):
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        fence = re.match(r"```(\w+)(?: +(\S+))?$", lines[at])
        at += 1
        if not fence:
            continue
        block, first = [], at
        while at < len(lines) and lines[at] != "```":
            block.append(lines[at])
            at += 1
        at += 1
        if fence.group(1) == "console":
            yield from parse_session(block, first)
        elif fence.group(2):
            yield "file", fence.group(2), "\n".join(block) + "\n"


def parse_session(block, first):
    command, expected, number, prompt = None, [], 0, ""
    for offset, line in enumerate(block):
        if command is not None and command.endswith("\\") and not expected:
            command += "\n" + line
        elif line.startswith("$ ") or line.startswith("# "):
            if command is not None:
                yield "command", number, command, expected, prompt
            command, expected, number, prompt = line[2:], [], first + offset + 1, line[0]
        else:
            expected.append(line)
    if command is not None:
        yield "command", number, command, expected, prompt


def normalise(line):
    line = re.sub(r"\b([0-9a-f]{4,}…|[0-9a-f]{40}\b|[0-9a-f]{64}\b|0x[0-9a-f]+)", "N", line)
    line = re.sub(r"[0-9]+([.,][0-9]+)*", "N", line)
    line = re.sub(r",? +N retr(y|ies)", "", line)
    # Where it happened: the last folder and the file are told apart, what is above is not.
    line = re.sub(r" /\S*/(\w+/\w+)\b", r" \1", line)
    return re.sub(r"\s+", " ", line).strip()


def matches(expected, got):
    """Line by line; `...` takes any number of lines."""
    if not expected:
        return not got
    if expected[0] == "...":
        return any(matches(expected[1:], got[skip:]) for skip in range(len(got) + 1))
    return bool(got) and expected[0] == got[0] and matches(expected[1:], got[1:])


def same(command, expected, got):
    if command.startswith("hp-"):
        expected = [line if line == "..." else normalise(line) for line in expected]
        got = [normalise(line) for line in got]
    return matches(expected, got)


def strip(lines):
    return [line for line in lines if line.strip()]


def run(path, folder):
    os.makedirs(folder, exist_ok=True)
    parts = list(parse(path))
    script = ["exec 2>&1", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    commands = []
    for part in parts:
        if part[0] == "file":
            target = os.path.join(folder, part[1])
            os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
            with open(target, "w", encoding="utf-8") as file:
                file.write(part[2])
        else:
            script.append(f"{part[2]}\necho; echo '{MARK}'")
            commands.append(part)
    shell = subprocess.run(["timeout", "240", "bash", "-c", "\n".join(script)], cwd=folder, text=True, errors="replace",
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(os.environ, LC_ALL="C.UTF-8"))
    outputs = shell.stdout.split(MARK + "\n")
    for index, (_, number, command, expected, _) in enumerate(commands):
        got = strip(outputs[index].split("\n")) if index < len(outputs) else ["(the shell did not come this far)"]
        yield f"{path}:{number}: ", command, strip(expected), got


def main():
    out, paths = sys.argv[1], sys.argv[2:]
    count = 0
    for path in paths:
        for place, command, expected, got in run(path, os.path.join(out, os.path.basename(path))):
            count += 1
            good = same(command, expected, got)
            print(("ok" if good else "not ok") + f" {count} - {place}{command.splitlines()[0].replace('#', '')}")
            if not good:
                print("\n".join(["# shown in the tutorial:"] + ["#   " + line for line in expected] +
                                ["# printed:"] + ["#   " + line for line in got]))
    print(f"1..{count}" if count else "1..0 # SKIP there are no tutorials")


if __name__ == "__main__":
    main()
