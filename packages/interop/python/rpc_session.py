"""One session at the server: what a client says, item by item, and what it is told."""

import asyncio

from rpc_call import Call
from rpc_outbox import Outbox
from rpc_wire import (
    BYE,
    CALL,
    CANCEL,
    CLIENT,
    CREDIT,
    DRAIN,
    END,
    ERROR,
    HELLO,
    ITEM,
    PING,
    PONG,
    REPLY,
    VERSION,
    WELCOME,
    Numbers,
    ProtocolError,
    RpcError,
    item,
    parse,
)


class Session:
    def __init__(self, server, peer, encoding, hello):
        self._server, self._peer = server, peer
        self._numbers = Numbers()
        self._outbox = Outbox(self._numbers, encoding, hello.options.get("maxMessageBytes"))
        self._flushing = None
        self._calls = {}
        self._last_id = 0
        self._loop = asyncio.get_running_loop()
        self.heard_at = self._loop.time()
        self.say(item(WELCOME, VERSION, server.welcome()))

    # What comes

    def take(self, number, items):
        """Does what a frame says. @raises ProtocolError"""
        self.heard_at = self._loop.time()
        if not self._numbers.take(number):
            return
        for one in items:
            if not self._server.has(self._peer):
                return
            self._do(parse(one, CLIENT))

    def _do(self, said):
        if said.kind == HELLO:
            raise ProtocolError("a session has one HELLO")
        elif said.kind == PING:
            self.say(item(PONG, said.token))
        elif said.kind == BYE:
            self._server.forget(self._peer)
        elif said.kind == CALL:
            self._call(said)
        elif said.kind != PONG:
            self._of_call(said)

    def _of_call(self, said):
        if said.id > self._last_id:
            raise ProtocolError(f"{said.name} of call {said.id}, which was not made")
        call = self._calls.get(said.id)
        if call is None:
            return
        if said.kind == CREDIT:
            call.credit(said.count)
        elif said.kind == ITEM:
            call.item(said.value)
        elif said.kind == END:
            call.end()
        elif said.kind == CANCEL:
            call.cancel()

    def _call(self, asked):
        if asked.id <= self._last_id:
            raise ProtocolError(f"call {asked.id} came after call {self._last_id}")
        self._last_id = asked.id
        try:
            if asked.left_ms is not None and asked.left_ms <= 0:
                raise RpcError("TIMEOUT", "leftMs was over when it came")
            if asked.procedure.startswith("$"):
                self.say(item(REPLY, asked.id, self._server.own(asked.procedure)))
            else:
                procedure = self._server.admit(asked.procedure)
                self._calls[asked.id] = Call(self, asked, procedure, self._server.settings.window)
        except RpcError as error:
            self.say(item(ERROR, asked.id, error.to_wire()))

    # What is said

    def say(self, one):
        """Sends an item with all others of this turn. @raises ValueError, TooLarge"""
        self._outbox.add(one)
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self.flush)

    def flush(self):
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        for frame in self._outbox.take():
            self._server.send(self._peer, frame)

    def drain(self):
        self.say(item(DRAIN))

    def bye(self, error=None):
        """The last that the client is told, with the error if there is one."""
        self.say(item(BYE) if error is None else item(BYE, error.to_wire()))
        self.flush()

    # Its calls

    @property
    def running(self):
        return len(self._calls)

    def ended(self, call):
        self._calls.pop(call.id, None)
        self._server.call_ended()

    def abort(self):
        """Aborts all calls, unanswered."""
        for call in list(self._calls.values()):
            call.cancel()
