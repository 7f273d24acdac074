# SPDX-License-Identifier: GPL-3.0-or-later
"""busybox: a shell that reads commands from a pipe, awk held up where it opens its program, and the web server beside them."""
import http.client
import os
import subprocess
import threading
import time

from process import Gated, Told, free_port, kill

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


# What a client asks, and with which header.
REQUESTS = [("GET", "/", {}), ("GET", "/page.html", {}), ("GET", "/page.html", {"Range": "bytes=5-11"}), ("HEAD", "/long.txt", {}),
            ("GET", "/long.txt", {}), ("GET", "/no%20such", {}), ("GET", "/cgi-bin/answer?word=two%20words", {}), ("POST", "/page.html", {}),
            ("GET", "/../etc/passwd", {}), ("GET", "/locked/page.html", {})]
SCRIPT = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n%s' \"$QUERY_STRING\"\n"


class WebServer:
    """One server and a client that never stops asking; each connection is served by a child of it."""

    def __init__(self, argv, port, cwd):
        self.port, self.failed, self.over = port, [], threading.Event()
        self.process = subprocess.Popen(argv, cwd=cwd, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        for _ in range(200):
            if not self.ask("GET", "/page.html", {}).startswith("died"):
                break
            time.sleep(0.05)
        self.load = threading.Thread(target=self.keep_asking)
        self.load.start()

    def ask(self, method, path, headers):
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            client.request(method, path, headers=headers)
            answer = client.getresponse()
            return f"{answer.status} {answer.getheader('Content-Type')} {answer.getheader('Content-Range')} {answer.read().decode('latin-1')}"
        except (OSError, http.client.HTTPException) as error:
            return f"died: {error}"

    def keep_asking(self):
        while not self.over.wait(0.01):
            said = self.ask("GET", "/long.txt", {})
            if not said.startswith("200 "):
                self.failed.append(said)

    def stop(self):
        self.over.set()
        self.load.join()
        kill(self.process)


class Httpd:
    """The image of every fix here is this server's, too, whose work enters nothing that a fix replaces: it goes on as it was."""

    name = "httpd"

    def __init__(self, context):
        self.context, self.root = context, context.path("web")
        os.makedirs(os.path.join(self.root, "cgi-bin"))
        os.makedirs(os.path.join(self.root, "locked"))
        for path, text in ("index.html", "<p>index"), ("page.html", "<p>a page of its own"), ("long.txt", "words and words\n" * 5000), \
                          ("cgi-bin/answer", SCRIPT), ("locked/page.html", "locked"):
            context.write("web/" + path, text)
        os.chmod(os.path.join(self.root, "cgi-bin/answer"), 0o755)
        context.write("httpd.conf", "/locked:user:word\n")

    def start(self, side):
        port = free_port()
        return WebServer([os.path.join(self.context.pair, side, "busybox"), "httpd", "-f", "-p", f"127.0.0.1:{port}", "-h", self.root,
                          "-c", self.context.path("httpd.conf")], port, self.context.work)

    @staticmethod
    def transcript(process):
        return [f"{method} {path}: {process.ask(method, path, headers)}" for method, path, headers in REQUESTS] + \
               [f"asked beside: {said}" for said in process.failed]


def of(context, fix):
    program = Shell(context) if "48174" in fix else Awk(context, fix)
    program.beside = [Httpd(context)]
    return program
