"""Cache keys belong to whoever is active."""

from __future__ import annotations

import asyncio

import pytest
from django.core.cache import caches
from django.test import override_settings

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_routing.caches import make_key, make_shared_key, reverse_key
from probe.models import Tenant

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {
        "BACKEND": LOCMEM,
        "LOCATION": "keyed",
        "KEY_FUNCTION": "omnitenant_routing.caches.make_key",
    },
    "shared": {
        "BACKEND": LOCMEM,
        "LOCATION": "shared",
        "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key",
    },
}


def stored(tenant_id: str, isolation: str = "cache", **config: object) -> Tenant:
    """Give a tenant as it would come out of a database, without one."""
    values = {
        "id": 1,
        "tenant_id": tenant_id,
        "name": "",
        "isolation_type": isolation,
        "config": config,
        "state": "active",
    }
    return Tenant.from_db("master", list(values), list(values.values()))


@pytest.fixture(name="two")
def _two() -> tuple[Tenant, Tenant]:
    """Two tenants that need no database."""
    return stored("acme"), stored("globex")


@override_settings(CACHES=CACHES)
def test_each_tenant_has_its_own_entries(two: tuple[Tenant, Tenant]) -> None:
    """The same key holds another value for each tenant, for the master and for a schema."""
    guards = [TenantContext.use_tenant(tenant) for tenant in two]
    guards += [TenantContext.use_master_db(), TenantContext.use_schema("acme")]
    for number, guard in enumerate(guards):
        with guard:
            assert caches["default"].get("key") is None
            caches["default"].set_many({"key": number, "count": number})
            caches["default"].incr("count")
    for number, guard in enumerate(guards):
        with guard:
            assert caches["default"].get_many(["key", "count"]) == {
                "key": number,
                "count": number + 1,
            }


@override_settings(CACHES=CACHES)
def test_async_entries_are_kept_apart(two: tuple[Tenant, Tenant]) -> None:
    """The async methods pass through the same keys."""

    async def work(tenant: Tenant) -> object:
        async with TenantContext.use_tenant(tenant):
            await caches["default"].aset("async", tenant.tenant_id)
            await asyncio.sleep(0)
            return await caches["default"].aget("async")

    async def main() -> list[object]:
        return await asyncio.gather(*(work(tenant) for tenant in two))

    assert asyncio.run(main()) == ["acme", "globex"]


@override_settings(CACHES=CACHES)
def test_nobody_has_no_entries() -> None:
    """A key without an owner is an error, and the remedy is in it."""
    with pytest.raises(TenantRequiredError, match="make_shared_key"):
        caches["default"].get("key")
    caches["shared"].set("key", "for all")
    assert caches["shared"].get("key") == "for all"


def test_keys_can_be_read_back(two: tuple[Tenant, Tenant]) -> None:
    """Backends that list keys show the code's own, colons included."""
    with TenantContext.use_tenant(two[0]):
        made = make_key("a:b:c", "prefix", 2)
    assert made == "prefix:t.acme:2:a:b:c"
    assert reverse_key(made) == "a:b:c"
    assert reverse_key(make_shared_key("a:b", "", 1)) == "a:b"


def test_a_tenant_cannot_be_named_into_another_ones_keys(two: tuple[Tenant, Tenant]) -> None:
    """No id, schema or word for the master makes the key of somebody else."""
    made = set()
    for guard in (
        TenantContext.use_tenant(stored("acme")),
        TenantContext.use_schema("acme"),
        TenantContext.use_master_db(),
        TenantContext.use_tenant(stored("shared")),
    ):
        with guard:
            made.add(make_key("k", "", 1))
    assert len(made) == 4
    assert make_shared_key("k", "", 1) not in made
