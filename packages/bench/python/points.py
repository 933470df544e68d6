"""The payload and the tasks of every contender in Python: what src/point.ts and src/work.ts are to those of Node."""

import json
import sys
import time


def points(count):
    """The inputs of tasks 0 to `count` - 1, each made when it is asked for."""
    return ({"id": id, "x": id / 2, "y": -id, "text": str(id).rjust(64, ".")} for id in range(count))


def noop(point):
    return {"id": point["id"], "x": point["x"] + 1, "y": point["y"] - 1, "text": point["text"]}


def spin(point):
    end = time.perf_counter() + 0.001
    while time.perf_counter() < end:
        pass
    return noop(point)


TASKS = {"noop": noop, "spin": spin}


def serve(run_all):
    """Reads counts, one a line, runs all of so many inputs, and answers each line with the tally of the results."""
    for line in sys.stdin:
        count, total = 0, 0
        for output in run_all(points(int(line))):
            if len(output["text"]) != 64:
                raise ValueError(f"a wrong result: {output}")
            count += 1
            total += output["id"] + output["x"] - output["y"]
        print(json.dumps({"count": count, "sum": total}), flush=True)
