"""Frames, items and errors of the wire of RPC, as docs/wire/rpc.md has them. Nothing here does I/O."""

import json
from collections import namedtuple
from types import SimpleNamespace

import msgpack

VERSION = 1
CLIENT, SERVER = "client", "server"
(HELLO, WELCOME, CREDIT, CALL, REPLY, ERROR, ITEM, END, CANCEL, PING, PONG, DRAIN, BYE) = range(1, 14)

LARGEST_INTEGER = 2**53 - 1


class Missing:
    """What has no value at all: not said on the wire, and not null either."""

    def __repr__(self):
        return "MISSING"

    def __bool__(self):
        return False


MISSING = Missing()
REQUIRED = object()


class ProtocolError(Exception):
    """Something that is not of the page."""


class RpcError(Exception):
    """An error that travels, or one that a call ended with here."""

    def __init__(self, code, message="", *, retryable=False, not_run=False, kind=None, data=MISSING):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retryable, self.not_run = code, message, retryable, not_run
        self.kind, self.data = kind, data

    def to_wire(self):
        error = {"code": self.code, "message": self.message}
        if self.retryable:
            error["retryable"] = True
        if self.not_run:
            error["notRun"] = True
        if self.kind is not None:
            error["kind"] = self.kind
        if self.data is not MISSING:
            error["data"] = self.data
        return error

    @staticmethod
    def from_wire(error):
        return RpcError(
            error["code"],
            error.get("message", ""),
            retryable=error.get("retryable") is True,
            not_run=error.get("notRun") is True,
            kind=error.get("kind"),
            data=error.get("data", MISSING),
        )


def declared(kind, data=MISSING, message=""):
    """An error that the contract declares."""
    return RpcError("DECLARED_ERROR", message or kind, kind=kind, data=data)


# Encodings


def encoding_of(data):
    return "json" if data[:1] == b"[" else "msgpack"


def encode(frame, encoding):
    """@raises ValueError for a value that the encoding does not have"""
    try:
        if encoding == "json":
            return json.dumps(frame, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
        return msgpack.packb(frame, use_bin_type=True, datetime=True, strict_types=True)
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"cannot be encoded in {encoding}: {error}") from None


def decode(data):
    """The number and the items of a frame, each still to be parsed."""
    try:
        frame = _decode_json(data) if encoding_of(data) == "json" else _decode_msgpack(data)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise ProtocolError(f"a frame that cannot be decoded: {error}") from None
    if not isinstance(frame, list) or len(frame) < 2:
        raise ProtocolError("a frame is an array of a number and one or more items")
    return _integer(1)(frame[0]), frame[1:]


def _decode_json(data):
    return json.loads(data.decode(), parse_constant=_refuse)


def _decode_msgpack(data):
    return msgpack.unpackb(data, raw=False, timestamp=3, ext_hook=_refuse, strict_map_key=True)


def _refuse(*what):
    raise ValueError(f"{what[0]} is no value of the wire")


# What an element may be


def _integer(least):
    def check(value):
        # JSON and msgpack both have 1.0, which is the integer 1 for who has one kind of number.
        whole = isinstance(value, int) or isinstance(value, float) and value.is_integer()
        if isinstance(value, bool) or not whole or not least <= value <= LARGEST_INTEGER:
            raise ProtocolError(f"{value!r} is no integer from {least}")
        return int(value)

    return check


def _number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise ProtocolError(f"{value!r} is no number")
    return value


def _text(value):
    if not isinstance(value, str):
        raise ProtocolError(f"{value!r} is no text")
    return value


def _anything(value):
    return value


def _map(**known):
    """A map; of its properties the known ones are checked, and may be left out."""

    def check(value):
        if not isinstance(value, dict):
            raise ProtocolError(f"{value!r} is no map")
        return {**value, **{key: known[key](value[key]) for key in known if value.get(key) is not None}}

    return check


def _number_or_text(value):
    return value if isinstance(value, str) else _number(value)


def _texts(value):
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ProtocolError(f"{value!r} is no map of texts")
    return value


def _error(value):
    error = _map(code=_text, message=_text, kind=_text)(value)
    if error.get("code") is None:
        raise ProtocolError("an error has a code")
    return RpcError.from_wire(error)


