"""What a worker runs: every test once in a solo pool and once in a pool of threads."""

from __future__ import annotations

import celery
import pytest

from celery_helpers import eventually, get, state_of
from celery_probe import label, recorded, use
from omnitenant_celery import tenant_headers
from omnitenant_context.carriers import HEADER
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import CarrierError, TenantNotFound, TenantRequiredError


@pytest.mark.parametrize("name", ["where", "direct", "needs"])
def test_run__in_the_tenant_of_the_caller(app, mark, name):
    """The body runs for the tenant that was active where the task was called."""
    with use("acme"):
        result = app.tasks[name].delay(mark)
    assert get(result) == "acme"


def test_run__by_name(app, mark):
    """A task called by its name alone runs for the caller's tenant."""
    with use("acme"):
        result = app.send_task("where", (mark,))
    assert get(result) == "acme"


def test_run__later(app, mark):
    """A countdown changes nothing."""
    with use("acme"):
        result = app.tasks["where"].apply_async((mark,), countdown=0.05)
    assert get(result) == "acme"


def test_run__with_nobody(app, mark):
    """A plain task called with nobody runs with nobody, also right after another tenant's task."""
    with use("acme"):
        get(app.tasks["where"].delay(mark))
    assert get(app.tasks["where"].delay(mark)) == "nobody"


@pytest.mark.parametrize("tenant_id", ["acme", None])
def test_run__a_task_that_leaves_something_active(app, mark, tenant_id):
    """What a body entered and never left is gone when the worker goes on."""
    seen = []

    def watch(**_):
        seen.append(label())

    celery.signals.task_received.connect(watch)
    try:
        headers = tenant_headers(tenant_id) if tenant_id else None
        get(app.tasks["leaky"].apply_async((mark,), headers=headers))
        assert get(app.tasks["where"].delay(mark)) == "nobody"
    finally:
        celery.signals.task_received.disconnect(watch)
    assert seen == ["nobody", "nobody"]


def test_run__many_tenants_at_once(app, mark):
    """Interleaved tasks of several tenants each see their own."""
    results = []
    for _ in range(20):
        for tenant_id in ("acme", "globex", "initech"):
            with use(tenant_id):
                results.append((tenant_id, app.tasks["where"].delay(mark)))
    assert all(get(result) == tenant_id for tenant_id, result in results)


def test_run__protocol_1(app, mark):
    """A message in the old format is understood, where the header is in another place."""
    message = app.amqp.as_task_v1("p1-" + mark, "where", (mark,))
    with use("acme"), app.producer_or_acquire() as producer:
        app.amqp.send_task_message(producer, "where", message)
    assert get(app.AsyncResult("p1-" + mark)) == "acme"


def test_run__header_nested_by_another_integration(app, mark):
    """A header that something wrapped in one more ``headers`` is found."""
    nested = {"headers": {"headers": tenant_headers("acme")}}
    result = app.tasks["where"].apply_async((mark,), headers=nested)
    assert get(result) == "acme"


def test_chain(app, mark):
    """Every task of a chain runs for the tenant of its caller."""
    where, behind = app.tasks["where"], app.tasks["behind"]
    with use("acme"):
        result = celery.chain(where.s(mark), behind.s(mark), behind.s(mark)).delay()
    assert get(result) == [["acme", "acme"], "acme"]


def test_group_and_chunks(app, mark):
    """A group, a starmap and chunks run for the tenant of their caller."""
    where, item = app.tasks["where"], app.tasks["item"]
    with use("acme"):
        grouped = celery.group(where.s(mark), where.s(mark), app=app).delay()
        mapped = item.starmap([(mark,), (mark,)]).delay()
        chunked = item.chunks([(mark,), (mark,)], 1).delay()
    assert get(grouped) == ["acme", "acme"]
    assert get(mapped) == ["acme", "acme"]
    assert get(chunked) == [["acme"], ["acme"]]


def test_chord(app, mark):
    """Header and body of a chord run for the tenant of its caller."""
    where, collect = app.tasks["where"], app.tasks["collect"]
    with use("acme"):
        result = celery.chord([where.s(mark), where.s(mark)], app=app)(collect.s(mark))
    assert get(result) == ["acme", "acme", "acme"]


@pytest.mark.parametrize("who", ["master", "nobody"])
def test_chord__over_several_tenants(app, mark, who):
    """The body runs for the caller, not for the tenant of the task that happens to finish last."""
    where, collect = app.tasks["where"], app.tasks["collect"]
    header = [where.s(mark).set(headers=tenant_headers(each)) for each in ("acme", "globex")]
    guard = TenantContext.use_master_db() if who == "master" else use("acme")
    if who == "nobody":
        result = celery.chord(header, app=app)(collect.s(mark))
    else:
        with guard:
            result = celery.chord(header, app=app)(collect.s(mark))
    assert get(result) == ["acme", "globex", who]


