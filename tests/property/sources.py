# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's sources of SQLite, redis and busybox, and how each of their files is compiled.

The build systems are asked with a compiler that only writes down what it was told to do: nothing is compiled but what a
test picks.
"""
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

PROGRAMS = ("sqlite3", "redis", "busybox")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

RECORDER = """#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
if "-c" in arguments and "-o" in arguments and any(a.endswith(".c") for a in arguments) and "/dev/null" not in arguments \\
        and "conftest" not in " ".join(arguments):
    output = arguments[arguments.index("-o") + 1]
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    open(output, "w").close()
    for a in arguments:
        if a.startswith("-Wp,-MD,"):
            with open(a[8:], "w") as file:
                source = next(s for s in arguments if s.endswith(".c"))
                file.write(f"{output}: {source}\\n")
    with open(os.environ["HP_COMMANDS"], "a") as file:
        file.write(json.dumps({"cwd": os.getcwd(), "args": arguments}) + "\\n")
    sys.exit(0)
os.execvp("cc", ["cc"] + arguments)
"""

# What the build wants to be told; flags that the tests choose are taken out again.
SETTINGS = {
    "redis": "make -k -j4 MALLOC=libc BUILD_TLS=no USE_SYSTEMD=no OPTIMIZATION=-O2 CC=$CC V=1",
    "busybox": "make -s defconfig && make -k -j4 CC=$CC",
    "sqlite3": "./configure --disable-tcl && make sqlite3.c",
}


class Source:
    """One file of a program: where it is, and the arguments that compile it."""

    def __init__(self, program, cwd, source, arguments):
        self.program, self.cwd, self.source, self.arguments = program, cwd, source, arguments
        self.compiler, self.after = None, None  # the kernel's own compiler, and what it runs on each object: objtool
        self.path = os.path.normpath(os.path.join(cwd, source))

    @property
    def name(self):
        return re.sub(r"[^\w.-]+", "_", f"{self.program}_{os.path.relpath(self.path, os.path.dirname(self.cwd))}")

    def text(self):
        with open(self.path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()


def record(program, tree, log):
    if os.path.exists(log):
        os.unlink(log)
    recorder = log + ".cc"
    with open(recorder, "w", encoding="utf-8") as file:
        file.write(RECORDER)
    os.chmod(recorder, 0o755)
    environment = dict(os.environ, CC=recorder, HP_COMMANDS=log, LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH="1700000000")
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    with open(log + ".out", "w", encoding="utf-8") as out:
        # Linking what was never compiled fails; what counts is in the log.
        subprocess.run(["sh", "-c", SETTINGS[program]], cwd=tree, env=environment, stdout=out, stderr=out,
                       stdin=subprocess.DEVNULL, check=False)


def sqlite_commands(tree):
    """The library from its own files: the amalgamation's pieces, and the amalgamation itself."""
    defines = ["-DSQLITE_THREADSAFE=1", "-DSQLITE_ENABLE_FTS5", "-DSQLITE_ENABLE_FTS3", "-DSQLITE_ENABLE_RTREE",
               "-DSQLITE_ENABLE_DBSTAT_VTAB", "-DSQLITE_ENABLE_COLUMN_METADATA", "-D_HAVE_SQLITE_CONFIG_H",
               "-DSQLITE_CORE", "-DSQLITE_PRIVATE=", "-I.", "-Itsrc"]
    names = sorted(n for n in os.listdir(os.path.join(tree, "tsrc")) if n.endswith(".c"))
    skip = re.compile(r"^(tclsqlite|shell|userauth|icu|os_win|mutex_w32|test.*|fts1.*|fts2.*|sqlite3)\.c$")
    return [{"cwd": tree, "args": ["-c", f"tsrc/{n}", "-o", "x.o"] + defines} for n in names if not skip.match(n)] + \
        [{"cwd": tree, "args": ["-c", "sqlite3.c", "-o", "x.o"] + defines}]


DROPPED = re.compile(r"^(-c|-g\w*|-O\w*|-W.*|-w|-M\w*|-pipe|-f(function|data)-sections|-static|-pedantic|-fno-inline.*)$")


