"""One incarnation of a worker: from its first HELLO until it has left its farm, or must join anew."""

import math
import os
import secrets
from types import SimpleNamespace

import farm_wire as wire
from farm_link import Link
from farm_outbox import Outbox
from farm_runner import CANCELLED, Runner, Try, timeout
from farm_wire import Header, Unreadable, integer

LEFT, ANEW = "left", "anew"
HELLO_MS, HELLO_AGAIN_MS, PATIENCE_MS = 200, 250, 10_000


class Refused(Exception):
    """The farm does not take this worker, and says why."""


class Membership:
    def __init__(self, tasks, channels, hello, surroundings):
        self._channels, self._hello = channels, {**hello, "inbox": channels.inbox}
        self._clock, self._log = surroundings.clock, surroundings.log
        self._incarnation, self._run_id, self._token = secrets.token_hex(8), "", None
        self._link, self._packer = Link(), wire.Packer()
        self._outbox = Outbox(self._clock, surroundings.wake)
        self._runner = Runner(tasks, self._outbox, self._clock)
        self._terms, self._leaving, self._end = None, False, None
        now_ms = self._clock()
        self._hello_due_ms = self._heard_ms = self._beat_due_ms = now_ms
        self._patience_due_ms = now_ms + PATIENCE_MS
        self._busy_from_ms = None
        self._shortest_ms = math.inf

    def turn(self):
        """Waits until there is something to do, and does it. How it ended, once it has. @raises Refused"""
        self._channels.poll(self._next_ms() - self._clock())
        for is_connected in self._channels.connections():
            # The farm may be another by now.
            if is_connected:
                self._hello_due_ms = self._clock()
        # All that has come is read before a silence is judged: this process may have been stopped meanwhile.
        for message in self._channels.messages():
            self._take(message)
        if self._end is None:
            self._tick(self._clock())
        return self._end

    def leave(self):
        """Takes nothing more, ends what it runs, and gives back the rest."""
        if self._terms is None:
            self._end = LEFT
        elif not self._leaving:
            self._leaving = True
            self._send_numbered(wire.BYE, {})
            self._give_back(self._runner.withdraw_all())

    def stop(self):
        """Asks what runs to end. What it says is not heard any more."""
        self._runner.stop()

    @property
    def has_stopped(self):
        return self._runner.has_ended

    # When

    def _next_ms(self):
        if self._end is not None:
            return 0
        if self._terms is None:
            return self._hello_due_ms if self._channels.is_connected else self._patience_due_ms
        return min(self._beat_due_ms, self._outbox.due_ms, self._question_ms(), self._limit_ms())

    def _question_ms(self):
        """When it says HELLO again, or gives the farm up."""
        given_up_ms = self._heard_ms + 2 * self._terms.livenessMs
        if not self._channels.is_connected:
            return given_up_ms
        begins_ms = self._heard_ms + self._terms.livenessMs if self._hello_due_ms == math.inf else self._hello_due_ms
        return min(given_up_ms, begins_ms)

    def _limit_ms(self):
        """When the time limit of what runs is to be judged next; no try that begins until then ends its time before."""
        one = self._runner.running
        if one is None or one.timeout_ms == 0 or one.answered:
            return self._clock() + self._shortest_ms
        return one.started_ms + one.timeout_ms + (self._terms.graceMs if one.timed_out else 0)

    def _tick(self, now_ms):
        if self._terms is None:
            self._say_hello(now_ms, HELLO_MS)
            if now_ms >= self._patience_due_ms:
                self._patience_due_ms = math.inf
                self._log(f"there is no farm that takes it yet; its inbox is {self._channels.inbox}")
            return
        if now_ms >= self._heard_ms + 2 * self._terms.livenessMs:
            self._lose("the farm is silent")
            return
        if self._hello_due_ms == math.inf and now_ms >= self._heard_ms + self._terms.livenessMs:
            self._hello_due_ms = now_ms
        self._say_hello(now_ms, HELLO_AGAIN_MS)
        self._judge_time(now_ms)
        if now_ms >= self._outbox.due_ms:
            self._flush(now_ms)
        if now_ms >= self._beat_due_ms:
            self._beat_due_ms = now_ms + self._terms.heartbeatMs
            if self._channels.is_connected:
                self._send(wire.BEAT, _memory(), self._link.sent)

    def _judge_time(self, now_ms):
        one = self._runner.running
        if one is None or one.timeout_ms == 0 or now_ms < one.started_ms + one.timeout_ms:
            return
        if not one.timed_out:
            self._runner.abort(one.ticket, timed_out=True)
        elif now_ms >= one.started_ms + one.timeout_ms + self._terms.graceMs and not one.answered:
            self._log(f'"{one.name}" goes on though its time and its grace are over')
            self._outbox.answer(one, timeout(one, stuck=True), is_last=True)

    # What it says

    def _say_hello(self, now_ms, every_ms):
        # What is said to nobody would wait in the socket until somebody comes, and all of it would come then.
        if self._channels.is_connected and now_ms >= self._hello_due_ms:
            self._hello_due_ms = now_ms + every_ms
            self._send(wire.HELLO, self._hello, 0)

    def _send(self, kind, body, sequence):
        self._channels.send(self._frame(kind, body, sequence))

    def _send_numbered(self, kind, body):
        self._channels.send(self._link.sends(lambda sequence: self._frame(kind, body, sequence), self._clock()))

    def _frame(self, kind, body, sequence):
        ids = (self._run_id, self._incarnation)
        header = Header(wire.VERSION, kind, *ids, sequence, self._link.received, self._token)
        return wire.frame(self._packer, header, body)

    def _flush(self, now_ms):
        said = self._outbox.take()
        if said.parts or said.progress:
            self._send_numbered(wire.UPDATE, {"parts": _pairs(said.parts), "progress": _pairs(said.progress)})
        if not said.outputs and not said.failures:
            return
        busy_ms = 0 if self._busy_from_ms is None else now_ms - self._busy_from_ms
        self._busy_from_ms = now_ms if self._runner.is_busy else None
        results = {"outputs": _spans(said.outputs), "failures": [[wire.number(one), why] for one, why in said.failures]}
        self._send_numbered(wire.RESULTS, {**results, "busyMs": busy_ms, "runMs": [[1, said.times]]})

    # What it hears

    def _take(self, message):
        try:
            header = wire.parse_header(message[0])
            fits = len(message) == 2 or len(message) > 2 and header.kind == wire.TASKS
            if not fits or header.incarnation != self._incarnation or self._end is not None:
                return
            if header.kind == wire.REFUSED:
                self._refused(wire.parse_body(message[1]))
            elif header.version == wire.VERSION:
                self._hear(header, message[1], message[2:])
        except Unreadable as why:
            self._log(f"a message of the farm was dropped: {why}")

    def _refused(self, why):
        if not isinstance(why, dict) or why.get("code") != "GIVEN_UP":
            raise Refused(why.get("message") if isinstance(why, dict) else repr(why))
        self._lose("the farm has given it up")

    def _hear(self, header, body, large):
        if self._terms is None and header.kind == wire.WELCOME:
            self._join(header.run, wire.parse_body(body))
        if self._terms is None or header.run != self._run_id:
            return
        now_ms = self._clock()
        self._heard_ms = now_ms
        # One that is due is said all the same: the connection is a new one, and what came may be older.
        if self._hello_due_ms > now_ms:
            self._hello_due_ms = math.inf
        self._link.acknowledged(header.acknowledged, now_ms)
        for frame in self._link.to_send_again(self._terms.heartbeatMs, now_ms):
            self._channels.send(frame)
        if header.kind in wire.NUMBERED and self._link.takes(header.sequence):
            self._do(header.kind, wire.parse_body(body, large))

    def _join(self, run_id, terms):
        try:
            self._terms = SimpleNamespace(**{key: terms[key] for key in ("heartbeatMs", "livenessMs", "graceMs")})
            self._token = terms["token"]
        except (KeyError, TypeError):
            raise Unreadable(f"a WELCOME with {terms!r}") from None
        self._run_id = run_id
        # The farm gives nothing to who has not shown that the WELCOME reached it.
        self._beat_due_ms = self._clock()
        self._log(f"it has joined as {terms.get('id')}")

    def _do(self, kind, body):
        try:
            if kind == wire.TASKS:
                self._add(_tries(body))
            elif kind == wire.CANCEL:
                self._cancel([integer(ticket, 1) for ticket in body["tickets"]])
            elif kind == wire.CREDIT:
                for ticket, up_to in body["allowed"]:
                    self._runner.allow(integer(ticket, 1), integer(up_to, 1))
            elif kind == wire.BYE and self._leaving:
                self._end = LEFT
            elif kind == wire.BYE:
                self._lose("the farm has ended")
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"a {kind} that is not of the page: {error!r}") from None

    def _add(self, tries):
        if self._leaving:
            self._give_back(tries)
            return
        limits = [one.timeout_ms for one in tries if one.timeout_ms > 0]
        if not self._runner.is_busy:
            self._shortest_ms = math.inf
        self._shortest_ms = min([self._shortest_ms, *limits])
        if self._busy_from_ms is None:
            self._busy_from_ms = self._clock()
        self._runner.add(tries)

    def _cancel(self, tickets):
        for ticket in tickets:
            one = self._runner.withdraw(ticket)
            if one is None:
                self._runner.abort(ticket)
            else:
                self._give_back([one])

    def _give_back(self, tries):
        for one in tries:
            self._outbox.answer(one, CANCELLED, is_last=True)

    def _lose(self, why):
        self._log(why)
        self._end = LEFT if self._leaving else ANEW


