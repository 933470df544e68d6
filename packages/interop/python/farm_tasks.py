"""A program of tasks for a farm: its task file is ../test/fixtures/farm-tasks.mjs.

usage: farm_tasks.py [--inbox ENDPOINT] [--advertise ENDPOINT] ENDPOINT

Joins the farm there, and works until SIGINT or SIGTERM. Exits with 1, and says why on stderr, when the farm refuses it.
"""

import argparse
import hashlib
import sys
from collections import Counter

from farm_worker import InvalidInput, Keys, Refused, Worker
from zmq.auth import load_certificate

worker = Worker()


class TooRude(Exception):
    code = "TOO_RUDE"

    def __init__(self, word):
        super().__init__(f'"{word}" is too rude')
        self.fields = {"word": word, "letters": len(word)}


@worker.task("double", version="1")
def double(number, _):
    return 2 * number


@worker.task("doubleLater", version="1")
def double_later(number, context):
    context.wait(number % 3 / 1000)
    return 2 * number


@worker.task("words", version="1")
def words(text, _):
    return dict(Counter(text.split()))


@worker.task("digest", version="1")
def digest(data, _):
    return hashlib.sha256(data).hexdigest()


@worker.task("reverse", version="1")
def reverse(data, _):
    return data[::-1]


@worker.task("echo", version="1")
def echo(value, _):
    return value


@worker.task("refuse", version="1")
def refuse(word, _):
    if word == "":
        raise InvalidInput("there is no word")
    try:
        raise LookupError("no such kindness")
    except LookupError as error:
        raise TooRude(word) from error


@worker.task("misfit", version="1")
def misfit(_, __):
    return {"a", "set"}


@worker.task("third", version="1")
def third(_, context):
    """Fails but in its third try."""
    if context.attempt < 3:
        raise RuntimeError(f"try {context.attempt}")
    return context.attempt


@worker.task("wait", version="1")
def wait(seconds, context):
    context.progress(0, seconds, "begun")
    context.wait(seconds)
    return seconds


@worker.task("compute", version="1")
def compute(count, _):
    """Computes and looks at nothing."""
    total = 0
    for number in range(count):
        total += number
    return total


@worker.task("lines", version="1")
def lines(text, context):
    """Gives each line, with how far it has got, and returns how many there were."""
    all_lines = text.split("\n")
    for index, line in enumerate(all_lines, start=1):
        yield line
        context.progress(index, len(all_lines))
    return len(all_lines)


@worker.task("endless", version="1")
def endless(size, _):
    """Gives blocks of so many bytes for ever."""
    number = 0
    while True:
        yield bytes([number % 256]) * size
        number += 1


def main():
    usage = argparse.ArgumentParser()
    usage.add_argument("--inbox", help="where to bind")
    usage.add_argument("--advertise", help="where the farm reaches that")
    usage.add_argument("endpoint", help="where the farm listens")
    usage.add_argument("--certificate", help="the file of its certificate, with its secret key")
    usage.add_argument("--farm", help="the file of the farm's certificate")
    options = usage.parse_args()
    keys = None
    if options.certificate is not None:
        own, farm = load_certificate(options.certificate), load_certificate(options.farm)
        keys = Keys(own[0].decode(), own[1].decode(), farm[0].decode())
    try:
        worker.join(options.endpoint, options.inbox, options.advertise, keys)
    except Refused as why:
        sys.exit(f"the farm refused this worker: {why}")


if __name__ == "__main__":
    main()
