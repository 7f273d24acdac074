# SPDX-License-Identifier: GPL-3.0-or-later
"""redis-server under load, asked through redis-cli."""
import os
import subprocess
import tempfile
import time

from process import free_port, kill

# Answers that do not depend on time or on what ran before: the same for both sides but for the hole itself.
ORDINARY = r"""
SET greeting hello
APPEND greeting world
GETRANGE greeting 3 7
INCRBYFLOAT number 1.5
RPUSH list c a b
SORT list ALPHA
HSET hash one 1 two 2
HGETALL hash
ZADD scores 3 c 1 a 2 b
ZRANGE scores 0 -1 WITHSCORES
PFADD sketch a b c d e
PFADD other d e f
PFCOUNT sketch other
PFMERGE both sketch other
PFCOUNT both
XADD stream 1-1 field value
XGROUP CREATE stream group 0
XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >
XACK stream group 1-1
DUMP scores
RESTORE copied 0 "wrong"
ACL SETUSER worker on nopass %R~read:* %W~write:* +@all
ACL DRYRUN worker GET read:1
ACL DRYRUN worker SET read:1 x
EVAL "local t = {} for i = 1, 100 do t[i] = i end return {unpack(t, 1, 5)}" 0
EVAL "return [==[long]]string]==] .. 'x' .. 0x10 .. 1.5e3" 0
EVAL "return redis.error_reply('no')" 0
EVAL "return {unpack({1,2,3}, 2)}" 0
EVAL "return x y" 0
EVAL "return string.rep('ab', 3) .. tostring(nil)" 0
SCRIPT FLUSH
FUNCTION LOAD "#!lua name=lib\nredis.register_function('f', function(keys, args) return args[1] end)"
FCALL f 0 argument
FUNCTION LIST WRONG
FUNCTION FLUSH
OBJECT ENCODING list
COMMAND COUNT
NOSUCHCOMMAND a b
BITOP AND dest greeting greeting
SETBIT bits 7 1
GEOADD places 13.361389 38.115556 Palermo
GEOHASH places Palermo
PING
DEBUG DIGEST-VALUE greeting number list hash scores sketch other both stream dest bits places
"""

STREAM = bytes.fromhex("0f01100000000000000001000000000000000025250000000a00010100010101856669656c640600010201000100018576616c7565060401ff01010001076d7967726f7570010001000000000000000100000000000000004a79898f9f010000010209636f6e73756d6572414a79898f9f010000010000000000000001000000000000000009636f6e73756d6572425479898f9f01000001000000000000000100000000000000000900f6ea7b6cb8b8d8b4")
SPARSE = b"HYLL\1" + b"\0" * 10 + b"\x80" + b"\x7f\xff" * 262145


class Server:
    def __init__(self, process, load, peer):
        self.process, self.load, self.peer, self.pid, self.probes = process, load, peer, process.pid, 0

    def stop(self):
        for process in filter(None, (self.load, self.peer)):
            kill(process)
        kill(self.process)


