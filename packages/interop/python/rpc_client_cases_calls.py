"""Cases of a client's calls: answers, errors, deadlines, cancelling, values."""

import base64

from rpc_battery import Cases
from rpc_client_cases_sessions import COUNT, ECHO, SLOW, answered, within_session
from rpc_raw import expect
from rpc_wire import CALL, CANCEL, END, ERROR, ITEM, MISSING, REPLY, RpcError, declared, item

cases = Cases()
case = cases.case


def came_of(scene, *outcomes):
    came = scene.outcomes()
    expect(came == list(outcomes), f"the outcomes are {came}, and not {list(outcomes)}")


def failed(scene):
    outcomes = scene.outcomes()
    expect("error" in outcomes[0], f"the outcomes are {outcomes}")
    return outcomes[0]["error"]


def _failing(code):
    def play(scene):
        session = scene.play(SLOW)
        session.welcome()
        session.say(item(ERROR, session.hear_call("slow").id, RpcError(code, "why").to_wire()))
        error = failed(scene)
        expect(error["code"] == code, f"the error is {error}")

    return play


def _next_call(session, ended):
    """The next call: a CANCEL of the one that has ended may come before it."""
    said = session.hear()
    if said.kind == CANCEL and said.id == ended:
        said = session.hear()
    expect(said.kind == CALL, f"{said} came")
    return said


# Answers


@case("a call says its id, its procedure and its input, and has the output of its REPLY")
def _(scene):
    session = scene.play({"procedure": "echo", "input": {"nested": [None, True, 1.5, "grüße"]}})
    session.welcome()
    call = session.hear_call("echo")
    expect(call.input == {"nested": [None, True, 1.5, "grüße"]}, f"the input is {call.input!r}")
    answered(session, call, {"price": [12.5, None, "grüße"]})
    came_of(scene, {"output": {"price": [12.5, None, "grüße"]}})


@case("a call without an input says none, and may be answered without an output")
def _(scene):
    session = scene.play({"procedure": "nothing"})
    session.welcome()
    call = session.hear_call("nothing")
    expect(call.input is MISSING or call.input is None, f"the input is {call.input!r}")
    session.say(item(REPLY, call.id))
    came_of(scene, {})


@case("the id of each call is greater than that of the one before")
def _(scene):
    session = scene.play(ECHO, ECHO, ECHO)
    session.welcome()
    ids = []
    for _ in range(3):
        call = session.hear_call("echo")
        ids.append(call.id)
        answered(session, call)
    expect(ids == sorted(set(ids)), f"the ids are {ids}")
    came_of(scene, *[{"output": "ACME"}] * 3)


@case("calls that are made at once are open at once, and each has its own answer")
def _(scene):
    session = scene.play(*({"procedure": "echo", "input": n} for n in range(5)), together=True)
    session.welcome()
    calls = [session.hear_call("echo") for _ in range(5)]
    for call in reversed(calls):
        answered(session, call, call.input + 100)
    came_of(scene, *({"output": n + 100} for n in range(5)))


@case("several answers in one frame are taken")
def _(scene):
    session = scene.play(*({"procedure": "echo", "input": n} for n in range(3)), together=True)
    session.welcome()
    calls = [session.hear_call("echo") for _ in range(3)]
    session.say(*(item(REPLY, call.id, call.input) for call in calls))
    came_of(scene, *({"output": n} for n in range(3)))


@case("a call says its metadata")
def _(scene):
    metadata = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tenant": "grüße"}
    session = scene.play({"procedure": "metadata", "metadata": metadata})
    session.welcome()
    call = session.hear_call("metadata")
    said = call.options.get("metadata") or {}
    expect({key: said.get(key) for key in metadata} == metadata, f"the metadata is {said}")
    answered(session, call, {})
    came_of(scene, {"output": {}})


@case("a client sends the input of a schema, and leaves its defaults to the server")
def _(scene):
    session = scene.play({"procedure": "defaults", "input": {"name": "ab"}})
    session.welcome()
    call = session.hear_call("defaults")
    expect(call.input == {"name": "ab"}, f"the input is {call.input!r}")
    answered(session, call, "abab")
    came_of(scene, {"output": "abab"})


# Limits of size


@case("no frame of a client is larger than the maxMessageBytes of the WELCOME")
def _(scene):
    session = scene.play(*({"procedure": "echo", "input": "x" * 400} for _ in range(10)), together=True)
    session.welcome(maxMessageBytes=1000)
    for call in [session.hear_call("echo") for _ in range(10)]:
        answered(session, call, "")
    came_of(scene, *[{"output": ""}] * 10)
    expect(max(session.frame_sizes) <= 1000, f"the frames had {session.frame_sizes} bytes")


@case("an input that is larger than the maxMessageBytes of the WELCOME fails its call unsent, and the session goes on")
def _(scene):
    session = scene.play({"procedure": "echo", "input": "x" * 1000}, ECHO)
    session.welcome(maxMessageBytes=1000)
    call = session.hear_call("echo")
    expect(call.input == "ACME", f"a call with {len(call.input)} characters came")
    answered(session, call)
    first, second = scene.outcomes()
    expect("error" in first, f"the outcome is {first}")
    expect(second == {"output": "ACME"}, f"the outcome behind it is {second}")