def read_commands(program, tree, log):
    if program == "sqlite3":
        commands = sqlite_commands(tree)
    else:
        with open(log, encoding="utf-8") as file:
            commands = [json.loads(line) for line in file]
    found = {}
    for command in commands:
        arguments, source, skip = [], None, False
        for argument in command["args"]:
            if skip:
                skip = False
            elif argument in ("-o", "-MF", "-MT", "-MQ"):
                skip = True
            elif argument.endswith(".c") and not argument.startswith("-"):
                source = argument
            elif not DROPPED.match(argument) and not argument.startswith("-Wp,"):
                arguments.append(argument)
        if source:
            item = Source(program, command["cwd"], source, arguments)
            found.setdefault(item.path, item)
    return [found[path] for path in sorted(found)]


def kernel_sources(tree):
    """Each built file of a prepared kernel tree, by what `make -n` would do; the list is kept beside the tree."""
    log = os.path.abspath(tree) + ".commands"
    if not os.path.exists(log):
        settings = os.environ.get("HP_KERNEL_MAKE", "").split()
        with open(log + ".part", "w", encoding="utf-8") as out:
            subprocess.run(["make", "-n", "-k"] + settings + ["vmlinux", "modules"], cwd=tree, stdout=out,
                           stderr=subprocess.DEVNULL, check=False)
        os.rename(log + ".part", log)
    found = []
    pattern = re.compile(r"; (\S*gcc\S*|clang\S*) (-Wp,-MMD,\S+ .*?) -c -o (\S+\.o) (\S+\.c)\s*(?:;\s*(\./tools/objtool/objtool [^;]*?)\s+\S+\.o)?\s*;")
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            command = pattern.search(line) if " -c -o " in line else None
            if not command or not os.path.exists(os.path.join(tree, command.group(4))):
                continue
            arguments = [a for a in shlex.split(command.group(2)) if not a.startswith("-Wp,") and not re.match(r"^-g|^-W", a)]
            source = Source("linux", os.path.abspath(tree), command.group(4), arguments)
            source.compiler = command.group(1)
            source.after = shlex.split(command.group(5)) if command.group(5) else None
            found.append(source)
    return found


def prepare(program, fetched, work):
    """All sources of PROGRAM, fetched into FETCHED and made ready below WORK; both are kept."""
    if program == "linux":
        return kernel_sources(os.environ["HP_KERNEL_TREE"])
    tree, log = os.path.join(work, "tree", program), os.path.join(work, f"{program}.commands")
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_ready(program, tree, log, fetched)
    return read_commands(program, tree, log)


def make_ready(program, tree, log, fetched):
    if not os.path.exists(tree + ".ready"):
        subprocess.run([os.path.join(ROOT, "demo", "fetch-source.sh"), program, fetched], check=True, stdout=sys.stderr)
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(os.path.dirname(tree), exist_ok=True)
        shutil.copytree(os.path.join(fetched, program), tree, symlinks=True)
        record(program, tree, log)
        open(tree + ".ready", "w", encoding="utf-8").close()


def compile_source(source, output, flags, compiler="cc", text=None, cwd=None, timeout=600):
    """Compiles SOURCE, or TEXT in its place under the same name. True when it went well."""
    cwd = cwd or source.cwd
    command = shlex.split(source.compiler or compiler) + source.arguments + flags + ["-w", "-c", "-o", output]
    if text is None:
        command.append(source.source if not os.path.isabs(source.source) else source.path)
        given = None
    else:
        # Under its name and beside its neighbours, but from a pipe: the tree itself stays as it is.
        folder = os.path.dirname(source.source)
        command += ["-iquote", folder or ".", "-x", "c", "-"]
        given = f'# 1 "{source.source}"\n{text}'.encode("utf-8", "surrogateescape")
    try:
        done = subprocess.run(command, cwd=cwd, input=given, stdin=None if given is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=timeout, check=False,
                              env=dict(os.environ, SOURCE_DATE_EPOCH="1700000000", LC_ALL="C"))
    except subprocess.TimeoutExpired:
        return False
    if done.returncode == 0 and source.after:
        done = subprocess.run(source.after + [os.path.abspath(output)], cwd=cwd, capture_output=True, check=False)
    return done.returncode == 0
