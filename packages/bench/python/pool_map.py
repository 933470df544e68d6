"""Reads counts, one a line; runs Pool.map over so many tasks and answers with the tally of the results."""

import json
import multiprocessing
import sys


def point_of(id):
    return {"id": id, "x": id / 2, "y": -id, "text": str(id).rjust(64, ".")}


def answer(point):
    return {"id": point["id"], "x": point["x"] + 1, "y": point["y"] - 1, "text": point["text"]}


def main():
    with multiprocessing.Pool(int(sys.argv[1])) as pool:
        for line in sys.stdin:
            outputs = pool.map(answer, (point_of(id) for id in range(int(line))))
            total = sum(output["id"] + output["x"] - output["y"] for output in outputs)
            print(json.dumps({"count": len(outputs), "sum": total}), flush=True)


if __name__ == "__main__":
    main()
