"""Backends of tenants: what they clear, what they refuse, and whatever backend is under them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends import locmem
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError, TenantRequiredError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.caches import make_shared_key
from omnitenant_routing.caches.clearing import clear_caches
from omnitenant_routing.caches.locmem import LocMemCache
from omnitenant_routing.caches.mixin import TenantCacheMixin, _generations
from omnitenant_routing.caches.owners import current_owner
from omnitenant_routing.provisioning import get_tenant_backend
from probe.models import Tenant
from test_caches import stored

LOCMEM = "omnitenant_routing.caches.locmem.LocMemCache"
HERE = __name__


class TenantFileBasedCache(TenantCacheMixin, FileBasedCache):
    """A backend that cannot list its keys."""


class TenantDummyCache(TenantCacheMixin, DummyCache):
    """A backend that keeps nothing."""


class NativeCache(LocMemCache):
    """A backend of a project's own, which has an asynchronous method of its own and counts what it is asked."""

    asked = 0

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Count, and ask."""
        type(self).asked += 1
        return super().get(key, default, version)

    async def aget(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Ask without a thread."""
        return f"native {self.get(key, default, version)}"


@pytest.fixture(name="use")
def _use(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Let the default cache be another one for this test."""
    settings: list[override_settings] = []

    def use(backend: str, **entry: Any) -> None:
        location = str(tmp_path / "cache") if "File" in backend else "backends"
        shared = {"KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key"}
        given = {"BACKEND": backend, "LOCATION": location, **entry}
        settings.append(override_settings(CACHES={"default": given, "shared": {**given, **shared}}))
        settings[-1].enable()
        _generations.forget()
        with TenantContext.unscoped():
            caches["default"].clear()

    yield use
    for each in settings:
        each.disable()


def everybody() -> dict[str, Any]:
    """Name those who may have entries."""
    return {
        "acme": TenantContext.use_tenant(stored("acme")),
        "acme-2": TenantContext.use_tenant(stored("acme-2")),
        "schema": TenantContext.use_schema("acme"),
        "master": TenantContext.use_master_db(),
    }


@pytest.mark.parametrize(
    ("backend", "entry"),
    [
        (LOCMEM, {}),
        (LOCMEM, {"TENANT_CLEAR": "generation"}),
        (LOCMEM, {"KEY_PREFIX": "pre:fix"}),
        (LOCMEM, {"TENANT_CLEAR_BATCH": 1}),
        (f"{HERE}.TenantFileBasedCache", {}),
    ],
)
def test_clear_is_ones_own(use: Callable[..., None], backend: str, entry: dict[str, Any]) -> None:
    """Everybody empties what is theirs; what is shared, and others', stays. Where code is unscoped all goes."""
    use(backend, **entry)
    guards = everybody()
    for name, guard in guards.items():
        with guard:
            caches["default"].set_many({"a": name, "b": name})
    caches["shared"].set("a", "shared")
    for name, guard in guards.items():
        with guard:
            assert caches["default"].get_many(["a", "b"]) == {"a": name, "b": name}
            caches["default"].clear()
            assert caches["default"].get_many(["a", "b"]) == {}
    with pytest.raises(TenantRequiredError):
        caches["default"].clear()
    assert caches["shared"].get("a") == "shared"
    with guards["acme"]:
        caches["default"].set("a", 1)
        caches["shared"].clear()
        assert caches["shared"].get("a") is None
        assert caches["default"].get("a") == 1
    with TenantContext.unscoped():
        caches["default"].clear()
    with guards["acme"]:
        assert caches["default"].get("a") is None


def test_a_backend_that_cannot_list_its_keys_says_so(use: Callable[..., None]) -> None:
    """It clears by generations, and by nothing else."""
    use(f"{HERE}.TenantFileBasedCache")
    with TenantContext.use_master_db(), pytest.raises(ImproperlyConfigured, match="cannot list its keys"):
        caches["default"].delete_entries()
    with pytest.raises(ImproperlyConfigured, match="cannot be 'delete'; it can be 'generation'"):
        TenantFileBasedCache("/nowhere", {"TENANT_CLEAR": "delete"})
    use(LOCMEM)
    with TenantContext.use_master_db(), pytest.raises(ImproperlyConfigured, match="have no generations"):
        caches["default"].start_generation()


def test_the_mixin_must_come_first() -> None:
    """Behind a backend it would do nothing, and say nothing."""
    with pytest.raises(TypeError, match="in front of TenantCacheMixin"):
        type("Wrong", (FileBasedCache, TenantCacheMixin), {})
    type("Right", (TenantFileBasedCache,), {})


def test_a_backend_that_keeps_nothing_works(use: Callable[..., None]) -> None:
    """Also without a place for the number of the generation."""
    use(f"{HERE}.TenantDummyCache")
    with TenantContext.use_master_db():
        caches["default"].set("a", 1)
        caches["default"].clear()
        assert caches["default"].get("a") is None


def test_a_key_function_of_a_projects_own_is_refused() -> None:
    """The backend would not know whose entries are whose; the remedy is in the message."""
    with pytest.raises(ImproperlyConfigured, match="overriding make_key"):
        LocMemCache("", {"KEY_FUNCTION": "omnitenant_routing.caches.reverse_key"})
    assert LocMemCache("", {"KEY_FUNCTION": make_shared_key}).is_shared


def test_keys_are_made_by_the_backend_whoever_asks(use: Callable[..., None]) -> None:
    """``key_func`` too, which other libraries call."""
    use(LOCMEM, KEY_PREFIX="p")
    with TenantContext.use_tenant(stored("acme")):
        assert caches["default"].make_key("k", 2) == "p:t.acme:2:k"
        assert caches["default"].key_func("k", "p", 2) == "p:t.acme:2:k"
    with pytest.raises(TenantRequiredError, match="'k' belongs to nobody"):
        caches["default"].make_key("k")


def test_a_projects_own_subclass_is_one_of_tenants(use: Callable[..., None]) -> None:
    """What it overrides follows a tenant with a cache of its own, sync and async."""
    use(f"{HERE}.NativeCache")
    own = stored("acme", cache_config={"LOCATION": "own of acme"})
    with TenantContext.use_tenant(own):
        caches["default"].set("k", "own")
    with TenantContext.use_tenant(stored("globex", isolation="table")):
        caches["default"].set("k", "globex")

    async def main() -> list[Any]:
        found = []
        for tenant in (own, stored("globex", isolation="table")):
            async with TenantContext.use_tenant(tenant):
                found.append(await caches["default"].aget("k"))
        return found

    NativeCache.asked = 0
    assert asyncio.run(main()) == ["native own", "native globex"]
    assert NativeCache.asked == 2
    assert asyncio.iscoroutinefunction(caches["default"].aget)
    assert ":t.acme:1:k" in locmem._caches["own of acme"]


def test_warnings_about_keys_are_django_s(use: Callable[..., None]) -> None:
    """Those that memcached would not take; looked at more cheaply, and no less."""
    use(LOCMEM)
    with TenantContext.use_master_db():
        for key, complaint in (("a key", "contains characters"), ("k" * 250, "longer than 250"), ("\x7f", "contains")):
            with pytest.warns(Warning, match=complaint):
                caches["default"].set(key, 1)
        caches["default"].set("k" * 240, 1)


def test_what_is_no_dns_label_is_quoted() -> None:
    """Tenants that never were in a database, and schemas, have any name; none reads another's, by a pattern either."""
    names = ["a", "a*", "a:1:k", "a@x", "[a]", "a?", "a%2A", "ä", "a b"]
    owners = set()
    for name in names:
        for guard in (TenantContext.use_tenant(stored(name)), TenantContext.use_schema(name)):
            with guard:
                owners.add(current_owner())
    assert len(owners) == 2 * len(names)
    assert not any(set("*?[]:@\\ ") & set(owner) for owner in owners)


class TestMemory:
    """Stores of CACHE tenants in memory."""

    def test_a_tenant_that_is_deleted_leaves_none(
        self, use: Callable[..., None], make_tenant: Callable[..., BaseTenant]
    ) -> None:
        """Neither its store nor its part of everybody's."""
        use(LOCMEM)
        for isolation in ("table", "cache"):
            tenant = make_tenant("acme", isolation)
            with TenantContext.use_tenant(tenant):
                caches["default"].set("k", "of before", None)
            get_tenant_backend(tenant).delete()
            with TenantContext.use_tenant(make_tenant("acme", isolation)) as again:
                assert caches["default"].get("k") is None
            get_tenant_backend(again).delete()
        assert not [name for name in locmem._caches if "acme" in name]

    def test_a_tenant_that_is_deleted_without_its_backend_leaves_none(
        self, use: Callable[..., None], make_tenant: Callable[..., BaseTenant]
    ) -> None:
        """In the admin, say, where tenants of shared tables may be deleted like any row."""
        use(LOCMEM)
        tenant = make_tenant("acme", "table")
        with TenantContext.use_tenant(tenant):
            caches["default"].set("k", "of before", None)
        with TenantContext.use_master_db():
            tenant.delete()
        with TenantContext.use_tenant(make_tenant("acme", "table")):
            assert caches["default"].get("k") is None

    def test_clearing_everything_needs_nobody(self, use: Callable[..., None]) -> None:
        """It says itself whose it is, and leaves what is shared."""
        use(LOCMEM)
        caches["shared"].set("k", 1)
        with TenantContext.use_tenant(stored("acme", isolation="table")):
            caches["default"].set("k", 1)
        clear_caches(stored("acme", isolation="table"))
        with TenantContext.use_tenant(stored("acme", isolation="table")):
            assert caches["default"].get("k") is None
        assert caches["shared"].get("k") == 1

    def test_a_tenant_with_such_a_configuration_is_not_made(
        self, use: Callable[..., None], make_tenant: Callable[..., BaseTenant]
    ) -> None:
        """It is looked at before the tenant becomes active; so is one that nothing would read."""
        with pytest.raises(ProvisioningError, match="did you mean 'LOCATION'"):
            use(LOCMEM)
            make_tenant("acme", "cache", config={"cache_config": {"LOCATON": "x"}})
        config = {"cache_config": {"LOCATION": "x"}}
        make_tenant("hooli", "cache", config=config)
        with pytest.raises(ProvisioningError, match="which the backend of the cache 'default' does not read"):
            use("django.core.cache.backends.locmem.LocMemCache")
            make_tenant("globex", "cache", config=config)

    def test_a_cache_that_is_not_installed_keeps_no_tenant(self, make_tenant: Callable[..., BaseTenant]) -> None:
        """It is none of ours, and the tenant can be deleted."""
        with override_settings(CACHES={"default": {"BACKEND": LOCMEM}, "other": {"BACKEND": "nowhere.Cache"}}):
            get_tenant_backend(make_tenant("acme", "table")).delete()

    def test_a_configuration_that_is_wrong_is_an_error(self, use: Callable[..., None]) -> None:
        """Nothing falls back to the cache that everybody uses."""
        use(LOCMEM)
        with (
            TenantContext.use_tenant(stored("acme", cache_config={"KEY_FUNCTION": "x"})),
            pytest.raises(ProvisioningError, match="keys are made by the backend"),
        ):
            caches["default"].get("k")

    def test_a_tenant_with_such_a_configuration_can_be_deleted(
        self, use: Callable[..., None], make_tenant: Callable[..., BaseTenant], caplog: pytest.LogCaptureFixture
    ) -> None:
        """What it has in everybody's cache goes; what is wrong is logged."""
        use(LOCMEM)
        tenant = make_tenant("acme", "cache")
        Tenant.objects.update(config={"cache_config": {"LOCATON": "x"}})
        get_tenant_backend(Tenant.objects.get(pk=tenant.pk)).delete()
        assert "own cache of tenant 'acme'" in caplog.text

    def test_django_keeps_its_stores_where_it_did(self) -> None:
        """What is private and emptied there."""
        LocMemCache("where", {})
        assert all("where" in getattr(locmem, name) for name in ("_caches", "_expire_info", "_locks"))
