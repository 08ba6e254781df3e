"""What a message carries, whatever way its task is called."""

from __future__ import annotations

import celery
import pytest

from celery_helpers import carried
from celery_probe import use
from omnitenant_celery import tenant_headers
from omnitenant_context.carriers import HEADER, extract
from omnitenant_context.context import TenantContext
from omnitenant_context.scope import MASTER

CALLS = {
    "delay": lambda app: app.tasks["where"].delay("-"),
    "apply_async": lambda app: app.tasks["where"].apply_async(("-",), countdown=5),
    "send_task": lambda app: app.send_task("elsewhere", ("-",)),
    "signature": lambda app: app.tasks["where"].s("-").delay(),
    "chain": lambda app: celery.chain(app.tasks["where"].s("-"), app.tasks["where"].si("-")).delay(),
    "group": lambda app: celery.group(app.tasks["where"].s("-"), app=app).delay(),
    "class": lambda app: app.tasks["direct"].delay("-"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_publish__every_way_to_call_carries_the_tenant(quiet_app, messages, call):
    """Whatever way a task is called, its message names the active tenant."""
    with use("acme"):
        call(quiet_app)
    assert [carried(headers) for headers in messages] == ["acme"]


def test_publish__nobody_writes_no_header(quiet_app, messages):
    """With nobody active a message is what plain celery sends."""
    quiet_app.tasks["where"].delay("-")
    assert HEADER not in messages[0]


def test_publish__master_is_carried(quiet_app, messages):
    """The master is a context like a tenant, and travels too."""
    with TenantContext.use_master_db():
        quiet_app.tasks["where"].delay("-")
    assert extract({HEADER: messages[0][HEADER]}) is MASTER


def test_publish__protocol_1_carries_the_tenant(quiet_app, messages):
    """The old message format, which other clients still write, carries it as well."""
    quiet_app.conf.task_protocol = 1
    with use("acme"):
        quiet_app.tasks["where"].delay("-")
    assert carried(messages[0]) == "acme"


def test_publish__a_header_of_the_caller_wins(quiet_app, messages):
    """A caller who says for whom a task runs is obeyed."""
    with use("acme"):
        quiet_app.tasks["where"].apply_async(("-",), headers=tenant_headers("globex"))
    assert carried(messages[0]) == "globex"


def test_publish__a_dict_of_the_caller_is_never_changed(quiet_app, messages):
    """One dict of headers, shared by calls of two tenants, stays as it was and mixes nobody up."""
    shared = {"source": "import"}
    for tenant_id in ("acme", "globex"):
        with use(tenant_id):
            quiet_app.tasks["where"].apply_async(("-",), headers=shared)
    assert shared == {"source": "import"}
    assert [carried(headers) for headers in messages] == ["acme", "globex"]
    assert [headers["source"] for headers in messages] == ["import", "import"]


def test_publish__a_signature_is_never_changed(quiet_app, messages):
    """A signature, and the body of a chord, may be kept and called again for another tenant."""
    where, collect = quiet_app.tasks["where"], quiet_app.tasks["collect"]
    signature, body = where.s("-"), collect.s("-")
    for tenant_id in ("acme", "globex"):
        with use(tenant_id):
            signature.delay()
            celery.chord([where.s("-"), where.s("-")], app=quiet_app)(body)
    assert "headers" not in signature.options
    assert "headers" not in body.options
    assert [carried(headers) for headers in messages] == ["acme"] * 3 + ["globex"] * 3


def test_tenant_headers__takes_a_tenant_or_its_id():
    """Both spellings of a tenant give the same headers."""
    with use("acme") as acme:
        assert tenant_headers(acme) == tenant_headers("acme")
    assert carried(tenant_headers("acme")) == "acme"


def test_tenant_headers__looks_nothing_up():
    """Headers of a tenant that this process does not know are made all the same."""
    assert HEADER in tenant_headers("unknown")


def test_publish__unscoped_does_not_travel(quiet_app, messages, caplog):
    """A task called where the filter is lifted is called with nobody, and that is logged."""
    with caplog.at_level("WARNING"), TenantContext.unscoped():
        quiet_app.tasks["where"].delay("-")
    assert HEADER not in messages[0]
    assert "cannot be sent in a message" in caplog.text
