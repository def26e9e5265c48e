# SPDX-License-Identifier: Apache-2.0
"""What a soak does at the same time: a thread for each kind of work."""
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
