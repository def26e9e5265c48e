#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mixed traffic in the network namespace it is run in: soak_traffic.py SECONDS

UDP sockets that bind, connect and send; TCP sockets that bind before they connect, listen, or are
opened and closed by either side; and, when the small range is used up, refusals. Says what it did
in one line of JSON."""
import errno
import json
import random
import socket
import struct
import sys
import time

REFUSED = (errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.EAGAIN)
KINDS = ("connects", "UDP sockets", "bound ports", "refusals")
KEPT_MAX = 200
SERVER_PORT = 7000


class Traffic:
    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", SERVER_PORT), backlog=128)
        self.kept = []
        self.done = dict.fromkeys(KINDS, 0)

    def keep(self, *sockets):
        """Some live long."""
        while len(self.kept) > KEPT_MAX:
            self.kept.pop(random.randrange(len(self.kept))).close()
        self.kept += sockets

    def udp(self):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.keep(one)
        if random.random() < 0.5:
            one.bind(("127.0.0.1", 0))
        one.sendto(b"x", ("127.0.0.1", 9))
        self.done["UDP sockets"] += 1

    def connect(self, bound=False):
        client = socket.socket()
        self.keep(client)
        if bound:
            client.bind(("127.0.0.1", 0))
        client.connect(("127.0.0.1", SERVER_PORT))
        other, _ = self.server.accept()
        self.keep(other)
        if random.random() < 0.7:
            for end in random.sample((client, other), 2):
                end.close()
        self.done["connects"] += 1

    def bind(self):
        one = socket.socket()
        self.keep(one)
        one.bind(("127.0.0.1", 0))
        if random.random() < 0.5:
            one.listen()
        self.done["bound ports"] += 1

    def exhaust(self):
        """Connects until there is no port left, and lets go without TIME_WAIT, or all would wait for it."""
        held = []
        try:
            while True:
                one = socket.socket()
                held.append(one)
                one.connect(("127.0.0.1", SERVER_PORT))
                held.append(self.server.accept()[0])
        finally:
            for one in held:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.close()

    def step(self):
        actions = (self.udp, self.connect, lambda: self.connect(True), self.bind, self.exhaust)
        try:
            random.choices(actions, (8, 16, 4, 4, 1))[0]()
        except OSError as error:
            if error.errno not in REFUSED:
                raise
            self.done["refusals"] += 1


def main():
    traffic = Traffic()
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        traffic.step()
        time.sleep(0.005)
    print(json.dumps(traffic.done))


if __name__ == "__main__":
    main()
