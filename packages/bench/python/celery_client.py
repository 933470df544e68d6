"""The client of Celery: `celery_client.py group|chunks TASK`. `group` sends a message a task, `chunks` one a hundred."""

import sys
from itertools import chain, islice

from celery import group
from celery_points import tasks
from points import serve

GROUP = 1000
CHUNK = 100


def in_groups(task, inputs):
    while some := list(islice(inputs, GROUP)):
        result = group(task.s(one) for one in some).apply_async()
        yield from result.get()
        result.forget()


def in_chunks(task, inputs):
    result = task.chunks(((one,) for one in inputs), CHUNK).apply_async()
    yield from chain.from_iterable(result.get())
    result.forget()


def main():
    _, way, task = sys.argv
    run_all = in_groups if way == "group" else in_chunks
    serve(lambda inputs: run_all(tasks[task], inputs))


if __name__ == "__main__":
    main()
