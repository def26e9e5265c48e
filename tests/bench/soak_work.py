# SPDX-License-Identifier: Apache-2.0
"""What a soak does at the same time: a thread for each kind of work."""
import collections
import socket
import threading


class Work(threading.Thread):
    """One kind of work, done again and again while the gate is open. The first failure ends it."""

    def __init__(self, name, gate, step, pause):
        super().__init__(name=name, daemon=True)
        self.gate, self.step, self.pause = gate, step, pause
        self.idle = threading.Lock()
        self.ended = threading.Event()
        self.count = 0
        self.failure = None

    def run(self):
        while not self.ended.wait(self.pause):
            with self.idle:
                if not self.gate.is_set():
                    continue
                try:
                    self.step()
                    self.count += 1
                except Exception as error:  # whatever it is, the soak has failed
                    self.failure = f"{self.name}: {type(error).__name__}: {error}"
                    return

    def wait_idle(self):
        """The gate is closed: a step that is under way ends."""
        with self.idle:
            pass


class Silent:
    """A receiver that takes what it is sent and never answers. The agent must not wait for it."""

    KEPT = 64  # connections; older ones are closed

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=self.KEPT)
        self.port = self.server.getsockname()[1]
        self.kept = collections.deque()
        self.count = 0
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def accept(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:  # it was shut down
                return
            self.kept.append(connection)
            self.count += 1
            while len(self.kept) > self.KEPT:
                self.kept.popleft().close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)
        self.server.close()
        for connection in self.kept:
            connection.close()
