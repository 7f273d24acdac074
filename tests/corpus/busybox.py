# SPDX-License-Identifier: GPL-3.0-or-later
"""busybox: a shell that reads commands from a pipe, and awk held up where it opens its program."""
import os

from process import Gated, Told

SHELL = ["echo $((1 + 2 * 3))", "echo $((0x1f << 2 | 5)) $((7 % 4)) $((2 ** 10))", "i=5; echo $((i++ + ++i)) $i", "echo $((i > 3 ? i : -i))",
         "echo $((a = 4, a *= 3)) $a", "(echo $((1 / 0))) 2>&1", "(echo $((1 +))) 2>&1", "x=abcdefg; echo ${x:2:3} ${x:$((1 + 1))}",
         "for n in 1 2 3; do echo $((n * n)); done", "let y=3+4; echo $y", "(echo $((09))) 2>&1", "echo $(( (1 || 0) && !0 ))", "echo $((64#_ + 2#101))"]

AWK = r'''
BEGIN { x = 3; y = x * 2 + 1; print x, y, x == 3, (x == 4) ? "four" : "other"; s = "a-b-c"; n = split(s, part, "-"); print n, part[2] }
{ total += $1; line[NR] = $0; gsub(/o/, "0"); print NR ": " $0, length($0), toupper($2) }
END { print total, NR; for (i = NR; i > 0; i--) print line[i]; printf "%5.2f|%-5s|%d\n", total / NR, "l", 42; print substr("hello", 2, 3) index("hello", "l") }
'''

OWN_AWK = {
    "42364-part1": 'BEGIN { print "before"; 7 *= 7; print "assigned" }\n',
    "42364-part2": 'BEGIN { u = v = w = 1; print u = 0 ? v = 4 : w = 5; print u, v, w; print v = 3 == 3, v }\n',
    "42363": 'BEGIN { x = (v = "abc", gsub("b", "X", v)); print x, v }\n',
}


class Shell:
    """Each command in the one shell, or in a child of it where an error would end it."""

    def __init__(self, context):
        self.context = context

    def start(self, side):
        return Told([os.path.join(self.context.pair, side, "busybox"), "ash", "-c",
                     'while read -r command; do eval "$command"; printf "\\n.\\n"; done'], cwd=self.context.work)

    @staticmethod
    def transcript(process):
        return [f"{command}: {process.ask(command)}" for command in SHELL]

    @staticmethod
    def probe(process):
        # 09J is a number and then a name: more of them than the stack of the evaluation holds.
        return [process.ask("(eval 'echo $((" + "09v" * 3000 + "))') >/dev/null 2>&1; echo $?"),
                process.ask("(eval 'echo ${0::0/0~09J}') 2>&1; echo $?")]


class Awk:
    def __init__(self, context, fix):
        self.context = context
        self.own = next((text for part, text in OWN_AWK.items() if part in fix), None)
        context.write("data", "1 one\n2 two\n30 foo\n")

    def kinds(self):
        return ["ordinary", "own"] if self.own else ["ordinary"]

    def start(self, side, kind):
        # The program's first file: once one was read, words left on the stack look like returns into the parser, and an
        # image without unwind tables gives no proof that they are not.
        gate = self.context.write("gated.awk", AWK if kind == "ordinary" else self.own)
        process = Gated([os.path.join(self.context.pair, side, "busybox"), "awk", "-f", "gated.awk", "data"], gate, cwd=self.context.work)
        process.wait_at_gate()
        return process

    @staticmethod
    def finish(process):
        return process.go_on().split("\n")


def of(context, fix):
    return Shell(context) if "48174" in fix else Awk(context, fix)
