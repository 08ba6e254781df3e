"""Apps to test with, and ways to wait for what a worker does."""

from __future__ import annotations

import time
from uuid import uuid4

from celery import Celery

import celery_probe
from omnitenant_context.carriers import HEADER, extract

TIMEOUT = 20


def get(result):
    """Wait for a result; an error of the task is raised."""
    return result.get(timeout=TIMEOUT, interval=0.01)


def state_of(result):
    """Wait for a result and tell its state."""
    result.get(timeout=TIMEOUT, interval=0.01, propagate=False)
    return result.state


def carried(headers):
    """Tell whom the headers of a message name."""
    return extract({HEADER: headers[HEADER]}).label


def eventually(ask, wanted=True, seconds=TIMEOUT):
    """Ask until the answer is the wanted one, and give the last answer."""
    end = time.monotonic() + seconds
    while (answer := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return answer


def make_app(**conf):
    """Make an app with the probe's tasks, apart from every other app."""
    app = Celery(
        f"probe-{uuid4().hex}",
        broker="memory://",
        backend="cache+memory://",
        set_as_current=False,
    )
    app.conf.update(
        task_default_queue=uuid4().hex,  # the memory broker is one for the whole process
        broker_transport_options={"polling_interval": 0.01},
        **conf,
    )
    return celery_probe.define(app)
