"""A client program for the cases: usage in ../README.md. One line of JSON on stdin is one scenario, one line on stdout
what came of it."""

import asyncio
import base64
import json
import sys

from rpc_client import Client
from rpc_conformance_service import CONTRACT
from rpc_wire import MISSING, RpcError


async def source(call):
    for value in call.get("in", []):
        yield value
        if "inEveryMs" in call:
            await asyncio.sleep(call["inEveryMs"] / 1000)
    if call.get("inFails", False):
        raise RuntimeError("the source has failed")


async def made(client, call):
    """The outcome of one call."""
    procedure = CONTRACT.procedures[call["procedure"]]
    options = {"timeout_ms": call.get("timeoutMs"), "metadata": call.get("metadata")}
    if procedure.has_in:
        options["items"] = source(call)
    outcome = {}
    try:
        if procedure.has_out:
            outcome["items"] = []
            await taken(client.stream(call["procedure"], call.get("input", MISSING), **options), call, outcome["items"])
        else:
            output = await client.call(call["procedure"], call.get("input", MISSING), **options)
            if output is not MISSING:
                outcome["output"] = shown(output)
    except RpcError as error:
        outcome["error"] = error.to_wire()
    return outcome


async def taken(stream, call, items):
    try:
        if call.get("take") == 0:
            return
        async for value in stream:
            items.append(shown(value))
            if len(items) == call.get("take"):
                return
    finally:
        await stream.aclose()


async def outcome_of(client, call):
    making = asyncio.create_task(made(client, call))
    if "cancelAfterMs" in call:
        asyncio.get_running_loop().call_later(call["cancelAfterMs"] / 1000, making.cancel)
    try:
        return await making
    except asyncio.CancelledError:
        return {"error": {"code": "CANCELLED"}}


async def play(scenario):
    async with Client(scenario["endpoint"], encoding=scenario["encoding"], service="conformance") as client:
        if scenario.get("together"):
            return list(await asyncio.gather(*(outcome_of(client, call) for call in scenario["calls"])))
        return [await outcome_of(client, call) for call in scenario["calls"]]


def shown(value):
    return {"$bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps({"outcomes": asyncio.run(play(json.loads(line)))}), flush=True)
