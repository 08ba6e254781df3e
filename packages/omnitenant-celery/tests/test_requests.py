"""``TenantRequest``: what the main process of a worker does, one handler at a time."""

from __future__ import annotations

import os

import pytest
from billiard.einfo import ExceptionInfo
from celery import signals
from celery.concurrency.base import BasePool

from celery_probe import label, load, recorded, use
from omnitenant_celery import TenantRequest, tenant_headers
from omnitenant_context.context import TenantContext
from omnitenant_context.loaders import register_loader


class Pool(BasePool):
    """A pool without processes."""

    def terminate_job(self, pid, signal=None):
        """Nothing runs."""


@pytest.fixture
def pool(quiet_app):
    return Pool(app=quiet_app)


@pytest.fixture
def receive(quiet_app):
    """Publish a task for a tenant and make the request that a worker would make of it."""

    def receive_one(tenant_id="acme", name="where", **options):
        headers = tenant_headers(tenant_id) if tenant_id else None
        quiet_app.tasks[name].apply_async(("-",), headers=headers, **options)
        with quiet_app.connection_for_read() as connection:
            queue = quiet_app.amqp.queues[quiet_app.conf.task_default_queue]
            message = queue(connection.default_channel).get(no_ack=True)
        return TenantRequest(message, app=quiet_app, task=quiet_app.tasks[name])

    return receive_one


@pytest.fixture
def failures():
    """Who was active in each ``task_failure``, ``task_retry`` and ``task_revoked``."""
    seen = []

    def note(**_):
        seen.append(label())

    watched = (signals.task_failure, signals.task_retry, signals.task_revoked)
    for signal in watched:
        signal.connect(note, weak=False)
    yield seen
    for signal in watched:
        signal.disconnect(note)


@pytest.fixture
def loads():
    """The ids that were looked up."""
    seen = []

    def counted(tenant_id):
        seen.append(tenant_id)
        return load(tenant_id)

    register_loader(counted)
    yield seen
    register_loader(load)


def failed(error):
    """Give what a pool reports of an error."""
    try:
        raise error
    except type(error):
        return ExceptionInfo()


def test_on_timeout__hard(quiet_app, receive, mark):
    """A hard time limit calls the errbacks for the tenant."""
    receive(link_error=quiet_app.tasks["on_error"].s(mark)).on_timeout(soft=False, timeout=1)
    assert recorded(mark) == [("errback", "acme")]


def test_on_timeout__soft(receive, loads):
    """A soft one is only logged, and looks up nobody."""
    receive().on_timeout(soft=True, timeout=1)
    assert loads == []


def test_on_failure__of_a_lost_process(receive, failures):
    """A failure that the pool noticed is reported for the tenant."""
    receive().on_failure(failed(ValueError("lost")))
    assert failures == ["acme"]


def test_on_failure__that_the_task_reported(receive, failures, loads):
    """A failure that is stored and reported already costs no lookup."""
    receive().on_failure(failed(ValueError("told")), return_ok=True)
    assert (failures, loads) == ([], [])


def test_on_failure__of_a_policy(receive, failures):
    """A task of the master is reported there."""
    receive("acme", "central").on_failure(failed(ValueError("lost")))
    assert failures == ["master"]


def test_on_failure__of_a_message_without_tenant(receive, failures):
    """A message of nobody is reported with nobody, whatever is active."""
    request = receive(None)
    with use("globex"):
        request.on_failure(failed(ValueError("lost")))
        assert label() == "globex"
    assert failures == ["nobody"]


@pytest.mark.parametrize("tenant_id", ["gone", "idle"])
def test_on_failure__of_a_tenant_that_cannot_be_entered(receive, failures, caplog, tenant_id):
    """The worker goes on with nobody, and says why."""
    with caplog.at_level("WARNING"):
        receive(tenant_id).on_failure(failed(ValueError("lost")))
    assert failures == ["nobody"]
    assert repr(tenant_id) in caplog.text


def test_revoked__costs_nothing_for_a_task_that_is_not(receive, loads):
    """The question is asked for every message, and looks up nobody."""
    assert receive().revoked() is False
    assert loads == []


def test_terminate_and_cancel(receive, pool, failures):
    """Stopping a running task is reported for its tenant."""
    for stop in ("terminate", "cancel"):
        request = receive()
        request.time_start, request.worker_pid = 1.0, os.getpid()
        getattr(request, stop)(pool)
    assert failures == ["acme", "acme"]


def test_info__names_the_tenant(receive):
    """``celery inspect`` shows the header as the message has it."""
    assert receive().info()["tenant"] == receive().info(safe=True)["tenant"] == "t:acme"
    assert receive(None).info()["tenant"] is None


def test_handlers_leave_nothing_active(receive):
    """After a handler the main process is as it was."""
    with TenantContext.use_master_db():
        receive().on_timeout(soft=False, timeout=1)
        assert label() == "master"
