"""A socket of pyzmq that does what it is told: one command a line on stdin, one answer a line on stdout, in JSON.

usage: peer.py TYPE (bind|connect) ENDPOINT [OPTION=VALUE ...]

The first answer is the address. Then {"send": [frame, ...]} and {"receive": milliseconds}, with frames in base64; and
{"subscribe": frame}. Ends with its stdin.
"""

import base64
import json
import sys

import zmq


def answer(value):
    print(json.dumps(value), flush=True)


def main(kind, end, endpoint, *options):
    context = zmq.Context()
    socket = context.socket(getattr(zmq, kind))
    socket.linger = 1000
    for option in options:
        name, value = option.split("=", 1)
        number = int(value) if value.lstrip("-").isdigit() else value.encode()
        socket.setsockopt(getattr(zmq, name), number)
    getattr(socket, end)(endpoint)
    answer({"address": socket.getsockopt_string(zmq.LAST_ENDPOINT)})
    for line in sys.stdin:
        command = json.loads(line)
        if "send" in command:
            socket.send_multipart([base64.b64decode(frame) for frame in command["send"]])
            answer({})
        elif "subscribe" in command:
            socket.setsockopt(zmq.SUBSCRIBE, base64.b64decode(command["subscribe"]))
            answer({})
        elif socket.poll(command["receive"]):
            answer({"frames": [base64.b64encode(frame).decode() for frame in socket.recv_multipart()]})
        else:
            answer({"frames": None})
    socket.close()
    context.term()


main(*sys.argv[1:])
