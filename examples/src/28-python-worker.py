"""The worker of 28-python-worker.ts: it joins the farm at the endpoint that it is given."""

import sys
from collections import Counter

from farm_worker import Worker

worker = Worker()


@worker.task("letters")
def letters(text, _context):
    return dict(sorted(Counter(text).items()))


worker.join(sys.argv[1])
