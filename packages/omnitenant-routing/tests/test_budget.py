"""The budget of open connections."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.test import override_settings

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of
from omnitenant_routing.databases.budget import ConnectionBudgetError
from probe.models import Note

CONFIG = {"TENANT_MODEL": "probe.Tenant", "DOMAIN_MODEL": "probe.Domain"}


def open_tenants() -> list[str]:
    """Name the tenants to which this thread holds a connection."""
    return [
        each.alias.removeprefix("tenant:")
        for each in connections.all(initialized_only=True)
        if each.alias.startswith("tenant:") and each.connection is not None
    ]


@pytest.fixture(name="many")
def _many(make_tenant: Callable[..., BaseTenant]) -> list[BaseTenant]:
    """Five tenants with databases, to which nothing is connected."""
    tenants = [make_tenant(f"t{number}") for number in range(5)]
    for each in connections.all(initialized_only=True):
        if each.alias.startswith("tenant:"):
            each.close()
            del connections[each.alias]
    return tenants


@override_settings(OMNITENANT_CONFIG={**CONFIG, "MAX_TENANT_CONNECTIONS": 2})
def test_the_least_recently_used_are_closed(many: list[BaseTenant]) -> None:
    """Visiting five tenants leaves the last two connections open; a tenant used again stays."""
    for number in (0, 1, 0, 2):
        with TenantContext.use_tenant(many[number]):
            assert Note.objects.count() == 0
    assert open_tenants() == ["t0", "t2"]
    for tenant in many:
        with TenantContext.use_tenant(tenant):
            assert Note.objects.count() == 0
    assert open_tenants() == ["t3", "t4"]


@override_settings(OMNITENANT_CONFIG={**CONFIG, "MAX_TENANT_CONNECTIONS": 1})
def test_a_transaction_is_never_cut(many: list[BaseTenant]) -> None:
    """A connection in a transaction stays open beyond the budget, and its rows are kept."""
    with TenantContext.use_tenant(many[0]), transaction.atomic():
        Note.objects.create(text="kept")
        for tenant in many[1:]:
            with TenantContext.use_tenant(tenant):
                assert Note.objects.count() == 0
    with TenantContext.use_tenant(many[0]):
        assert Note.objects.count() == 1


@override_settings(OMNITENANT_CONFIG={**CONFIG, "MAX_TENANT_CONNECTIONS": 3})
def test_threads_share_one_budget(many: list[BaseTenant]) -> None:
    """Connections of another thread count, and are left to that thread."""
    others: list[list[str]] = []
    opened, go_on = threading.Event(), threading.Event()

    def visit() -> None:
        for tenant in many[:2]:
            with TenantContext.use_tenant(tenant):
                assert Note.objects.count() == 0
        opened.set()
        go_on.wait(30)
        others.append(open_tenants())
        connections.close_all()

    thread = threading.Thread(target=visit)
    thread.start()
    opened.wait(30)
    for tenant in many[2:]:
        with TenantContext.use_tenant(tenant):
            assert Note.objects.count() == 0
    here = open_tenants()
    go_on.set()
    thread.join()
    assert (here, others) == (["t4"], [["t0", "t1"]])


@override_settings(OMNITENANT_CONFIG={**CONFIG, "MAX_TENANT_CONNECTIONS": 2, "TENANT_CONNECTIONS_WAIT": 0})
def test_a_budget_that_is_exhausted_refuses(many: list[BaseTenant]) -> None:
    """Where the settings say so: with an error that names the tenant, and not for what can be closed."""
    for tenant in many:
        with TenantContext.use_tenant(tenant):
            assert Note.objects.count() == 0
    with TenantContext.use_tenant(many[0]), transaction.atomic():
        Note.objects.create(text="kept")
        with TenantContext.use_tenant(many[1]), transaction.atomic():
            Note.objects.create(text="kept")
            with (
                TenantContext.use_tenant(many[2]),
                pytest.raises(
                    ConnectionBudgetError, match=r"'t2' is needed, and all 2 connections.*waited 0 s"
                ) as caught,
            ):
                Note.objects.count()
            assert caught.value.tenant_id == "t2"
    for tenant in (many[2], many[0]):
        with TenantContext.use_tenant(tenant):
            assert Note.objects.count() == (tenant is many[0])
    assert open_tenants() == ["t2", "t0"]


@override_settings(OMNITENANT_CONFIG={**CONFIG, "MAX_TENANT_CONNECTIONS": 1, "TENANT_CONNECTIONS_WAIT": 30})
def test_a_thread_waits_for_a_connection(many: list[BaseTenant]) -> None:
    """It goes on as soon as another thread has closed its own; there is never one too many."""
    opened, waiting = threading.Event(), threading.Event()
    seen: list[int] = []

    def visit() -> None:
        with TenantContext.use_tenant(many[0]):
            Note.objects.create(text="first")
            opened.set()
            waiting.wait(30)
            seen.append(1)
            connections.close_all()

    thread = threading.Thread(target=visit)
    thread.start()
    opened.wait(30)
    threading.Timer(0.1, waiting.set).start()
    with TenantContext.use_tenant(many[1]):
        assert Note.objects.count() == 0
        assert seen == [1]
    thread.join()


def test_the_master_is_not_part_of_the_budget(acme: BaseTenant) -> None:
    """Its connection is Django's own."""
    with TenantContext.use_tenant(acme):
        assert connection.alias == alias_of("acme")
        outside = connections["master"]
    assert connections[DEFAULT_DB_ALIAS] is outside
