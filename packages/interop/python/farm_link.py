"""Numbers and acknowledgements of one incarnation, in both directions. Nothing here does I/O."""

from collections import deque

# Intervals of the heartbeat without progress, at a sign of life, after which all that waits is sent again.
PATIENCE = 3


class Link:
    def __init__(self):
        self.sent = 0
        self.received = 0
        self._waiting = deque()
        self._progress_ms = 0.0

    def sends(self, make, now_ms):
        """Makes the next numbered frame, and keeps it until it is acknowledged."""
        self.sent += 1
        frame = make(self.sent)
        if not self._waiting:
            self._progress_ms = now_ms
        self._waiting.append((self.sent, frame))
        return frame

    def takes(self, sequence):
        """Whether a numbered frame is the next one."""
        if sequence != self.received + 1:
            return False
        self.received = sequence
        return True

    def acknowledged(self, sequence, now_ms):
        while self._waiting and self._waiting[0][0] <= sequence:
            self._waiting.popleft()
            self._progress_ms = now_ms

    def to_send_again(self, heartbeat_ms, now_ms):
        """What to send again at a sign of life: all that waits, or nothing yet."""
        if not self._waiting or now_ms - self._progress_ms < PATIENCE * heartbeat_ms:
            return []
        self._progress_ms = now_ms
        return [frame for _, frame in self._waiting]
