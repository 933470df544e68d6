"""Frames, values and errors of the wire of the farm, as docs/wire/farm.md has them. Nothing here does I/O."""

import math
import struct
import traceback
from collections import namedtuple

import msgpack

VERSION = 3
HELLO, WELCOME, REFUSED, TASKS, CANCEL, CREDIT = "HELLO", "WELCOME", "REFUSED", "TASKS", "CANCEL", "CREDIT"
UPDATE, RESULTS, BEAT, BYE = "UPDATE", "RESULTS", "BEAT", "BYE"
NUMBERED = {TASKS, CANCEL, CREDIT, UPDATE, RESULTS, BYE}

LARGEST_UINT32 = 2**32 - 1
LEAST_INT32 = -(2**31)
LARGEST_INTEGER = 2**53 - 1
LONGEST_ID = 64
LARGE_BYTES = 16 * 1024
MOST_PARTS = 4096
MOST_CAUSES = 8
LONGEST_NOTE = 1024
UNDEFINED_EXTENSION, PART_EXTENSION = 0, 0x50


class Undefined:
    """JavaScript's undefined, which is not null: None is that."""

    def __repr__(self):
        return "UNDEFINED"

    def __bool__(self):
        return False


UNDEFINED = Undefined()


class Unreadable(Exception):
    """Something that is not of the page."""


class Unencodable(Exception):
    """A value that the wire does not have."""


# Frames

Header = namedtuple("Header", "version kind run incarnation sequence acknowledged token", defaults=[None])


def frame(packer, header, body):
    """The parts of a message."""
    large = []
    encoded = packer.pack(body, large)
    numbers = [number(header.sequence), number(header.acknowledged)]
    token = [] if header.token is None else [header.token]
    return [packer.pack([*header[:4], *numbers, *token]), encoded, *large]


def parse_header(data):
    """@raises Unreadable"""
    fields = _unpack(data)
    if not isinstance(fields, list) or len(fields) != 6:
        raise Unreadable("a header is an array of six")
    version, kind, run, incarnation, sequence, acknowledged = fields
    ids = (run, incarnation)
    if not isinstance(kind, str) or not all(isinstance(one, str) and len(one) <= LONGEST_ID for one in ids):
        raise Unreadable(f"a header with {fields!r}")
    return Header(integer(version), kind, run, incarnation, integer(sequence), integer(acknowledged))


def parse_body(data, parts=()):
    """@raises Unreadable"""
    named = set()

    def extension(code, content):
        if code == UNDEFINED_EXTENSION:
            return UNDEFINED
        if code != PART_EXTENSION or len(content) != 4:
            raise Unreadable(f"there is no extension {code} of {len(content)} bytes")
        (place,) = struct.unpack(">I", content)
        if place >= len(parts) or place in named:
            raise Unreadable(f"part {place} of {len(parts)} is named twice or is not there")
        named.add(place)
        return parts[place]

    body = _unpack(data, ext_hook=extension)
    if len(named) != len(parts):
        raise Unreadable(f"{len(parts) - len(named)} parts are not named")
    return body


def _unpack(data, **options):
    try:
        return msgpack.unpackb(data, raw=False, timestamp=3, strict_map_key=False, **options)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise Unreadable(f"it cannot be decoded: {error}") from None


# Numbers that this document defines


def number(value):
    """An integer as the wire has it: 64-bit integers are refused."""
    return value if value <= LARGEST_UINT32 else float(value)


def integer(value, least=0):
    """@raises Unreadable"""
    whole = isinstance(value, int) or isinstance(value, float) and value.is_integer()
    if isinstance(value, bool) or not whole or not least <= value <= LARGEST_INTEGER:
        raise Unreadable(f"{value!r} is no integer from {least}")
    return int(value)


# Values of tasks


class Large:
    """Bytes that travel behind the body."""

    __slots__ = ("data",)

    def __init__(self, data):
        self.data = data


def portable(value):
    """A copy of a value for JavaScript, where a number beyond 32 bits is a float 64 unless it is a bigint."""
    kind = type(value)
    if kind is str or kind is float or kind is bool or value is None:
        return value
    if kind is int:
        exact = LEAST_INT32 <= value <= LARGEST_UINT32 or abs(value) > LARGEST_INTEGER
        return value if exact else float(value)
    if kind is dict:
        return {key: portable(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [portable(item) for item in value]
    if kind is bytes or kind is bytearray or kind is memoryview:
        return bytes(value) if len(value) < LARGE_BYTES else Large(bytes(value))
    return value


class Packer:
    """Packs, in one thread."""

    def __init__(self):
        self._packer = msgpack.Packer(use_bin_type=True, datetime=True, default=self._other)
        self._large = []

    def pack(self, body, large=None):
        """The body in msgpack; what travels behind it is added to `large`."""
        self._large = [] if large is None else large
        return self._packer.pack(body)

    def checked(self, value):
        """A copy that can be packed. @raises Unencodable"""
        try:
            value = portable(value)
            self.pack(value)
            return value
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Unencodable(f"it cannot be encoded: {message_of(error)}") from None

    def _other(self, value):
        if isinstance(value, Large):
            if len(self._large) == MOST_PARTS:
                return value.data
            self._large.append(value.data)
            return msgpack.ExtType(PART_EXTENSION, struct.pack(">I", len(self._large) - 1))
        if value is UNDEFINED:
            return msgpack.ExtType(UNDEFINED_EXTENSION, b"\0")
        raise TypeError(f"a {type(value).__name__} is no value of the wire")


# What a task says


def checked_progress(done, total=None, note=None):
    """A number from 0 to 1, or how much of how much. @raises ValueError"""
    if not all(_is_number(one) for one in (done, 0 if total is None else total)):
        raise ValueError(f"progress is of finite numbers from 0, and not {done!r} of {total!r}")
    if total is None:
        if done > 1 or note is not None:
            raise ValueError("progress without a total is a number from 0 to 1, and has no note")
        return portable(done)
    if note is None:
        return {"done": portable(done), "total": portable(total)}
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise ValueError(f"the note of progress is text of at most {LONGEST_NOTE} characters")
    return {"done": portable(done), "total": portable(total), "note": text(note)}


def error_to_wire(error, causes=MOST_CAUSES):
    stack = "".join(traceback.format_exception(type(error), error, error.__traceback__, chain=False))
    wire = {"name": type(error).__name__, "message": message_of(error), "stack": text(stack)}
    code, fields = getattr(error, "code", None), getattr(error, "fields", None)
    if isinstance(code, str):
        wire["code"] = text(code)
    if isinstance(fields, dict):
        known = {key: field for key, field in fields.items() if _is_field(key, field)}
        wire["fields"] = {text(key): text(field) if isinstance(field, str) else field for key, field in known.items()}
    if error.__cause__ is not None and causes > 0:
        wire["cause"] = error_to_wire(error.__cause__, causes - 1)
    return wire


def message_of(error):
    try:
        return text(str(error))
    except Exception:
        return "it does not say why"


def text(value):
    """Text without what UTF-8 does not have, such as file names of other encodings."""
    return value.encode("utf-8", "replace").decode()


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and math.isfinite(value)


def _is_field(key, value):
    finite = isinstance(value, (int, float)) and abs(value) <= LARGEST_INTEGER
    return isinstance(key, str) and (isinstance(value, str) or finite)
