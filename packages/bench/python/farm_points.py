"""A worker of our farm with the tasks: `farm_points.py ENDPOINT`. It leaves at the end of its input."""

import os
import signal
import sys
import threading

from farm_worker import Worker
from points import TASKS


def leave_at_end():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main():
    worker = Worker()
    for name, run in TASKS.items():
        worker.task(name)(lambda point, _, run=run: run(point))
    threading.Thread(target=leave_at_end, daemon=True).start()
    worker.join(sys.argv[1])


if __name__ == "__main__":
    main()
