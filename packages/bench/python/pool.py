"""multiprocessing.Pool: `pool.py map|imap TASK WORKERS`. `map` chooses its chunks, `imap` sends one task at a time."""

import multiprocessing
import sys

from points import TASKS, serve


def main():
    _, method, task, workers = sys.argv
    with multiprocessing.Pool(int(workers)) as pool:
        serve(lambda inputs: getattr(pool, method)(TASKS[task], inputs))


if __name__ == "__main__":
    main()
