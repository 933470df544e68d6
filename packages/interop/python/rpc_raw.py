"""A peer that says frame by frame what a case tells it, and holds the other to the rules that are always true."""

from collections import deque

import zmq

from rpc_wire import (
    BYE,
    CALL,
    CLIENT,
    HELLO,
    MISSING,
    PING,
    PONG,
    SERVER,
    VERSION,
    WELCOME,
    Numbers,
    ProtocolError,
    RpcError,
    decode,
    encode,
    encoding_of,
    item,
    parse,
)

PATIENCE_MS = 5000

#: Without heartbeats, so that what comes is of the case alone.
WELCOME_OPTIONS = {
    "service": "conformance",
    "contractVersion": "1",
    "instance": "instance",
    "heartbeatMs": 60_000,
    "livenessMs": 180_000,
    "window": 8,
    "maxMessageBytes": 65536,
}


class Broken(Exception):
    """A rule of the page that the other side broke."""


def expect(fact, what):
    if not fact:
        raise Broken(what)


def shown(said):
    """An item as a reader of a failure wants it."""
    fields = {name: value for name, value in vars(said).items() if name not in ("kind", "name")}
    return f"{said.name} {fields}"


class RawPeer:
    """One side of one session. A subclass sends and receives the frames."""

    def __init__(self, encoding, other):
        self.encoding, self._other = encoding, other
        self._numbers = Numbers()
        self._items = deque()
        self.frame_sizes = []

    def say(self, *items):
        """Sends a frame of these items."""
        self.send_raw(encode([self._numbers.next(), *items], self.encoding))

    def skip_number(self):
        self._numbers.next()

    def hear(self, patience_ms=PATIENCE_MS):
        """The next item. @raises Broken when none comes, or what comes is not of the page"""
        while not self._items:
            data = self.receive_raw(patience_ms)
            expect(data is not None, f"nothing came in {patience_ms} ms")
            self._take(data)
        return self._items.popleft()

    def hear_within(self, patience_ms):
        """The next item, or None."""
        if not self._items and (data := self.receive_raw(patience_ms)) is not None:
            self._take(data)
        return self._items.popleft() if self._items else None

    def _take(self, data):
        self.frame_sizes.append(len(data))
        encoding = encoding_of(data)
        expect(encoding == self.encoding, f"a frame in {encoding} came in a session in {self.encoding}")
        try:
            number, items = decode(data)
            expect(self._numbers.take(number), f"frame {number} came after frame {self._numbers.seen}")
            self._items.extend(parse(one, self._other) for one in items)
        except ProtocolError as error:
            raise Broken(f"what came is not of the page: {error}") from None

    def hear_kind(self, kind, **fields):
        """The next item, which is to be of this kind and have these elements."""
        said = self.hear()
        expect(said.kind == kind, f"expected kind {kind} {fields or ''}, and {shown(said)} came")
        for name, value in fields.items():
            expect(getattr(said, name) == value, f"expected {name} {value!r}, and {shown(said)} came")
        return said


class RawClient(RawPeer):
    """The client's side: a DEALER."""

    def __init__(self, context, endpoint, encoding):
        super().__init__(encoding, SERVER)
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.connect(endpoint)
        self._last_id = 0
        self.welcome = None

    def send_raw(self, *frames):
        self._socket.send_multipart(frames)

    def receive_raw(self, patience_ms):
        if not self._socket.poll(patience_ms):
            return None
        frames = self._socket.recv_multipart()
        expect(len(frames) == 1, f"a message of {len(frames)} frames came")
        return frames[0]

    def hello(self, **options):
        self.say(item(HELLO, VERSION, None, None, options))
        said = self.hear_kind(WELCOME, version=VERSION)
        self.welcome = said.options
        return said.options

    def make(self, procedure, value=MISSING, *, left_ms=None, **options):
        """The CALL item of a new call."""
        self._last_id += 1
        return item(CALL, self._last_id, procedure, left_ms, options or None, value)

    def call(self, procedure, value=MISSING, **options):
        """Begins a call, and gives its id."""
        self.say(self.make(procedure, value, **options))
        return self._last_id

    @property
    def last_id(self):
        return self._last_id

    def ask(self, procedure, value=MISSING, **options):
        """The answer to a call, which is to be the next that comes."""
        called = self.call(procedure, value, **options)
        said = self.hear()
        expect(getattr(said, "id", None) == called, f"expected the answer to call {called}, and {shown(said)} came")
        return said

    def fence(self):
        """All that comes until the server has answered a PING twice, so that what it had to say is here."""
        came = []
        for token in ("fence 1", "fence 2"):
            self.say(item(PING, token))
            while (said := self.hear()).kind != PONG:
                came.append(said)
            expect(said.token == token, f"PONG has the token {said.token!r}")
        return came

    def silent(self):
        """@raises Broken when the server has something to say"""
        came = self.fence()
        expect(not came, f"nothing was to come, and there came: {', '.join(map(shown, came))}")

    def restart(self):
        """Numbers frames from 1 again, in both directions."""
        self._numbers = Numbers()

    def forgotten(self):
        """@raises Broken unless the server knows nothing of this client any more"""
        for _ in range(PATIENCE_MS // 50):
            self.restart()
            self._items.clear()
            self.say(item(PING, "who is there"))
            said = self.hear_within(50)
            if said is not None and said.kind == BYE and said.error is not None and said.error.code == "NO_SESSION":
                return
        raise Broken("the server still has the session")

    def hear_alive(self):
        """The next item, with signs of life until it comes."""
        for _ in range(2 * PATIENCE_MS // self.welcome["heartbeatMs"]):
            said = self.hear_within(self.welcome["heartbeatMs"])
            if said is not None:
                return said
            self.say(item(PONG, "alive"))
        raise Broken("nothing came")

    def close(self):
        # Whatever still runs of its session ends now, and not in the middle of another case.
        self.say(item(BYE))
        self._socket.close(linger=200)


def error_of(said, code):
    """The error of an ERROR or BYE. @raises Broken when it has another code"""
    error = getattr(said, "error", None)
    expect(isinstance(error, RpcError), f"expected an error {code}, and {shown(said)} came")
    expect(error.code == code, f"expected the code {code}, and {error} came")
    return error


class RawServerSession(RawPeer):
    """The server's side of one session: a peer of a ROUTER."""

    def __init__(self, stage, peer, encoding):
        super().__init__(encoding, CLIENT)
        self._stage, self._peer = stage, peer
        self.inbox, self.options = [], WELCOME_OPTIONS

    def send_raw(self, *frames):
        self._stage.send(self._peer, frames)

    def receive_raw(self, patience_ms):
        return self._stage.receive(self._peer, patience_ms)

    def welcome(self, **options):
        """Hears the HELLO, and takes the session. @return the HELLO"""
        hello = self.hear_kind(HELLO)
        expect(not self._items, "something came with the HELLO")
        self.accept(**options)
        return hello

    def accept(self, **options):
        self.say(item(WELCOME, VERSION, {**self.options, **options}))

    def hear_call(self, procedure):
        return self.hear_kind(CALL, procedure=procedure)

    def silent(self):
        """@raises Broken when the client has something to say"""
        for token in ("fence 1", "fence 2"):
            self.say(item(PING, token))
            self.hear_kind(PONG, token=token)

    def hear_bye(self, code=None):
        """The BYE of the client, with whatever it still had to say before it."""
        while (said := self.hear()).kind != BYE:
            pass
        if code is not None:
            error_of(said, code)
        return said