def _welcome(value):
    options = _map(
        instance=_text, heartbeatMs=_number, livenessMs=_number, window=_integer(0), maxMessageBytes=_integer(1)
    )(value)
    for key in ("instance", "heartbeatMs", "livenessMs", "window", "maxMessageBytes"):
        if options.get(key) is None:
            raise ProtocolError(f"a WELCOME says {key}")
    return options


# Items

Element = namedtuple("Element", "name check default", defaults=[REQUIRED])
Shape = namedtuple("Shape", "name senders elements")
_id = Element("id", _integer(1))
_token = Element("token", _number_or_text)

SHAPES = {
    HELLO: Shape(
        "HELLO",
        {CLIENT},
        [
            Element("version", _integer(0)),
            Element("service", _text, None),
            Element("contract_version", _text, None),
            Element("options", _map(maxMessageBytes=_integer(1)), {}),
        ],
    ),
    WELCOME: Shape("WELCOME", {SERVER}, [Element("version", _integer(0)), Element("options", _welcome)]),
    CREDIT: Shape("CREDIT", {CLIENT, SERVER}, [_id, Element("count", _integer(1))]),
    CALL: Shape(
        "CALL",
        {CLIENT},
        [
            _id,
            Element("procedure", _text),
            Element("left_ms", _number, None),
            Element("options", _map(metadata=_texts, credit=_integer(0)), {}),
            Element("input", _anything, MISSING),
        ],
    ),
    REPLY: Shape("REPLY", {SERVER}, [_id, Element("output", _anything, MISSING)]),
    ERROR: Shape("ERROR", {SERVER}, [_id, Element("error", _error)]),
    ITEM: Shape("ITEM", {CLIENT, SERVER}, [_id, Element("value", _anything, MISSING)]),
    END: Shape("END", {CLIENT, SERVER}, [_id]),
    CANCEL: Shape("CANCEL", {CLIENT}, [_id]),
    PING: Shape("PING", {CLIENT, SERVER}, [_token]),
    PONG: Shape("PONG", {CLIENT, SERVER}, [_token]),
    DRAIN: Shape("DRAIN", {SERVER}, []),
    BYE: Shape("BYE", {CLIENT, SERVER}, [Element("error", _error, None)]),
}


def kind_of(item):
    """The kind of an item, known or not."""
    if not isinstance(item, list) or not item:
        raise ProtocolError(f"{item!r} is no item")
    return _integer(0)(item[0])


def parse(item, sender):
    """An item with its elements as attributes. What is behind those that are known is dropped."""
    kind = kind_of(item)
    if kind not in SHAPES or sender not in SHAPES[kind].senders:
        raise ProtocolError(f"a {sender} sends no item of kind {kind}")
    parsed = SimpleNamespace(kind=kind, name=SHAPES[kind].name)
    for index, element in enumerate(SHAPES[kind].elements, start=1):
        said = item[index] if index < len(item) else MISSING
        setattr(parsed, element.name, _element(parsed.name, element, said))
        if kind == HELLO and parsed.version != VERSION:
            break  # What else another version says is not known here.
    return parsed


def _element(item_name, element, said):
    if said is MISSING and element.default is REQUIRED:
        raise ProtocolError(f"{item_name} without {element.name}")
    # Null is a value of its own where anything may stand; elsewhere it stands for the default.
    if said is MISSING or said is None and element.check is not _anything and element.default is not REQUIRED:
        return element.default
    return element.check(said)


def item(kind, *elements):
    """An item to be sent, without what has no value at its end."""
    elements = list(elements)
    while elements and elements[-1] is MISSING:
        elements.pop()
    return [kind, *elements]


class Numbers:
    """The numbers of the frames of one session, of those that are sent and of those that come."""

    def __init__(self):
        self.sent = 0
        self.seen = 0

    def next(self):
        self.sent += 1
        return self.sent

    def take(self, number):
        """Whether the frame is new. @raises ProtocolError at a gap"""
        if number <= self.seen:
            return False
        if number != self.seen + 1:
            raise ProtocolError(f"frame {number} came after frame {self.seen}")
        self.seen = number
        return True
