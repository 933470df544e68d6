"""The two sockets of one incarnation, and whether the farm is there."""

import math
import socket
from urllib.parse import urlsplit

import zmq
import zmq.auth.thread
from zmq.utils.monitor import recv_monitor_message

PROBE_PORT = 9


class Channels:
    def __init__(self, ends):
        """`ends` has the `endpoint` of the farm, `inbox`, `advertise` and `keys`, or None, and `wake`, which ends a poll."""
        self._context = zmq.Context()
        self._authenticator = None
        self._sink, self._inbox = self._context.socket(zmq.PUSH), self._context.socket(zmq.PULL)
        for one in (self._sink, self._inbox):
            one.set_hwm(0)
            if ends.keys is not None:
                one.curve_publickey, one.curve_secretkey = ends.keys.public.encode(), ends.keys.secret.encode()
        if ends.keys is not None:
            self._secure(ends.keys.farm.encode())
        self.is_connected = False
        self._monitor = self._sink.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._inbox.bind(ends.inbox or _inbox_for(ends.endpoint))
        self._sink.connect(ends.endpoint)
        self.inbox = ends.advertise or self._inbox.getsockopt_string(zmq.LAST_ENDPOINT)
        self._poller = zmq.Poller()
        for one in (self._inbox, self._monitor, ends.wake):
            self._poller.register(one, zmq.POLLIN)

    def _secure(self, farm_key):
        """Talks to the farm alone, and lets nobody else in."""
        self._sink.curve_serverkey = farm_key
        self._inbox.curve_server = True
        self._authenticator = zmq.auth.thread.ThreadAuthenticator(self._context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback("*", _Only(farm_key))

    def poll(self, ms):
        """Waits until something has come, so long at most; infinite is for ever."""
        self._poller.poll(None if ms == math.inf else math.ceil(max(0, ms)))

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

    def close(self):
        self._sink.disable_monitor()
        for one in (self._monitor, self._sink, self._inbox):
            one.close(0)
        if self._authenticator is not None:
            self._authenticator.stop()
        # Waits until the address of the inbox is free again.
        self._context.term()


class _Only:
    """Lets one key in."""

    def __init__(self, key):
        self._key = key

    def callback(self, _, key):
        """The key comes as Z85."""
        return key == self._key


def _inbox_for(endpoint):
    """An address that the farm can dial: a free port where this machine reaches the farm from."""
    if not endpoint.startswith("tcp://"):
        return "ipc://*"
    host = urlsplit(endpoint).hostname
    # To connect a datagram socket sends nothing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, PROBE_PORT))
        return f"tcp://{probe.getsockname()[0]}:*"
