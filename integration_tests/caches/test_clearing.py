"""``clear()`` empties what belongs to whoever is active, in both ways, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django_redis.exceptions import ConnectionInterrupted
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from caches_settings import REDIS
from conftest import stored
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_routing.caches.mixin import _generations

HERE = f"{REDIS.url}/2"
MEMORY = "omnitenant_routing.caches.locmem.LocMemCache"
DJANGO = "omnitenant_routing.caches.redis.RedisCache"
DJANGO_REDIS = "omnitenant_routing.caches.django_redis.RedisCache"
SHARED = {"KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key"}
WAYS = ["delete", "generation"]

Ask = Callable[[int], Redis]


def entries(backend: str, way: str = "delete", **more: Any) -> dict[str, dict[str, Any]]:
    """Give a cache and one that is shared, in the same store."""
    mine = {"BACKEND": backend, "LOCATION": "clearing" if backend == MEMORY else HERE, "TENANT_CLEAR": way, **more}
    return {"default": mine, "shared": {**mine, **SHARED}}


@pytest.fixture(name="scopes", params=[(backend, way) for backend in (MEMORY, DJANGO, DJANGO_REDIS) for way in WAYS])
def _scopes(request: pytest.FixtureRequest, redis: Ask) -> Iterator[dict[str, Any]]:
    """Everybody who may have entries in a cache, each with two of them."""
    backend, way = request.param
    with override_settings(CACHES=entries(backend, way)):
        _generations.forget()
        with TenantContext.unscoped():
            caches["default"].clear()
        scopes = {
            "acme": TenantContext.use_tenant(stored("acme")),
            "acme-2": TenantContext.use_tenant(stored("acme-2")),
            "globex": TenantContext.use_tenant(stored("globex")),
            "schema": TenantContext.use_schema("acme"),
            "other schema": TenantContext.use_schema("acme:1:k"),
            "master": TenantContext.use_master_db(),
        }
        for name, guard in scopes.items():
            with guard:
                caches["default"].set_many({"k": name, "a:b": name}, None)
                caches["default"].set("k", name, version=2)
        caches["shared"].set("k", "everybody")
        yield scopes


def left(scopes: dict[str, Any]) -> set[str]:
    """Name those whose entries are there, all or none of them."""
    found = set()
    for name, guard in scopes.items():
        with guard:
            seen = {*caches["default"].get_many(["k", "a:b"]).values(), caches["default"].get("k", version=2)}
        assert seen in ({name}, {None})
        found |= seen - {None}
    return found | {caches["shared"].get("k")} - {None}


@pytest.mark.parametrize("name", ["acme", "schema", "other schema", "master"])
def test_clear_is_ones_own(scopes: dict[str, Any], name: str) -> None:
    """A tenant, a schema and the master each empty what is theirs."""
    with scopes[name]:
        caches["default"].clear()
    assert left(scopes) == {*scopes, "everybody"} - {name}


def test_clear_in_async_code_is_ones_own(scopes: dict[str, Any]) -> None:
    """The asynchronous twin is the same."""

    async def clear() -> None:
        async with scopes["acme"]:
            await caches["default"].aclear()

    asyncio.run(clear())
    assert left(scopes) == {*scopes, "everybody"} - {"acme"}


def test_clear_refuses_nobody(scopes: dict[str, Any]) -> None:
    """It does not fall back to everybody's."""
    with pytest.raises(TenantRequiredError, match="no tenant is active"):
        caches["default"].clear()
    assert left(scopes) == {*scopes, "everybody"}


def test_clear_of_what_is_shared_leaves_the_rest(scopes: dict[str, Any]) -> None:
    """Whoever empties it, and nobody may too."""
    with scopes["acme"]:
        caches["shared"].clear()
    assert left(scopes) == set(scopes)


def test_clear_in_unscoped_code_is_everybodys(scopes: dict[str, Any]) -> None:
    """The one door to all of it."""
    with TenantContext.unscoped():
        caches["default"].clear()
    assert left(scopes) == set()


def test_a_cleared_cache_takes_new_entries(scopes: dict[str, Any]) -> None:
    """Nothing of before comes back with them."""
    with scopes["acme"]:
        caches["default"].clear()
        caches["default"].set("k", "new")
        assert caches["default"].get_many(["k", "a:b"]) == {"k": "new"}


