"""``TenantAwareTask``: a task that names its tenant by an argument."""

from __future__ import annotations

import celery
import pytest

from celery_helpers import carried, eventually, get
from celery_probe import CUSTOMERS, recorded, shared_aware, use
from omnitenant_celery import tenant_headers
from omnitenant_context.carriers import HEADER
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantNotFound, TenantRequiredError


@pytest.mark.parametrize(
    "call",
    [
        lambda task, mark: task.delay(tenant_id="acme", mark=mark),
        lambda task, mark: task.delay("acme", mark),
        lambda task, mark: task.apply_async(kwargs={"tenant_id": "acme", "mark": mark}),
        lambda task, mark: task.apply_async(("acme",), {"mark": mark}),
        lambda task, mark: task.s(tenant_id="acme", mark=mark).delay(),
        lambda task, mark: celery.group([task.si("acme", mark)], app=task.app).delay()[0],
    ],
)
@pytest.mark.parametrize("master", [False, True])
def test_argument__names_the_tenant(app, mark, call, master):
    """Called with no tenant, the task runs for the one that its argument names."""
    if master:
        with TenantContext.use_master_db():
            result = call(app.tasks["aware"], mark)
    else:
        result = call(app.tasks["aware"], mark)
    assert get(result) == ["acme", "acme"]


def test_argument__of_a_shared_task(app):
    """The guide's task: shared, aware, and entering its tenant itself."""
    result = app.tasks[shared_aware.name].delay(tenant_id="globex")
    assert get(result) == "globex"


def test_argument__does_not_change_the_tenant_of_the_caller(app, mark):
    """The active tenant wins: code of one tenant reaches another only by saying so."""
    with use("globex"):
        result = app.tasks["aware"].delay(tenant_id="acme", mark=mark)
    assert get(result) == ["acme", "globex"]


def test_argument__does_not_change_a_header(app, mark):
    """The caller's header wins."""
    result = app.tasks["aware"].apply_async(("acme", mark), headers=tenant_headers("globex"))
    assert get(result) == ["acme", "globex"]


def test_argument__of_an_unknown_tenant(app, mark):
    """An id that nobody has fails the task before its body runs."""
    with pytest.raises(TenantNotFound):
        get(app.tasks["aware"].delay(tenant_id="gone", mark=mark))
    assert "body" not in [event for event, _ in recorded(mark)]


@pytest.mark.parametrize("tenant_id", [None, 7])
def test_argument__that_names_nobody(app, mark, tenant_id):
    """Without a tenant, or with a number that is another key, the task fails."""
    with pytest.raises(TenantRequiredError):
        get(app.tasks["aware"].delay(tenant_id=tenant_id, mark=mark))


def test_argument__a_wrong_call_is_refused_by_celery(quiet_app):
    """Arguments that the task does not take are celery's business."""
    with pytest.raises(TypeError):
        quiet_app.tasks["aware"].delay("acme", "-", "too many")


def test_argument__the_caller_s_dicts_are_not_changed(quiet_app, messages):
    """Headers and a signature that the caller keeps stay as they were."""
    headers = {"source": "beat"}
    signature = quiet_app.tasks["aware"].s(tenant_id="acme")
    signature.apply_async(headers=headers)
    signature.delay()
    assert headers == {"source": "beat"}
    assert "headers" not in signature.options
    assert [carried(each) for each in messages] == ["acme", "acme"]


def test_argument__eager(eager_app, mark):
    """An eager call follows the same rules."""
    aware = eager_app.tasks["aware"]
    assert aware.delay(tenant_id="acme", mark=mark).get() == ["acme", "acme"]
    assert aware.apply(("acme", mark)).get() == ["acme", "acme"]
    with use("globex"):
        assert aware.delay(tenant_id="acme", mark=mark).get() == ["acme", "globex"]
    with pytest.raises(TenantRequiredError):
        aware.delay(mark=mark)


def test_loop__over_all_tenants_from_a_schedule(app, mark):
    """The guide's scheduled task: called with nobody, it calls one task for each tenant."""
    get(app.tasks["each_tenant"].delay(mark))
    seen = {("body", tenant_id) for tenant_id in CUSTOMERS if tenant_id != "idle"}
    assert eventually(lambda: set(recorded(mark)), seen) == seen


def test_plain_task__takes_no_tenant_from_its_arguments(quiet_app, messages):
    """An argument of that name means nothing special to a plain task."""
    quiet_app.send_task("elsewhere", kwargs={"tenant_id": "acme"})
    assert HEADER not in messages[0]
