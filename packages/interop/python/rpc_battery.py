"""Cases with titles: each is run by itself, and prints one JSON line: {"title", "ok", "why"}."""

import json

from rpc_raw import Broken

#: A peer that fails so often is not played with any longer: most failures are waits for what does not come.
FAILURES = 8


class Cases:
    """The cases of one part of the page."""

    def __init__(self):
        self._cases = []

    def case(self, title, only=None):
        """Adds a function of a scene. `only` is the encoding without which there is no such case."""

        def add(function):
            self._cases.append((title, only, function))
            return function

        return add

    def of(self, encoding):
        return [(title, function) for title, only, function in self._cases if only in (None, encoding)]


def run(parts, encoding, stage):
    """Runs the cases of these parts, each in a scene of its own that `stage` makes. @return whether all passed"""
    failures = 0
    for title, function in (one for part in parts for one in part.of(encoding)):
        why = _played(function, stage) if failures < FAILURES else f"not played: {FAILURES} others have failed"
        failures += why is not None
        print(json.dumps({"title": title, "ok": why is None, "why": why}), flush=True)
    return failures == 0


def _played(function, stage):
    """Why it failed, or None."""
    try:
        with stage() as scene:
            function(scene)
        return None
    except Broken as error:
        return str(error)
    except Exception as error:  # Also what a case did not expect is a failure of that case alone.
        return f"{type(error).__name__}: {error}"
