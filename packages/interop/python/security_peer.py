"""The end of pyzmq in the tests of security: zmq.auth, with its authenticator in a thread.

usage: as czmq/security_peer.c says. pyzmq has no store to be asked, so `find` looks into what it loads of a folder: files that end in .key. A
path of a certificate is without that ending.
"""

import os
import sys

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message


def say(*lines):
    print(*lines, sep="\n", flush=True)


def new(path, *metadata):
    pairs = dict(one.split("=", 1) for one in metadata)
    zmq.auth.create_certificates(os.path.dirname(path), os.path.basename(path), pairs)
    # It has the mode that the umask leaves it.
    os.chmod(path + ".key_secret", 0o600)
    show(path + ".key_secret")


def show(path):
    public, secret = zmq.auth.load_certificate(path)
    say(public.decode(), "" if secret is None else secret.decode())


def find(folder, key):
    say("found" if key.encode() in zmq.auth.load_certificates(folder) else "missing")


def serve(path, folder):
    def configure(auth):
        auth.configure_curve(domain="global", location=zmq.auth.CURVE_ALLOW_ANY if folder == "*" else folder)

    pull = zmq.Context.instance().socket(zmq.PULL)
    pull.curve_publickey, pull.curve_secretkey = zmq.auth.load_certificate(path)
    pull.curve_server = True
    receive(pull, configure)


def serve_plain(path):
    def configure(auth):
        with open(path) as file:
            auth.configure_plain("global", dict(line.strip().split("=", 1) for line in file))

    pull = zmq.Context.instance().socket(zmq.PULL)
    pull.plain_server = True
    receive(pull, configure)


def receive(pull, configure):
    auth = ThreadAuthenticator(zmq.Context.instance())
    auth.start()
    configure(auth)
    pull.zap_domain = b"global"
    pull.bind("tcp://127.0.0.1:*")
    say(pull.getsockopt_string(zmq.LAST_ENDPOINT))
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    while True:
        ready = dict(poller.poll())
        if pull in ready:
            say(pull.recv_string())
        if sys.stdin.fileno() in ready:
            if not os.read(sys.stdin.fileno(), 4096):
                break
            configure(auth)
            say("reloaded")
    pull.close()
    auth.stop()


def connect(endpoint, path, key):
    push = zmq.Context.instance().socket(zmq.PUSH)
    if path != "-":
        push.curve_publickey, push.curve_secretkey = zmq.auth.load_certificate(path)
        push.curve_serverkey = key.encode()
    send_all(push, endpoint)


def connect_plain(endpoint, name, password):
    push = zmq.Context.instance().socket(zmq.PUSH)
    push.plain_username = name.encode()
    push.plain_password = password.encode()
    send_all(push, endpoint)


def send_all(push, endpoint):
    push.reconnect_ivl = -1
    push.linger = 1000
    monitor = push.get_monitor_socket(
        zmq.EVENT_HANDSHAKE_SUCCEEDED
        | zmq.EVENT_HANDSHAKE_FAILED_AUTH
        | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
        | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        | zmq.EVENT_DISCONNECTED
    )
    push.connect(endpoint)
    event = recv_monitor_message(monitor)["event"]
    outcomes = {zmq.EVENT_HANDSHAKE_SUCCEEDED: "in", zmq.EVENT_HANDSHAKE_FAILED_AUTH: "auth"}
    say(outcomes.get(event, "out"))
    for line in sys.stdin:
        push.send_string(line.rstrip("\n"))
    push.disable_monitor()
    push.close()


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    verbs = (new, show, find, serve, serve_plain, connect, connect_plain)
    {one.__name__.replace("_", "-"): one for one in verbs}[verb](*words)
    zmq.Context.instance().term()
