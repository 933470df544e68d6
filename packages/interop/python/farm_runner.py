"""A thread that runs the tries of one incarnation, one at a time, in the order in which they came."""

import inspect
import queue
import threading

from farm_wire import Packer, Unencodable, checked_progress, error_to_wire, message_of

CANCELLED = ("failures", {"kind": "cancelled"})


class Cancelled(Exception):
    """The try is not wanted any more."""


class InvalidInput(Exception):
    """The input does not fit."""


class Try:
    """One try of one task."""

    __slots__ = (
        *("ticket", "name", "input", "attempt", "timeout_ms", "allowed", "wants_progress"),
        *("given", "started_ms", "aborted", "timed_out", "answered"),
    )

    def __init__(self, ticket, name, value, attempt, timeout_ms, allowed, wants_progress):
        self.ticket, self.name, self.input, self.attempt = ticket, name, value, attempt
        # How many parts it may have given; None where none are wanted.
        self.timeout_ms, self.allowed, self.wants_progress = timeout_ms, allowed, wants_progress
        self.given, self.started_ms = 0, 0.0
        self.aborted = self.timed_out = self.answered = False


class TaskContext:
    """What a task is given beside its input."""

    __slots__ = ("_runner", "_try")

    def __init__(self, runner, one):
        self._runner, self._try = runner, one

    @property
    def attempt(self):
        """Which try of its task it is, from 1."""
        return self._try.attempt

    @property
    def aborted(self):
        """Whether it shall end: it is not wanted any more, or out of time."""
        return self._try.aborted

    def check(self):
        """@raises Cancelled when it shall end"""
        if self._try.aborted:
            raise Cancelled

    def wait(self, seconds):
        """Waits so long. @raises Cancelled as soon as it shall end"""
        with self._runner.changed:
            self._runner.changed.wait_for(lambda: self._try.aborted, seconds)
        self.check()

    def progress(self, done, total=None, note=None):
        """Says how far it has got: from 0 to 1, or how much of how much. @raises ValueError"""
        value = checked_progress(done, total, note)
        if self._try.wants_progress:
            self._runner.outbox.progress(self._try, value)


class Runner:
    def __init__(self, tasks, outbox, clock):
        self._tasks, self.outbox, self._clock = tasks, outbox, clock
        self.changed = threading.Condition()
        self.running = None
        self._waiting = {}
        self._queue = queue.SimpleQueue()
        self._packer = Packer()
        # A task that never ends does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # The thread of the sockets calls these.

    @property
    def is_busy(self):
        return bool(self._waiting) or self.running is not None

    @property
    def has_ended(self):
        return not self._thread.is_alive()

    def add(self, tries):
        self._waiting.update((one.ticket, one) for one in tries)
        self._queue.put(tries)

    def withdraw(self, ticket):
        """A try that has not begun, which it does not begin then; None if there is none."""
        return self._waiting.pop(ticket, None)

    def withdraw_all(self):
        return [one for one in map(self.withdraw, list(self._waiting)) if one is not None]

    def abort(self, ticket, timed_out=False):
        """Asks the try to end if it is the one that runs."""
        one = self.running
        if one is not None and one.ticket == ticket:
            with self.changed:
                one.aborted = True
                one.timed_out = one.timed_out or timed_out
                self.changed.notify_all()

    def allow(self, ticket, up_to):
        """Lets the try give its parts up to this one."""
        one = self._waiting.get(ticket) or self.running
        if one is not None and one.ticket == ticket and one.allowed is not None:
            with self.changed:
                one.allowed = max(one.allowed, up_to)
                self.changed.notify_all()

    def stop(self):
        """Begins no more, and asks what runs to end."""
        self.withdraw_all()
        self._queue.put(None)
        one = self.running
        if one is not None:
            self.abort(one.ticket)

    # The thread of the tasks.

    def _run(self):
        for tries in iter(self._queue.get, None):
            for one in tries:
                # In this order: at every moment a try waits, or runs, or has been withdrawn.
                one.started_ms = self._clock()
                self.running = one
                if self._waiting.pop(one.ticket, None) is not None:
                    outcome = self._outcome(one)
                    self.outbox.answer(one, outcome, not self._waiting, self._clock() - one.started_ms)
                self.running = None

    def _outcome(self, one):
        try:
            outcome = ("outputs", self._packer.checked(self._output(one)))
        except Cancelled:
            outcome = CANCELLED
        except InvalidInput as error:
            outcome = ("failures", {"kind": "input", "why": message_of(error)})
        except Unencodable as error:
            outcome = ("failures", {"kind": "output", "why": message_of(error)})
        except BaseException as error:  # A task that exits ends itself, not the worker.
            outcome = ("failures", {"kind": "thrown", "error": error_to_wire(error)})
        return timeout(one, stuck=False) if one.timed_out else outcome

    def _output(self, one):
        if one.name not in self._tasks:
            raise InvalidInput(f'there is no task "{one.name}" here')
        output = self._tasks[one.name].run(one.input, TaskContext(self, one))
        if not inspect.isgenerator(output):
            return output
        try:
            while True:
                self._part(one, next(output))
        except StopIteration as end:
            return end.value
        finally:
            output.close()

    def _part(self, one, value):
        if one.allowed is not None:
            part = self._packer.checked(value)
            if one.given == one.allowed:
                self.outbox.hurry()
                with self.changed:
                    self.changed.wait_for(lambda: one.aborted or one.given < one.allowed)
        if one.aborted:
            raise Cancelled
        if one.allowed is not None:
            one.given += 1
            self.outbox.part(one, part)


def timeout(one, stuck):
    """The outcome of a try that is out of time."""
    return ("failures", {"kind": "timeout", "timeoutMs": one.timeout_ms, "stuck": stuck})
