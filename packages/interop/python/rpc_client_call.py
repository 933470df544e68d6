"""One call at the client: what was answered, its stream in as there is room for it, its stream out as it is taken."""

import asyncio

from rpc_wire import CALL, CANCEL, CREDIT, END, ITEM, MISSING, ProtocolError, RpcError, item

_END = object()


class ClientCall:
    def __init__(self, session, id, procedure, credit, until):
        self.id = id
        self._session, self._procedure, self._until = session, procedure, until
        #: Of the stream out: None where there is none.
        self._window, self._allowed, self._taken = credit, credit or 0, 0
        self._values = asyncio.Queue()
        self._output = asyncio.get_running_loop().create_future()
        self._room, self._room_came = 0, asyncio.Event()
        self._ended = False
        self._timer = self._sender = None

    def start(self, input, items, metadata, window):
        """@raises ValueError for an input that cannot be encoded"""
        loop = asyncio.get_running_loop()
        left_ms = None
        if self._until is not None:
            left_ms = max(0, (self._until - loop.time()) * 1000)
            self._timer = loop.call_at(self._until, self._time_out)
        options = {} if metadata is None else {"metadata": metadata}
        if self._window is not None:
            options["credit"] = self._window
        self._session.say(item(CALL, self.id, self._procedure, left_ms, options or None, input))
        if items is not None:
            self._room = window
            self._sender = asyncio.create_task(self._send(items))

    # What the caller does

    async def output(self):
        return await self._output

    async def values(self):
        while True:
            value = await self._values.get()
            if value is _END:
                await self._output
                return
            self._give_credit()
            yield value

    def _give_credit(self):
        self._taken += 1
        if self._taken * 2 >= self._window and not self._ended:
            self._allowed += self._taken
            self._session.say(item(CREDIT, self.id, self._taken))
            self._taken = 0

    def cancel(self):
        """Ends a call that is not wanted any more; does nothing when it has ended."""
        if not self._ended:
            self._session.say(item(CANCEL, self.id))
            self.fail(RpcError("CANCELLED", "the caller cancelled the call"))

    def _time_out(self):
        self._session.say(item(CANCEL, self.id))
        self.fail(RpcError("TIMEOUT", f"{self._procedure} has not answered in time"))

    async def _send(self, items):
        try:
            async for value in items:
                while self._room == 0:
                    self._room_came.clear()
                    await self._room_came.wait()
                self._room -= 1
                self._session.say(item(ITEM, self.id, value))
            self._session.say(item(END, self.id))
        except Exception as error:  # Whatever the source raises ends its call alone.
            if not self._ended:
                self._session.say(item(CANCEL, self.id))
            self.fail(RpcError("SOURCE_FAILED", f"{type(error).__name__}: {error}"))

    # What the server says

    def replied(self, output):
        if self._window is not None:
            raise ProtocolError(f"a REPLY to call {self.id}, which has a stream out")
        self._finish(lambda: self._output.set_result(output))

    def fail(self, error):
        self._finish(lambda: self._output.set_exception(error))

    def item(self, value):
        if self._allowed == 0:
            raise ProtocolError(f"an item of call {self.id} that nobody allowed")
        self._allowed -= 1
        self._values.put_nowait(value)

    def end(self):
        if self._window is None:
            raise ProtocolError(f"an END of call {self.id}, which has no stream out")
        self._finish(lambda: self._output.set_result(MISSING))

    def credit(self, count):
        self._room += count
        self._room_came.set()

    def _finish(self, settle):
        if self._ended:
            return
        self._ended = True
        if not self._output.done():
            settle()
            self._output.exception()  # Who left a stream early does not ask for it.
        self._values.put_nowait(_END)
        if self._timer is not None:
            self._timer.cancel()
        if self._sender is not None and self._sender is not asyncio.current_task():
            self._sender.cancel()
        self._session.ended(self)
