"""A worker that joins a farm from elsewhere, and is there for as long as it is wanted.

    worker = Worker()

    @worker.task("double", version="1")
    def double(number, context):
        return 2 * number

    worker.join("tcp://127.0.0.1:7000")

A task that is a generator gives its parts by `yield` and its output by `return`. The context has `attempt`, `aborted`,
`check()`, `wait(seconds)` and `progress(done, total, note)`. One task runs at a time, in a thread of its own. One that
does not look at its context cannot be ended: the farm gives the worker up, which joins anew once the task has ended.
"""

import os
import signal
import socket
import sys
import time
from collections import namedtuple
from types import SimpleNamespace

from farm_channels import Channels
from farm_membership import LEFT, Membership, Refused
from farm_runner import Cancelled, InvalidInput
from farm_wire import UNDEFINED

__all__ = ["UNDEFINED", "Cancelled", "InvalidInput", "Keys", "Refused", "Worker"]

LONGEST_HOST = 255
SIGNALS = (signal.SIGINT, signal.SIGTERM)

Task = namedtuple("Task", "run version")
Keys = namedtuple("Keys", "public secret farm")


def _clock():
    return time.monotonic() * 1000


def _log(line):
    print(f"farm worker {os.getpid()}: {line}", file=sys.stderr, flush=True)


class Worker:
    def __init__(self, tags=(), log=_log):
        self._tasks = {}
        self._tags, self._log = list(tags), log
        self._asked = 0

    def task(self, name, version=None):
        """Adds a task: a function of its input and its context."""

        def add(run):
            self._tasks[name] = Task(run, version)
            return run

        return add

    def join(self, endpoint, inbox=None, advertise=None, keys=None):
        """Works until SIGINT or SIGTERM, at which it leaves: it ends what it runs, and at the second one it does not.

        `inbox` is where it binds, if not a free port of the address from which this machine reaches the farm;
        `advertise` is where the farm reaches that, if elsewhere. `keys` are for a farm with security: those of this worker,
        and the public one of the farm, each as Z85.

        @raises Refused when the farm has other tasks or another version of the wire
        """
        wake_in, wake_out = os.pipe()
        for end in (wake_in, wake_out):
            os.set_blocking(end, False)
        before = [signal.signal(one, self._ask) for one in SIGNALS]
        signal.set_wakeup_fd(wake_out, warn_on_full_buffer=False)
        ends = SimpleNamespace(endpoint=endpoint, inbox=inbox, advertise=advertise, keys=keys, wake=wake_in)
        try:
            while self._work(ends, lambda: _write(wake_out)) != LEFT:
                pass
        finally:
            signal.set_wakeup_fd(-1)
            for one, handler in zip(SIGNALS, before):
                signal.signal(one, handler)
            # The pipe stays open: a task that goes on may still write there.

    def _ask(self, *_):
        self._asked += 1

    def _work(self, ends, wake):
        """One incarnation, and how it ended."""
        surroundings = SimpleNamespace(clock=_clock, log=self._log, wake=wake)
        channels = Channels(ends)
        membership = Membership(self._tasks, channels, self._hello(ends.keys), surroundings)
        end = None
        try:
            while end is None and self._asked < 2:
                end = membership.turn()
                _empty(ends.wake)
                if self._asked > 0 and end is None:
                    membership.leave()
        finally:
            membership.stop()
            channels.close()
        # What it ran is of no use any more, but no other shall run beside it.
        while not membership.has_stopped and self._asked == 0:
            time.sleep(0.01)
        return LEFT if self._asked > 0 else end

    def _hello(self, keys):
        tasks = [
            {"name": name} if one.version is None else {"name": name, "version": one.version}
            for name, one in self._tasks.items()
        ]
        host = socket.gethostname()[:LONGEST_HOST]
        hello = {"pid": os.getpid(), "tasks": tasks, "encodings": ["msgpack"], "slots": 1, "host": host}
        if keys is not None:
            hello["key"] = keys.public
        return {**hello, "tags": self._tags} if self._tags else hello


def _write(pipe):
    try:
        os.write(pipe, b"\0")
    except BlockingIOError:
        pass  # It is full, so it wakes.


def _empty(pipe):
    try:
        os.read(pipe, 4096)
    except BlockingIOError:
        pass
