"""The signals: a tenant's being entered and left is sent to whoever listens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils.functional import SimpleLazyObject

from omnitenant_context.context import TenantContext
from omnitenant_context.listeners import add_listener, remove_listener
from omnitenant_models import apps, signals
from probe.models import Tenant


@pytest.fixture
def seen():
    """Note what is sent."""
    noted: list[tuple[str, type, str]] = []

    def activated(sender: Any, tenant: Any, **_: Any) -> None:
        noted.append(("activated", sender, tenant.tenant_id))

    def deactivated(sender: Any, tenant: Any, **_: Any) -> None:
        noted.append(("deactivated", sender, tenant.tenant_id))

    signals.tenant_activated.connect(activated)
    signals.tenant_deactivated.connect(deactivated)
    yield noted
    signals.tenant_activated.disconnect(activated)
    signals.tenant_deactivated.disconnect(deactivated)


def test_entering_and_leaving(acme, globex, seen):
    """Each entry and exit of a tenant is sent once, with its model as the sender; nothing else is."""
    with TenantContext.use_tenant(acme):
        with TenantContext.use_tenant(globex):
            pass
        with TenantContext.use_master_db(), TenantContext.unscoped():
            pass
    assert seen == [
        ("activated", Tenant, "acme"),
        ("activated", Tenant, "globex"),
        ("deactivated", Tenant, "globex"),
        ("deactivated", Tenant, "acme"),
    ]


def test_being_set_up_again_sends_nothing_twice(acme, seen):
    """Setting the app up a second time changes nothing."""
    apps.setup()
    with TenantContext.use_tenant(acme):
        pass
    assert len(seen) == 2


def test_a_lazy_tenant_is_sent_by_its_model(acme, seen):
    """The sender is the model, however the tenant was handed over."""
    with TenantContext.use_tenant(SimpleLazyObject(lambda: acme)):
        pass
    assert {sender for _, sender, _ in seen} == {Tenant}


def test_tasks_send_their_own(acme, globex, seen):
    """Tasks of an event loop enter and leave for themselves."""

    async def enter(tenant: Any) -> None:
        async with TenantContext.use_tenant(tenant):
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(enter(acme), enter(globex))

    async_to_sync(both)()
    assert sorted(name for name, _, _ in seen) == ["activated"] * 2 + ["deactivated"] * 2


def test_a_receiver_may_keep_a_tenant_out(acme, seen):
    """An error of a receiver on entering refuses the entry, and nothing stays active."""

    def refuse(**_: Any) -> None:
        raise PermissionError

    signals.tenant_activated.connect(refuse)
    try:
        with pytest.raises(PermissionError), TenantContext.use_tenant(acme):
            pytest.fail("it was entered")
    finally:
        signals.tenant_activated.disconnect(refuse)
    assert TenantContext.get_tenant() is None


def test_a_receiver_that_fails_on_leaving_keeps_nobody_from_cleaning_up(acme, caplog):
    """The other receivers run, the error is logged, and the tenant is left."""
    cleaned: list[str] = []

    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    def clean(tenant: Any, **_: Any) -> None:
        cleaned.append(tenant.tenant_id)

    signals.tenant_deactivated.connect(fail)
    signals.tenant_deactivated.connect(clean)
    try:
        with TenantContext.use_tenant(acme):
            pass
    finally:
        signals.tenant_deactivated.disconnect(fail)
        signals.tenant_deactivated.disconnect(clean)
    assert cleaned == ["acme"]
    assert "ZeroDivisionError" in caplog.text


def test_without_the_listener_nothing_is_sent(acme, seen):
    """The signals hang on one listener of the context."""
    remove_listener(signals.listener)
    try:
        with TenantContext.use_tenant(acme):
            pass
        assert seen == []
    finally:
        add_listener(signals.listener.enter, signals.listener.leave)
