"""Pages, parts of pages and sessions in a cache, where requests of all tenants have one host name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import caches
from django.test import AsyncClient, Client, override_settings
from redis import Redis

from caches_settings import CACHES, REDIS
from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend

BACKENDS = [
    "omnitenant_routing.caches.locmem.LocMemCache",
    "omnitenant_routing.caches.redis.RedisCache",
    "omnitenant_routing.caches.django_redis.RedisCache",
]


@pytest.fixture(name="tenants", params=BACKENDS)
def _tenants(
    request: pytest.FixtureRequest, redis: Callable[[int], Redis], transactional_db: None
) -> Iterator[list[BaseTenant]]:
    """Two tenants, one of them with a cache of its own."""
    from customers.models import Tenant

    entry = {**CACHES["default"], "BACKEND": request.param}
    with override_settings(CACHES={"default": entry}):
        with TenantContext.unscoped():
            caches["default"].clear()
        made = [
            Tenant.objects.create(tenant_id="acme", name="ACME"),
            Tenant.objects.create(tenant_id="globex", name="Globex", isolation_type="cache"),
        ]
        yield made
        for tenant in made:
            if tenant.pk:
                get_tenant_backend(tenant).delete()


def ask(client: Client, path: str, whose: str | None) -> str:
    """Ask for a page; returns what it says."""
    headers = {"x-tenant-id": whose} if whose else {}
    response = client.get(path, headers={"host": "localhost", **headers})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("path", ["/plain/", "/kept/", "/fragment/"])
def test_what_is_kept_is_the_tenants(tenants: list[BaseTenant], path: str) -> None:
    """The second request gets the same page, and never another's; clearing is one's own."""
    client = Client()
    first = {whose: ask(client, path, whose) for whose in ("acme", "globex", None)}
    assert [page.partition(" ")[0] for page in first.values()] == ["acme", "globex", "master"]
    assert {whose: ask(client, path, whose) for whose in ("acme", "globex", None)} == first
    with TenantContext.use_tenant(tenants[0]):
        caches["default"].clear()
    again = {whose: ask(client, path, whose) for whose in ("acme", "globex", None)}
    assert again.pop("acme") != first.pop("acme")
    assert again == first


def test_a_session_is_the_tenants(tenants: list[BaseTenant]) -> None:
    """The cookie of one opens nothing at another."""
    client = Client()
    assert ask(client, "/session/", "acme") == "nothing"
    assert ask(client, "/session/", "acme") == "acme"
    assert ask(client, "/session/", "globex") == "nothing"
    assert ask(client, "/session/", "globex") == "globex"


def test_an_asynchronous_view_reads_what_its_tenant_wrote(tenants: list[BaseTenant]) -> None:
    """Forty requests of two tenants at once."""

    async def visit(whose: str) -> bool:
        response = await AsyncClient().get("/written/", headers={"x-tenant-id": whose})
        return response.content.decode() == whose

    async def main() -> list[bool]:
        return await asyncio.gather(*(visit(whose) for _ in range(20) for whose in ("acme", "globex")))

    assert asyncio.run(main()) == [True] * 40


def test_a_tenant_that_is_made_again_finds_nothing_of_before(tenants: list[BaseTenant]) -> None:
    """Deleting it empties its caches: another customer may get its id."""
    from customers.models import Tenant

    for tenant in tenants:
        with TenantContext.use_tenant(tenant):
            caches["default"].set("k", "of before", None)
    get_tenant_backend(tenants[0]).delete()
    tenants[1].delete()
    for isolation, tenant_id in (("table", "acme"), ("cache", "globex")):
        tenant = Tenant.objects.create(tenant_id=tenant_id, name="", isolation_type=isolation)
        with TenantContext.use_tenant(tenant):
            assert caches["default"].get("k") is None


def test_a_tenant_is_not_deleted_while_its_cache_is_down(transactional_db: None) -> None:
    """What it has there would be the next one's; the message says what to do."""
    from customers.models import Tenant
    from omnitenant_context.errors import ProvisioningError

    tenant = Tenant.objects.create(tenant_id="acme", name="ACME")
    entry = {**CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    with (
        override_settings(CACHES={"default": entry}),
        pytest.raises(ProvisioningError, match="'acme' has in caches could not be removed.*again"),
    ):
        get_tenant_backend(tenant).delete()
    assert Tenant.objects.filter(tenant_id="acme").exists()
    assert REDIS.port
    get_tenant_backend(Tenant.objects.get(tenant_id="acme")).delete()
