"""Tests of omnitenant_models.middleware with many requests at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from probe.clients import HostAsyncClient
from probe.models import Domain, Tenant

NAMES = ["one", "two", "three", "four", "five"]


@pytest.fixture
def tenants(make_tenant: Any) -> list[str]:
    """Make five tenants."""
    return [make_tenant(name).tenant_id for name in NAMES]


@pytest.mark.parametrize("resolver", ["CustomDomainTenantResolver", "SubdomainTenantResolver", "HeaderTenantResolver"])
def test_fifty_requests_in_one_loop_do_not_mix(tenants: list[str], configure: Any, resolver: str) -> None:
    """Five tenants in turns, each view letting the others run in its middle."""
    configure(TENANT_RESOLVER=f"omnitenant_models.resolvers.{resolver}", SUBDOMAIN_BASE="example.com")

    async def visit() -> list[dict[str, Any]]:
        client = HostAsyncClient()

        async def one(name: str) -> dict[str, Any]:
            headers = {"host": f"{name}.example.com", "x-tenant-id": name}
            response: Any = await client.get("/awho/", headers=headers)
            told: dict[str, Any] = response.json()
            return told

        told = await asyncio.gather(*[one(name) for _ in range(10) for name in NAMES])
        assert TenantContext.get_tenant() is None
        return told

    told = async_to_sync(visit)()
    assert [each["tenant"] for each in told] == NAMES * 10
    assert [each["scope"] for each in told] == NAMES * 10


def test_warm_requests_in_one_loop_ask_nothing(tenants: list[str]) -> None:
    """Fifty of them at once cost no query."""

    async def visit(times: int) -> None:
        await asyncio.gather(
            *[client.get("/awho/", headers={"host": f"{name}.example.com"}) for _ in range(times) for name in NAMES]
        )

    client = HostAsyncClient()
    async_to_sync(visit)(1)
    with CaptureQueriesContext(connection) as queries:
        async_to_sync(visit)(10)
    assert len(queries) == 0


@pytest.fixture
def committed(transactional_db: None) -> list[str]:
    """Make five tenants that other threads can see."""
    for name in NAMES:
        tenant = Tenant.objects.create(tenant_id=name, name=name, state="active")
        Domain.objects.create(domain=f"{name}.example.com", tenant=tenant)
    return NAMES


def test_threads_do_not_mix(committed: list[str]) -> None:
    """Eight threads serve fifty requests of five tenants through one handler and its one memory."""
    client = Client()

    def one(name: str) -> tuple[str, str]:
        try:
            told = client.get("/who/", headers={"host": f"{name}.example.com"}).json()
            return told["tenant"], told["scope"]
        finally:
            connections.close_all()

    one("one")  # makes the handler, which Django's client does without a lock
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(one, committed * 10))
    assert told == [(name, name) for name in committed * 10]
