"""Cases of streams: in, out and both, their credit and their ends."""

from rpc_battery import Cases
from rpc_cases_sessions import aborted_since, ended
from rpc_raw import error_of, expect, shown
from rpc_wire import CANCEL, CREDIT, END, ERROR, ITEM, REPLY, item

cases = Cases()
case = cases.case

WINDOW = 8


def items_of(client, called, count):
    return [client.hear_kind(ITEM, id=called).value for _ in range(count)]


def sent_with_credit(client, called, numbers):
    """Sends these items and END, never more than there is credit for. @return what was the answer"""
    room, left = WINDOW, list(numbers)
    while left:
        now, left = left[:room], left[room:]
        room -= len(now)
        client.say(*(item(ITEM, called, one) for one in now))
        while left and room == 0:
            room += client.hear_kind(CREDIT, id=called).count
    client.say(item(END, called))
    while (said := client.hear()).kind == CREDIT:
        pass
    return said


# Streams out


@case("a stream out is its ITEMs in order and one END")
def _(scene):
    client = scene.session()
    called = client.call("count", {"n": 20}, credit=20)
    expect(items_of(client, called, 20) == list(range(20)), "the items are in order")
    client.hear_kind(END, id=called)
    client.silent()


@case("a server sends no more items than credit says and CREDIT adds")
def _(scene):
    client = scene.session()
    called = client.call("count", {"n": 6}, credit=2)
    expect(items_of(client, called, 2) == [0, 1], "the first items")
    client.silent()
    client.say(item(CREDIT, called, 1), item(CREDIT, called, 2))
    expect(items_of(client, called, 3) == [2, 3, 4], "the items of the CREDIT")
    client.silent()
    client.say(item(CREDIT, called, 100))
    expect(items_of(client, called, 1) == [5], "the last item")
    client.hear_kind(END, id=called)


@case("a call that says no credit has none")
def _(scene):
    client = scene.session()
    called = client.call("count", {"n": 1})
    client.silent()
    client.say(item(CREDIT, called, 1))
    expect(items_of(client, called, 1) == [0], "the item")
    client.hear_kind(END, id=called)


@case("END needs no credit")
def _(scene):
    client = scene.session()
    client.hear_kind(END, id=client.call("count", {"n": 0}))
    called = client.call("count", {"n": 2}, credit=2)
    items_of(client, called, 2)
    client.hear_kind(END, id=called)


@case("ERROR ends a stream out behind its items, and needs no credit")
def _(scene):
    client = scene.session()
    called = client.call("count", {"n": 2, "fail": True}, credit=2)
    expect(items_of(client, called, 2) == [0, 1], "what came before stays")
    error_of(client.hear_kind(ERROR, id=called), "CALL_FAILED")
    client.silent()


@case("an input that does not fit ends a stream with INVALID_INPUT")
def _(scene):
    error_of(scene.session().ask("count", {"n": "many"}, credit=5), "INVALID_INPUT")


@case("of a stream out that was cancelled nothing more comes, whatever credit it gets")
def _(scene):
    client = scene.session()
    called = client.call("count", {"n": 100}, credit=2)
    items_of(client, called, 2)
    client.say(item(CANCEL, called), item(CREDIT, called, 50))
    came = client.fence()
    expect(len(came) <= 1 and all(said.kind == ERROR for said in came), f"{', '.join(map(shown, came))} came")


@case("a stream that has no credit holds no other call up")
def _(scene):
    client = scene.session()
    client.call("count", {"n": 100})
    expect(client.ask("echo", 1).kind == REPLY, "echo is answered")


@case("an item that is larger than the maxMessageBytes of the HELLO ends its stream with MESSAGE_TOO_LARGE")
def _(scene):
    client = scene.session(maxMessageBytes=1000)
    called = client.call("texts", {"length": 1000}, credit=10)
    client.hear_kind(ITEM, id=called, value="x")
    error_of(client.hear_kind(ERROR, id=called), "MESSAGE_TOO_LARGE")


