"""Cases of values: what each encoding has, and what neither has."""

from datetime import datetime, timezone

import msgpack

from rpc_battery import Cases
from rpc_cases_sessions import ended
from rpc_raw import error_of, expect, shown
from rpc_wire import CALL, REPLY

cases = Cases()
case = cases.case

VALUES = [None, True, False, "", "grüße \U0001f3ad", 0, -1, 1.5, -0.25, 1e300, [], {}, [[]], {"a": {"b": [1, None]}}]
INTEGERS = [2**31, 2**32, 2**40, 2**53 - 1, -(2**31) - 1, -(2**40), -(2**53) + 1]


def _floats(encoding):
    if encoding == "json":
        return b'[2.0,[4,1.0,"defaults",5000.0,null,{"name":"ab","times":2.0}]]'
    return msgpack.packb([2.0, [4.0, 1.0, "defaults", 5000.0, None, {"name": "ab", "times": 2.0}]])


@case("every value of JSON comes back as it was")
def _(scene):
    client = scene.session()
    for value in VALUES:
        output = client.ask("echo", value).output
        expect(output == value and isinstance(output, bool) == isinstance(value, bool), f"{value!r}: {output!r}")


@case("an integer of up to 53 bits comes back as it was")
def _(scene):
    client = scene.session()
    for value in INTEGERS:
        said = client.ask("echo", value)
        expect(said.kind == REPLY and said.output == value, f"{value}: {shown(said)}")


@case("an integer may be written as a float: the number of a frame, an id, a value")
def _(scene):
    client = scene.session()
    client.send_raw(_floats(client.encoding))
    client.hear_kind(REPLY, id=1, output="abab")


@case("bytes come back as they were", only="msgpack")
def _(scene):
    client = scene.session()
    for value in (b"", b"\x00\xff\x01\xfe", bytes(range(256)) * 100):
        output = client.ask("bytes", value).output
        expect(output == value and isinstance(output, bytes), f"{value[:10]!r}: {output!r}")


@case("a time comes back as it was", only="msgpack")
def _(scene):
    client = scene.session()
    for value in (datetime(2026, 1, 2, 3, 4, 5, 678_000, timezone.utc), datetime(1969, 1, 1, tzinfo=timezone.utc)):
        output = client.ask("time", value).output
        expect(output == value, f"{value}: {output!r}")


@case("an extension type that is not the timestamp ends the session with PROTOCOL_ERROR", only="msgpack")
def _(scene):
    client = scene.session()
    client.send_raw(msgpack.packb([2, [CALL, 1, "echo", None, None, msgpack.ExtType(5, b"5")]]))
    ended(client, "PROTOCOL_ERROR")


@case("bytes that a handler gives cannot be encoded, and are INVALID_OUTPUT", only="json")
def _(scene):
    error_of(scene.session().ask("utf8", "ACME"), "INVALID_OUTPUT")


@case("text is no bytes, and is INVALID_INPUT where bytes are wanted")
def _(scene):
    error_of(scene.session().ask("bytes", "ACME"), "INVALID_INPUT")