def test_chord__whose_body_is_a_chain_after_chains(app, mark):
    """The caller's context reaches through chains on both sides of a chord."""
    where, behind, collect = app.tasks["where"], app.tasks["behind"], app.tasks["collect"]
    header = [
        celery.chain(where.s(mark).set(headers=tenant_headers(each)), behind.s(mark)) for each in ("acme", "globex")
    ]
    with TenantContext.use_master_db():
        result = celery.chord(header, app=app)(collect.s(mark) | behind.s(mark))
    assert get(result) == [[["acme", "acme"], ["globex", "globex"], "master"], "master"]


def test_link(app, mark):
    """A callback runs for the tenant of the task that it follows."""
    with use("acme"):
        app.tasks["where"].apply_async((mark,), link=app.tasks["behind"].s(mark))
    seen = [("body", "acme"), ("behind", "acme")]
    assert eventually(lambda: recorded(mark), seen) == seen


@pytest.mark.parametrize("name", ["on_error", "on_error_by_id"])
def test_link_error(app, mark, name):
    """Both kinds of errback, what they call, and ``task_failure`` run for the tenant."""
    errback = app.tasks[name].s(mark) if name == "on_error" else app.tasks[name].s(mark=mark)
    with use("acme"):
        result = app.tasks["boom"].apply_async((mark,), link_error=errback)
    assert state_of(result) == "FAILURE"
    seen = {("body", "acme"), ("errback", "acme"), ("task_failure", "acme")}
    assert eventually(lambda: set(recorded(mark)), seen) == seen


def test_chord__on_error(app, mark):
    """The errback of a chord whose header fails runs for the tenant of its caller."""
    body = app.tasks["collect"].s(mark).on_error(app.tasks["on_error"].s(mark))
    with use("acme"):
        celery.chord([app.tasks["boom"].s(mark)], app=app)(body)
    seen = ("errback", "acme")
    assert eventually(lambda: seen in recorded(mark))


def test_retry(app, mark):
    """Every try of a task runs for the same tenant."""
    with use("acme"):
        result = app.tasks["again"].delay(mark)
    assert get(result) == "acme"
    assert recorded(mark) == [("try0", "acme"), ("try1", "acme"), ("try2", "acme")]


def test_retry__called_inside_another_context(app, mark):
    """A retry is the same task again, so it runs for its own tenant and not for the active one."""
    with use("acme"):
        result = app.tasks["again_elsewhere"].delay(mark)
    assert get(result) == "acme"


@pytest.mark.parametrize(("name", "seen"), [("replaced", "acme"), ("replaced_by_group", ["acme", "acme"])])
def test_replace(app, mark, name, seen):
    """What a task is replaced by runs for its tenant."""
    with use("acme"):
        result = app.tasks[name].delay(mark)
    assert get(result) == seen


def test_eager_task_inside_a_task(app, mark):
    """A task that runs another one in place has its own tenant before and after."""
    with use("acme"):
        result = app.tasks["outer"].delay(mark)
    assert get(result) == ["acme", "globex"]
    assert recorded(mark) == [("before", "acme"), ("body", "globex"), ("after", "acme")]


@pytest.mark.parametrize("name", ["where", "direct", "needs"])
@pytest.mark.parametrize("tenant_id", ["gone", "idle"])
def test_refused__a_tenant_that_cannot_be_entered(app, mark, name, tenant_id):
    """For a deleted or suspended tenant the task fails, is reported, and its body never runs."""
    errback = app.tasks["on_error_by_id"].s(mark=mark)
    result = app.tasks[name].apply_async((mark,), headers=tenant_headers(tenant_id), link_error=errback)
    assert state_of(result) == "FAILURE"
    assert repr(tenant_id) in str(result.result)
    seen = {("task_failure", "nobody"), ("errback", "nobody")}
    assert eventually(lambda: set(recorded(mark)), seen) == seen


def test_refused__the_stored_error_has_its_type(app, mark):
    """Whoever asks for the result catches the error by its class."""
    result = app.tasks["where"].apply_async((mark,), headers=tenant_headers("gone"))
    with pytest.raises(TenantNotFound, match="'gone'"):
        get(result)


