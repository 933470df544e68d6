"""A server of one contract: a ROUTER, its sessions, their heartbeats, and how it stops."""

import asyncio
import secrets
from types import SimpleNamespace

import zmq
import zmq.asyncio

from rpc_session import Session
from rpc_outbox import Outbox, TooLarge
from rpc_wire import (
    BYE,
    CLIENT,
    HELLO,
    VERSION,
    Numbers,
    ProtocolError,
    RpcError,
    decode,
    encoding_of,
    item,
    kind_of,
    parse,
)

DEFAULTS = {
    "heartbeat_ms": 2000,
    "liveness_ms": 6000,
    "window": 256,
    "max_message_bytes": 16 * 1024 * 1024,
    "max_calls": 1024,
    "drain_ms": 5000,
}


class Server:
    """Serves from `start` on, until `drain` or `stop` has ended."""

    def __init__(self, contract, **settings):
        self._contract = contract
        self.settings = SimpleNamespace(**{**DEFAULTS, **settings})
        self._instance = secrets.token_hex(8)
        self._sessions = {}
        self._draining = False
        self._idle = asyncio.Event()
        self._tasks = []

    def start(self, endpoint):
        """Binds, and gives the address."""
        self._started_at = asyncio.get_running_loop().time()
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.MAXMSGSIZE, self.settings.max_message_bytes)
        # A ROUTER drops what is beyond its high-water mark, and a frame that is missing ends the session.
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.bind(endpoint)
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._watch())]
        return self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    async def drain(self):
        """Finishes the calls that it has, takes no others, and stops."""
        self._draining = True
        for session in self._sessions.values():
            session.drain()
        self.call_ended()
        try:
            await asyncio.wait_for(self._idle.wait(), self.settings.drain_ms / 1000)
        except asyncio.TimeoutError:
            pass
        await self.stop()

    async def stop(self):
        """Ends all sessions, and closes."""
        for peer, session in list(self._sessions.items()):
            self.forget(peer)
            session.bye(RpcError("UNAVAILABLE", "the server has stopped", retryable=True))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close(linger=1000)
        self._context.term()

    # Frames

    async def _receive(self):
        while True:
            peer, *frames = await self._socket.recv_multipart()
            self._take(peer, frames)

    def _take(self, peer, frames):
        session = self._sessions.get(peer)
        try:
            if len(frames) != 1:
                raise ProtocolError(f"a message of {len(frames)} frames")
            number, items = decode(frames[0])
            if session is None:
                if _first_kind(items) == BYE:
                    return
                session, items = self._begin(peer, frames[0], number, items), items[1:]
            session.take(number, items)
        except (ProtocolError, ValueError, TooLarge) as error:
            if peer in self._sessions:
                self._end(peer, RpcError("PROTOCOL_ERROR", str(error)))
            elif session is None:
                self._refuse(peer, frames, RpcError("NO_SESSION", str(error)))
        except RpcError as error:
            self._refuse(peer, frames, error)

    def _begin(self, peer, data, number, items):
        if _first_kind(items) != HELLO:
            raise RpcError("NO_SESSION", "a session begins with HELLO")
        if number != 1:
            raise RpcError("PROTOCOL_ERROR", f"the first frame has number {number}")
        try:
            hello = parse(items[0], CLIENT)
        except ProtocolError as error:
            raise RpcError("PROTOCOL_ERROR", str(error)) from None
        self._check(hello)
        session = Session(self, peer, encoding_of(data), hello)
        self._sessions[peer] = session
        return session

    def _check(self, hello):
        if hello.version != VERSION:
            raise RpcError("VERSION_MISMATCH", f"the wire here has version {VERSION}")
        if hello.service is not None and hello.service != self._contract.name:
            raise RpcError("UNKNOWN_SERVICE", f"the service here is {self._contract.name}")
        if hello.contract_version is not None and hello.contract_version != self._contract.version:
            raise RpcError("VERSION_MISMATCH", f"the contract here has version {self._contract.version}")
        if self._draining:
            raise RpcError("UNAVAILABLE", "the server is stopping", retryable=True, not_run=True)

    def _end(self, peer, error):
        session = self._sessions[peer]
        self.forget(peer)
        session.bye(error)

    def _refuse(self, peer, frames, error):
        """Answers who has no session."""
        outbox = Outbox(Numbers(), encoding_of(frames[0] if frames else b""))
        outbox.add(item(BYE, error.to_wire()))
        self.send(peer, *outbox.take())

    def send(self, peer, frame):
        if not self._socket.closed:
            self._socket.send_multipart([peer, frame])

    # Sessions

    def has(self, peer):
        return peer in self._sessions

    def forget(self, peer):
        self._sessions.pop(peer).abort()

    async def _watch(self):
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.settings.heartbeat_ms / 2000)
            for peer, session in list(self._sessions.items()):
                if loop.time() - session.heard_at > self.settings.liveness_ms / 1000:
                    self.forget(peer)

    # Calls

    def welcome(self):
        return {
            "service": self._contract.name,
            "contractVersion": self._contract.version,
            "instance": self._instance,
            "heartbeatMs": self.settings.heartbeat_ms,
            "livenessMs": self.settings.liveness_ms,
            "window": self.settings.window,
            "maxMessageBytes": self.settings.max_message_bytes,
        }

    def admit(self, name):
        """The procedure of a call that may begin. @raises RpcError"""
        if name not in self._contract.procedures:
            raise RpcError("UNKNOWN_PROCEDURE", f"there is no procedure {name}")
        if self._draining:
            raise RpcError("UNAVAILABLE", "the server is stopping", retryable=True, not_run=True)
        if self._running() >= self.settings.max_calls:
            raise RpcError("OVERLOADED", f"{self.settings.max_calls} calls run", retryable=True, not_run=True)
        return self._contract.procedures[name]

    def own(self, name):
        """The output of a procedure that every server has. @raises RpcError"""
        if name == "$describe":
            return self._contract.describe()
        if name != "$health":
            raise RpcError("UNKNOWN_PROCEDURE", f"there is no procedure {name}")
        return {
            "status": "draining" if self._draining else "serving",
            "service": self._contract.name,
            "version": self._contract.version,
            "instance": self._instance,
            "running": self._running(),
            "queued": 0,
            "sessions": len(self._sessions),
            "uptimeMs": round((asyncio.get_running_loop().time() - self._started_at) * 1000),
        }

    def call_ended(self):
        if self._draining and self._running() == 0:
            self._idle.set()

    def _running(self):
        return sum(session.running for session in self._sessions.values())


def _first_kind(items):
    try:
        return kind_of(items[0])
    except ProtocolError:
        return None
