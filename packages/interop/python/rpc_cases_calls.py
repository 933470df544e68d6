"""Cases of calls: answers, errors, deadlines, cancelling, and the procedures that every server has."""

import time

from rpc_battery import Cases
from rpc_cases_sessions import aborted_since, ended
from rpc_raw import error_of, expect, shown
from rpc_wire import CALL, CANCEL, ERROR, HELLO, MISSING, REPLY, WELCOME, item

cases = Cases()
case = cases.case


def until_none_runs(witness):
    """What was cancelled runs no more, whether it had begun or not."""
    until = time.monotonic() + 8
    while (health := witness.ask("$health").output)["running"] + health["queued"] > 0:
        expect(time.monotonic() < until, f"the health is {health}")
        time.sleep(0.02)


def _failing(procedure, value, code):
    def play(scene):
        client = scene.session()
        error = error_of(client.ask(procedure, value), code)
        expect(isinstance(error.message, str), "an error has a message")
        client.silent()
        expect(client.ask("echo", 1).output == 1, "the session goes on")

    return play


def _old_id(called):
    def play(scene):
        client = scene.session()
        client.say(item(CALL, 5, "echo", None, None, 1))
        client.hear_kind(REPLY, id=5)
        client.say(item(CALL, called, "echo", None, None, 1))
        ended(client, "PROTOCOL_ERROR")

    return play


def _too_late(left_ms):
    def play(scene):
        client = scene.session()
        error_of(client.ask("echo", 1, left_ms=left_ms), "TIMEOUT")
        before = client.ask("aborted").output
        error_of(client.ask("slow", {"ms": 60_000}, left_ms=left_ms), "TIMEOUT")
        client.silent()
        expect(client.ask("aborted").output == before, "it had begun, and was aborted")

    return play


# Answers


@case("a call is answered with exactly one REPLY")
def _(scene):
    client = scene.session()
    said = client.ask("echo", {"symbol": "ACME", "nested": [None, True, 1.5, "grüße"]})
    expect(said.kind == REPLY, f"{shown(said)} came")
    expect(said.output == {"symbol": "ACME", "nested": [None, True, 1.5, "grüße"]}, f"{shown(said)} came")
    client.silent()


@case("a call without an input is answered with a REPLY without an output")
def _(scene):
    said = scene.session().ask("nothing")
    expect(said.kind == REPLY and said.output in (MISSING, None), f"{shown(said)} came")


@case("a null for leftMs and options stands for their defaults")
def _(scene):
    client = scene.session()
    client.say([CALL, 1, "echo", None, None, "ACME"])
    client.hear_kind(REPLY, id=1, output="ACME")


@case("a null for a property of options stands for its default")
def _(scene):
    client = scene.client()
    client.say([HELLO, 1, None, None, {"maxMessageBytes": None}])
    client.hear_kind(WELCOME)
    client.say([CALL, 1, "metadata", None, {"metadata": None, "credit": None}])
    client.hear_kind(REPLY, id=1, output={})


@case("calls run at once, and are answered as they end")
def _(scene):
    client = scene.session()
    client.say(client.make("slow", {"ms": 800}), client.make("slow", {"ms": 0}), client.make("echo", 3))
    answers = [client.hear_kind(REPLY).id for _ in range(3)]
    expect(sorted(answers) == [1, 2, 3] and answers[-1] == 1, f"they were answered in the order {answers}")


@case("the handler has what its schema makes of the input, with defaults")
def _(scene):
    client = scene.session()
    expect(client.ask("defaults", {"name": "ab"}).output == "abab", "the default of times is 2")
    expect(client.ask("defaults", {"name": "ab", "times": 3}).output == "ababab", "times was 3")


@case("the handler has the metadata of the call")
def _(scene):
    metadata = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tenant": "grüße"}
    output = scene.session().ask("metadata", metadata=metadata).output
    expect({key: output.get(key) for key in metadata} == metadata, f"the handler had {output}")


# Errors


for procedure, value, code in [
    ("throws", MISSING, "CALL_FAILED"),
    ("refuse", MISSING, "REFUSED"),
    ("misfit", MISSING, "INVALID_OUTPUT"),
    ("defaults", {"name": 7}, "INVALID_INPUT"),
    ("defaults", MISSING, "INVALID_INPUT"),
    ("other", 1, "UNKNOWN_PROCEDURE"),
    ("$other", MISSING, "UNKNOWN_PROCEDURE"),
    ("toString", MISSING, "UNKNOWN_PROCEDURE"),
]:
    said = "" if value is MISSING else f" of {value}"
    case(f"a call of {procedure}{said} is answered with {code}")(_failing(procedure, value, code))


@case("an error of the contract has its kind and its data")
def _(scene):
    error = error_of(scene.session().ask("fail", {"id": "ACME"}), "DECLARED_ERROR")
    expect(error.kind == "NOT_FOUND" and error.data == {"id": "ACME"}, f"kind {error.kind}, data {error.data}")
    expect(not error.retryable and not error.not_run, "it is neither retryable nor notRun")


@case("calls beyond those that the server takes are answered with OVERLOADED, which is retryable and notRun")
def _(scene):
    client, witness = scene.session(), scene.session()
    client.say(*(client.make("slow", {"ms": 60_000}) for _ in range(17)))
    said = client.hear_kind(ERROR, id=17)
    error = error_of(said, "OVERLOADED")
    expect(error.retryable and error.not_run, "it is retryable and notRun")
    health = witness.ask("$health").output
    expect(health["running"] + health["queued"] == 16, f"the health is {health}")
    client.say(*(item(CANCEL, called) for called in range(1, 17)))
    expect(all(one.kind == ERROR for one in client.fence()), "a call that was cancelled had a REPLY")
    until_none_runs(witness)


