"""What docs/wire/rpc.md says of a server, case by case, against any server of the conformance contract.

usage: rpc_conformance.py ENDPOINT [--encoding json|msgpack] [--pid PID]

Prints one JSON line for each case: {"title", "ok", "why"}. With --pid, the process of the server, it is stopped
by SIGTERM in the last case. Exits with 1 when a case failed.
"""

import argparse
import contextlib
import sys

import zmq

import rpc_cases_calls
import rpc_cases_drain
import rpc_cases_sessions
import rpc_cases_streams
import rpc_cases_values
from rpc_battery import run
from rpc_raw import RawClient


class Scene:
    """What a case has: clients as many as it wants."""

    def __init__(self, context, options):
        self._context, self._options, self._clients = context, options, []
        self.encoding, self.pid = options.encoding, options.pid

    def client(self, encoding=None):
        """A client that has said nothing yet."""
        client = RawClient(self._context, self._options.endpoint, encoding or self.encoding)
        self._clients.append(client)
        return client

    def session(self, **options):
        """A client with a session."""
        client = self.client()
        client.hello(**options)
        return client

    def close(self):
        for client in self._clients:
            client.close()


def main():
    usage = argparse.ArgumentParser()
    usage.add_argument("endpoint")
    usage.add_argument("--encoding", choices=["json", "msgpack"], default="msgpack")
    usage.add_argument("--pid", type=int)
    options = usage.parse_args()
    parts = [rpc_cases_sessions, rpc_cases_calls, rpc_cases_streams, rpc_cases_values]
    if options.pid is not None:
        parts.append(rpc_cases_drain)
    context = zmq.Context()
    passed = run([part.cases for part in parts], options.encoding, lambda: contextlib.closing(Scene(context, options)))
    context.term()
    sys.exit(0 if passed else 1)


main()
