"""The two sockets of one incarnation, and whether the farm is there."""

import socket
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import recv_monitor_message

PROBE_PORT = 9


class Channels:
    def __init__(self, context, endpoint, inbox, wake_fd):
        self._sink, self._inbox = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        for one in (self._sink, self._inbox):
            one.set_hwm(0)
            one.linger = 0
            one.ipv6 = "[" in endpoint
        self.is_connected = False
        self._monitor = self._sink.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._inbox.bind(inbox or _inbox_for(endpoint))
        self._sink.connect(endpoint)
        self.inbox = self._inbox.getsockopt_string(zmq.LAST_ENDPOINT)
        self._poller = zmq.Poller()
        for one in (self._inbox, self._monitor, wake_fd):
            self._poller.register(one, zmq.POLLIN)

    def poll(self, ms):
        self._poller.poll(ms)

    def connections(self):
        """True for each connection to the farm since the last call, False for each that was lost."""
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            self.is_connected = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            yield self.is_connected

    def messages(self):
        """What has come."""
        while True:
            try:
                yield self._inbox.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return

    def send(self, message):
        # Without a high-water mark it never waits.
        self._sink.send_multipart(message, zmq.NOBLOCK)

    def close(self, linger_ms=0):
        self._sink.disable_monitor()
        self._monitor.close(0)
        self._sink.close(linger_ms)
        self._inbox.close(0)


def _inbox_for(endpoint):
    """An address that the farm can dial: a free port where this machine reaches the farm from."""
    if not endpoint.startswith("tcp://"):
        return "ipc://*"
    host = urlsplit(endpoint).hostname
    family, kind, protocol, _, address = socket.getaddrinfo(host, PROBE_PORT, type=socket.SOCK_DGRAM)[0]
    # To connect a datagram socket sends nothing.
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(address)
        mine = probe.getsockname()[0]
    return f"tcp://[{mine}]:*" if family == socket.AF_INET6 else f"tcp://{mine}:*"
