# SPDX-License-Identifier: GPL-3.0-or-later
"""dnsmasq between a client and a name server of the test's own, with questions coming in all the time."""
import os
import socket
import subprocess
import threading

import nameserver
from process import free_port, kill

ORDINARY = [("plain", "A"), ("plain", "AAAA"), ("plain", "TXT"), ("plain", "MX"), ("plain", "SRV"), ("alias", "A"), ("none", "A"),
            ("host", "A"), ("text", "TXT"), ("1.0.0.127.in-addr.arpa", "PTR"), ("mail", "MX"), ("block", "A"), ("secure", "A"),
            ("secure", "TXT"), ("plain", "A"), ("secure", "A")]

OWN_INPUT = {"4890": [("empty-window", "TXT"), ("plain", "A")], "4891": [("short-signature", "A"), ("plain", "A")],
             "4893": [("other-subnet", "A")], "5172": [("lie", "MX"), ("plain", "A")]}


class Running:
    def __init__(self, process, port, load):
        self.process, self.port, self.load, self.pid = process, port, load, process.pid

    def stop(self):
        self.load.stop()
        kill(self.process)


class Load(threading.Thread):
    """Asks for the same name again and again."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ending, self.answers = port, threading.Event(), set()
        self.start()

    def run(self):
        while not self.ending.wait(0.005):
            self.answers.add(nameserver.ask(self.port, "host", "A"))

    def stop(self):
        self.ending.set()
        self.join()


class Dnsmasq:
    def __init__(self, context, fix):
        self.context, self.fix = context, fix
        self.own = next((questions for part, questions in OWN_INPUT.items() if part in fix), [])
        self.server = nameserver.Server()

    def start(self, side):
        port = free_port(socket.SOCK_DGRAM)
        signed = ["--dnssec", "--trust-anchor=" + nameserver.trust_anchor(), "--dnssec-check-unsigned=no"]
        process = subprocess.Popen(
            [os.path.join(self.context.pair, side, "src/dnsmasq"), "--keep-in-foreground", "--user=root", "--conf-file=/dev/null",
             "--no-hosts", "--no-resolv", "--pid-file=", "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}",
             f"--server=127.0.0.1#{self.server.port}", "--host-record=host,192.0.2.9", "--txt-record=text,some text",
             "--mx-host=mail,host,5", "--address=/block/0.0.0.0", "--add-subnet=24,56", "--cache-rr=MX,SRV,TXT", "--log-facility=-", *signed],
            stdout=subprocess.DEVNULL, stderr=open(self.context.path("dnsmasq.log"), "a"))
        for _ in range(100):
            if "no" not in nameserver.ask(port, "host", "A", 0.2).split(": ")[1][:2] and process.poll() is None:
                break
        return Running(process, port, Load(port))

    def transcript(self, running):
        return [self.ask(running, *question) for question in ORDINARY]

    def ask(self, running, name, kind):
        answer = nameserver.ask(running.port, name, kind)
        if "no answer" in answer and running.process.poll() is not None:
            answer = f"died: {running.process.returncode}"
        return answer

    def probe(self, running):
        return [self.ask(running, *question) for question in self.own]

    @staticmethod
    def end(running):
        running.load.stop()
        return len(running.load.answers) == 1, f"all who asked meanwhile got the same answer ({len(running.load.answers)})"
