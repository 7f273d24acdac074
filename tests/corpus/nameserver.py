# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for dnsmasq to ask, with a signed root zone and a few answers nobody should give; and a client."""
import hashlib
import socket
import struct
import threading

import ed25519

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "OPT": 41, "DS": 43,
         "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "ANY": 255}
SEED = bytes(range(32))
TTL = 300


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def record(name, kind, data, ttl=TTL):
    return wire(name) + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data


def dnskey():
    return struct.pack("!HBB", 257, 3, 15) + ed25519.public_key(SEED)


def key_tag():
    total = sum(byte << 8 if i % 2 == 0 else byte for i, byte in enumerate(dnskey()))
    return (total + (total >> 16 & 0xffff)) & 0xffff


def trust_anchor():
    digest = hashlib.sha256(b"\0" + dnskey()).hexdigest()
    return f".,{key_tag()},15,2,{digest}"


def signature(name, kind, *datas):
    labels = len([label for label in name.split(".") if label])
    head = struct.pack("!HBBIIIH", TYPES[kind], 15, labels, TTL, 0x7fffffff, 0x40000000, key_tag()) + b"\0"
    signed = head + b"".join(record(name, kind, data) for data in sorted(datas))
    return head + ed25519.sign(SEED, signed)


def signed(name, kind, *datas):
    return [record(name, kind, data) for data in datas] + [record(name, "RRSIG", signature(name, kind, *datas))]


def bitmap(*kinds):
    """The types of an NSEC record, all in the first window."""
    bits = bytearray(max(TYPES[kind] for kind in kinds) // 8 + 1)
    for kind in kinds:
        bits[TYPES[kind] // 8] |= 0x80 >> TYPES[kind] % 8
    return bytes([0, len(bits)]) + bytes(bits)


SOA = wire("ns") + wire("admin") + struct.pack("!IIIII", 1, 3600, 600, 86400, 60)


class Answers:
    """What the server says, by name; signing is slow, so each answer is made once."""

    def __init__(self):
        self.made = {}

    def of(self, name, kind):
        key = (name, kind)
        if key not in self.made:
            self.made[key] = self.make(name, kind)
        return self.made[key]

    @staticmethod
    def absent(name, types=None):
        """Nothing of that type, proven: answers, authority."""
        return [], signed("", "SOA", SOA) + signed(name, "NSEC", wire("zz") + (types or bitmap("A", "RRSIG", "NSEC")))

    def make(self, name, kind):
        """(answer records, authority records)"""
        if kind == TYPES["DNSKEY"]:
            return signed("", "DNSKEY", dnskey()), []
        if kind == TYPES["DS"]:
            return self.absent(name)
        plain = {
            ("plain", "A"): [b"\xc0\0\2\1", b"\xc0\0\2\2"],
            ("plain", "AAAA"): [bytes.fromhex("20010db8000000000000000000000001")],
            ("plain", "TXT"): [b"\5hello"],
            ("plain", "MX"): [b"\0\12" + wire("mail.plain")],
            ("plain", "SRV"): [b"\0\1\0\2\0\x50" + wire("web.plain")],
            ("alias", "CNAME"): [wire("plain")],
        }
        for (owner, of_kind), datas in plain.items():
            if name == owner and kind == TYPES[of_kind]:
                return [record(name, of_kind, data) for data in datas], []
        if name == "alias":
            return [record("alias", "CNAME", wire("plain")), record("plain", "A", b"\xc0\0\2\1")], []
        if name == "secure" and kind == TYPES["A"]:
            return signed(name, "A", b"\xc0\0\2\x63"), []
        if name == "secure":
            return self.absent(name)
        # A record that ends before the name in it does: rdlen counts no byte of it.
        if name == "lie":
            return [wire(name) + struct.pack("!HHIH", TYPES["MX"], 1, TTL, 3) + b"\0\12" + wire("mail.of.the.liar")], []
        # A signature whose length leaves no room for the signer's name.
        if name == "short-signature":
            whole = signature("short-signature", "A", b"\xc0\0\2\1")
            return [record(name, "A", b"\xc0\0\2\1"),
                    wire(name) + struct.pack("!HHIH", TYPES["RRSIG"], 1, TTL, 18) + whole[:18] + b"\0"], []
        # A window of no types at all.
        if name == "empty-window":
            return self.absent(name, b"\0\0") if kind != TYPES["DS"] else self.absent(name)
        return [], [record("", "SOA", SOA)]


def parse_question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    kind, = struct.unpack("!H", message[at + 1:at + 3])
    return ".".join(labels).lower(), kind, at + 5


def client_subnet(message):
    """The client-subnet option of a question, or None."""
    at = message.find(struct.pack("!H", 8), 12)
    while at != -1:
        length, family = struct.unpack("!HH", message[at + 2:at + 6])
        if family in (1, 2) and at + 4 + length <= len(message):
            return message[at:at + 4 + length]
        at = message.find(struct.pack("!H", 8), at + 1)
    return None


class Server(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answers = Answers()
        self.start()

    def run(self):
        while True:
            try:
                message, client = self.socket.recvfrom(4096)
            except OSError:
                return
            name, kind, end = parse_question(message)
            answer, authority = self.answers.of(name, kind)
            extra = []
            if b"\0" + struct.pack("!H", TYPES["OPT"]) in message[end:]:
                option = client_subnet(message[end:])
                if option and name == "other-subnet":
                    option = option[:-1] + bytes([option[-1] ^ 0xff])
                    answer = [record(name, "A", b"\xc0\0\2\x37")]
                options = option or b""
                extra = [b"\0" + struct.pack("!HHIH", TYPES["OPT"], 4096, 0x8000, len(options)) + options]
            reply = message[:2] + struct.pack("!HHHHH", 0x8580, 1, len(answer), len(authority), len(extra))
            self.socket.sendto(reply + message[12:end] + b"".join(answer + authority + extra), client)

    def stop(self):
        self.socket.close()


def ask(port, name, kind, timeout=2.0, flags=0x0120):
    """What a server on 127.0.0.1 answers, as text that does not depend on time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        question = struct.pack("!HHHHHH", 0x4242, flags, 1, 0, 0, 1) + wire(name) + struct.pack("!HH", TYPES[kind], 1)
        question += b"\0" + struct.pack("!HHIH", TYPES["OPT"], 4096, 0x8000, 0)
        client.sendto(question, ("127.0.0.1", port))
        try:
            reply = client.recv(4096)
        except (TimeoutError, socket.timeout):
            return f"{name} {kind}: no answer"
        except ConnectionRefusedError:
            return f"{name} {kind}: died: nobody listens"
    state, = struct.unpack("!H", reply[2:4])
    counts = struct.unpack("!HHHH", reply[4:12])
    # The time to live counts down; what else is in there does not change.
    return f"{name} {kind}: {state:04x} {counts} {hashlib.sha256(strip_times(reply)).hexdigest()[:16]}"


def strip_times(reply):
    """The reply with each record's time to live set to zero; names may be compressed."""
    def skip(at):
        while reply[at]:
            if reply[at] & 0xc0:
                return at + 2
            at += 1 + reply[at]
        return at + 1
    out, at = bytearray(reply), 12
    questions, *sections = struct.unpack("!HHHH", reply[4:12])
    for _ in range(questions):
        at = skip(at) + 4
    for _ in range(sum(sections)):
        at = skip(at)
        length, = struct.unpack("!H", reply[at + 8:at + 10])
        if struct.unpack("!H", reply[at:at + 2])[0] != TYPES["OPT"]:
            out[at + 4:at + 8] = b"\0\0\0\0"
        at += 10 + length
    return bytes(out[12:])
