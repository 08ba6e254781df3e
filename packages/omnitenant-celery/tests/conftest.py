"""The parts that all tests share: tenants, apps, and workers that really run."""

from __future__ import annotations

import os
from uuid import uuid4

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker

import celery_probe
from celery_helpers import make_app
from omnitenant_context.context import TenantContext
from omnitenant_context.scope import NOBODY


@pytest.fixture(scope="session", autouse=True)
def log(tmp_path_factory):
    """Where the tasks write what they saw, in this process and in workers that it starts."""
    os.environ["PROBE_LOG"] = str(tmp_path_factory.mktemp("probe") / "log")


@pytest.fixture(autouse=True)
def nobody_left():
    """Fail a test that leaves something active."""
    yield
    assert TenantContext.get_scope() is NOBODY


@pytest.fixture
def mark():
    """A word that is found in the log only where this test's tasks wrote it."""
    return uuid4().hex


@pytest.fixture
def quiet_app():
    """An app without a worker: what is published stays in its queue."""
    return make_app()


@pytest.fixture
def messages():
    """The headers of every message that is published during a test."""
    seen = []

    def keep(headers=None, **_):
        seen.append(headers)

    signals.before_task_publish.connect(keep, weak=False)
    yield seen
    signals.before_task_publish.disconnect(keep)


@pytest.fixture
def eager_app():
    """An app whose calls run at once."""
    return make_app(task_always_eager=True)


@pytest.fixture(scope="session", params=["solo", "threads"])
def app(request):
    """An app with a worker in a thread of this process, once for each kind of pool."""
    app = make_app()
    signals.task_failure.connect(celery_probe.report_failure)
    with start_worker(app, pool=request.param, concurrency=4, perform_ping_check=False):
        yield app
    signals.task_failure.disconnect(celery_probe.report_failure)
