"""Tasks that run in the process of their caller: the same rules as in a worker."""

from __future__ import annotations

import celery
import pytest
from celery import signals

from celery_probe import label, recorded, use
from omnitenant_celery import tenant_headers
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantInactiveError, TenantNotFound, TenantRequiredError


@pytest.mark.parametrize("name", ["where", "direct", "needs"])
def test_eager__runs_in_the_context_of_the_caller(eager_app, mark, name):
    """An eager call changes nothing about who is active."""
    with use("acme"):
        assert eager_app.tasks[name].delay(mark).get() == "acme"
        assert label() == "acme"


def test_eager__a_suspended_tenant_of_the_caller_stays(eager_app, mark):
    """Code that entered a suspended tenant on purpose may run tasks in place."""
    with use("idle"):
        assert eager_app.tasks["where"].apply((mark,)).get() == "idle"


def test_eager__a_header_is_obeyed(eager_app, mark):
    """A header says for whom the body runs, and the caller's context is back afterwards."""
    with use("acme"):
        result = eager_app.tasks["where"].apply_async((mark,), headers=tenant_headers("globex"))
        assert label() == "acme"
    assert result.get() == "globex"


@pytest.mark.parametrize(
    ("name", "tenant_id", "error"),
    [
        ("where", "gone", TenantNotFound),
        ("direct", "gone", TenantNotFound),
        ("direct", "idle", TenantInactiveError),
        ("needs", None, TenantRequiredError),
    ],
)
def test_eager__refused(eager_app, mark, name, tenant_id, error):
    """The caller gets the error, and the body has not run."""
    headers = tenant_headers(tenant_id) if tenant_id else {}
    with pytest.raises(error):
        eager_app.tasks[name].apply_async((mark,), headers=headers)
    assert recorded(mark) == []


def test_eager__refused_inside_a_tenant(eager_app, mark):
    """A refused task neither runs in its caller's tenant nor changes it."""
    with use("acme"):
        with pytest.raises(TenantNotFound):
            eager_app.tasks["where"].apply_async((mark,), headers=tenant_headers("gone"))
        assert label() == "acme"
    assert recorded(mark) == []


def test_eager__refused_is_nobody_s_from_the_start(eager_app, mark):
    """Who else watches the task start does not see the caller's tenant in its place."""
    seen = []

    def watch(**_):
        seen.append(label())

    signals.task_prerun.connect(watch)
    try:
        with use("acme"), pytest.raises(TenantNotFound):
            eager_app.tasks["where"].apply_async((mark,), headers=tenant_headers("gone"))
    finally:
        signals.task_prerun.disconnect(watch)
    assert seen == ["nobody"]


def test_eager__master(eager_app, mark):
    """A task of the master runs there, and its caller's tenant is back afterwards."""
    with use("acme"):
        assert eager_app.tasks["central"].delay(mark).get() == "master"
        assert label() == "acme"


def test_eager__unscoped(eager_app, mark):
    """What never travels is kept in place: nothing is sent."""
    with TenantContext.unscoped():
        assert eager_app.tasks["where"].delay(mark).get() == "unscoped"


def test_eager__nested(eager_app, mark):
    """Tasks inside tasks each have their own context."""
    with use("acme"):
        assert eager_app.tasks["outer"].delay(mark).get() == ["acme", "globex"]
    assert recorded(mark) == [("before", "acme"), ("body", "globex"), ("after", "acme")]


@pytest.mark.parametrize(
    ("name", "seen"),
    [("again", "globex"), ("replaced", "globex"), ("replaced_by_group", ["globex", "globex"])],
)
def test_eager__runs_that_share_one_id(eager_app, mark, name, seen):
    """A retried or replaced task has its id in common with another run, and mixes nothing up."""
    with use("acme"):
        result = eager_app.tasks[name].apply_async((mark,), headers=tenant_headers("globex"))
        assert label() == "acme"
    if name == "again":
        assert result.get() == seen


def test_eager__canvas(eager_app, mark):
    """Chains, groups and chords run in the context of their caller."""
    where, behind, collect = (eager_app.tasks[name] for name in ("where", "behind", "collect"))
    with use("acme"):
        assert (where.s(mark) | behind.s(mark)).delay().get() == ["acme", "acme"]
        chord = celery.chord([where.s(mark), where.s(mark)], app=eager_app)(collect.s(mark))
        assert chord.get() == ["acme", "acme", "acme"]


def test_eager__errback(eager_app, mark):
    """The errback of an eager task runs in its context."""
    with use("acme"):
        result = eager_app.tasks["boom"].apply_async((mark,), link_error=eager_app.tasks["on_error"].s(mark))
    assert result.state == "FAILURE"
    assert ("errback", "acme") in recorded(mark)


def test_eager__a_task_called_as_a_function(eager_app, mark):
    """A direct call is no task: nothing is entered and nothing refused."""
    assert eager_app.tasks["needs"](mark) == "nobody"
