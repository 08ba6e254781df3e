"""Importing the package is enough: for apps made before and after, of any kind, without Django."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import celery
import pytest
from celery import signals
from celery.app.base import BUILTIN_FIXUPS
from celery.loaders.app import AppLoader

import omnitenant_celery
from celery_helpers import make_app
from celery_probe import NotingRequest
from omnitenant_celery import TenantRequest, install
from omnitenant_celery._apps import known_apps
from omnitenant_celery.execution import enter_task, leave_task
from omnitenant_celery.requests import give_tenant_request
from omnitenant_context.errors import TenantRequiredError

PROLOGUE = """
import celery
from omnitenant_context.errors import TenantNotFound
from omnitenant_context.loaders import register_loader

def load(tenant_id):
    raise TenantNotFound(tenant_id)

register_loader(load)
headers = {"omnitenant": "t:gone"}

def body():
    print("ran")

def refused(task):
    try:
        task.apply(headers=headers)
    except TenantNotFound:
        return True
    return False
"""


def nothing():
    """The body of a task."""


class Worker:
    """As much of a worker as its signals show."""

    def __init__(self):
        self.app = make_app()


def run(code):
    """Run code in a fresh interpreter where Django cannot be imported; give what it prints."""
    blocked = "import sys; sys.modules['django'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + PROLOGUE + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_import__reaches_an_app_that_exists():
    """An app made and finalized before the import refuses tasks."""
    assert run("""
        app = celery.Celery("before")
        task = app.task(name="early")(body)
        app.finalize()
        import omnitenant_celery
        print(refused(task))
    """) == ["True"]


def test_import__reaches_an_app_made_later():
    """An app made after the import refuses tasks, although nothing has finalized it yet."""
    assert run("""
        import omnitenant_celery
        app = celery.Celery("after")
        task = app.task(name="late")(body)
        print(app.finalized, refused(task))
    """) == ["False", "True"]


def test_import__reaches_an_app_with_fixups_of_its_own():
    """An app that takes no fixups, as celery's default app, is reached when it is finalized."""
    assert run("""
        import omnitenant_celery
        app = celery.Celery("bare", fixups=[])
        task = app.task(name="bare")(body)
        app.finalize()
        default = celery.shared_task(name="shared")(body)
        print(refused(task), refused(default))
    """) == ["True", "True"]


def test_install__of_one_app_reaches_it_at_once():
    """The one kind of app that is left can be named."""
    assert run("""
        import omnitenant_celery
        app = celery.Celery("bare", fixups=[])
        omnitenant_celery.install(app)
        task = app.task(name="bare")(body)
        print(app.finalized, refused(task))
    """) == ["False", "True"]


def test_install__any_number_of_calls_is_one():
    """Installing again connects nothing twice and wraps nothing twice."""
    app = make_app()
    hook = app.loader.on_task_init
    before = [len(signal.receivers) for signal in (signals.task_prerun, signals.task_postrun)]
    install()
    install(app)
    assert app.loader.on_task_init is hook
    assert before == [len(s.receivers) for s in (signals.task_prerun, signals.task_postrun)]


def test_install__keeps_the_hook_of_the_loader(mark):
    """A loader that does something of its own before each task still does it."""
    seen = []

    class Loader(AppLoader):
        def on_task_init(self, task_id, task):
            seen.append(task.name)

    app = celery.Celery(f"loader-{mark}", loader=Loader, set_as_current=False)
    task = app.task(name=f"loaded-{mark}", shared=False)(nothing)
    task.apply()
    assert seen == [f"loaded-{mark}"]


def test_install__a_signal_that_somebody_disconnected(eager_app, mark):
    """The guard of the loader enters by itself where ``task_prerun`` does not reach us."""
    receivers = signals.task_prerun.receivers[:]
    signals.task_prerun.receivers.clear()
    try:
        with pytest.raises(TenantRequiredError):
            eager_app.tasks["needs"].delay(mark)
        result = eager_app.tasks["central"].delay(mark)
    finally:
        signals.task_prerun.receivers[:] = receivers
    assert result.get() == "master"


def test_install__a_worker_enters_after_what_celery_does_for_django():
    """What connects while a worker starts runs before us, so it cannot undo what entering did."""

    def close_connections(**_):
        """As celery's support for Django, connected on ``worker_init``."""

    signals.task_prerun.connect(close_connections)
    try:
        signals.worker_init.send(sender=Worker())
        last = [signals.task_prerun.receivers[-1][1], signals.task_postrun.receivers[-1][1]]
    finally:
        signals.task_prerun.disconnect(close_connections)
    assert last == [enter_task, leave_task]


def test_request__is_combined_with_the_class_of_a_task():
    """A task's own request class is kept; asking twice changes nothing."""
    app = make_app()
    plain, noted = app.tasks["where"], app.tasks["noted"]
    for task in (plain, noted, noted):
        give_tenant_request(task)
    assert plain.Request is TenantRequest
    assert [each.__name__ for each in noted.Request.__mro__[:3]] == [
        "TenantNotingRequest",
        "TenantRequest",
        "NotingRequest",
    ]
    assert issubclass(noted.Request, NotingRequest)


def test_private_api__is_what_it_was():
    """The two private names of celery that are read still mean what they meant."""
    app = make_app()
    assert app in known_apps()
    assert "celery.fixups.django:fixup" in BUILTIN_FIXUPS
    assert set(app.fixups) == BUILTIN_FIXUPS


def test_public_names():
    """What the package promises is there, and nothing else is promised."""
    for name in omnitenant_celery.__all__:
        assert getattr(omnitenant_celery, name).__module__.startswith("omnitenant_celery.")
    assert omnitenant_celery.__all__ == sorted(omnitenant_celery.__all__)
