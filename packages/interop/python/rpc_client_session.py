"""One session at the client: a DEALER that serves it alone, its calls, its heartbeats, and its end."""

import asyncio

import zmq

from rpc_client_call import ClientCall
from rpc_outbox import Outbox, TooLarge
from rpc_wire import (
    BYE,
    CREDIT,
    DRAIN,
    END,
    ERROR,
    HELLO,
    ITEM,
    PING,
    PONG,
    REPLY,
    SERVER,
    VERSION,
    WELCOME,
    Numbers,
    ProtocolError,
    RpcError,
    decode,
    item,
    parse,
)


class ClientSession:
    def __init__(self, context, endpoint, encoding, asked):
        self._loop = asyncio.get_running_loop()
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.connect(endpoint)
        self._numbers = Numbers()
        self._outbox = Outbox(self._numbers, encoding)
        self._flushing = None
        self._calls, self._last_id = {}, 0
        self._draining, self._ended = False, False
        self._heard_at = self._sent_at = self._pinged_at = self._loop.time()
        #: Done with the options of the WELCOME, or with the error of a session that was not taken.
        self.welcomed = self._loop.create_future()
        #: Done when the socket is closed.
        self.closed = self._loop.create_future()
        self._tasks = [asyncio.create_task(self._receive())]
        self.say(item(HELLO, VERSION, *asked))

    @property
    def takes_calls(self):
        return not self._ended and not self._draining

    def begin(self, procedure, input, items, until, metadata, credit):
        """@raises RpcError when the session has ended since"""
        if self._ended:
            raise self._lost("the session has ended", not_run=True)
        self._last_id += 1
        call = ClientCall(self, self._last_id, procedure, credit, until)
        self._calls[call.id] = call
        try:
            call.start(input, items, metadata, self.welcomed.result()["window"])
        except ValueError as error:
            call.fail(RpcError("INVALID_INPUT", str(error), not_run=True))
        except TooLarge as error:
            call.fail(RpcError("MESSAGE_TOO_LARGE", str(error), not_run=True))
        return call

    def close(self):
        """Ends the session by BYE."""
        if not self._ended:
            self._bye(item(BYE), self._lost("the client was closed"))

    # What is said

    def say(self, one):
        """Sends an item with all others of this turn. @raises ValueError for what cannot be encoded, TooLarge"""
        self._outbox.add(one)
        if self._flushing is None:
            self._flushing = self._loop.call_soon(self._flush)

    def _flush(self):
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        for frame in self._outbox.take():
            self._sent_at = self._loop.time()
            self._socket.send(frame)

    # What comes

    async def _receive(self):
        while not self._ended:
            frames = await self._socket.recv_multipart()
            self._heard_at = self._loop.time()
            try:
                self._take(frames)
            except (ProtocolError, ValueError) as error:
                broken = RpcError("PROTOCOL_ERROR", str(error))
                self._bye(item(BYE, broken.to_wire()), self._lost(f"the server broke the protocol: {error}"))

    def _take(self, frames):
        if len(frames) != 1:
            raise ProtocolError(f"a message of {len(frames)} frames")
        number, items = decode(frames[0])
        if not self._numbers.take(number):
            return
        for one in items:
            if self._ended:
                return
            self._do(parse(one, SERVER))

    def _do(self, said):
        if said.kind == BYE:
            self._end(said.error or self._lost("the server has ended the session"), linger_ms=0)
        elif (said.kind == WELCOME) == self.welcomed.done():
            raise ProtocolError(f"a session has one WELCOME, which comes first, and {said.name} came")
        elif said.kind == WELCOME:
            self._outbox.limit(said.options["maxMessageBytes"])
            self.welcomed.set_result(said.options)
            self._tasks.append(asyncio.create_task(self._watch(said.options)))
        elif said.kind == PING:
            self.say(item(PONG, said.token))
        elif said.kind == DRAIN:
            self._draining = True
            self._leave()
        elif said.kind != PONG:
            self._of_call(said)

    def _of_call(self, said):
        if said.id > self._last_id:
            raise ProtocolError(f"{said.name} of call {said.id}, which was not made")
        call = self._calls.get(said.id)
        if call is None:
            return
        if said.kind == REPLY:
            call.replied(said.output)
        elif said.kind == ERROR:
            call.fail(said.error)
        elif said.kind == ITEM:
            call.item(said.value)
        elif said.kind == END:
            call.end()
        elif said.kind == CREDIT:
            call.credit(said.count)

    async def _watch(self, options):
        """Heartbeats: PING when either side was silent, and the end when the server stays so."""
        heartbeat, liveness = options["heartbeatMs"] / 1000, options["livenessMs"] / 1000
        while True:
            now = self._loop.time()
            if now - self._heard_at > liveness:
                self._end(self._lost("nothing was heard of the server"), linger_ms=0)
                return
            due = max(min(self._heard_at, self._sent_at), self._pinged_at) + heartbeat
            if now >= due:
                self._pinged_at = now
                self.say(item(PING, self._numbers.sent))
            await asyncio.sleep(min(max(due - now, 0.001), heartbeat / 2, liveness / 4))

    # Its end

    def ended(self, call):
        self._calls.pop(call.id, None)
        self._leave()

    def _leave(self):
        """A session that drains ends with its last call."""
        if self._draining and not self._calls and not self._ended:
            self._bye(item(BYE), self._lost("the server is stopping"))

    def _bye(self, bye, error):
        self.say(bye)
        # The BYE has a moment to go out.
        self._end(error, linger_ms=500)

    def _end(self, error, linger_ms):
        self._ended = True
        if not self.welcomed.done():
            self.welcomed.set_exception(error)
            self.welcomed.exception()  # It may be that nobody waits for it any more.
        for call in list(self._calls.values()):
            call.fail(error)
        self._flush()
        asyncio.create_task(self._close(linger_ms))

    async def _close(self, linger_ms):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close(linger=linger_ms)
        self.closed.set_result(None)

    @staticmethod
    def _lost(message, not_run=False):
        return RpcError("SESSION_LOST", message, retryable=True, not_run=not_run)
