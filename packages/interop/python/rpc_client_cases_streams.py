"""Cases of a client's streams: in, out and both, their credit and their ends."""

from rpc_battery import Cases
from rpc_client_cases_calls import came_of
from rpc_client_cases_sessions import COUNT, ECHO, answered, within_session
from rpc_raw import expect, shown
from rpc_wire import BYE, CALL, CANCEL, CREDIT, END, ERROR, ITEM, PING, PONG, REPLY, RpcError, item

cases = Cases()
case = cases.case

WINDOW = 8
NUMBERS = list(range(3 * WINDOW))


def give(session, call, values):
    """Sends these items of the stream out, never more than there is credit for."""
    room, left = call.options.get("credit") or 0, list(values)
    while left:
        while room == 0:
            room += session.hear_kind(CREDIT, id=call.id).count
        now, left = left[:room], left[room:]
        room -= len(now)
        session.say(*(item(ITEM, call.id, one) for one in now))
    return room


def take(session, call, room):
    """The items of the stream in that come for this credit and no more. @return them, and whether END came"""
    values, fenced = [], False
    session.say(item(PING, "fence"))
    while len(values) < room or not fenced:
        said = session.hear()
        if said.kind == END:
            return values, True
        fenced = fenced or said.kind == PONG
        if said.kind == ITEM:
            values.append(said.value)
    expect(len(values) == room, f"{len(values)} items came for a credit of {room}")
    return values, False


# Streams out


@case("a client takes a stream out to its END, and gives credit as its consumer takes items")
def _(scene):
    session = scene.play(COUNT)
    session.welcome()
    call = session.hear_call("count")
    give(session, call, range(1000))
    session.say(item(END, call.id))
    came_of(scene, {"items": list(range(1000))})


@case("an ERROR ends a stream out behind the items that came before it")
def _(scene):
    session = scene.play(COUNT)
    session.welcome()
    call = session.hear_call("count")
    give(session, call, [0, 1])
    session.say(item(ERROR, call.id, RpcError("CALL_FAILED", "why").to_wire()))
    (outcome,) = scene.outcomes()
    expect(outcome["items"] == [0, 1] and outcome["error"]["code"] == "CALL_FAILED", f"the outcome is {outcome}")


@case("a consumer that leaves a stream out early cancels it, and what still comes is dropped")
def _(scene):
    session = scene.play({**COUNT, "take": 2}, ECHO)
    session.welcome()
    call = session.hear_call("count")
    room = give(session, call, [0, 1])
    while (said := session.hear()).kind != CANCEL:
        expect(said.kind == CREDIT, f"{shown(said)} came")
        room += said.count
    expect(said.id == call.id, f"{shown(said)} came")
    session.say(*(item(ITEM, call.id, 7) for _ in range(room)), item(END, call.id))
    answered(session, session.hear_call("echo"))
    came_of(scene, {"items": [0, 1]}, {"output": "ACME"})


@case("an item beyond the credit ends the session with PROTOCOL_ERROR")
def _(scene):
    session = scene.play({**COUNT, "take": 5000})
    session.welcome()
    call = session.hear_call("count")
    session.say(*(item(ITEM, call.id, 7) for _ in range(1 + (call.options.get("credit") or 0))))
    session.hear_bye("PROTOCOL_ERROR")
    (outcome,) = scene.outcomes()
    expect("error" in outcome, f"the outcome is {outcome}")


@case("a REPLY to a call with a stream out ends the session with PROTOCOL_ERROR")
def _(scene):
    session = scene.play(COUNT)
    session.welcome()
    session.say(item(REPLY, session.hear_call("count").id, 1))
    session.hear_bye("PROTOCOL_ERROR")
    (outcome,) = scene.outcomes()
    expect("error" in outcome, f"the outcome is {outcome}")


@case("the time limit of a stream out counts while it waits")
def _(scene):
    session = within_session(scene, {**COUNT, "timeoutMs": 300})
    session.hear_call("count")
    _, outcome = scene.outcomes()
    expect(outcome["error"]["code"] == "TIMEOUT", f"the outcome is {outcome}")


# Streams in


