# SPDX-License-Identifier: GPL-3.0-or-later
"""pauses.py TIMES PID ID PACKAGE: applies and reverts in turn, prints median and largest pause in microseconds, and tries that were busy."""
import json
import statistics
import subprocess
import sys


def pauses_in(document):
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "pause_us" and value is not None:
                yield float(value)
            else:
                yield from pauses_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from pauses_in(value)


def main():
    times, pid, package_id, package = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    pauses, busy = [], 0
    for turn in range(times):
        for command in (["hp-apply", "--json", pid, package], ["hp-apply", "--json", f"--revert={package_id}", pid]):
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
            if done.returncode == 1:
                busy += 1
                continue
            if done.returncode != 0:
                sys.exit(f"pauses.py: {' '.join(command)}: status {done.returncode}: {done.stdout}{done.stderr}")
            if command[2] == pid:
                pauses += pauses_in(json.loads(done.stdout))
    if not pauses:
        sys.exit("pauses.py: hp-apply reported no pause_us")
    print(f"{statistics.median(pauses):.0f} {max(pauses):.0f} {busy}")


main()
