"""A client of one server: calls, streams with credit, deadlines, and a new session when one has ended."""

import asyncio

import zmq.asyncio

from rpc_client_session import ClientSession
from rpc_wire import MISSING, RpcError


class Client:
    """`async with Client(endpoint) as client`. Its session begins with the first call and ends with it."""

    def __init__(self, endpoint, *, encoding="msgpack", service=None, contract_version=None, connect_ms=5000):
        self._endpoint, self._encoding = endpoint, encoding
        self._asked = (service, contract_version)
        self._connect_ms = connect_ms
        self._context = zmq.asyncio.Context()
        self._session = None
        self._sessions = set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        for session in list(self._sessions):
            session.close()
        await asyncio.gather(*(session.closed for session in self._sessions))
        self._context.term()

    async def call(self, procedure, input=MISSING, *, items=None, timeout_ms=None, metadata=None):
        """The output of a procedure; `items` is its stream in, an async iterable, if it has one. @raises RpcError"""
        call = await self._begin(procedure, input, items, timeout_ms, metadata, None)
        try:
            return await call.output()
        finally:
            call.cancel()

    async def stream(self, procedure, input=MISSING, *, items=None, timeout_ms=None, metadata=None, credit=16):
        """The stream out of a procedure, with `credit` items at most; to leave it early cancels it. @raises RpcError"""
        call = await self._begin(procedure, input, items, timeout_ms, metadata, credit)
        try:
            async for value in call.values():
                yield value
        finally:
            call.cancel()

    async def _begin(self, procedure, input, items, timeout_ms, metadata, credit):
        loop = asyncio.get_running_loop()
        until = None if timeout_ms is None else loop.time() + timeout_ms / 1000
        session = await self._ready(until)
        return session.begin(procedure, input, items, until, metadata, credit)

    async def _ready(self, until):
        """A session that takes calls."""
        if self._session is None or not self._session.takes_calls:
            self._session = ClientSession(self._context, self._endpoint, self._encoding, self._asked)
            self._sessions.add(self._session)
            self._session.closed.add_done_callback(lambda _, session=self._session: self._sessions.discard(session))
        loop = asyncio.get_running_loop()
        patience = self._connect_ms / 1000 if until is None else min(self._connect_ms / 1000, until - loop.time())
        try:
            await asyncio.wait_for(asyncio.shield(self._session.welcomed), patience)
        except asyncio.TimeoutError:
            raise RpcError("TIMEOUT", f"{self._endpoint} has not answered", retryable=True, not_run=True) from None
        return self._session