@pytest.mark.parametrize("forged", ["", "acme", "tenant:", "\x00", "x" * 5000, 7, ["acme"], {}])
def test_refused__a_forged_header(app, mark, forged):
    """A header that nobody wrote by the rules fails the task."""
    result = app.tasks["where"].apply_async((mark,), headers={HEADER: forged})
    with pytest.raises((CarrierError, TenantNotFound)):
        get(result)
    assert ("body", "nobody") not in recorded(mark)


def test_refused__is_logged_with_task_and_tenant(app, mark, caplog):
    """The log names the task's id and the tenant."""
    with caplog.at_level("WARNING"):
        result = app.tasks["where"].apply_async((mark,), headers=tenant_headers("gone"))
        assert state_of(result) == "FAILURE"
    lines = [line.getMessage() for line in caplog.records if line.name.startswith("omnitenant")]
    assert any(result.id in line and "'gone'" in line for line in lines)


def test_refused__in_a_chain(app, mark):
    """What would have followed never runs, and the whole chain has failed."""
    where = app.tasks["where"]
    result = celery.chain(where.s(mark), app.tasks["behind"].s(mark)).apply_async(headers=tenant_headers("idle"))
    assert state_of(result) == "FAILURE"
    assert {event for event, _ in recorded(mark)} <= {"task_failure"}


def test_refused__in_a_chord(app, mark):
    """The body of a chord fails with its header, and its errback is called."""
    body = app.tasks["collect"].s(mark).on_error(app.tasks["on_error"].s(mark))
    header = [app.tasks["where"].s(mark).set(headers=tenant_headers("gone"))]
    with use("acme"):
        result = celery.chord(header, app=app)(body)
    assert state_of(result) == "FAILURE"
    assert eventually(lambda: [e for e, _ in recorded(mark) if e == "errback"], ["errback"])
    assert "collect" not in [event for event, _ in recorded(mark)]


def test_policy__required_with_nobody(app, mark):
    """A task that requires a tenant and is called with none fails before its body runs."""
    with pytest.raises(TenantRequiredError, match="'needs'"):
        get(app.tasks["needs"].delay(mark))
    with TenantContext.use_master_db():
        result = app.tasks["needs"].delay(mark)
    assert state_of(result) == "FAILURE"
    assert "body" not in [event for event, _ in recorded(mark)]


def test_policy__master(app, mark):
    """A task of the master runs there, whoever calls it, even for a tenant that is gone."""
    results = [app.tasks["central"].delay(mark)]
    with use("acme"):
        results.append(app.tasks["central"].delay(mark))
    results.append(app.tasks["central"].apply_async((mark,), headers=tenant_headers("gone")))
    assert [get(result) for result in results] == ["master"] * 3


def test_policy__unknown(app, mark):
    """A policy that does not exist fails the task and names those that do."""
    result = app.tasks["typo"].delay(mark)
    assert state_of(result) == "FAILURE"
    assert "'requierd'" in str(result.result)
    assert "'required', 'optional', 'master'" in str(result.result)
    assert recorded(mark) == [("task_failure", "nobody")]


def test_policy__default_of_the_app(app, mark):
    """The app says what tasks without a policy need; celery's own tasks stay out of it."""
    app.conf.omnitenant_default_policy = "required"
    try:
        assert state_of(app.tasks["where"].delay(mark)) == "FAILURE"
        assert get(app.tasks["celery.accumulate"].delay(mark)) == [mark]
    finally:
        del app.conf["omnitenant_default_policy"]


def test_expired(app, mark):
    """A task that expires is reported for its tenant."""
    seen = []

    def on_revoked(*, expired, **_):
        tenant = TenantContext.get_tenant()
        seen.append((expired, tenant and tenant.tenant_id))

    celery.signals.task_revoked.connect(on_revoked)
    try:
        with use("acme"):
            app.tasks["where"].apply_async((mark,), countdown=0.1, expires=-1)
        wanted = [(True, "acme")]
        assert eventually(lambda: seen, wanted) == wanted
    finally:
        celery.signals.task_revoked.disconnect(on_revoked)
    assert recorded(mark) == []


def test_inspect__shows_the_tenant(app, mark):
    """``inspect scheduled`` tells which tenant a waiting task is for."""
    with use("acme"):
        result = app.tasks["where"].apply_async((mark,), countdown=600)

    def ask():
        answers = app.control.inspect(timeout=1).scheduled() or {}
        waiting = [each["request"] for worker in answers.values() for each in worker]
        return [each["tenant"] for each in waiting if each["id"] == result.id]

    wanted = [tenant_headers("acme")[HEADER]]
    assert eventually(ask, wanted) == wanted
    result.revoke()
