"""Caches of tenants' own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings
from redis import Redis

from caches_settings import REDIS
from conftest import stored
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import SETTING_NAME
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.caches import own
from omnitenant_routing.caches.clearing import clear_caches

MEMORY = "omnitenant_routing.caches.locmem.LocMemCache"
DJANGO = "omnitenant_routing.caches.redis.RedisCache"
DJANGO_REDIS = "omnitenant_routing.caches.django_redis.RedisCache"
HERE = f"{REDIS.url}/2"

Ask = Callable[[int], Redis]


def owning(tenant_id: str = "acme", **config: Any) -> BaseTenant:
    """Give a tenant with a cache of its own: a database of the server, unless something else is said."""
    return stored(tenant_id, "cache", cache_config={"location": f"{REDIS.url}/7", **config})


@pytest.fixture(name="backend", params=[DJANGO, DJANGO_REDIS])
def _backend(request: pytest.FixtureRequest, redis: Ask) -> Iterator[str]:
    """A cache in Redis that everybody uses, and another one."""
    entry = {"BACKEND": request.param, "LOCATION": HERE}
    with override_settings(CACHES={"default": entry, "other": {**entry, "KEY_PREFIX": "other"}}):
        yield str(request.param)


def test_the_tenants_entries_are_in_its_own_place(backend: str, redis: Ask) -> None:
    """And nobody else's are; the master's cache has none of them."""
    with TenantContext.use_tenant(owning()):
        caches["default"].set("k", "acme")
        assert caches["default"].get("k") == "acme"
    with TenantContext.use_tenant(stored("globex", "cache")):
        caches["default"].set("k", "globex")
    assert [redis(7).keys("*"), redis(2).keys("*")] == [[b":t.acme:1:k"], [b":t.globex:1:k"]]


def test_a_cache_object_that_was_kept_follows(backend: str) -> None:
    """Code keeps them: sessions, throttles, module-level names."""
    kept = caches["default"]
    with TenantContext.use_tenant(owning()):
        kept.set("k", "acme")
    with TenantContext.use_tenant(stored("globex")):
        assert kept.get("k") is None
        kept.set("k", "globex")
    with TenantContext.use_tenant(owning()):
        assert kept.get("k") == "acme"


def test_threads_and_tasks_follow(backend: str, redis: Ask) -> None:
    """Each for its own tenant."""
    tenants = [owning("acme"), owning("hooli", LOCATION=f"{REDIS.url}/8"), stored("globex")]

    def work(tenant: BaseTenant) -> None:
        with TenantContext.use_tenant(tenant):
            caches["default"].set("thread", tenant.tenant_id)

    async def awork(tenant: BaseTenant) -> object:
        async with TenantContext.use_tenant(tenant):
            await caches["default"].aset("task", tenant.tenant_id)
            await asyncio.sleep(0)
            return await caches["default"].aget("thread")

    async def main() -> list[object]:
        return await asyncio.gather(*(awork(tenant) for tenant in tenants))

    threads = [Thread(target=work, args=(tenant,)) for tenant in tenants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asyncio.run(main()) == ["acme", "hooli", "globex"]
    assert {number: len(redis(number).keys("*")) for number in (2, 7, 8)} == {2: 2, 7: 2, 8: 2}


def test_only_the_masters_cache_gives_way(backend: str, redis: Ask) -> None:
    """In others the tenant has its part, like everybody."""
    with TenantContext.use_tenant(owning()):
        caches["other"].set("k", 1)
    assert redis(7).dbsize() == 0
    assert redis(2).keys("*") == [b"other:t.acme:1:k"]


def test_tenants_of_another_type_have_none(backend: str, redis: Ask) -> None:
    """Whatever their configuration says."""
    with TenantContext.use_tenant(stored("acme", "table", cache_config={"LOCATION": f"{REDIS.url}/7"})):
        caches["default"].set("k", 1)
    assert redis(7).dbsize() == 0


def test_tenants_that_name_the_same_place_stay_apart(backend: str, redis: Ask) -> None:
    """Two that share a small Redis, say; each clears its own."""
    first, second = owning("acme"), owning("globex")
    for tenant in (first, second):
        with TenantContext.use_tenant(tenant):
            caches["default"].set("k", tenant.tenant_id)
    with TenantContext.use_tenant(first):
        caches["default"].clear()
        assert caches["default"].get("k") is None
    with TenantContext.use_tenant(second):
        assert caches["default"].get("k") == "globex"


def test_the_rest_of_the_entry_can_be_its_own_too(backend: str, redis: Ask) -> None:
    """Prefix, version, time to live, and how it is cleared; what is not said is as everybody's."""
    tenant = owning(KEY_PREFIX="mine", VERSION=3, TIMEOUT=None, TENANT_CLEAR="generation")
    with TenantContext.use_tenant(tenant):
        caches["default"].set("k", 1)
        (key,) = redis(7).keys("*:k")
        assert key.startswith(b"mine:t.acme@")
        assert key.endswith(b":3:k")
        assert redis(7).ttl(key) == -1
        caches["default"].clear()
        assert caches["default"].get("k") is None
        assert redis(7).exists(key)


