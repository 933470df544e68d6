"""What tasks have said and not been sent for yet: their thread adds, the thread of the sockets takes."""

import math
import threading
from types import SimpleNamespace

RESULTS_MS = 18
PARTS_MS = 2
PROGRESS_MS = 250


class Outbox:
    def __init__(self, clock, wake):
        self._clock, self._wake = clock, wake
        self._lock = threading.Lock()
        self._progress_sent_ms = -math.inf
        self._clear()

    @property
    def due_ms(self):
        """When what it has shall be sent; infinite when it has nothing."""
        return self._due_ms

    def answer(self, one, outcome, is_last, run_ms=None):
        """Adds the outcome of a try, unless it has one."""
        with self._lock:
            if one.answered:
                return
            one.answered = True
            kind, value = outcome
            self._said[kind].append((one.ticket, value))
            if run_ms is not None:
                self._said["times"].append(run_ms)
            self._schedule(0 if is_last else RESULTS_MS)

    def part(self, one, value):
        with self._lock:
            if not one.answered:
                self._said["parts"].setdefault(one.ticket, []).append(value)
                self._schedule(PARTS_MS)

    def progress(self, one, value):
        """Only the newest of each try is sent."""
        with self._lock:
            if not one.answered:
                self._said["progress"][one.ticket] = value
                self._schedule(self._progress_sent_ms + PROGRESS_MS - self._clock())

    def hurry(self):
        """What it has shall be sent now."""
        with self._lock:
            if self._due_ms < math.inf:
                self._schedule(0)

    def take(self):
        """All that it has."""
        with self._lock:
            said = SimpleNamespace(**self._said)
            if said.progress:
                self._progress_sent_ms = self._clock()
            self._clear()
            return said

    def _clear(self):
        self._said = {"parts": {}, "progress": {}, "outputs": [], "failures": [], "times": []}
        self._due_ms = math.inf

    def _schedule(self, delay_ms):
        due_ms = self._clock() + max(0, delay_ms)
        if due_ms < self._due_ms:
            self._due_ms = due_ms
            self._wake()