@case("a client sends the window of its stream in, then as many items as CREDIT adds, then END")
def _(scene):
    session = scene.play({"procedure": "sum", "in": NUMBERS})
    session.welcome(window=WINDOW)
    call = session.hear_call("sum")
    values, ended = take(session, call, WINDOW)
    expect(values == NUMBERS[:WINDOW] and not ended, f"{values} came")
    session.silent()
    session.say(item(CREDIT, call.id, 1), item(CREDIT, call.id, 2))
    more, ended = take(session, call, 3)
    expect(more == NUMBERS[WINDOW : WINDOW + 3] and not ended, f"{more} came")
    session.say(item(CREDIT, call.id, 100))
    rest, ended = take(session, call, 100)
    expect(rest == NUMBERS[WINDOW + 3 :] and ended, f"{rest} came")
    answered(session, call, sum(NUMBERS))
    came_of(scene, {"output": sum(NUMBERS)})


@case("END of a stream in needs no credit, and a stream in may have no items")
def _(scene):
    for count in (0, 2):
        session = scene.play({"procedure": "sum", "in": NUMBERS[:count]})
        session.welcome(window=2)
        call = session.hear_call("sum")
        values = [session.hear_kind(ITEM, id=call.id).value for _ in range(count)]
        expect(values == NUMBERS[:count], f"{values} came")
        session.hear_kind(END, id=call.id)
        answered(session, call, 0)
        came_of(scene, {"output": 0})


@case("a client whose call was answered sends no more of its stream in")
def _(scene):
    session = scene.play({"procedure": "first", "in": NUMBERS}, ECHO)
    session.welcome(window=2)
    call = session.hear_call("first")
    take(session, call, 2)
    session.silent()
    session.say(item(REPLY, call.id, 0), item(CREDIT, call.id, 100))
    answered(session, session.hear_call("echo"))
    session.hear_kind(BYE)
    came_of(scene, {"output": 0}, {"output": "ACME"})


@case("a client whose call has ended sends nothing of its stream in that its source gives later, though it has credit")
def _(scene):
    for end in ({}, {"cancelAfterMs": 100}):
        session = within_session(scene, {"procedure": "unread", "in": NUMBERS, "inEveryMs": 20, **end}, ECHO, window=100)
        call = session.hear_call("unread")
        session.hear_kind(ITEM, id=call.id)
        if not end:
            session.say(item(REPLY, call.id))
        while (said := session.hear()).kind in (ITEM, CANCEL):
            pass
        expect(said.kind == CALL, f"{shown(said)} came")
        late = session.hear_within(100)
        expect(late is None, f"{late and shown(late)} came")
        answered(session, said)
        session.hear_kind(BYE)
        scene.outcomes()


@case("a stream in whose source fails ends with CANCEL, and so does its call")
def _(scene):
    session = scene.play({"procedure": "sum", "in": [1, 2], "inFails": True}, ECHO)
    session.welcome()
    call = session.hear_call("sum")
    while (said := session.hear()).kind == ITEM:
        pass
    expect(said.kind == CANCEL and said.id == call.id, f"{shown(said)} came")
    answered(session, session.hear_call("echo"))
    first, second = scene.outcomes()
    expect("error" in first, f"the outcome is {first}")
    expect(second == {"output": "ACME"}, f"the outcome behind it is {second}")


@case("a call whose stream in is under way sends nothing more of it once it is cancelled")
def _(scene):
    session = within_session(scene, {"procedure": "sum", "in": NUMBERS, "cancelAfterMs": 400}, ECHO, window=2)
    call = session.hear_call("sum")
    for _ in range(2):
        session.hear_kind(ITEM, id=call.id)
    said = session.hear()
    expect(said.kind == CANCEL and said.id == call.id, f"{shown(said)} came")
    session.say(item(CREDIT, call.id, 100))
    answered(session, session.hear_call("echo"))
    session.hear_kind(BYE)
    scene.outcomes()


# Streams both ways


@case("a stream both ways takes items while it sends others")
def _(scene):
    session = scene.play({"procedure": "double", "in": [1, 2, 3]})
    session.welcome(window=1)
    call = session.hear_call("double")
    for number in (1, 2, 3):
        session.hear_kind(ITEM, id=call.id, value=number)
        session.say(item(ITEM, call.id, 2 * number), item(CREDIT, call.id, 1))
    session.hear_kind(END, id=call.id)
    session.say(item(END, call.id))
    came_of(scene, {"items": [2, 4, 6]})


@case("a stream both ways may end before the stream in does")
def _(scene):
    session = scene.play({"procedure": "double", "in": list(range(100))})
    session.welcome(window=1)
    call = session.hear_call("double")
    session.hear_kind(ITEM, id=call.id, value=0)
    session.say(item(ITEM, call.id, 0), item(END, call.id))
    session.hear_kind(BYE)
    came_of(scene, {"items": [0]})
