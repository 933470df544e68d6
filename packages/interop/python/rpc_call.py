"""One call at the server: its handler, its streams with their credit, its deadline. It is answered once."""

import asyncio

from rpc_contract import check, parsed
from rpc_outbox import TooLarge
from rpc_wire import END, ERROR, ITEM, CREDIT, MISSING, REPLY, ProtocolError, RpcError, item

_END = object()


class Context:
    """What a handler is told of its call."""

    def __init__(self, call, metadata):
        self.metadata = metadata
        self.items = call.items()


class Call:
    def __init__(self, session, asked, procedure, window):
        self.id = asked.id
        self._session, self._procedure, self._window = session, procedure, window
        self._credit = asked.options.get("credit") or 0
        self._credit_came = asyncio.Event()
        self._inbox, self._in_room, self._in_ended, self._taken = asyncio.Queue(), window, False, 0
        self._ended = False
        loop = asyncio.get_running_loop()
        self._timer = None
        if asked.left_ms is not None:
            self._timer = loop.call_later(asked.left_ms / 1000, self._fail, RpcError("TIMEOUT", "leftMs is over"))
        context = Context(self, asked.options.get("metadata") or {})
        self._task = loop.create_task(self._run(asked.input, context))

    # What comes from the client

    def credit(self, count):
        self._credit += count
        self._credit_came.set()

    def item(self, value):
        """@raises ProtocolError beyond the credit, or behind the end"""
        if not self._procedure.has_in or self._in_ended or self._in_room == 0:
            raise ProtocolError(f"an item of call {self.id} that nobody allowed")
        self._in_room -= 1
        try:
            self._inbox.put_nowait(parsed(self._procedure.stream_in, value))
        except ValueError as error:
            self._fail(RpcError("INVALID_INPUT", str(error)))

    def end(self):
        """@raises ProtocolError for a second end, or where there is no stream"""
        if not self._procedure.has_in or self._in_ended:
            raise ProtocolError(f"an end of call {self.id} that nobody waits for")
        self._in_ended = True
        self._inbox.put_nowait(_END)

    def cancel(self):
        """Aborts the handler; nothing more is said of the call."""
        self._finish(None)

    async def items(self):
        """The stream in, as the handler takes it. What it takes is given as credit again, in halves of the window."""
        while (value := await self._inbox.get()) is not _END:
            self._taken += 1
            if self._taken * 2 >= self._window and not self._in_ended:
                self._in_room += self._taken
                self._session.say(item(CREDIT, self.id, self._taken))
                self._taken = 0
            yield value

    # What the handler does

    async def _run(self, value, context):
        try:
            try:
                value = parsed(self._procedure.input, value)
            except ValueError as error:
                raise RpcError("INVALID_INPUT", str(error)) from None
            running = self._procedure.handler(value, context)
            if self._procedure.has_out:
                await self._stream(running)
                self._finish(item(END, self.id))
            else:
                self._finish(item(REPLY, self.id, self._checked(self._procedure.output, await running)))
        except RpcError as error:
            self._fail(error)
        except Exception as error:  # Whatever a handler raises ends its call alone.
            self._fail(RpcError("CALL_FAILED", f"{type(error).__name__}: {error}"))

    async def _stream(self, values):
        try:
            async for value in values:
                checked = self._checked(self._procedure.stream_out, value)
                while self._credit == 0:
                    self._credit_came.clear()
                    await self._credit_came.wait()
                self._credit -= 1
                self._say(item(ITEM, self.id, checked))
        finally:
            await values.aclose()

    def _checked(self, schema, value):
        value = MISSING if value is None and schema is None else value
        try:
            check(schema, value)
        except ValueError as error:
            raise RpcError("INVALID_OUTPUT", str(error)) from None
        return value

    def _say(self, one):
        try:
            self._session.say(one)
        except TooLarge as error:
            raise RpcError("MESSAGE_TOO_LARGE", str(error)) from None
        except ValueError as error:
            raise RpcError("INVALID_OUTPUT", str(error)) from None

    def _fail(self, error):
        try:
            self._finish(item(ERROR, self.id, error.to_wire()))
        except RpcError as worse:
            self._finish(item(ERROR, self.id, RpcError(worse.code).to_wire()))

    def _finish(self, answer):
        if self._ended:
            return
        if answer is not None:
            self._say(answer)
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not asyncio.current_task():
            self._task.cancel()
        self._session.ended(self)
