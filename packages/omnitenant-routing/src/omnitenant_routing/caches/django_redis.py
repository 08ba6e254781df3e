"""The cache of django-redis, with entries that belong to whoever is active."""

from __future__ import annotations

from typing import Any, ClassVar

import django_redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django_redis.cache import RedisCache as DjangoRedisCache
from django_redis.cache import omit_exception

from omnitenant_routing.caches._django_redis_client import StandingKey, tenant_client
from omnitenant_routing.caches._scanning import escape_glob
from omnitenant_routing.caches.mixin import DELETE, TenantCacheMixin

__all__ = ["RedisCache"]


class RedisCache(TenantCacheMixin, DjangoRedisCache):  # type: ignore[misc]  # generic over its client
    """``django_redis.cache.RedisCache``; see :class:`~omnitenant_routing.caches.mixin.TenantCacheMixin`.

    Every method of it is covered, sets, hashes, sorted sets, locks and patterns among them, with every
    ``CLIENT_CLASS``. ``iter_keys()`` and ``sscan_iter()`` go on for whoever was active when they were called. What
    goes past the cache goes past us too: ``get_redis_connection()`` and ``cache.client.get_client()``.

    Private API of django-redis, read in 7.0: ``_client_cls``, ``_client``, ``_params``, ``_default_scan_itersize``,
    and ``_pools`` of its connection factory.
    """

    _client: Any
    _client_cls: Any

    clears_by: ClassVar[str] = DELETE
    can_delete: ClassVar[bool] = True

    def __init__(self, location: Any, params: dict[str, Any], *, own: bool = False) -> None:
        """Make the cache; see the mixin.

        Raises:
            ImproperlyConfigured: this django-redis is too old.
        """
        if django_redis.VERSION < (7,):
            message = (
                f"django-redis {'.'.join(map(str, django_redis.VERSION))} stores hashes under keys of nobody's, where "
                "all tenants would share them; use django-redis 7 or newer"
            )
            raise ImproperlyConfigured(message)
        super().__init__(location, params, own=own)
        self._own = own
        self._params = {"REVERSE_KEY_FUNCTION": "omnitenant_routing.caches.reverse_key", **params}
        self._client_cls = tenant_client(self._client_cls)
        # Ten at a time, which is its default, take ten times as long.
        self._default_scan_itersize = getattr(settings, "DJANGO_REDIS_SCAN_ITERSIZE", self._batch)

    @property
    def client(self) -> Any:
        """The client of django-redis: that of the active tenant's own cache, where it has one."""
        here = self._here()
        return here.own_client() if isinstance(here, RedisCache) else here.client  # type: ignore[attr-defined]  # no such thing there

    def own_client(self) -> Any:
        """Return the client of this cache, whoever is active."""
        if self._client is None:
            made: Any = self._client_cls(self._server, self._params, self)
            if self._own:
                # All clients of a process share the pools, by their URL alone: tenants on one server with users of
                # their own would get each other's connections.
                made.connection_factory._pools = {}
            self._client = made
        return self._client

    def delete_entries_of(self, owner: str) -> int:
        """Delete what belongs to an owner in this cache, in steps of ``TENANT_CLEAR_BATCH`` keys."""
        start = escape_glob(f"{self.key_prefix}:{owner}")
        return int(self._delete_matching((f"{start}:*", f"{start}@*")) or 0)

    @omit_exception  # type: ignore[untyped-decorator]  # django-redis has no types
    def _delete_matching(self, patterns: tuple[str, ...]) -> Any:
        return self.own_client().delete_matching(patterns, batch=self._batch)

    def ready_key(self, key: str) -> str:
        """Mark a key as one that stands in Redis."""
        return StandingKey(key)

    def release(self) -> None:
        """Close the connections of a tenant's own cache that nobody uses just now."""
        if self._own and self._client is not None:
            for pool in self._client.connection_factory._pools.values():
                pool.disconnect(inuse_connections=False)
