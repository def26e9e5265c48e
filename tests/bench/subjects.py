# SPDX-License-Identifier: Apache-2.0
"""What is compared: the agent, and what people would use instead. Each is started, watches the load,
says how many lives it saw, and is stopped."""
import http.client
import re
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import host
import kernel_stats

AGENT = "build/portgauge"
ONE_LINER = "tracepoint:sock:inet_sock_set_state /args->newstate == 2/ { @opened = count(); }"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket: it opens no TCP connection that would be measured as well."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Agent:
    """`portgauge run`, while it runs."""

    def __init__(self, child, folder, log):
        self.child = child
        self.pid = child.pid
        self.path = f"{folder}/http"
        self.control = f"{folder}/control"
        self.log = log

    def connection(self):
        return UnixConnection(self.path)

    def get(self, path, connection=None, **headers):
        connection = connection or self.connection()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status}")
        return body

    def is_ready(self):
        try:
            return bool(self.get("/-/ready"))
        except (OSError, RuntimeError, http.client.HTTPException):
            return False

    def metric(self, name, **labels):
        """The sum of all samples with these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        result = 0.0
        for line in self.get("/metrics").decode().splitlines():
            if re.match(re.escape(name) + r"[ {]", line) and all(label in line for label in wanted):
                result += float(line.rpartition(" ")[2])
        return result

    def settled(self, name, seconds=30, **labels):
        """The metric once two views in a row have the same, which come once a second."""
        before = [None]

        def same():
            now, before[0] = before[0], self.metric(name, **labels)
            return now == before[0]
        host.wait_for(name, same, seconds, pause=1.2)
        return before[0]

    def allocations(self, netns):
        return self.metric("portgauge_allocations_total", netns=netns, protocol="tcp", path="connect")

    def seen(self, netns):
        """Lives it saw, from beginning to end."""
        labels = {"netns": netns, "protocol": "tcp", "path": "connect"}
        released = self.settled("portgauge_releases_total", **labels)
        return int(min(self.allocations(netns), released))


@contextmanager
def agent(*options, log=None):
    """Yields it as soon as it is ready: attached, and the first picture taken. log: a file that is to stay."""
    with host.scratch() as folder, open(log or f"{folder}/log", "w+", encoding="utf-8") as log:
        command = [AGENT, "run", f"--web.listen-address=unix:{folder}/http", f"--control={folder}/control", *options]
        with host.process(command, stdout=log, stderr=log) as child:
            running = Agent(child, folder, log.name)

            def ready():
                if child.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"the agent ended: {log.read().strip().splitlines()[-1:]}")
                return running.is_ready()
            host.wait_for("the agent", ready, 60)
            yield running


class Tool:
    """A tracing tool, while it writes into a file."""

    def __init__(self, child, path, pattern):
        self.child = child
        self.pid = child.pid
        self.path = path
        self.pattern = pattern

    def size(self):
        with open(self.path, "rb") as file:
            return file.seek(0, 2)

    def seen(self, _netns):
        """Lives in what it wrote; it is stopped for that, after it has read what it was sent."""
        before = [-1]

        def still():
            before[0], grown = self.size(), self.size() != before[0]
            return not grown
        host.wait_for("the end of its output", still, 60, pause=0.5)
        host.end(self.child, signal.SIGINT)
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return sum(int(match[1]) if match.lastindex else 1
                       for match in map(self.pattern.search, file) if match)


# Tracepoints have their numbers in file systems that not every machine has mounted.
WITH_TRACEFS = ("unshare", "--mount", "sh", "-c", "mount -t tracefs none /sys/kernel/tracing; "
                'mount -t debugfs none /sys/kernel/debug; exec "$@"', "sh")


@contextmanager
def tool(command, pattern):
    with host.scratch() as folder, open(f"{folder}/output", "w", encoding="utf-8") as output:
        with host.process([*WITH_TRACEFS, *command], stdout=output, stderr=subprocess.DEVNULL) as child:
            def attached():
                if child.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with status {child.returncode}")
                return kernel_stats.programs(child.pid)
            host.wait_for(command[0], attached)
            time.sleep(1)  # it attaches what it has loaded, and tells nobody when it has
            yield Tool(child, f"{folder}/output", pattern)


@contextmanager
def nothing():
    yield None


PORT = r"50\d\d"
LOCAL = r"127\.0\.0\.1"
# How each is started, and what it says once for each life of the load.
SUBJECTS = {
    "nothing": nothing,
    "portgauge": agent,
    "tcplife": lambda: tool(["tcplife"], re.compile(rf" {LOCAL} +\d+ +{LOCAL} +{PORT} ")),
    "tcpstates": lambda: tool(["tcpstates"], re.compile(rf" {LOCAL} +\d+ +{LOCAL} +{PORT} +CLOSE +-> +SYN_SENT ")),
    "bpftrace": lambda: tool(["bpftrace", "-e", ONE_LINER], re.compile(r"^@opened: (\d+)")),
}
PEERS = [name for name in SUBJECTS if name not in ("nothing", "portgauge")]
