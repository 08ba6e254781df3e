"""Every method of every cache: it neither sees nor touches what belongs to others, and answers as its vendor's does."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends import locmem
from django.test import override_settings
from django.utils.module_loading import import_string
from redis import Redis

from caches_settings import REDIS
from conformance import CALLS, EXEMPT, fill, outcome, public_methods
from conftest import stored
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_routing.caches.mixin import _generations

CLIENTS = "django_redis.client"
HERE, SHARDS = f"{REDIS.url}/2", [f"{REDIS.url}/3", f"{REDIS.url}/4"]
PLAIN, PLAIN_SHARDS = f"{REDIS.url}/1", [f"{REDIS.url}/5", f"{REDIS.url}/6"]
OWN, OWN_SHARDS = f"{REDIS.url}/7", [f"{REDIS.url}/8", f"{REDIS.url}/9"]

Entries = dict[str, dict[str, Any]]


def entries_of(ours: str, plain: str, here: Any, there: Any, **options: Any) -> Entries:
    """Give what is in ``CACHES``: the vendor's cache, ours, the same with generations, and what is shared."""
    mine = {"BACKEND": f"omnitenant_routing.caches.{ours}", "LOCATION": here, "OPTIONS": options}
    return {
        "plain": {"BACKEND": plain, "LOCATION": there, "OPTIONS": options},
        "default": mine,
        "generations": {**mine, "KEY_PREFIX": "generations", "TENANT_CLEAR": "generation"},
        "shared": {**mine, "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key"},
    }


def of_django_redis(client: str, here: Any, there: Any) -> Entries:
    """Give the entries for a client of django-redis."""
    return entries_of(
        "django_redis.RedisCache", "django_redis.cache.RedisCache", here, there, CLIENT_CLASS=f"{CLIENTS}.{client}"
    )


BACKENDS = {
    "memory": entries_of("locmem.LocMemCache", "django.core.cache.backends.locmem.LocMemCache", "ours", "theirs"),
    "redis": entries_of("redis.RedisCache", "django.core.cache.backends.redis.RedisCache", HERE, PLAIN),
    "django-redis": of_django_redis("DefaultClient", HERE, PLAIN),
    "django-redis, herd": of_django_redis("HerdClient", HERE, PLAIN),
    "django-redis, shard": of_django_redis("ShardClient", SHARDS, PLAIN_SHARDS),
}
OWN_LOCATIONS = {"memory": "own", "django-redis, shard": OWN_SHARDS}


def methods_of(entries: Entries) -> list[str]:
    """Name the methods of a vendor's cache and of ours."""
    names = {name for alias in entries for name in public_methods(import_string(entries[alias]["BACKEND"]))}
    return sorted(names)


METHODS = [(backend, name) for backend, entries in BACKENDS.items() for name in methods_of(entries)]
DRIVEN = [(backend, name) for backend, name in METHODS if name not in EXEMPT]
# The clients of django-redis that pack values, or choose a server, make keys and patterns as its default one does.
WITHOUT_HERD = [(backend, name) for backend, name in DRIVEN if backend != "django-redis, herd"]
ONE_OF_EACH = [(backend, name) for backend, name in WITHOUT_HERD if backend != "django-redis, shard"]


def test_every_method_is_in_a_table() -> None:
    """What a new version brings must be put into one of them, with calls or with a reason."""
    names = {name for _, name in METHODS}
    assert names - set(CALLS) - set(EXEMPT) == set()
    assert (set(CALLS) | set(EXEMPT)) - names == set()
    assert set(CALLS) & set(EXEMPT) == set()


