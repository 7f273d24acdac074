# SPDX-License-Identifier: GPL-3.0-or-later
"""libcurl in a program of several threads (hosts/curl.c) that talks to servers of the test's own (internet.py)."""
import getpass
import os
import re

from internet import Internet
from process import Told

LIBRARY, SONAME = "lib/.libs/libcurl-nss.so.4.8.0", "libcurl-nss.so.4"
HTTP = "http://127.0.0.1:{HTTP}"
TLS = "https://a.example.test:{TLS}/who\tresolve=a.example.test:{TLS}:127.0.0.1"
SSH = "key={folder}/user\tpublickey={folder}/user.pub\tuser={user}:"

ORDINARY = [
    "forget", f"get\t{HTTP}/plain", f"get\t{HTTP}/plain", f"get\t{HTTP}/headers?50", f"get\t{HTTP}/cookie?path=/\tcookiefile=", f"get\t{HTTP}/who",
    f"get\t{HTTP}/to?http://127.0.0.1:{{OTHER}}/who\tfollow=1\tbearer=token\tauth=64", f"get\t{HTTP}/who\tuser=me:secret", f"get\t{HTTP}/plain\trange=5-9",
    f"get\t{HTTP}/post\tpost=some text", f"get\t{HTTP}/who\tnetrc=1\tnetrcfile={{folder}}/netrc", f"get\t{HTTP}/who\tproxy=http://127.0.0.1:{{OTHER}}\tproxyuser=a:b",
    f"get\t{HTTP}/plain\tproxy=socks5h://127.0.0.1:{{SOCKS}}", f"get\t{HTTP}/cookie?path=/\tcookiefile=\tcookiejar={{folder}}/jar", "forget",
    "get\thttp://sub.example.test:{HTTP}/who\tresolve=sub.example.test:{HTTP}:127.0.0.1\thstson=1\thsts={folder}/hsts\tprotocols=http,https",
    f"get\t{TLS}\tverify=0\tverifyhost=2", f"get\t{TLS}\tcafile={{folder}}/any.example.test.pem.crt\tcertinfo=1",
    "get\ttelnet://127.0.0.1:{TELNET}/\ttelnet=TTYPE=vt100", "get\tsmtp://127.0.0.1:{SMTP}/here\tuser=me\tbearer=token\toptions=AUTH=XOAUTH2", "get\tsmb://127.0.0.1:{SMB}/share/file\tuser=u:p\ttimeout=300",
    "get\tws://127.0.0.1:{HTTP}/ws\tconnectonly=2\tframe=over there", f"get\tsftp://127.0.0.1:{{SSH}}/~/page\t{SSH}", f"get\tsftp://127.0.0.1:{{SSH}}{{folder}}/page\t{SSH}\tnobody=1",
    "get\thttp://127.0.0.1:{HTTP2}/page\tversion=5", "get\tnosuch://127.0.0.1/",
]