def _tries(body):
    """The tries of TASKS, in order. @raises KeyError, TypeError, ValueError, Unreadable"""
    tries, ticket = [], integer(body["firstTicket"], 1)
    for group in body["groups"]:
        inputs, attempts = group["inputs"], group.get("attempts")
        attempts = [1] * len(inputs) if attempts is None else [integer(attempt, 1) for attempt in attempts]
        name, timeout_ms, wants_progress = group["name"], float(group["timeoutMs"]), group.get("progress") is True
        allowed = integer(group["parts"]) if "parts" in group else None
        if len(attempts) != len(inputs):
            raise ValueError(f"{len(attempts)} attempts of {len(inputs)} inputs")
        for value, attempt in zip(inputs, attempts):
            tries.append(Try(ticket, name, value, attempt, timeout_ms, allowed, wants_progress))
            ticket += 1
    return tries


def _pairs(values):
    return [[wire.number(ticket), value] for ticket, value in values.items()]


def _spans(outputs):
    """`[firstTicket, values]` of outputs whose tickets follow each other."""
    spans, following = [], None
    for ticket, value in outputs:
        if ticket != following:
            spans.append([wire.number(ticket), []])
        spans[-1][1].append(value)
        following = ticket + 1
    return spans


def _memory():
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            pages = int(statm.read().split()[1])
    except OSError:
        return None
    return {"memoryMiB": pages * os.sysconf("SC_PAGE_SIZE") / 2**20}
