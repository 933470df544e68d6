"""Cases of a client's sessions: how they begin and end, numbers of frames, heartbeats, and what is not of the page."""

import time

from rpc_battery import Cases
from rpc_raw import expect, shown
from rpc_wire import BYE, DRAIN, END, HELLO, ITEM, PING, PONG, REPLY, WELCOME, RpcError, encode, item

cases = Cases()
case = cases.case

ECHO = {"procedure": "echo", "input": "ACME"}
SLOW = {"procedure": "slow", "input": {"ms": 60_000}}
COUNT = {"procedure": "count", "input": {"n": 3}}

VIOLATIONS = {
    "a frame that cannot be decoded": lambda session, _: session.send_raw(
        b"[1,[10" if session.encoding == "json" else b"\x92\x02"
    ),
    "a frame without an item": lambda session, _: session.say(),
    "a message of two frames": lambda session, _: session.send_raw(encode([2, [PING, 1]], session.encoding), b""),
    "an item of a kind that is not known": lambda session, _: session.say([99, 1]),
    "an item without an element that it needs": lambda session, _: session.say([REPLY]),
    "an element of another type": lambda session, _: session.say([REPLY, "1", 1]),
    "a PING without a token": lambda session, _: session.say([PING]),
    "an item that a client alone sends": lambda session, _: session.say(item(HELLO, 1)),
    "a second WELCOME": lambda session, _: session.say(item(WELCOME, 1, {**session.options})),
    "a gap in the numbers": lambda session, _: (session.skip_number(), session.say(item(PING, 1))),
    "an answer to a call that was not made": lambda session, called: session.say(item(REPLY, called + 1, 1)),
    "an item of a call that has no stream out": lambda session, called: session.say(item(ITEM, called, 1)),
    "an END of a call that has no stream out": lambda session, called: session.say(item(END, called)),
}


def answered(session, call, output="ACME"):
    session.say(item(REPLY, call.id, output))


def within_session(scene, *calls, **options):
    """Has the client make these calls behind one that was answered: what they measure does not begin with the connection.
    The outcome of that one comes first."""
    session = scene.play(ECHO, *calls)
    session.welcome(**options)
    answered(session, session.hear_call("echo"))
    return session


def goes_on(scene):
    """The next call, an echo, is made in a session of its own."""
    session = scene.next_session()
    session.welcome()
    answered(session, session.hear_call("echo"))
    first, second = scene.outcomes()
    expect("error" in first, f"the outcome of the call in the session that ended is {first}")
    expect(second == {"output": "ACME"}, f"the outcome of the call behind it is {second}")


def _violation(violate):
    def play(scene):
        session = scene.play(SLOW, ECHO)
        session.welcome()
        violate(session, session.hear_call("slow").id)
        session.hear_bye("PROTOCOL_ERROR")
        goes_on(scene)

    return play


def _refused(code):
    def play(scene):
        session = scene.play(SLOW)
        session.hear_kind(HELLO)
        session.say(item(BYE, RpcError(code, "no").to_wire()))
        outcomes = scene.outcomes()
        expect(outcomes[0].get("error", {}).get("code") == code, f"the outcome is {outcomes}")

    return play


for what, violate in VIOLATIONS.items():
    case(f"a client ends its session with PROTOCOL_ERROR at {what}, and begins another")(_violation(violate))


# Beginnings


@case("a client says HELLO, and nothing else before the WELCOME")
def _(scene):
    session = scene.play(ECHO)
    hello = session.hear_kind(HELLO, version=1)
    expect(hello.service in ("conformance", None), f"the service is {hello.service!r}")
    expect(hello.contract_version in ("1", None), f"the version is {hello.contract_version!r}")
    early = session.hear_within(200)
    expect(early is None, f"{early and shown(early)} came before the WELCOME")
    session.accept()
    answered(session, session.hear_call("echo"))
    expect(scene.outcomes() == [{"output": "ACME"}], "the call is answered")