class Ground:
    """The caches of a backend, with whoever else has entries there."""

    _images: dict[tuple[Any, ...], Any] = {}

    def __init__(self, backend: str) -> None:
        """Nothing is written yet."""
        self.backend = backend
        self.acme = stored("acme")
        self.own = stored("acme", "cache", cache_config={"LOCATION": OWN_LOCATIONS.get(backend, OWN)})
        self.others = [
            TenantContext.use_tenant(stored("globex")),
            TenantContext.use_tenant(stored("acme-2")),
            TenantContext.use_schema("acme"),
            TenantContext.use_master_db(),
        ]
        self.redis = {number: Redis(host=REDIS.host, port=REDIS.port, db=number) for number in range(1, 10)}

    def prepare(self, alias: str, *, beside: bool, own: bool = False) -> None:
        """Write what ``acme`` has, and what others have if there are any, and nothing else.

        It is written once through the cache; from then on the stores are laid out as they were.
        """
        known = (self.backend, alias, beside, own)
        if known not in self._images:
            self.lay_out({}, {})
            self.write(alias, beside=beside, own=own)
            self._images[known] = self.raw(), self.in_memory()
        self.lay_out(*self._images[known])

    def write(self, alias: str, *, beside: bool, own: bool) -> None:
        """Write through the caches."""
        if beside:
            for guard in self.others:
                with guard:
                    fill(caches[alias], "somebody else", more=True)
            if alias != "plain":
                fill(caches["shared"], "everybody", more=True)
        if own:
            with TenantContext.use_tenant(self.acme):  # from before it had a cache of its own
                fill(caches[alias], "acme of before", more=True)
        with TenantContext.use_tenant(self.own if own else self.acme):
            fill(caches[alias], "acme", more=False)

    def raw(self) -> dict[int, list[tuple[Any, ...]]]:
        """Read all of Redis: for each database its keys, with what they hold and for how long."""
        found = {}
        for number, client in self.redis.items():
            keys = sorted(client.keys("*"))
            pipeline = client.pipeline()
            for key in keys:
                pipeline.pttl(key).dump(key)
            answers = iter(pipeline.execute())
            found[number] = [(key, next(answers), next(answers)) for key in keys]
        return found

    def in_memory(self) -> dict[str, Any]:
        """Read all that Django's cache in memory holds."""
        return {name: (dict(locmem._caches[name]), dict(locmem._expire_info[name])) for name in locmem._caches}

    def lay_out(self, raw: dict[int, list[tuple[Any, ...]]], in_memory: dict[str, Any]) -> None:
        """Make the stores hold what was read, and nothing else."""
        self.redis[1].flushall()
        for number, found in raw.items():
            pipeline = self.redis[number].pipeline()
            for key, lifetime, value in found:
                pipeline.restore(key, max(lifetime, 0), value)
            pipeline.execute()
        for name in locmem._caches:
            kept, expire = in_memory.get(name, ({}, {}))
            locmem._caches[name].clear()
            locmem._caches[name].update(kept)
            locmem._expire_info[name].clear()
            # Django notes when an entry expires, and they are laid out long after they were written.
            late = time.time() + 1_000
            locmem._expire_info[name].update({key: at and late for key, at in expire.items()})
        _generations.forget()

    def strangers(self, mine: str = r":t\.acme[:@]") -> dict[Any, Any]:
        """Read what stands in all stores and does not belong to ``acme``."""
        found: dict[Any, Any] = {
            (number, key): (value, lifetime > 0)
            for number, all_of_it in self.raw().items()
            for key, lifetime, value in all_of_it
            if not re.search(mine.encode(), key)
        }
        for name, (store, _) in self.in_memory().items():
            found.update({(name, key): value for key, value in store.items() if not re.search(mine, key)})
        return found

    def close(self) -> None:
        """Hang up."""
        for client in self.redis.values():
            client.close()


@pytest.fixture(name="ground")
def _ground(backend: str) -> Iterator[Ground]:
    """Lay the caches of a backend out."""
    with ExitStack() as stack:
        stack.enter_context(override_settings(CACHES=BACKENDS[backend]))
        ground = Ground(backend)
        stack.callback(ground.close)
        yield ground


@pytest.mark.parametrize(
    ("backend", "name", "alias"),
    [
        *((backend, name, "default") for backend, name in DRIVEN),
        *((backend, name, "generations") for backend, name in ONE_OF_EACH),
    ],
)
def test_a_method_keeps_to_its_own(ground: Ground, name: str, alias: str) -> None:
    """It answers as if nobody else were there, as its vendor's does for one alone, and leaves others' entries alone."""
    for one in CALLS[name]:
        answers = []
        for where, beside in (("plain", False), (alias, False), (alias, True)):
            ground.prepare(where, beside=beside)
            before = ground.strangers() if beside else {}
            with TenantContext.use_tenant(ground.acme):
                answers.append(outcome(caches[where], name, one))
            assert not beside or ground.strangers() == before
        assert answers[1:] == answers[:1] * 2, one


@pytest.mark.parametrize(("backend", "name"), WITHOUT_HERD)
def test_a_method_works_on_the_tenants_own_cache(ground: Ground, name: str) -> None:
    """Where a tenant has one, nothing is read from or written to the one that everybody uses."""
    for one in CALLS[name]:
        ground.prepare("plain", beside=False)
        plain = outcome(caches["plain"], name, one)
        ground.prepare("default", beside=True, own=True)
        before = ground.strangers(mine=r"nothing")
        with TenantContext.use_tenant(ground.own):
            assert outcome(caches["default"], name, one) == plain, one
        after = ground.strangers(mine=r"nothing")
        assert elsewhere(after) == elsewhere(before)
        assert len(before) > len(elsewhere(before))


def elsewhere(found: dict[Any, Any]) -> dict[Any, Any]:
    """Leave out the tenant's own cache."""
    return {place: value for place, value in found.items() if place[0] not in {7, 8, 9, "own"}}


@pytest.mark.parametrize(("backend", "name"), ONE_OF_EACH)
def test_a_method_refuses_nobody(ground: Ground, name: str) -> None:
    """With nobody active it raises at the call, iterators too; what is shared is there for everybody."""
    for one in CALLS[name]:
        if one.args[0] in ([], {}):
            continue  # asks for nothing
        ground.prepare("plain", beside=False)
        plain = outcome(caches["plain"], name, one)
        if plain == "NotImplementedError":
            continue
        with pytest.raises(TenantRequiredError, match="no tenant is active"):
            outcome(caches["default"], name, replace(one, read=lambda answer: answer))
        fill(caches["shared"], "acme", more=False)
        assert outcome(caches["shared"], name, one) == plain, one
