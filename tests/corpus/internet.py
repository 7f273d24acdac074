# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for curl to talk to, all on 127.0.0.1: HTTP (also as a proxy), TLS, websockets, SOCKS5, SMTP, telnet, SSH, HTTP/2."""
import base64
import hashlib
import http.server
import os
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time

from process import free_port, kill

BODY = b"0123456789" * 500


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = "/" + self.path.split("://")[-1].split("/", 1)[-1]
        name, _, argument = path.partition("?")
        if name == "/who":
            self.answer(f"{self.headers.get('Authorization')} {self.headers.get('Proxy-Authorization')} "
                        f"{self.headers.get('Cookie')}\n".encode())
        elif name == "/cookie":
            self.answer(b"taken\n", headers=[("Set-Cookie", "name=value; " + argument.replace("&", "; "))])
        elif name == "/to":
            self.answer(b"", 302, [("Location", argument)])
        elif name == "/headers":
            self.answer(b"many\n", headers=[(f"X-{i}", "v" * 1000) for i in range(int(argument))])
        elif name == "/ws":
            self.echo_frame()
        else:
            self.answer(BODY)

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.answer(b"got " + data)

    do_PUT = do_POST

    def echo_frame(self):
        """One websocket frame, the way there and back."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        head = self.rfile.read(2)
        if len(head) == 2:
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(head[1] & 0x7f)))
            self.wfile.write(bytes([0x81, len(data)]) + data)
        self.close_connection = True


class Talk(socketserver.BaseRequestHandler):
    """A server of few words."""

    def handle(self):
        try:
            getattr(self, self.server.kind)(self.request)
        except OSError:
            pass

    @staticmethod
    def telnet(peer):
        peer.sendall(b"hello\r\n")
        time.sleep(0.2)

    @staticmethod
    def smb(peer):
        peer.recv(4096)

    @staticmethod
    def socks(peer):
        peer.recv(255)
        peer.sendall(b"\5\0")
        request = peer.recv(600)
        port, = struct.unpack("!H", request[-2:])
        peer.sendall(b"\5\0\0\1\x7f\0\0\1" + struct.pack("!H", port))
        with socket.create_connection(("127.0.0.1", port)) as target:
            other = threading.Thread(target=pump, args=(target, peer), daemon=True)
            other.start()
            pump(peer, target)
            other.join()

    @staticmethod
    def smtp(peer):
        lines = peer.makefile("rw", newline="\r\n")

        def say(text):
            lines.write(text + "\r\n")
            lines.flush()
        say("220 here")
        for line in lines:
            word = line.split()[0].upper() if line.split() else ""
            if word == "EHLO":
                say("250-here\r\n250 AUTH OAUTHBEARER XOAUTH2 PLAIN")
            elif word == "AUTH":
                say("235 " + hashlib.sha1(line.encode()).hexdigest())
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 " + hashlib.sha1(line.encode()).hexdigest())


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Threaded(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


def serve(handler, kind=None, context=None):
    server = Threaded(("127.0.0.1", 0), handler)
    server.kind = kind
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def certificate(folder, name):
    """A key and a certificate that signs itself, valid long enough for its dates to be written in the longer form."""
    path = os.path.join(folder, name.replace("*", "any") + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "12000", "-subj",
                    "/CN=test", "-addext", f"subjectAltName=DNS:{name}", "-keyout", path, "-out", path + ".crt"],
                   check=True, capture_output=True)
    with open(path, "a") as file, open(path + ".crt") as crt:
        file.write(crt.read())
    return path


class Internet:
    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.http, self.other = serve(Pages), serve(Pages)
        self.tls = {}
        for name in ("*.example.test", "x*.example.test"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate(folder, name))
            self.tls[name] = serve(Pages, context=context)
        self.talk = {kind: serve(Talk, kind) for kind in ("telnet", "smb", "socks", "smtp")}
        self.ssh = self.start_sshd()
        self.http2 = self.start_http2()

    def ports(self):
        """What commands call them."""
        return {"HTTP": self.http.server_address[1], "OTHER": self.other.server_address[1],
                "TLS": self.tls["*.example.test"].server_address[1], "PARTIAL": self.tls["x*.example.test"].server_address[1],
                **{kind.upper(): server.server_address[1] for kind, server in self.talk.items()}, "SSH": self.ssh, "HTTP2": self.http2}

    def start(self, argv, port):
        self.processes.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.05)
        return 0

    def start_sshd(self):
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
        if not sshd:
            return 0
        port, folder = free_port(), self.folder
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", os.path.join(folder, name)], check=True)
        config = os.path.join(folder, "sshd_config")
        with open(config, "w") as file:
            file.write(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
                       "StrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\nPidFile none\n"
                       "HostKeyAlgorithms +ssh-rsa\nPubkeyAcceptedAlgorithms +ssh-rsa\n"
                       f"ForceCommand internal-sftp -d {folder}\n")
        os.makedirs("/run/sshd", exist_ok=True)
        return self.start([sshd, "-D", "-f", config], port)

    def start_http2(self):
        server = shutil.which("nghttpd")
        port = free_port()
        page = os.path.join(self.folder, "page")
        with open(page, "wb") as file:
            file.write(BODY)
        return self.start([server, "--no-tls", "-d", self.folder, "-p", "/page=/sshd_config", str(port)], port) if server else 0

    def stop(self):
        for process in self.processes:
            kill(process)
        for server in (self.http, self.other, *self.tls.values(), *self.talk.values()):
            server.shutdown()
            server.server_close()