@case("the deadline of a stream out counts while it has no credit")
def _(scene):
    client = scene.session()
    error_of(client.ask("count", {"n": 1}, left_ms=100), "TIMEOUT")


# Streams in


@case("a stream in is taken until its END, and credit is given again as the handler takes items")
def _(scene):
    client = scene.session()
    called = client.call("sum")
    numbers = list(range(5 * WINDOW))
    said = sent_with_credit(client, called, numbers)
    expect(said.kind == REPLY and said.output == sum(numbers), f"{shown(said)} came")
    client.silent()


@case("a stream in may have no items")
def _(scene):
    client = scene.session()
    client.say(client.make("sum"), item(END, 1))
    client.hear_kind(REPLY, id=1, output=0)


@case("a handler that takes nothing gives no credit")
def _(scene):
    client = scene.session()
    called = client.call("unread")
    client.say(*(item(ITEM, called, 1) for _ in range(WINDOW)))
    client.silent()


@case("an item beyond the window ends the session with PROTOCOL_ERROR")
def _(scene):
    client = scene.session()
    called = client.call("unread")
    client.say(*(item(ITEM, called, 1) for _ in range(WINDOW)))
    client.say(item(ITEM, called, 1))
    ended(client, "PROTOCOL_ERROR")


@case("an item that does not fit the schema ends the call with INVALID_INPUT")
def _(scene):
    client = scene.session()
    called = client.call("sum")
    client.say(item(ITEM, called, 1), item(ITEM, called, "two"))
    error_of(client.hear_kind(ERROR, id=called), "INVALID_INPUT")
    client.say(item(ITEM, called, 3), item(END, called))
    client.silent()


@case("a server that answers before the end of a stream in drops the rest of it")
def _(scene):
    client = scene.session()
    called = client.call("first")
    client.say(item(ITEM, called, 7))
    client.hear_kind(REPLY, id=called, output=7)
    client.say(*(item(ITEM, called, 1) for _ in range(2 * WINDOW)))
    client.say(item(END, called))
    client.silent()


@case("items of a call that was refused are dropped")
def _(scene):
    client = scene.session()
    client.say(client.make("other"), *(item(ITEM, 1, 1) for _ in range(2 * WINDOW)), item(END, 1))
    error_of(client.hear_kind(ERROR, id=1), "UNKNOWN_PROCEDURE")
    client.silent()


@case("CANCEL ends a stream in by aborting its handler")
def _(scene):
    client, witness = scene.session(), scene.session()
    before = witness.ask("aborted").output
    called = client.call("unread")
    client.say(item(ITEM, called, 1))
    client.silent()
    client.say(item(CANCEL, called))
    aborted_since(witness, before, 1)


@case("the end of a stream in does not end the call")
def _(scene):
    client = scene.session()
    called = client.call("unread")
    client.say(item(END, called))
    client.silent()
    client.say(item(CANCEL, called))


# Streams both ways


@case("a stream both ways gives what it has made while it takes more")
def _(scene):
    client = scene.session()
    called = client.call("double", credit=100)
    for number in range(3):
        client.say(item(ITEM, called, number))
        client.hear_kind(ITEM, id=called, value=2 * number)
    client.say(item(END, called))
    client.hear_kind(END, id=called)
    client.silent()


@case("a stream both ways whose items nobody allows takes no more than the window")
def _(scene):
    client = scene.session()
    called = client.call("double")
    room, sent = WINDOW, 0
    while room > 0:
        client.say(*(item(ITEM, called, 1) for _ in range(room)))
        sent += room
        came = client.fence()
        expect(all(said.kind == CREDIT for said in came), f"{', '.join(map(shown, came))} came")
        room = sum(said.count for said in came)
        expect(sent < 4 * WINDOW, f"it has taken {sent} items")
    client.say(item(CREDIT, called, sent), item(END, called))
    came = []
    while (said := client.hear()).kind != END:
        came += [said.value] if said.kind == ITEM else []
    expect(came == [2] * sent, f"{len(came)} of {sent} items came")