def test_another_backend_can_be_named(backend: str, redis: Ask) -> None:
    """One that knows tenants; the options of the first are not handed to it."""
    with TenantContext.use_tenant(owning(BACKEND=MEMORY, LOCATION="in memory")):
        caches["default"].set("k", 1)
        assert caches["default"].get("k") == 1
    assert redis(7).dbsize() == redis(2).dbsize() == 0


def test_secrets_are_references(backend: str, redis: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address with its password stands elsewhere."""
    monkeypatch.setenv("ACME_REDIS", f"{REDIS.url}/8")
    with TenantContext.use_tenant(owning(LOCATION={"env": "ACME_REDIS"})):
        caches["default"].set("k", 1)
    assert redis(8).dbsize() == 1


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"locaton": "x"}, "did you mean 'LOCATION'"),
        ({"KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key"}, "keys are made by the backend"),
        ({"BACKEND": "django.core.cache.backends.redis.RedisCache"}, "knows no tenants"),
        ({"BACKEND": "nowhere.Cache"}, "cannot be imported"),
        ({"TENANT_CLEAR": "flush"}, "'delete' or 'generation'"),
        ({"LOCATION": {"env": "OMNITENANT_NOT_SET"}}, "cannot be read"),
    ],
)
def test_a_configuration_that_is_wrong_is_an_error(backend: str, config: dict[str, Any], complaint: str) -> None:
    """Nothing falls back to the cache that everybody uses."""
    with (
        TenantContext.use_tenant(owning(**config)),
        pytest.raises(ProvisioningError, match=f"acme.*{complaint}"),
    ):
        caches["default"].set("k", 1)


def test_a_configuration_that_is_no_dictionary_is_an_error(backend: str) -> None:
    """The message says what it is."""
    with (
        TenantContext.use_tenant(stored("acme", "cache", cache_config="redis://")),
        pytest.raises(ProvisioningError, match="is str, not a dictionary"),
    ):
        caches["default"].get("k")


def test_a_changed_configuration_is_followed(backend: str, redis: Ask) -> None:
    """The next time that the tenant is entered as it is now."""
    with TenantContext.use_tenant(owning()):
        caches["default"].set("k", "old place")
    with TenantContext.use_tenant(owning(LOCATION=f"{REDIS.url}/8")):
        assert caches["default"].get("k") is None
        caches["default"].set("k", "new place")
    assert redis(8).dbsize() == 1


def test_caches_beyond_the_budget_are_let_go(backend: str, redis: Ask) -> None:
    """With their connections: a hundred tenants visited do not mean a hundred connections."""

    def connections() -> int:
        return len([each for each in redis(2).client_list() if each["db"] == "7"])

    redis(7).ping()
    before = connections()
    config = {**omnitenant_settings_dict(), "MAX_TENANT_CACHES": 5}
    with override_settings(**{SETTING_NAME: config}):
        for number in range(30):
            with TenantContext.use_tenant(owning(f"t{number}")):
                caches["default"].set("k", number)
        assert len(own._made) == 5
        assert connections() - before <= 5
        with TenantContext.use_tenant(owning("t0")):
            assert caches["default"].get("k") == 0


def omnitenant_settings_dict() -> dict[str, Any]:
    """Give the project's settings."""
    from django.conf import settings

    return dict(getattr(settings, SETTING_NAME))


def test_users_of_one_server_do_not_get_each_others_connections(redis: Ask) -> None:
    """django-redis keeps pools for a whole process by their address alone, whoever logs in there."""
    entry = {"BACKEND": DJANGO_REDIS, "LOCATION": HERE}
    for name in ("acme", "globex"):
        redis(2).execute_command("ACL", "SETUSER", name, "reset", "on", f">{name}", f"~:t.{name}:*", "+@all")
    try:
        with override_settings(CACHES={"default": entry}):
            for name in ("acme", "globex"):
                tenant = owning(name, OPTIONS={"CONNECTION_POOL_KWARGS": {"username": name, "password": name}})
                with TenantContext.use_tenant(tenant):
                    caches["default"].set("k", name)
                    assert caches["default"].get("k") == name
                    client = caches["default"].client.get_client()
                    assert client.execute_command("ACL", "WHOAMI") in {name, name.encode()}
    finally:
        for name in ("acme", "globex"):
            redis(2).execute_command("ACL", "DELUSER", name)


def test_a_tenants_store_in_memory_is_not_crowded_out() -> None:
    """Others' entries count for others; without a configuration too."""
    entry = {"BACKEND": MEMORY, "LOCATION": "crowded", "OPTIONS": {"MAX_ENTRIES": 10}}
    with override_settings(CACHES={"default": entry}):
        with TenantContext.use_tenant(stored("acme", "cache")):
            caches["default"].set("k", "acme")
        with TenantContext.use_tenant(stored("hooli")):
            caches["default"].set("k", "hooli")
        with TenantContext.use_tenant(stored("globex")):
            caches["default"].set_many({f"k{number}": number for number in range(100)})
        with TenantContext.use_tenant(stored("hooli")):
            assert caches["default"].get("k") is None
        with TenantContext.use_tenant(stored("acme", "cache")):
            assert caches["default"].get("k") == "acme"


def test_what_a_tenant_has_anywhere_can_be_removed(backend: str, redis: Ask) -> None:
    """In its own cache, in the others, and what is left of a time when it had none of its own; from anywhere."""
    for tenant in (stored("acme"), stored("globex"), owning()):
        with TenantContext.use_tenant(tenant):
            caches["default"].set("k", 1)
            caches["other"].set("k", 1)
    clear_caches(owning())
    assert redis(7).dbsize() == 0
    assert sorted(redis(2).keys("*")) == [b":t.globex:1:k", b"other:t.globex:1:k"]
    assert own._made == {}


@pytest.mark.parametrize("way", ["delete", "generation"])
def test_what_a_tenant_has_can_be_removed_in_both_ways(backend: str, way: str) -> None:
    """While another tenant with a cache of its own is active, too."""
    entry = {"BACKEND": backend, "LOCATION": HERE, "TENANT_CLEAR": way}
    with override_settings(CACHES={"default": entry}):
        for tenant in (stored("acme"), owning("globex")):
            with TenantContext.use_tenant(tenant):
                caches["default"].set("k", tenant.tenant_id)
        with TenantContext.use_tenant(owning("globex")):
            clear_caches(stored("acme"))
            assert caches["default"].get("k") == "globex"
        with TenantContext.use_tenant(stored("acme")):
            assert caches["default"].get("k") is None
