#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The refusal page, the code and the tests name the same set of codes. Prints TAP."""
import glob
import re
import sys


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def in_page():
    """Codes with a section, each with what it is, how to see it and the ways out."""
    codes, poor = set(), []
    for section in read("doc/refusals.md").split("\n## ")[1:]:
        title, text = section.split("\n", 1)
        codes |= set(title.split(", "))
        flat = " ".join(text.split())
        if "*See it:*" not in flat or "*Ways out:*" not in flat or len(flat.split("*See it:*")[0]) < 40:
            poor.append(title)
    return codes, poor


def in_code():
    """What hp-build can be told to allow, and what hp-apply refuses with."""
    options = read("tools/hp-build-options.c")
    allowed = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', options.split("codes[] = {")[1].split("};")[0]))
    applying = {"target-traced", "target-permission", "target-seccomp", "target-modified", "no-space-near",
                "requires-missing", "no-livepatch", "module-missing", "hook-refused", "busy"}
    said = set()
    for path in glob.glob("apply/*.c"):
        said |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', read(path)))
    kernel = set()
    for found in re.findall(r'STATUS_\w+,\s+"([a-z-]+)"|code = "([a-z-]+)"|return "([a-z-]+)";',
                            read("tools/hp-apply-kernel.c")):
        kernel |= set(found) - {""}
    return allowed, applying, said | kernel, kernel


def sources():
    text = "".join(read(path) for folder in ("diff", "create") for path in glob.glob(f"{folder}/*.c"))
    return {code for code in re.findall(r'"([a-z]+(?:-[a-z]+)*)"', text)}


def in_tests():
    """Codes that some test wants to see."""
    wanted = {re.sub(r".*/|\.c$", "", path) for path in glob.glob("testdata/create/refuse/*.c")}
    for path in glob.glob("testdata/fixes/*.c"):
        wanted |= set(re.findall(r"^// refused: (\S+)", read(path), re.M))
    for path in glob.glob("tests/**/*", recursive=True):
        if re.search(r"\.(sh|c|h|py|bash)$", path) and not path.endswith("refusal-codes.py"):
            wanted |= set(re.findall(r"[a-z]+(?:-[a-z]+)+|notrace", read(path)))
    return wanted


def main():
    page, poor = in_page()
    allowed, applying, said, kernel = in_code()
    results = [
        ("every code of hp-build and hp-apply has a section", (allowed | applying) - page),
        ("every section is of a code that exists", page - allowed - applying),
        ("every section says what it means, how to see it, and the ways out", poor),
        ("every code that hp-build can be told to allow is said by it", allowed - sources()),
        ("every code of hp-apply is said by it", applying - said),
        ("every code that hp-apply says of a kernel has a section", kernel - page),
        # What only a kernel can show is in the kernel's tests.
        ("every code is wanted by a test", (allowed | applying) - in_tests() - {"notrace", "special-unsupported", "busy"}),
    ]
    for number, (name, wrong) in enumerate(results, 1):
        print(("not ok" if wrong else "ok") + f" {number} - {name}")
        if wrong:
            print("#   " + " ".join(sorted(wrong)))
    print(f"1..{len(results)}")
    return any(wrong for _, wrong in results)


if __name__ == "__main__":
    sys.exit(main())
