"""What docs/wire/rpc.md says of a client, case by case, against any client program of the conformance contract.

usage: rpc_client_conformance.py [--encoding json|msgpack] COMMAND [ARGUMENT ...]

The command plays the scenarios that it reads, as ../README.md says. Prints one JSON line for each case:
{"title", "ok", "why"}. Exits with 1 when a case failed.
"""

import argparse
import contextlib
import json
import queue
import subprocess
import sys
import threading
import time

import zmq

import rpc_client_cases_calls
import rpc_client_cases_sessions
import rpc_client_cases_streams
from rpc_battery import run
from rpc_raw import PATIENCE_MS, RawServerSession, expect


#: How long a client program may take to start, beside others that do.
START_MS = 20_000


class ClientProgram:
    """The program whose client is looked at. It plays one scenario after another."""

    def __init__(self, command):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line)

    def tell(self, scenario):
        self._process.stdin.write(json.dumps(scenario) + "\n")
        self._process.stdin.flush()

    def outcomes(self):
        try:
            return json.loads(self._lines.get(timeout=PATIENCE_MS / 1000))["outcomes"]
        except queue.Empty:
            raise AssertionError(f"the client program has not answered in {PATIENCE_MS} ms") from None

    def end(self):
        """Ends its stdin, and it with that."""
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_MS / 1000)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self._process.kill()
        self._process.wait()


class Scene:
    """What a case has: a server that it plays, and the client program."""

    def __init__(self, context, encoding, stage):
        self.encoding, self._stage = encoding, stage
        self._socket = context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.bind("tcp://127.0.0.1:*")
        self._sessions, self._new = {}, []
        self._playing = False

    def play(self, *calls, together=False):
        """Has the client make these calls, and gives its first session, which has sent its HELLO."""
        endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        scenario = {"endpoint": endpoint, "encoding": self.encoding, "together": together, "calls": calls}
        self._playing = True
        self._stage.program().tell(scenario)
        return self.next_session(START_MS)

    def next_session(self, patience_ms=PATIENCE_MS):
        until = time.monotonic() + patience_ms / 1000
        while not self._new:
            left_ms = (until - time.monotonic()) * 1000
            expect(left_ms > 0 and self._socket.poll(left_ms), "no client has come")
            self._read()
        return self._new.pop(0)

    def receive(self, peer, patience_ms):
        """The next frame of this peer, or None."""
        inbox = self._sessions[peer].inbox
        until = time.monotonic() + patience_ms / 1000
        while not inbox:
            left_ms = (until - time.monotonic()) * 1000
            if left_ms <= 0 or not self._socket.poll(left_ms):
                return None
            self._read()
        return inbox.pop(0)

    def send(self, peer, frames):
        self._socket.send_multipart([peer, *frames])

    def _read(self):
        peer, *frames = self._socket.recv_multipart()
        expect(len(frames) == 1, f"a message of {len(frames)} frames came")
        if peer not in self._sessions:
            self._sessions[peer] = RawServerSession(self, peer, self.encoding)
            self._new.append(self._sessions[peer])
        self._sessions[peer].inbox.append(frames[0])

    def outcomes(self):
        """What came of the calls, when the client has closed."""
        outcomes = self._stage.program().outcomes()
        self._playing = False
        return outcomes

    def close(self):
        self._socket.close()
        if self._playing:
            self._stage.kill()


class Stage:
    def __init__(self, command):
        self._command, self._program = command, None

    def program(self):
        self._program = self._program or ClientProgram(self._command)
        return self._program

    def kill(self):
        """A program that is in the middle of a case that failed serves no other."""
        self._program.kill()
        self._program = None

    def end(self):
        if self._program is not None:
            self._program.end()


def main():
    usage = argparse.ArgumentParser()
    usage.add_argument("--encoding", choices=["json", "msgpack"], default="msgpack")
    usage.add_argument("command", nargs=argparse.REMAINDER)
    options = usage.parse_args()
    parts = [rpc_client_cases_sessions, rpc_client_cases_calls, rpc_client_cases_streams]
    context, stage = zmq.Context(), Stage(options.command)
    try:
        cases = [part.cases for part in parts]
        passed = run(cases, options.encoding, lambda: contextlib.closing(Scene(context, options.encoding, stage)))
    finally:
        stage.end()
        context.term()
    sys.exit(0 if passed else 1)


main()
