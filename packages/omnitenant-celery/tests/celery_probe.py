"""Tenants and tasks that say who is active, for workers in a thread and in a process.

Every task takes a mark, and writes ``mark event label`` into the file PROBE_LOG: one line, one
write.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import celery
from celery import Celery, signals
from celery.worker.request import Request

from celery_folders import configure
from omnitenant_celery import TenantAwareTask, fan_out
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantInactiveError, TenantNotFound
from omnitenant_context.loaders import register_loader


@dataclass(frozen=True)
class Customer:
    """A tenant that is a plain object."""

    tenant_id: str
    state: str = "active"

    def check_active(self, *, allow_inactive):
        if self.state != "active" and not allow_inactive:
            message = f"tenant {self.tenant_id!r} is {self.state}; resume it first"
            raise TenantInactiveError(message, tenant_id=self.tenant_id, state=self.state)


CUSTOMERS = {
    name: Customer(name, "suspended" if name == "idle" else "active") for name in ("acme", "globex", "initech", "idle")
}


def flag(tenant_id):
    """A file whose presence suspends a tenant in every process."""
    return Path(f"{os.environ['PROBE_LOG']}.{tenant_id}")


def load(tenant_id):
    try:
        customer = CUSTOMERS[tenant_id]
        return replace(customer, state="suspended") if flag(tenant_id).exists() else customer
    except KeyError:
        message = f"tenant {tenant_id!r} does not exist; it may have been deleted"
        raise TenantNotFound(message, tenant_id=tenant_id) from None


def use(tenant_id):
    return TenantContext.use_tenant(CUSTOMERS[tenant_id], allow_inactive=True)


def label():
    return TenantContext.get_scope().label


def record(mark, event):
    line = f"{mark} {event} {label()}\n".encode()
    descriptor = os.open(os.environ["PROBE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def recorded(mark):
    """Read ``(event, label)`` of every line with this mark."""
    log = Path(os.environ["PROBE_LOG"])
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [tuple(line[1:]) for line in lines if line[0] == mark]


def report_failure(sender, kwargs=None, args=(), **_):
    """A receiver of ``task_failure``, as a project would write it."""
    mark = (kwargs or {}).get("mark") or (args[0] if args else "-")
    record(mark, "task_failure")


def report_revoked(request, **_):
    """A receiver of ``task_revoked``."""
    record(request.args[0], "task_revoked")


class NotingRequest(Request):
    """A request class that a project has made for its own needs."""

    def on_timeout(self, soft, timeout):
        record(self.args[0], "own_request")
        super().on_timeout(soft, timeout)


def define(app):  # noqa: C901, PLR0915 - a list of small tasks
    """Make every task on an app; the registry of the app names them."""
    task = partial(app.task, shared=False)

    class Direct(celery.Task):
        """Derives from celery's class, not from the app's, and takes no part in its hooks."""

        name = "direct"

        def __call__(self, *args, **kwargs):
            return self.run(*args, **kwargs)

        def before_start(self, task_id, args, kwargs):
            """Does not call its base."""

        def run(self, mark):
            record(mark, "body")
            return label()

    app.register_task(Direct())

    @task(name="where")
    def where(mark, *_):
        record(mark, "body")
        return label()

    @task(name="behind")
    def behind(previous, mark):
        record(mark, "behind")
        return [previous, label()]

    @task(name="collect")
    def collect(results, mark):
        record(mark, "collect")
        return [*results, label()]

    @task(name="item")
    def item(mark):
        record(mark, "item")
        return label()

    @task(name="again", bind=True, max_retries=2, default_retry_delay=0)
    def again(self, mark):
        record(mark, f"try{self.request.retries}")
        if self.request.retries < 2:
            raise self.retry(countdown=0)
        return label()

    @task(name="again_elsewhere", bind=True, max_retries=1)
    def again_elsewhere(self, mark):
        record(mark, f"try{self.request.retries}")
        if not self.request.retries:
            with use("globex"):
                raise self.retry(countdown=0)
        return label()

    @task(name="replaced", bind=True)
    def replaced(self, mark):
        return self.replace(where.s(mark))

    @task(name="replaced_by_group", bind=True)
    def replaced_by_group(self, mark):
        return self.replace(celery.group(where.s(mark), where.s(mark)))

    @task(name="boom")
    def boom(mark):
        record(mark, "body")
        raise ValueError(mark)

    @task(name="on_error")
    def on_error(request, exc, traceback, mark):
        record(mark, "errback")
        where.delay(mark)

    @task(name="on_error_by_id")
    def on_error_by_id(task_id, **named):  # one parameter, or celery takes it for the other kind
        record(named["mark"], "errback")

    @task(name="outer")
    def outer(mark):
        record(mark, "before")
        with use("globex"):
            inner = where.apply((mark,)).get(disable_sync_subtasks=False)
        record(mark, "after")
        return [label(), inner]

    @task(name="leaky")
    def leaky(mark):
        use("globex").__enter__()
        return label()

    @task(name="needs", tenant_policy="required")
    def needs(mark):
        record(mark, "body")
        return label()

    @task(name="central", tenant_policy="master")
    def central(mark):
        record(mark, "body")
        return label()

    @task(name="typo", tenant_policy="requierd")
    def typo(mark):
        record(mark, "body")

    @task(name="aware", base=TenantAwareTask)
    def aware(tenant_id=None, mark="-"):
        record(mark, "body")
        return [tenant_id, label()]

    @task(name="aware_guide", base=TenantAwareTask)
    def aware_guide(tenant_id):
        with TenantContext.use_tenant(load(tenant_id)):
            return label()

    @task(name="suspends_initech")
    def suspends_initech(mark):
        flag("initech").touch()
        record(mark, "body")

    @task(name="each_tenant")
    def each_tenant(mark):
        results = fan_out(aware, CUSTOMERS.values(), kwargs={"mark": mark})
        return [result.id for result in results]

    @task(name="sleepy")
    def sleepy(mark):
        record(mark, "body")
        time.sleep(60)

    @task(name="killed")
    def killed(mark):
        record(mark, "body")
        os.kill(os.getpid(), signal.SIGKILL)

    @task(name="killed_once", acks_late=True, reject_on_worker_lost=True)
    def killed_once(mark):
        first = not recorded(mark)
        record(mark, "body")
        if first:
            os.kill(os.getpid(), signal.SIGKILL)

    @task(name="noted", Request=NotingRequest)
    def noted(mark):
        record(mark, "body")
        time.sleep(60)

    return app


@celery.shared_task(base=TenantAwareTask)
def shared_aware(tenant_id):
    """A task of no app, as the tasks of a Django project are."""
    with TenantContext.use_tenant(load(tenant_id)):
        return label()


@celery.shared_task
def shared_plain():
    return label()


register_loader(load)

if "PROBE_DIR" in os.environ:  # in the process of a worker: celery -A celery_probe worker
    app = define(configure(Celery("celery_probe"), Path(os.environ["PROBE_DIR"])))
    signals.task_failure.connect(report_failure)
    signals.task_revoked.connect(report_revoked)
