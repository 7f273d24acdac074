# SPDX-License-Identifier: GPL-3.0-or-later
"""measure.py RUNS COMMAND...: runs it RUNS times, prints best wall time in seconds, best CPU time and largest RSS in KiB.

The command's output is thrown away; an exit status above 1 ends the measurement (differences are status 1).
"""
import os
import subprocess
import sys
import time


def once(command):
    started = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        sys.exit(f"measure.py: {' '.join(command)}: exit status {code}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main():
    results = [once(sys.argv[2:]) for _ in range(int(sys.argv[1]))]
    print(f"{min(r[0] for r in results):.4f} {min(r[1] for r in results):.4f} {max(r[2] for r in results)}")


main()