OWN_INPUT = {
    "CVE-2023-27533": ["get\ttelnet://127.0.0.1:{TELNET}/\tuser=\u00fcser:pw\ttelnet=TTYPE=vt100", "get\ttelnet://127.0.0.1:{TELNET}/\ttelnet=TTYPE=\u00fc"],
    "CVE-2023-27534": [f"get\tsftp://127.0.0.1:{{SSH}}/~2/page\t{SSH}", f"get\tsftp://127.0.0.1:{{SSH}}/~\t{SSH}\tnobody=1"],
    "CVE-2023-28319": [f"get\tsftp://127.0.0.1:{{SSH}}/~/page\t{SSH}\tsha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    "CVE-2023-28321": ["get\thttps://xa.example.test:{PARTIAL}/who\tresolve=xa.example.test:{PARTIAL}:127.0.0.1\tcafile={folder}/xany.example.test.pem.crt"],
    "CVE-2023-38545": ["get\thttp://" + "h" * 255 + "." + "i" * 20 + ":{HTTP}/\tproxy=socks5h://127.0.0.1:{SOCKS}"],
    "CVE-2023-46218": ["get\thttp://x.co.UK:{HTTP}/cookie?domain=co.UK\tcookiefile=\tresolve=x.co.UK:{HTTP}:127.0.0.1", "forget"],
    "CVE-2023-46219": [f"get\t{HTTP}/cookie?path=/\tcookiefile=\tcookiejar={{folder}}/" + "j" * 240, "forget"],
    "CVE-2023-32001": [f"get\t{HTTP}/cookie?path=/\tcookiefile=\tcookiejar=/dev/null", "forget"],
    "CVE-2024-2004": [f"get\t{HTTP}/plain\tprotocols=-http,-nosuch", f"get\t{HTTP}/plain\tprotocols="],
    "CVE-2024-8096": [f"get\t{TLS}\tverify=0\tverifyhost=0\tverifystatus=1"],
    "CVE-2024-7264": [f"get\t{TLS}\tcafile={{folder}}/any.example.test.pem.crt\tcertinfo=1"],
    "CVE-2024-11053": [f"get\t{HTTP}/to?http://localhost:{{OTHER}}/who\tfollow=1\tnetrc=1\tnetrcfile={{folder}}/netrc"],
    "CVE-2025-0167": [f"get\t{HTTP}/to?http://localhost:{{OTHER}}/who\tfollow=1\tnetrc=1\tnetrcfile={{folder}}/netrc-default"],
    "CVE-2026-3783": [f"get\t{HTTP}/to?http://127.0.0.1:{{OTHER}}/who\tfollow=1\tbearer=token\tauth=64\tnetrc=1"],
    "CVE-2026-3784": ["forget"] + [f"get\t{HTTP}/who\tproxy=socks5h://127.0.0.1:{{SOCKS}}\tproxyuser={user}:b" for user in ("a", "c", "a")],
    "CVE-2026-5773": ["get\tsmb://127.0.0.1:{SMB}/share/file\tuser=u:p\ttimeout=300"],
    "CVE-2026-7168": [f"get\t{HTTP}/who\tproxy=http://127.0.0.1:{{OTHER}}\tproxyuser=a:b", f"get\t{HTTP}/who\tproxy=http://127.0.0.1:{{HTTP}}"],
}


class Library:
    def __init__(self, context, fix):
        self.context, self.fix = context, fix
        self.own = next((commands for part, commands in OWN_INPUT.items() if part in fix), [])
        # From a handle of its own: which connections are there already is part of the answer.
        self.own = ["forget", *self.own] if self.own else []
        self.internet = Internet(context.work)
        context.write("netrc", "machine 127.0.0.1 login me password secret\nmachine localhost login you\n")
        context.write("netrc-default", "machine 127.0.0.1 login me password secret\ndefault\n")
        context.write("hsts", '.example.test "20991231 23:59:59"\n')
        self.names = {**self.internet.ports(), "folder": context.work, "user": getpass.getuser()}

    def fill(self, command):
        return re.sub(r"\{(\w+)\}", lambda match: str(self.names[match.group(1)]), command)

    def start(self, side):
        # Code that only another TLS library reaches is reached through that one.
        backend = {"BACKEND": "gnutls"} if re.search("CVE-2024-(7264|8096)", self.fix) else {"BACKEND": "openssl"}
        return Told([self.context.program, "3", self.fill(f"{HTTP}/plain")],
                    {"LD_LIBRARY_PATH": self.context.library(side, LIBRARY, SONAME), "HOME": self.context.work, **backend}, self.context.work, 90)

    def ask(self, process, command):
        # What was not there must not be found the next time.
        for name in ("jar", "j" * 240):
            if os.path.exists(self.context.path(name)):
                os.unlink(self.context.path(name))
        answer = re.sub(r"after \d+ milli", "after some milli", process.ask(self.fill(command)))
        return f"{command}: {answer}"

    def transcript(self, process):
        return [self.ask(process, command) for command in ORDINARY]

    def probe(self, process):
        return [self.ask(process, command) for command in self.own]

    @staticmethod
    def end(process):
        said, good = process.quit()
        return good, "the other threads always got the same answer: " + said.strip().replace("\n", " ")

    def close(self):
        self.internet.stop()
