"""Cases of sessions: how they begin and end, numbers of frames, heartbeats, and what is not of the page."""

import time

from rpc_battery import Cases
from rpc_raw import error_of, expect, shown
from rpc_wire import (
    BYE,
    CALL,
    CANCEL,
    CREDIT,
    DRAIN,
    END,
    HELLO,
    ITEM,
    PING,
    PONG,
    REPLY,
    WELCOME,
    encode,
    item,
)

cases = Cases()
case = cases.case

VIOLATIONS = {
    "a frame that is no array": lambda client: client.send_raw(encode({"a": 1}, client.encoding)),
    "a frame that cannot be decoded": lambda client: client.send_raw(
        b"[1,[10" if client.encoding == "json" else b"\x92\x02"
    ),
    "a frame with something behind it": lambda client: client.send_raw(
        encode([2, [PING, 1]], client.encoding) + b"\x01"
    ),
    "a frame without an item": lambda client: client.say(),
    "a frame whose number is no integer from 1": lambda client: client.send_raw(
        encode(["2", [PING, 1]], client.encoding)
    ),
    "an empty frame": lambda client: client.send_raw(b""),
    "a message of two frames": lambda client: client.send_raw(encode([2, [PING, 1]], client.encoding), b""),
    "an item that is no array": lambda client: client.say("PING"),
    "an item without a kind": lambda client: client.say([]),
    "an item of a kind that is not known": lambda client: client.say([99, 1]),
    "an item without an element that it needs": lambda client: client.say([CALL, 1]),
    "an element of another type": lambda client: client.say([CALL, 1, 2]),
    "a PING without a token": lambda client: client.say([PING]),
    "a call with metadata that is no map of strings": lambda client: client.say(
        client.make("metadata", metadata={"a": 1})
    ),
    "a call with credit below 0": lambda client: client.say(client.make("count", {"n": 1}, credit=-1)),
    "a credit of 0": lambda client: client.say(client.make("unread"), item(CREDIT, 1, 0)),
    "a second HELLO": lambda client: client.say(item(HELLO, 1)),
    "an item that a server alone sends": lambda client: client.say(item(DRAIN)),
    "a call whose id is 0": lambda client: client.say(item(CALL, 0, "echo", None, None, 1)),
    "an item for a call that was not made": lambda client: client.say(item(CANCEL, 1)),
    "an item of a stream in that the procedure does not have": lambda client: client.say(
        client.make("slow", {"ms": 60_000}), item(ITEM, 1, 1)
    ),
    "an end of a stream in that the procedure does not have": lambda client: client.say(
        client.make("slow", {"ms": 60_000}), item(END, 1)
    ),
    "an item behind the end of its stream": lambda client: client.say(
        client.make("unread"), item(END, 1), item(ITEM, 1, 1)
    ),
    "a second end of a stream": lambda client: client.say(client.make("unread"), item(END, 1), item(END, 1)),
}


def _violation(violate):
    def play(scene):
        client = scene.session()
        violate(client)
        ended(client, "PROTOCOL_ERROR")
        other = scene.session()
        other.silent()

    return play


def ended(client, code):
    """The session ends with this code, and what comes then is refused."""
    while (said := client.hear()).kind != BYE:
        pass
    error_of(said, code)
    client.forgotten()


def _refusal(items, code):
    def play(scene):
        client = scene.client()
        client.say(*items)
        error_of(client.hear_kind(BYE), code)

    return play


def aborted_since(witness, before, count):
    """Waits until so many more handlers were aborted."""
    until = time.monotonic() + 8
    while (aborted := witness.ask("aborted").output) < before + count:
        expect(time.monotonic() < until, f"{aborted - before} handlers were aborted")
        time.sleep(0.02)


for what, violate in VIOLATIONS.items():
    case(f"{what} ends the session with PROTOCOL_ERROR")(_violation(violate))


# Beginnings


@case("HELLO is answered with WELCOME, which says all that a client must know")
def _(scene):
    options = scene.session().welcome
    expect(options.get("service") == "conformance", f"the service is {options.get('service')!r}")
    expect(options.get("contractVersion") == "1", f"the version is {options.get('contractVersion')!r}")
    expect(options["heartbeatMs"] == 500 and options["livenessMs"] == 2000, f"{options}: not as the README has it")
    expect(options["window"] == 8 and options["maxMessageBytes"] == 65536, f"{options}: not as the README has it")


@case("a HELLO for the service and the version of the contract is taken")
def _(scene):
    client = scene.client()
    client.say(item(HELLO, 1, "conformance", "1"))
    client.hear_kind(WELCOME)


@case("every session of one start of the server is told the same instance")
def _(scene):
    instances = {scene.session().welcome["instance"] for _ in range(2)}
    expect(len(instances) == 1, f"the instances are {instances}")


