# SPDX-License-Identifier: Apache-2.0
"""From a refusal in the kernel to the alert in the hands of a notifier's receiver."""
import json
import queue
import socketserver
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import host
import subjects
from figures import Row

SAMPLES = 10
METHOD = f"""A process takes all 10 ports of a namespace; from the time when its connect() failed
with EADDRNOTAVAIL to the time when a webhook's receiver, on a Unix socket, has read PortsRefused
for that namespace. {SAMPLES} times, each in a new namespace. Default rules; the agent looks at its
view once a second."""
ROWS = {"latency": Row("refused connect() to alert delivered", "s")}


class Server(socketserver.ThreadingUnixStreamServer):
    """Puts each alert, with the time it came, into `alerts`."""

    daemon_threads = True

    def __init__(self, path, alerts):
        super().__init__(path, Receiver)
        self.alerts = alerts


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.alerts.put((time.time_ns(), json.loads(body)["commonLabels"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def address_string(self):
        return "agent"

    def log_message(self, *_arguments):
        pass


@contextmanager
def receiver(path):
    alerts = queue.Queue()
    with Server(path, alerts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield alerts
        finally:
            server.shutdown()


def arrival(alerts, netns):
    """When the alert of this namespace came."""
    deadline = time.monotonic() + 30
    while True:
        came, labels = alerts.get(timeout=max(0.01, deadline - time.monotonic()))
        if labels["alertname"] == "PortsRefused" and labels.get("netns") == netns:
            return came


def latency(alerts, number):
    """The namespace goes again, and the next one often gets its inode number."""
    ports = {"net.ipv4.ip_local_port_range": "20000 20009"}
    with host.namespace(f"refused{number}", **ports) as netns:
        time.sleep(0.37 * (number % 5))  # at any time within the agent's second
        with host.kept_open(netns, count=100) as load:
            if not load["refused_ns"]:
                raise RuntimeError("no connect() was refused")
            return (arrival(alerts, netns) - load["refused_ns"]) / 1e9


def measure():
    with host.scratch() as folder, receiver(f"{folder}/webhook") as alerts:
        with open(f"{folder}/config.yml", "w", encoding="utf-8") as file:
            file.write(f'notifiers:\n- type: webhook\n  urls: ["unix:{folder}/webhook:/"]\n')
        with subjects.agent(f"--config.file={folder}/config.yml"):
            yield "latency", [latency(alerts, number) for number in range(SAMPLES)]
