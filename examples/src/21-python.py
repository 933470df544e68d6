"""The client of 21-python.ts: it calls the service at the endpoint that it is given."""

import asyncio
import sys

from rpc_client import Client
from rpc_wire import RpcError


async def main(endpoint):
    async with Client(endpoint, service="pricing") as client:
        print(f"python: ACME costs {await client.call('quote', 'ACME', timeout_ms=5000)}")
        try:
            await client.call("quote", "ACMF", timeout_ms=5000)
        except RpcError as error:
            print(f"python: {error.kind} {error.data}")
        ticks = client.stream("ticks", "ACME", credit=4)
        print(f"python: {[await anext(ticks) for _ in range(3)]}, and no more")
        await ticks.aclose()


asyncio.run(main(sys.argv[1]))