@case("an answer that is larger than the maxMessageBytes of the HELLO is MESSAGE_TOO_LARGE")
def _(scene):
    client = scene.session(maxMessageBytes=1000)
    error_of(client.ask("text", {"length": 1000}), "MESSAGE_TOO_LARGE")
    expect(client.ask("text", {"length": 500}).kind == REPLY, "the session goes on")


@case("no frame is larger than the maxMessageBytes of the HELLO")
def _(scene):
    client = scene.session(maxMessageBytes=1000)
    client.say(*(client.make("text", {"length": 300}) for _ in range(10)))
    for _ in range(10):
        client.hear_kind(REPLY)
    expect(max(client.frame_sizes) <= 1000, f"the frames had {client.frame_sizes} bytes")


# Ids


@case("the ids of calls may have gaps")
def _(scene):
    client = scene.session()
    for called in (1, 5, 2**31, 2**40):
        client.say(item(CALL, called, "echo", None, None, called))
        client.hear_kind(REPLY, id=called, output=called)


for what, called in [("the same id as", 5), ("a smaller id than", 4)]:
    case(f"a call with {what} one before it ends the session with PROTOCOL_ERROR")(_old_id(called))


@case("what comes for a call that has ended is dropped")
def _(scene):
    client = scene.session()
    client.ask("echo", 1)
    client.say(item(CANCEL, 1), item(3, 1, 5), item(7, 1, "late"), item(8, 1))
    client.silent()


# Ends


@case("a call whose leftMs is over is answered with TIMEOUT, and its handler is aborted")
def _(scene):
    client, witness = scene.session(), scene.session()
    before = witness.ask("aborted").output
    error_of(client.ask("slow", {"ms": 60_000}, left_ms=100), "TIMEOUT")
    aborted_since(witness, before, 1)
    client.silent()


for left_ms in (0, -5):
    case(f"a call whose leftMs is {left_ms} is answered with TIMEOUT, and does not begin")(_too_late(left_ms))


@case("a call that is done in time is not answered again when leftMs is over")
def _(scene):
    client = scene.session()
    expect(client.ask("echo", 1, left_ms=1000).kind == REPLY, "it is done in time")
    expect(client.ask("slow", {"ms": 1100}).kind == REPLY, "it is done in time")
    client.silent()


@case("a leftMs may be longer than a timer of JavaScript, and have a fraction")
def _(scene):
    client = scene.session()
    for left_ms in (2**31, 2**40, 5000.5):
        expect(client.ask("slow", {"ms": 20}, left_ms=left_ms).kind == REPLY, f"leftMs is {left_ms}")


@case("CANCEL aborts the handler, and the call is answered with nothing or one ERROR")
def _(scene):
    client, witness = scene.session(), scene.session()
    before = witness.ask("aborted").output
    called = client.call("slow", {"ms": 60_000})
    client.silent()
    client.say(item(CANCEL, called), item(CANCEL, called))
    aborted_since(witness, before, 1)
    came = client.fence()
    expect(len(came) <= 1 and all(said.kind == ERROR for said in came), f"{', '.join(map(shown, came))} came")


@case("CANCEL of one call leaves the others alone")
def _(scene):
    client = scene.session()
    kept = client.call("slow", {"ms": 300})
    client.say(item(CANCEL, client.call("slow", {"ms": 60_000})))
    while (said := client.hear()).id != kept:
        expect(said.kind == ERROR, f"{shown(said)} came")
    expect(said.kind == REPLY, f"{shown(said)} came")


# What every server has


@case("$health says how the server is")
def _(scene):
    client, witness = scene.session(), scene.session()
    called = witness.call("slow", {"ms": 60_000})
    witness.silent()
    health = client.ask("$health").output
    expect(health["status"] == "serving" and health["service"] == "conformance", f"it is {health}")
    expect(health["version"] == "1" and health["instance"] == client.welcome["instance"], f"it is {health}")
    expect(health["running"] + health["queued"] >= 1 and health["sessions"] >= 2, f"it is {health}")
    expect(health["uptimeMs"] >= 0, f"it is {health}")
    witness.say(item(CANCEL, called))


@case("$describe names each procedure with its streams, its errors and its schemas")
def _(scene):
    said = scene.session().ask("$describe").output
    expect(said["service"] == "conformance" and said["version"] == "1", f"it is of {said['service']}")
    procedures = said["procedures"]
    streams = {"echo": (False, False), "count": (False, True), "sum": (True, False), "double": (True, True)}
    for name, (has_in, has_out) in streams.items():
        one = procedures[name]
        expect(one["in"] is has_in and one["out"] is has_out, f"{name}: in {one['in']}, out {one['out']}")
    expect(procedures["echo"]["idempotent"] is True and procedures["slow"]["idempotent"] is False, "idempotent")
    expect(procedures["echo"]["timeoutMs"] is None, "echo has no timeoutMs")
    expect(procedures["defaults"]["input"]["properties"]["name"]["type"] == "string", "the input of defaults")
    expect("times" not in procedures["defaults"]["input"]["required"], "what has a default is not required")
    expect(procedures["double"]["streamOut"]["type"] in ("integer", "number"), "the stream out of double")
    expect(procedures["slow"]["streamIn"] is None, "slow has no stream in")
    expect("id" in procedures["fail"]["errors"]["NOT_FOUND"]["properties"], "the errors of fail")