@case("a client drops elements and options that it does not know")
def _(scene):
    session = scene.play(ECHO)
    session.hear_kind(HELLO)
    session.say([WELCOME, 1, {**session.options, "color": "red"}, "more"])
    session.say([REPLY, session.hear_call("echo").id, "ACME", "more"], [PING, "token", "more"])
    session.hear_kind(PONG, token="token")
    expect(scene.outcomes() == [{"output": "ACME"}], "the call is answered")


for code in ("VERSION_MISMATCH", "UNKNOWN_SERVICE"):
    case(f"the call of a client that was refused with {code} fails with that")(_refused(code))


# Ends


@case("a client that closes says BYE")
def _(scene):
    session = scene.play(ECHO)
    session.welcome()
    answered(session, session.hear_call("echo"))
    said = session.hear_kind(BYE)
    expect(said.error is None, f"{shown(said)} came")
    scene.outcomes()


@case("BYE of the server ends the session: its calls fail, and the next begins another on a new connection")
def _(scene):
    session = scene.play(SLOW, ECHO)
    session.welcome()
    session.hear_call("slow")
    session.say(item(BYE, RpcError("UNAVAILABLE", "stopped", retryable=True).to_wire()))
    goes_on(scene)


@case("BYE of the server may have no error")
def _(scene):
    session = scene.play(SLOW, ECHO)
    session.welcome()
    session.hear_call("slow")
    session.say(item(BYE))
    goes_on(scene)


@case("at DRAIN a client waits for its calls, makes no other, and says BYE behind the last")
def _(scene):
    session = scene.play(SLOW, ECHO)
    session.welcome()
    call = session.hear_call("slow")
    session.say(item(DRAIN))
    session.silent()
    answered(session, call, "done")
    session.hear_kind(BYE)
    other = scene.next_session()
    other.welcome()
    answered(other, other.hear_call("echo"))
    expect(scene.outcomes() == [{"output": "done"}, {"output": "ACME"}], "both calls are answered")


# Signs of life


@case("a client answers PING with a PONG that has its token")
def _(scene):
    session = scene.play(SLOW)
    session.welcome()
    call = session.hear_call("slow")
    for token in ("text", 7, 2**40):
        session.say(item(PING, token))
        session.hear_kind(PONG, token=token)
    answered(session, call, "done")
    expect(scene.outcomes() == [{"output": "done"}], "the call is answered")


@case("a client that has nothing to say sends PING every heartbeatMs, and lives on while that is answered")
def _(scene):
    session = scene.play(SLOW)
    session.welcome(heartbeatMs=150, livenessMs=1500)
    call = session.hear_call("slow")
    begun = heard = time.monotonic()
    while time.monotonic() - begun < 2:
        said = session.hear_kind(PING)
        expect(time.monotonic() - heard < 1.4, f"the PING came after {time.monotonic() - heard} s")
        heard = time.monotonic()
        session.say(item(PONG, said.token))
    answered(session, call, "done")
    expect(scene.outcomes() == [{"output": "done"}], "the call is answered")


@case("a client that hears nothing for livenessMs holds the server for gone: its call fails, and the next is elsewhere")
def _(scene):
    session = scene.play(SLOW, ECHO)
    session.welcome(heartbeatMs=150, livenessMs=600)
    session.hear_call("slow")
    session.hear_kind(PING)
    goes_on(scene)


@case("any frame is a sign of life to a client")
def _(scene):
    session = scene.play(SLOW)
    session.welcome(heartbeatMs=300, livenessMs=900)
    call = session.hear_call("slow")
    begun = time.monotonic()
    while time.monotonic() - begun < 1.2:
        session.say(item(PONG, "alive"))
        session.hear_within(100)
    answered(session, call, "done")
    expect(scene.outcomes() == [{"output": "done"}], "the call is answered")


@case("a client drops a frame whose number it has seen")
def _(scene):
    session = scene.play(COUNT)
    session.welcome()
    called = session.hear_call("count").id
    for _ in range(2):
        session.send_raw(encode([2, item(ITEM, called, 0)], session.encoding))
    session.skip_number()
    session.say(item(END, called))
    outcomes = scene.outcomes()
    expect(outcomes == [{"items": [0]}], f"the outcome is {outcomes}")
