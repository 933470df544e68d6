"""What one side has to say in this turn, packed into frames that the other takes."""

import msgpack

from rpc_wire import encode

FRAME_OVERHEAD = 32


class TooLarge(Exception):
    """An item that no frame which the other side takes can hold."""


class Outbox:
    def __init__(self, numbers, encoding, max_message_bytes=None):
        self._numbers, self._encoding = numbers, encoding
        self._items = []
        self.limit(max_message_bytes)

    def limit(self, max_message_bytes):
        """Keeps to the largest frame that the other side takes; None is any."""
        self._room = float("inf") if max_message_bytes is None else max_message_bytes - FRAME_OVERHEAD

    def add(self, item):
        """@raises ValueError for what cannot be encoded, TooLarge"""
        encoded = encode(item, self._encoding)
        if len(encoded) > self._room:
            raise TooLarge(f"{len(encoded)} bytes are more than the other side takes")
        self._items.append(encoded)

    def take(self):
        """The frames of all that was added, each within the limit."""
        frames, items, size = [], [], 0
        for one in self._items:
            if items and size + len(one) + 1 > self._room:
                frames.append(self._frame(items))
                items, size = [], 0
            items.append(one)
            size += len(one) + 1
        self._items = []
        return [*frames, self._frame(items)] if items else frames

    def _frame(self, items):
        number = encode(self._numbers.next(), self._encoding)
        if self._encoding == "json":
            return b"[" + b",".join([number, *items]) + b"]"
        return msgpack.Packer().pack_array_header(1 + len(items)) + number + b"".join(items)