class Redis:
    def __init__(self, context, fix):
        self.context, self.fix = context, fix
        self.socket = context.path("redis.sock")
        # What other nodes of a cluster say is what these fixes are about.
        self.in_cluster = "CVE-2026-21863" in fix or "CVE-2026-92925" in fix
        self.cli = [os.path.join(context.pair, "new/src/redis-cli"), "-s", self.socket]

    def ask(self, *words, data=None):
        return subprocess.run([*self.cli, *words], input=data, capture_output=True, timeout=60, check=False).stdout.decode("latin-1")

    def start(self, side):
        peer = self.start_peer()
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        cluster = ["--port", str(self.port), "--cluster-enabled", "yes"] if self.in_cluster else ["--port", "0"]
        folder = tempfile.mkdtemp(dir=self.context.work)
        process = subprocess.Popen([os.path.join(self.context.pair, side, "src/redis-server"), *cluster, "--unixsocket", self.socket,
                                    "--dir", folder, "--save", "", "--enable-debug-command", "local"], stdout=subprocess.DEVNULL)
        self.wait_for(self.cli)
        if self.in_cluster:
            self.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            self.ask("CLUSTER", "MEET", "127.0.0.1", str(self.peer_port))
            for _ in range(200):
                if "cluster_state:ok" in self.ask("CLUSTER", "INFO") and "cluster_known_nodes:2" in self.ask("CLUSTER", "INFO"):
                    break
                time.sleep(0.05)
        if "CVE-2026-23631" in self.fix:
            # While it follows another it takes no writes.
            return Server(process, None, peer)
        load = subprocess.Popen([self.cli[0].replace("redis-cli", "redis-benchmark"), "-s", self.socket, "-n", "1000000000", "-q", "-c", "4",
                                 "-r", "1000", "-t", "set,get,incr,lpush,lpop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return Server(process, load, peer)

    @staticmethod
    def wait_for(cli):
        for _ in range(400):
            if b"PONG" in subprocess.run([*cli, "ping"], capture_output=True, check=False).stdout:
                return
            time.sleep(0.05)

    def start_peer(self):
        """A server of the new build beside it: another node of its cluster, or the one whose data it takes."""
        if not (self.in_cluster or "CVE-2026-23631" in self.fix):
            return None
        self.port, self.peer_port = free_port(), free_port()
        cluster = ["--cluster-enabled", "yes"] if self.in_cluster else []
        peer = subprocess.Popen([os.path.join(self.context.pair, "new/src/redis-server"), "--port", str(self.peer_port), *cluster,
                                 "--dir", tempfile.mkdtemp(dir=self.context.work), "--save", "", "--repl-diskless-sync-delay", "0"],
                                stdout=subprocess.DEVNULL)
        self.wait_for([self.cli[0], "-p", str(self.peer_port)])
        return peer

    def transcript(self, server):
        database = [] if self.in_cluster else ["-n", "2"]
        self.ask(*database, "FLUSHDB")
        answers = self.ask(*database, data=ORDINARY.strip().encode()).split("\n")
        if self.in_cluster:
            # Messages of the other node come by themselves, some each second.
            time.sleep(2.5)
        if "CVE-2026-23631" in self.fix:
            answers += self.follow(server)
        return answers

    def follow(self, server):
        """Takes all data over from the other server, and goes on alone again."""
        other = [self.cli[0], "-p", str(self.peer_port)]
        subprocess.run([*other, "SET", "taken", "over"], capture_output=True, check=False)
        self.ask("REPLICAOF", "127.0.0.1", str(self.peer_port))
        for _ in range(200):
            if "master_link_status:up" in self.ask("INFO", "replication"):
                break
            time.sleep(0.05)
        taken = self.ask("GET", "taken")
        return [taken, self.ask("REPLICAOF", "NO", "ONE")]

    def probe(self, server):
        """Each time another key: what the unpatched server took in must not be touched again."""
        server.probes += 1
        if "CVE-2024-51741" in self.fix:
            return [self.ask("ACL", "SETUSER", "probe", "%")]
        if "CVE-2025-32023" in self.fix:
            self.ask("-x", "SET", "forged", data=SPARSE)
            return [self.ask("PFMERGE", "merged", "forged")]
        if "CVE-2025-67733" in self.fix:
            return [self.ask("EVAL", 'error(redis.error_reply("X\\r\\n+INJECTED"))', "0")]
        if "CVE-2025-46817" in self.fix:
            return [self.ask("EVAL", "return {unpack({1, 2, 3}, -2, 2147483647)}", "0")]
        if "CVE-2025-46819" in self.fix:
            return [self.ask("EVAL", "return [==[" + "=" * 10, "0")]
        if "CVE-2026-66373" in self.fix:
            self.ask("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1")
            return [self.ask("-x", "RESTORE", f"stream:{server.probes}", "0", data=STREAM)]
        return []

    @staticmethod
    def end(server):
        good = not server.load or server.load.poll() is None
        return good, "the load never lost a connection"