REFUSED = {
    "a HELLO of another version of the wire, whatever else it says,": ([[HELLO, 2, {}, [1]]], "VERSION_MISMATCH"),
    "a HELLO for another version of the contract": ([item(HELLO, 1, None, "2")], "VERSION_MISMATCH"),
    "a HELLO for another service": ([item(HELLO, 1, "billing")], "UNKNOWN_SERVICE"),
    "a first frame that does not begin with HELLO": ([item(PING, 1), item(HELLO, 1)], "NO_SESSION"),
}

for what, (items, code) in REFUSED.items():
    case(f"{what} is refused with {code}")(_refusal(items, code))


@case("a first frame that cannot be decoded is refused with NO_SESSION")
def _(scene):
    client = scene.client()
    client.send_raw(b"[" if scene.encoding == "json" else b"\xc1")
    error_of(client.hear_kind(BYE), "NO_SESSION")


@case("a HELLO whose frame is not number 1 ends the session with PROTOCOL_ERROR")
def _(scene):
    client = scene.client()
    client.skip_number()
    client.say(item(HELLO, 1))
    error_of(client.hear_kind(BYE), "PROTOCOL_ERROR")


@case("a BYE without a session is not answered, and one who was refused may begin a session")
def _(scene):
    client = scene.client()
    client.say(item(BYE))
    client.restart()
    client.hello()


@case("elements and options that are not known are dropped")
def _(scene):
    client = scene.client()
    client.say([HELLO, 1, None, None, {"color": "red"}, "more"])
    client.hear_kind(WELCOME)
    client.say([CALL, 1, "echo", None, {"color": "red"}, "ACME", "more"], [PING, "token", "more"])
    came = {said.kind: said for said in (client.hear(), client.hear())}
    expect(set(came) == {REPLY, PONG}, f"{', '.join(map(shown, came.values()))} came")


@case("the server answers in the encoding of the HELLO, also a frame in the other")
def _(scene):
    client = scene.session()
    other = "json" if scene.encoding == "msgpack" else "msgpack"
    client.send_raw(encode([2, item(PING, "token")], other))
    client.hear_kind(PONG, token="token")


# Numbers of frames


@case("a frame whose number was seen is dropped")
def _(scene):
    client = scene.session()
    for _ in range(2):
        client.send_raw(encode([2, client.make("echo", 1)], client.encoding))
    client.hear_kind(REPLY, id=1)
    client.skip_number()
    client.silent()


@case("a gap in the numbers ends the session with PROTOCOL_ERROR")
def _(scene):
    client = scene.session()
    client.skip_number()
    client.say(item(PING, 1))
    ended(client, "PROTOCOL_ERROR")


@case("several items in one frame are done in their order")
def _(scene):
    client = scene.session()
    client.say(*(item(PING, token) for token in range(20)))
    for token in range(20):
        client.hear_kind(PONG, token=token)


@case("a connection that was cut and made again is another peer, and is refused with NO_SESSION")
def _(scene):
    client = scene.session()
    client.say(item(PING, "x" * 70_000))
    client.forgotten()


# Signs of life


@case("PING is answered with a PONG that has its token")
def _(scene):
    client = scene.session()
    for token in ("text", 7, 2**40):
        client.say(item(PING, token))
        client.hear_kind(PONG, token=token)


@case("a PONG is a sign of life, and nothing else")
def _(scene):
    client = scene.session()
    client.say(item(PONG, "token"))
    client.silent()


@case("BYE ends the session, is not answered, and aborts the calls of the session")
def _(scene):
    client, witness = scene.session(), scene.session()
    before = witness.ask("aborted").output
    client.call("slow", {"ms": 60_000})
    client.silent()
    client.say(item(BYE))
    aborted_since(witness, before, 1)
    client.forgotten()


@case("the session of a client that was silent for livenessMs has ended, and its calls are aborted")
def _(scene):
    client, witness = scene.session(), scene.session()
    before = witness.ask("aborted").output
    client.call("slow", {"ms": 60_000})
    client.silent()
    begun = time.monotonic()
    aborted_since(witness, before, 1)
    lived_ms = (time.monotonic() - begun) * 1000
    expect(lived_ms > client.welcome["livenessMs"] * 0.75, f"it ended after {lived_ms} ms")
    client.forgotten()


@case("any frame is a sign of life")
def _(scene):
    client = scene.session()
    client.call("slow", {"ms": client.welcome["livenessMs"] * 1.25})
    while (said := client.hear_within(client.welcome["heartbeatMs"])) is None:
        client.say(item(PONG, "alive"))
    expect(said.kind == REPLY, f"{shown(said)} came")
