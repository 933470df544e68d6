"""A client and a server of RPC that are secured by CURVE, in JSON: as little as docs/wire/rpc.md asks of them.

usage: rpc_secured.py call ENDPOINT CERTIFICATE SERVER_KEY [prove]    prints the REPLY to `who`, or how it was refused
       rpc_secured.py serve CERTIFICATE FOLDER                        prints its endpoint, and answers `who` until stdin ends
"""

import hashlib
import hmac
import json
import os
import sys

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

HELLO, WELCOME, CALL, REPLY, PING, PONG, BYE, CHALLENGE, PROOF = 1, 2, 4, 5, 10, 11, 13, 14, 15
PRIME = 2**255 - 19


def x25519(secret, public):
    """RFC 7748, section 5. Not in constant time: for tests alone."""
    scalar = (int.from_bytes(secret, "little") & ~7 & (1 << 255) - 1) | 1 << 254
    u = int.from_bytes(public, "little") & (1 << 255) - 1
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for bit in reversed(range(255)):
        now = scalar >> bit & 1
        if swap ^ now:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = now
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % PRIME, u * (da - cb) ** 2 % PRIME
        x2, z2 = aa * bb % PRIME, (aa - bb) * (aa + 121665 * (aa - bb)) % PRIME
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little")


def proof(challenge, public, secret, server):
    """docs/wire/rpc.md, "Who calls"."""
    shared = x25519(z85.decode(secret), z85.decode(server))
    extracted = hmac.new(bytes(32), shared, "sha256").digest()
    key = hmac.new(extracted, b"troupe rpc identity 1\x01", "sha256").digest()
    text = "\n".join([*challenge, public, server])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def call(endpoint, path, server, *how):
    public, secret = (key.decode() for key in zmq.auth.load_certificate(path))
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    dealer.linger = 0
    dealer.curve_publickey, dealer.curve_secretkey = public.encode(), secret.encode()
    dealer.curve_serverkey = server.encode()
    failed = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    monitor = dealer.get_monitor_socket(failed)
    dealer.connect(endpoint)
    poller = zmq.Poller()
    poller.register(dealer, zmq.POLLIN)
    poller.register(monitor, zmq.POLLIN)
    sent = 0

    def say(*items):
        nonlocal sent
        sent += 1
        dealer.send_json([sent, *items])

    say([HELLO, 1, None, None, {"publicKey": public} if how else {}])
    while True:
        ready = dict(poller.poll())
        if monitor in ready:
            return "auth" if recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH else "out"
        for kind, *said in dealer.recv_json()[1:]:
            if kind == CHALLENGE:
                say([PROOF, proof(said, public, secret, server)])
            elif kind == WELCOME:
                say([CALL, 1, "who"])
            elif kind == REPLY:
                say([BYE])
                return said[1]
            elif kind == BYE:
                return said[0]["code"]


def serve(path, folder):
    router = zmq.Context.instance().socket(zmq.ROUTER)
    router.linger = 1000
    router.curve_publickey, router.curve_secretkey = zmq.auth.load_certificate(path)
    router.curve_server = True
    auth = ThreadAuthenticator(zmq.Context.instance())
    auth.start()
    auth.configure_curve(domain="global", location=folder)
    router.zap_domain = b"global"
    router.bind("tcp://127.0.0.1:*")
    print(json.dumps(router.getsockopt_string(zmq.LAST_ENDPOINT)), flush=True)
    poller = zmq.Poller()
    poller.register(router, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    sent = {}
    welcome = {
        **{"service": "desk", "contractVersion": None, "instance": "python", "heartbeatMs": 5000},
        **{"livenessMs": 15000, "window": 1, "maxMessageBytes": 1 << 20},
    }
    while True:
        ready = dict(poller.poll())
        if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 4096):
            break
        if router not in ready:
            continue
        peer, frame = router.recv_multipart()
        answers = []
        for kind, *said in json.loads(frame)[1:]:
            if kind == HELLO:
                sent[peer] = 0
                answers.append([WELCOME, 1, welcome])
            elif kind == CALL:
                answers.append([REPLY, said[0], "python"])
            elif kind == PING:
                answers.append([PONG, said[0]])
        if answers:
            sent[peer] += 1
            router.send_multipart([peer, json.dumps([sent[peer], *answers]).encode()])
    router.close()
    auth.stop()


if sys.argv[1] == "call":
    print(json.dumps(call(*sys.argv[2:])), flush=True)
else:
    serve(*sys.argv[2:])
