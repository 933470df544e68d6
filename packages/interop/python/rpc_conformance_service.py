"""The conformance contract, served: usage in ../README.md.

usage: rpc_conformance_service.py ENDPOINT

Prints {"endpoint": ADDRESS} once it is bound. SIGTERM drains it; the end of its stdin stops it at once.
"""

import asyncio
import json
import signal
import sys
import threading

from rpc_contract import ANYTHING, BYTES, TIME, Contract, Procedure
from rpc_server import Server
from rpc_wire import RpcError, declared

SETTINGS = {"heartbeat_ms": 500, "liveness_ms": 2000, "window": 8, "max_message_bytes": 65536, "max_calls": 16}

INTEGER, TEXT = {"type": "integer"}, {"type": "string"}


def record(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


aborted = 0


async def until_aborted(ms=None):
    global aborted
    try:
        await asyncio.sleep(3600 if ms is None else ms / 1000)
    except asyncio.CancelledError:
        aborted += 1
        raise


async def echo(value, _):
    return value


async def nothing(_, __):
    return None


async def fail(value, _):
    raise declared("NOT_FOUND", {"id": value["id"]})


async def throws(_, __):
    raise RuntimeError("thrown")


async def refuse(_, __):
    raise RpcError("REFUSED", "not for you")


async def misfit(_, __):
    return 1


async def slow(value, _):
    await until_aborted(value["ms"])
    return "done"


async def count_aborted(_, __):
    return aborted


async def defaults(value, _):
    return value["name"] * value["times"]


async def utf8(value, _):
    return value.encode()


async def metadata(_, context):
    return context.metadata


async def text(value, _):
    return "x" * value["length"]


async def count(value, _):
    for number in range(value["n"]):
        yield number
    if value["fail"]:
        raise RuntimeError("thrown")


async def texts(value, _):
    yield "x"
    yield "x" * value["length"]


async def total(_, context):
    return sum([number async for number in context.items])


async def first(_, context):
    async for number in context.items:
        return number


async def unread(_, __):
    await until_aborted()


async def double(_, context):
    async for number in context.items:
        yield 2 * number


CONTRACT = Contract(
    "conformance",
    "1",
    {
        "echo": Procedure(echo, input=ANYTHING, output=ANYTHING, idempotent=True),
        "nothing": Procedure(nothing),
        "fail": Procedure(fail, input=record(["id"], id=TEXT), errors={"NOT_FOUND": record(["id"], id=TEXT)}),
        "throws": Procedure(throws),
        "refuse": Procedure(refuse),
        "misfit": Procedure(misfit, output=TEXT),
        "slow": Procedure(slow, input=record(["ms"], ms=INTEGER), output=TEXT),
        "aborted": Procedure(count_aborted, output=INTEGER),
        "defaults": Procedure(
            defaults, input=record(["name"], name=TEXT, times={"type": "integer", "default": 2}), output=TEXT
        ),
        "bytes": Procedure(echo, input=BYTES, output=BYTES),
        "time": Procedure(echo, input=TIME, output=TIME),
        "utf8": Procedure(utf8, input=TEXT, output=BYTES),
        "metadata": Procedure(metadata, output=record()),
        "text": Procedure(text, input=record(["length"], length=INTEGER), output=TEXT),
        "count": Procedure(
            count, input=record(["n"], n=INTEGER, fail={"type": "boolean", "default": False}), stream_out=INTEGER
        ),
        "texts": Procedure(texts, input=record(["length"], length=INTEGER), stream_out=TEXT),
        "sum": Procedure(total, stream_in=INTEGER, output=INTEGER),
        "first": Procedure(first, stream_in=INTEGER, output=INTEGER),
        "unread": Procedure(unread, stream_in=INTEGER),
        "double": Procedure(double, stream_in=INTEGER, stream_out=INTEGER),
    },
)


async def main(endpoint):
    server = Server(CONTRACT, **SETTINGS)
    print(json.dumps({"endpoint": server.start(endpoint)}), flush=True)
    loop = asyncio.get_running_loop()
    told = asyncio.Queue()
    loop.add_signal_handler(signal.SIGTERM, told.put_nowait, server.drain)

    def until_stdin_ends():
        sys.stdin.read()
        loop.call_soon_threadsafe(told.put_nowait, server.stop)

    threading.Thread(target=until_stdin_ends, daemon=True).start()
    await (await told.get())()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
