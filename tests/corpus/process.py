# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that the corpus patches: one that takes commands through its stdin, and one that waits at a gate.

A process of either kind is `Started`: it has a pid, `pair` and `side` it was made from, and a folder to work in.
"""
import fcntl
import os
import re
import select
import signal
import socket
import subprocess
import time

DEATHS = {-signal.SIGSEGV: "SIGSEGV", -signal.SIGABRT: "SIGABRT", -signal.SIGBUS: "SIGBUS", -signal.SIGFPE: "SIGFPE"}


def how_it_ended(status):
    if status is not None and status < 0:
        return DEATHS.get(status, f"signal {-status}")
    return f"status {status}"


def free_port(kind=socket.SOCK_STREAM):
    # A cluster's second port is the first plus 10000.
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            if probe.getsockname()[1] < 55000:
                return probe.getsockname()[1]


def kill(process):
    if process.poll() is None:
        process.kill()
    process.wait()


class Told:
    """A process that reads one command a line and ends each answer with a line `.` alone."""

    def __init__(self, argv, env=None, cwd=None, limit=60):
        self.limit, self.buffer, self.dead = limit, b"", None
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=cwd, env={**os.environ, **(env or {})})
        self.pid = self.process.pid

    def ask(self, command):
        """The answer; "died: SIGSEGV" and the like when there is none."""
        if self.dead:
            return self.dead
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return self.died()
        return self.answer()

    def answer(self):
        deadline = time.monotonic() + self.limit
        while b"\n.\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.dead = "no answer in time"
                return self.dead
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                return self.died()
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\n.\n", 1)
        return text.decode("utf-8", "replace")

    def died(self):
        self.dead = "died: " + how_it_ended(self.process.wait())
        return self.dead

    def quit(self):
        """What it says of itself at its end, and whether it ended well."""
        said = self.ask("quit")
        self.process.stdin.close()
        try:
            status = self.process.wait(self.limit)
        except subprocess.TimeoutExpired:
            status = None
        return said, status == 0

    def stop(self):
        kill(self.process)


class Gate:
    """A file that nobody can open until the gate is opened: the kernel's own lease holds the opener up."""

    def __init__(self, path):
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        # Held by a descriptor that writes: the lease wants to be alone with the file.
        self.descriptor = os.open(path, os.O_RDWR)
        fcntl.fcntl(self.descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)

    def somebody_waits(self):
        # A lease that is being broken reads as what it is to become.
        return fcntl.fcntl(self.descriptor, fcntl.F_GETLEASE) != fcntl.F_WRLCK

    def open(self):
        fcntl.fcntl(self.descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(self.descriptor)
        self.descriptor = None


class Gated:
    """A program that does its work once, held up where it opens a file, so that it can be patched in the middle."""

    def __init__(self, argv, gate_path, env=None, cwd=None, limit=60, stdin=None):
        self.limit = limit
        self.gate = Gate(gate_path)
        # Known by its plain name: what it prints must not tell one build from the other.
        self.process = subprocess.Popen([os.path.basename(argv[0]), *argv[1:]], executable=argv[0],
                                        stdin=subprocess.DEVNULL if stdin is None else stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
                                        env={**os.environ, **(env or {})})
        self.pid = self.process.pid

    def wait_at_gate(self):
        deadline = time.monotonic() + self.limit
        while not self.gate.somebody_waits():
            if self.process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def go_on(self):
        """Opens the gate; what the program prints, and how it ends."""
        if self.gate.descriptor is not None:
            self.gate.open()
        try:
            said = self.process.communicate(timeout=self.limit)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            said = self.process.communicate()[0] + b"\nno end in time"
        return said.decode("utf-8", "replace") + "\n" + how_it_ended(self.process.returncode)

    def stop(self):
        kill(self.process)
        if self.gate.descriptor is not None:
            self.gate.open()


class Counter:
    """Counts how often functions are entered; see hosts/entered.c."""

    def __init__(self, program, pid, addresses):
        self.process = subprocess.Popen([program, str(pid)] + [f"{a:x}" for a in addresses],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ready = self.process.stdout.readline().strip() == b"ready"

    def counts(self):
        """{address: count}; None where the processor's registers cannot be had."""
        out, err = self.process.communicate()
        if not self.ready or self.process.returncode:
            return None, err.decode().strip()
        return {int(a, 16): int(n) for a, n in (line.split() for line in out.decode().splitlines())}, ""


def read_symbols(path):
    """[(address, name)] of the functions in an ELF file, by nm."""
    lines = subprocess.run(["nm", path], capture_output=True, text=True, check=False).stdout.splitlines()
    found = (re.match(r"([0-9a-f]+) [tTwW] (\S+)$", line) for line in lines)
    return [(int(m.group(1), 16), m.group(2)) for m in found if m]


def compile_once(pairs, source, options):
    """A helper program, kept by the time of its source."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), source)
    program = os.path.join(pairs, "hosts", os.path.basename(source)[:-2])
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(program), exist_ok=True)
        said = subprocess.run([os.environ.get("CC", "gcc"), "-g", "-O1", "-w", "-D_GNU_SOURCE", "-o", program + ".new", source, *options],
                              capture_output=True, text=True, check=False)
        if said.returncode:
            raise RuntimeError(said.stderr)
        os.rename(program + ".new", program)
    return program