# Errors


@case("an error of the contract has its kind and its data")
def _(scene):
    session = scene.play({"procedure": "fail", "input": {"id": "ACME"}})
    session.welcome()
    session.say(item(ERROR, session.hear_call("fail").id, declared("NOT_FOUND", {"id": "ACME"}).to_wire()))
    error = failed(scene)
    expect(error["code"] == "DECLARED_ERROR" and error.get("kind") == "NOT_FOUND", f"the error is {error}")
    expect(error.get("data") == {"id": "ACME"}, f"the error is {error}")


for code in ("CALL_FAILED", "REFUSED", "INVALID_OUTPUT", "TIMEOUT", "MESSAGE_TOO_LARGE", "A_CODE_OF_ITS_OWN"):
    case(f"the error of a call has the code {code} that the server said")(_failing(code))


@case("an error is retryable and notRun as the server said, and neither where it did not")
def _(scene):
    session = scene.play(SLOW, SLOW)
    session.welcome()
    lost = RpcError("WORKER_LOST", "lost", retryable=True)
    session.say(item(ERROR, session.hear_call("slow").id, lost.to_wire()))
    session.say(item(ERROR, session.hear_call("slow").id, {"code": "CALL_FAILED", "message": "", "color": "red"}))
    first, second = (outcome["error"] for outcome in scene.outcomes())
    expect(first.get("retryable") is True and not first.get("notRun"), f"the first error is {first}")
    expect(not second.get("retryable") and not second.get("notRun"), f"the second error is {second}")


@case("a null for a property of an error stands for its default")
def _(scene):
    session = scene.play(SLOW)
    session.welcome()
    error = {"code": "REFUSED", "message": None, "retryable": None, "notRun": None, "kind": None}
    session.say(item(ERROR, session.hear_call("slow").id, error))
    came = failed(scene)
    expect(came["code"] == "REFUSED" and not came.get("retryable") and not came.get("notRun"), f"the error is {came}")


# Ends


@case("a call with a time limit says what is left of it")
def _(scene):
    session = scene.play({**ECHO, "timeoutMs": 5000})
    session.welcome()
    call = session.hear_call("echo")
    expect(call.left_ms is not None and 0 < call.left_ms <= 5000, f"leftMs is {call.left_ms}")
    answered(session, call)
    came_of(scene, {"output": "ACME"})


@case("a call without a time limit says no leftMs")
def _(scene):
    session = scene.play(ECHO)
    session.welcome()
    call = session.hear_call("echo")
    expect(call.left_ms is None, f"leftMs is {call.left_ms}")
    answered(session, call)
    came_of(scene, {"output": "ACME"})


@case("a call whose time is over fails with TIMEOUT, also when the server says nothing, and the session goes on")
def _(scene):
    session = within_session(scene, {**SLOW, "timeoutMs": 300}, ECHO)
    call = session.hear_call("slow")
    answered(session, _next_call(session, call.id))
    _, first, second = scene.outcomes()
    expect(first.get("error", {}).get("code") == "TIMEOUT", f"the outcome is {first}")
    expect(second == {"output": "ACME"}, f"the outcome behind it is {second}")


@case("a call that is cancelled says CANCEL, its late answer is dropped, and the session goes on")
def _(scene):
    session = within_session(scene, {**SLOW, "cancelAfterMs": 200}, ECHO)
    call = session.hear_call("slow")
    session.hear_kind(CANCEL, id=call.id)
    session.say(item(REPLY, call.id, "late"), item(ERROR, call.id, RpcError("CALL_FAILED").to_wire()))
    answered(session, session.hear_call("echo"))
    _, first, second = scene.outcomes()
    expect("error" in first, f"the outcome is {first}")
    expect(second == {"output": "ACME"}, f"the outcome behind it is {second}")


@case("what comes for a call that has ended is dropped")
def _(scene):
    session = scene.play(COUNT, ECHO)
    session.welcome()
    called = session.hear_call("count").id
    session.say(item(END, called), item(ITEM, called, 7), item(END, called))
    answered(session, session.hear_call("echo"))
    came_of(scene, {"items": []}, {"output": "ACME"})


# Values


@case("an integer of up to 53 bits goes and comes as it is")
def _(scene):
    integers = [2**31, 2**32, 2**40, 2**53 - 1, -(2**31) - 1, -(2**40)]
    session = scene.play({"procedure": "echo", "input": integers})
    session.welcome()
    call = session.hear_call("echo")
    expect(call.input == integers, f"the input is {call.input}")
    answered(session, call, integers)
    came_of(scene, {"output": integers})


@case("an integer may come as a float")
def _(scene):
    session = scene.play(ECHO)
    session.welcome()
    session.say([float(REPLY), float(session.hear_call("echo").id), 7.0])
    came_of(scene, {"output": 7})


@case("bytes come as they are", only="msgpack")
def _(scene):
    session = scene.play({"procedure": "utf8", "input": "ACME"})
    session.welcome()
    answered(session, session.hear_call("utf8"), b"\x00\xff\x01\xfe")
    came_of(scene, {"output": {"$bytes": base64.b64encode(b"\x00\xff\x01\xfe").decode()}})
