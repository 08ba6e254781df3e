"""Keys and iterators of django-redis that outlive the context in which they were made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import django_redis
import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django_redis.client import DefaultClient
from django_redis.util import CacheKey
from redis import Redis

from caches_settings import REDIS
from conftest import stored
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_routing.caches import reverse_key
from omnitenant_routing.caches.django_redis import RedisCache

ENTRY = {"BACKEND": "omnitenant_routing.caches.django_redis.RedisCache", "LOCATION": f"{REDIS.url}/2"}
ACME, GLOBEX = TenantContext.use_tenant(stored("acme")), TenantContext.use_tenant(stored("globex"))


@pytest.fixture(autouse=True, params=["", "pre:fix", "gl*b"])
def _two(request: pytest.FixtureRequest, redis: Callable[[int], Redis]) -> Iterator[None]:
    """Entries of two tenants, under every kind of KEY_PREFIX."""
    with override_settings(CACHES={"default": {**ENTRY, "KEY_PREFIX": request.param}}):
        with ACME:
            caches["default"].set_many({"a:1": 1, "a:2": 2})
            caches["default"].sadd("set", "acme")
        with GLOBEX:
            caches["default"].set_many({"a:1": 3, "b": 4})
            caches["default"].sadd("set", "globex")
        yield


def test_an_iterator_over_keys_stays_with_who_asked() -> None:
    """It looks at the server while it is consumed, whoever is active then."""
    with ACME:
        keys = caches["default"].iter_keys("*", itersize=1)
    with GLOBEX:
        found = [next(keys)]
    assert sorted([*found, *keys]) == ["a:1", "a:2", "set"]


def test_an_iterator_over_a_set_stays_with_who_asked() -> None:
    """The same."""
    with ACME:
        members = caches["default"].sscan_iter("set")
    with GLOBEX:
        assert list(members) == ["acme"]


def test_an_iterator_for_nobody_is_refused_at_the_call() -> None:
    """And not in the code that consumes it, which may be elsewhere."""
    with pytest.raises(TenantRequiredError):
        caches["default"].iter_keys("*")
    with pytest.raises(TenantRequiredError):
        caches["default"].sscan_iter("set")


def test_a_key_that_was_made_for_another_tenant_is_refused() -> None:
    """django-redis takes a made key as it is."""
    with ACME:
        made = caches["default"].client.make_key("a:1")
        assert caches["default"].get(made) == 1
        pattern = caches["default"].client.make_pattern("*")
        by_hand = CacheKey(made)
        assert caches["default"].get(by_hand) == 1
    with GLOBEX:
        for key in (made, by_hand):
            with pytest.raises(TenantMismatchError, match="made for 't.acme', and 't.globex' is active"):
                caches["default"].get(key)
        with pytest.raises(TenantMismatchError):
            caches["default"].delete_pattern(pattern)
        with pytest.raises(TenantMismatchError):
            caches["default"].keys(pattern)
    with TenantContext.unscoped():
        assert caches["default"].get(made) == 1


def test_a_made_key_knows_all_of_the_key() -> None:
    """Its own says what follows the last colon, and moving it to another version would lose the rest."""
    with ACME:
        made = caches["default"].client.make_key("a:1")
        assert made.original_key() == "a:1"
        caches["default"].incr_version(made)
        assert caches["default"].get("a:1", version=2) == 1


def test_keys_are_read_back_whatever_the_prefix() -> None:
    """Colons in it are no trouble."""
    with ACME:
        assert sorted(caches["default"].keys("a:*")) == ["a:1", "a:2"]
        assert reverse_key(caches["default"].client.make_key("x:y:z")) == "x:y:z"


def test_a_lock_is_the_tenants() -> None:
    """Two hold the lock of one name, and each keeps its own after the context has changed."""
    with ACME:
        first = caches["default"].lock("work", timeout=100)
        assert first.acquire(blocking=False)
    with GLOBEX:
        second = caches["default"].lock("work", timeout=100)
        assert second.acquire(blocking=False)
        first.release()
    with ACME:
        assert caches["default"].lock("work", timeout=100).acquire(blocking=False)


def test_a_wildcard_in_the_name_of_a_schema_reads_nobody_elses(redis: Callable[[int], Redis]) -> None:
    """Names of schemas are any text."""
    for name in ("acme", "acme*", "[a]cme", "a?me"):
        with TenantContext.use_schema(name):
            caches["default"].set("k", name)
    for name in ("acme*", "[a]cme", "a?me"):
        with TenantContext.use_schema(name):
            assert caches["default"].keys("*") == ["k"]
            assert caches["default"].delete_pattern("*") == 1
    with TenantContext.use_schema("acme"):
        assert caches["default"].get("k") == "acme"


def test_a_django_redis_that_parts_no_hashes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before version 7 it put the names of their fields through the key function, and their own names not."""
    monkeypatch.setattr(django_redis, "VERSION", (6, 0, 0))
    with pytest.raises(ImproperlyConfigured, match=r"django-redis 6\.0\.0 stores hashes .*; use django-redis 7"):
        RedisCache(f"{REDIS.url}/2", {})


def test_private_names_of_django_redis_are_where_they_were() -> None:
    """What is overridden and read there."""
    assert isinstance(caches["default"].client, DefaultClient)
    assert {"_client_cls", "_client", "_params", "_default_scan_itersize"} <= set(vars(caches["default"]))
    assert hasattr(caches["default"].client.connection_factory, "_pools")