def test_threads_clear_their_own(scopes: dict[str, Any]) -> None:
    """Two at once."""

    def clear(name: str) -> None:
        with scopes[name]:
            caches["default"].clear()

    threads = [Thread(target=clear, args=(name,)) for name in ("acme", "globex")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert left(scopes) == {*scopes, "everybody"} - {"acme", "globex"}


def spent(redis: Redis) -> dict[str, int]:
    """Count the commands that the server ran since it was last asked to forget them."""
    return {name.removeprefix("cmdstat_"): told["calls"] for name, told in redis.info("commandstats").items()}


@pytest.mark.parametrize("backend", [DJANGO, DJANGO_REDIS])
def test_deleting_goes_in_steps(redis: Ask, backend: str) -> None:
    """A command deletes no more keys than a step, and the server looks at no more at once."""
    with override_settings(CACHES=entries(backend, TENANT_CLEAR_BATCH=100)):
        with TenantContext.use_tenant(stored("globex")):
            caches["default"].set_many({f"k{number}": number for number in range(500)})
        with TenantContext.use_tenant(stored("acme")):
            caches["default"].set_many({f"k{number}": number for number in range(950)})
            redis(2).config_resetstat()
            caches["default"].clear()
            counted = spent(redis(2))
        assert redis(2).dbsize() == 500
    assert 10 <= counted["unlink"] < 40
    assert 10 <= counted["scan"] < 60  # twice over 1,450 keys
    assert not {"flushdb", "keys", "del"} & set(counted)


def test_a_pattern_is_deleted_in_steps(redis: Ask) -> None:
    """Where django-redis puts all matches into one pipeline, after looking at ten keys at a time."""
    with (
        override_settings(CACHES=entries(DJANGO_REDIS, TENANT_CLEAR_BATCH=100)),
        TenantContext.use_tenant(stored("acme")),
    ):
        caches["default"].set_many({f"k{number}": number for number in range(950)})
        redis(2).config_resetstat()
        assert caches["default"].delete_pattern("k*") == 950
        counted = spent(redis(2))
        assert 10 <= counted["unlink"] < 20
        assert counted["scan"] < 30


@pytest.mark.parametrize("backend", [DJANGO, DJANGO_REDIS])
def test_a_generation_begins_with_one_command(redis: Ask, backend: str) -> None:
    """However many entries there are; and one read in a while is what the number costs."""
    with override_settings(CACHES=entries(backend, "generation")), TenantContext.use_tenant(stored("acme")):
        caches["default"].set_many({f"k{number}": number for number in range(500)}, None)
        redis(2).config_resetstat()
        caches["default"].clear()
        counted = spent(redis(2))
        assert counted["set"] == 1
        assert not {"scan", "unlink", "del", "flushdb", "keys"} & set(counted)
        redis(2).config_resetstat()
        for number in range(50):
            caches["default"].get(f"k{number}")
        assert spent(redis(2))["get"] <= 52


@pytest.mark.parametrize("backend", [DJANGO, DJANGO_REDIS])
def test_what_a_past_generation_left_can_be_deleted(redis: Ask, backend: str) -> None:
    """``delete_entries()`` finds it."""
    with override_settings(CACHES=entries(backend, "generation")), TenantContext.use_tenant(stored("acme")):
        for _ in range(3):
            caches["default"].set_many({"a": 1, "b": 2}, None)
            caches["default"].clear()
        assert redis(2).dbsize() == 7
        assert caches["default"].delete_entries() == 7
        assert redis(2).dbsize() == 0


@pytest.mark.parametrize("backend", [MEMORY, DJANGO, DJANGO_REDIS])
def test_another_process_follows(redis: Ask, backend: str) -> None:
    """It asks for the number again after a while: at once, where the while is nothing."""
    with (
        override_settings(CACHES=entries(backend, "generation", TENANT_GENERATION_SECONDS=0)),
        TenantContext.use_tenant(stored("acme")),
    ):
        with TenantContext.unscoped():
            caches["default"].clear()
        caches["default"].set("k", "old", None)
        (key,) = [key for key in raw_keys(redis, backend) if ":1:k" in key]
        number = key.partition("@")[2].partition(":")[0]
        caches["default"].clear()
        caches["default"].set("k", "new", None)
        # What the other process does, in the store itself.
        write_generation(redis, backend, number)
        assert caches["default"].get("k") == "old"


def raw_keys(redis: Ask, backend: str) -> list[str]:
    """Read the keys as they stand in the store."""
    if backend == MEMORY:
        return list(caches["default"]._cache)
    return [key.decode() for key in redis(2).keys("*")]


def write_generation(redis: Ask, backend: str, number: str) -> None:
    """Put a number into the store without asking the cache for its keys."""
    import pickle

    if backend == MEMORY:
        caches["default"]._cache[":t.acme@:"] = pickle.dumps(number)
    else:
        redis(2).set(":t.acme@:", pickle.dumps(number))


@pytest.mark.parametrize("backend", [DJANGO, DJANGO_REDIS])
def test_a_number_that_was_evicted_brings_nothing_back(redis: Ask, backend: str) -> None:
    """The next one is new, and not the first one again."""
    with override_settings(CACHES=entries(backend, "generation")), TenantContext.use_tenant(stored("acme")):
        caches["default"].set("k", "old", None)
        redis(2).delete(":t.acme@:")
        _generations.forget()
        assert caches["default"].get("k") is None
        caches["default"].set("k", "new", None)
        _generations.forget()
        assert caches["default"].get("k") == "new"


@pytest.mark.parametrize("backend", [DJANGO, DJANGO_REDIS])
def test_a_user_that_may_neither_scan_nor_flush_clears_by_generation(redis: Ask, backend: str) -> None:
    """Redis itself keeps such a user to the keys of one tenant."""
    redis(2).execute_command(
        "ACL", "SETUSER", "acme", "reset", "on", ">secret", "~:t.acme@*", "+@all", "-flushdb", "-scan", "-keys"
    )
    location = f"redis://acme:secret@{REDIS.host}:{REDIS.port}/2"
    try:
        with override_settings(CACHES=entries(backend, "generation", LOCATION=location)):
            with TenantContext.use_tenant(stored("acme")):
                caches["default"].set("k", 1)
                caches["default"].clear()
                assert caches["default"].get("k") is None
            with TenantContext.use_tenant(stored("globex")), pytest.raises(Exception, match="permission"):
                caches["default"].get("k")
    finally:
        redis(2).execute_command("ACL", "DELUSER", "acme")


@pytest.mark.parametrize("backend", [DJANGO, DJANGO_REDIS])
@pytest.mark.parametrize("way", WAYS)
def test_a_redis_that_is_down_is_an_error(backend: str, way: str) -> None:
    """It is not taken for an empty cache."""
    nowhere = "redis://127.0.0.1:1/0"
    with (
        override_settings(CACHES=entries(backend, way, LOCATION=nowhere)),
        TenantContext.use_tenant(stored("acme")),
        pytest.raises((RedisConnectionError, ConnectionInterrupted)),
    ):
        caches["default"].clear()


def test_errors_that_are_to_be_ignored_are() -> None:
    """The option of django-redis holds for ``clear()`` too."""
    options = {"OPTIONS": {"IGNORE_EXCEPTIONS": True}}
    with (
        override_settings(CACHES=entries(DJANGO_REDIS, LOCATION="redis://127.0.0.1:1/0", **options)),
        TenantContext.use_tenant(stored("acme")),
    ):
        caches["default"].clear()
        assert caches["default"].get("k") is None


def test_the_client_clears_no_more_than_the_cache(redis: Ask) -> None:
    """``cache.client.clear()`` is FLUSHDB in django-redis."""
    with override_settings(CACHES=entries(DJANGO_REDIS)):
        for tenant_id in ("acme", "globex"):
            with TenantContext.use_tenant(stored(tenant_id)):
                caches["default"].set("k", tenant_id)
        with TenantContext.use_tenant(stored("acme")):
            caches["default"].client.clear()
            assert caches["default"].get("k") is None
        with TenantContext.use_tenant(stored("globex")):
            assert caches["default"].get("k") == "globex"
        with TenantContext.unscoped():
            caches["default"].client.clear()
        assert redis(2).dbsize() == 0


def test_a_way_that_does_not_exist_is_refused() -> None:
    """When the cache is made."""
    with (
        override_settings(CACHES=entries(DJANGO, "flush")),
        pytest.raises(ImproperlyConfigured, match="'delete' or 'generation'"),
    ):
        caches["default"].clear()
