"""The tasks as those of Celery, for its workers and for its client. The environment says where its Redis listens."""

import os
import sys

from celery import Celery
from celery.signals import worker_ready
from points import TASKS

REDIS = os.environ["BENCH_REDIS"]

app = Celery("points", broker=REDIS, backend=REDIS)
app.conf.update(
    task_serializer="msgpack",
    result_serializer="msgpack",
    accept_content=["msgpack"],
    # As its guide to optimizing has it for short tasks.
    worker_prefetch_multiplier=128,
    worker_disable_rate_limits=True,
    # Workers and the client end with their Redis.
    broker_connection_retry=False,
    result_backend_transport_options={"retry_policy": {"max_retries": 0}},
)
tasks = {name: app.task(run, name=name) for name, run in TASKS.items()}


@worker_ready.connect
def say_ready(**_):
    print("ready", file=sys.stderr, flush=True)
