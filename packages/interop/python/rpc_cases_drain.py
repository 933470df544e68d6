"""How a server stops, which is the last case: the server has ended then."""

import os
import signal
import time

from rpc_battery import Cases
from rpc_raw import error_of, expect, shown
from rpc_wire import BYE, DRAIN, END, HELLO, ITEM, REPLY, item

cases = Cases()
case = cases.case


def gone(pid):
    until = time.monotonic() + 8
    while _runs(pid):
        expect(time.monotonic() < until, "the server still runs")
        time.sleep(0.02)


def _runs(pid):
    """Whether it does something: what has ended may wait for its parent to see it."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return os.path.exists("/proc/self") is False


@case("a server that is told to stop says DRAIN, finishes the calls that it has, takes no others, and ends")
def _(scene):
    client, idle = scene.session(), scene.session()
    kept = client.call("slow", {"ms": 1000})
    stream = client.call("sum")
    client.silent()
    os.kill(scene.pid, signal.SIGTERM)
    client.hear_kind(DRAIN)
    idle.hear_kind(DRAIN)
    health = idle.ask("$health").output
    expect(health["status"] == "draining", f"the health is {health}")
    refused = error_of(idle.ask("echo", 1), "UNAVAILABLE")
    expect(refused.retryable and refused.not_run, "UNAVAILABLE is retryable and notRun")
    late = scene.client()
    late.say(item(HELLO, 1))
    error_of(late.hear_kind(BYE), "UNAVAILABLE")
    client.say(item(ITEM, stream, 1), item(ITEM, stream, 2), item(END, stream))
    client.hear_kind(REPLY, id=stream, output=3)
    client.hear_kind(REPLY, id=kept, output="done")
    # A client ends its session when its last call has ended; who does not is told.
    client.say(item(BYE))
    said = idle.hear_alive()
    expect(said.kind == BYE, f"{shown(said)} came")
    expect(not error_of(said, "UNAVAILABLE").not_run, "the UNAVAILABLE of a BYE does not say notRun")
    gone(scene.pid)
