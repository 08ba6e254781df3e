"""Django's cache in Redis, with entries that belong to whoever is active."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.cache.backends import redis

from omnitenant_routing.caches._scanning import delete_matching, escape_glob
from omnitenant_routing.caches.mixin import DELETE, TenantCacheMixin

__all__ = ["RedisCache"]


class RedisCache(TenantCacheMixin, redis.RedisCache):
    """``django.core.cache.backends.redis.RedisCache``; see :class:`~omnitenant_routing.caches.mixin.TenantCacheMixin`.

    Private Django API, read in 5.2, 6.0 and 6.1: the client is ``_cache``, and its pools are ``_pools``.
    """

    clears_by: ClassVar[str] = DELETE
    can_delete: ClassVar[bool] = True

    def delete_entries_of(self, owner: str) -> int:
        """Delete what belongs to an owner in this cache, in steps of ``TENANT_CLEAR_BATCH`` keys."""
        start = escape_glob(f"{self.key_prefix}:{owner}")
        client = self._cache.get_client(None, write=True)
        return delete_matching(client, (f"{start}:*", f"{start}@*"), batch=self._batch)

    def release(self) -> None:
        """Close the connections that nobody uses just now."""
        client: Any = self._cache
        for pool in client._pools.values():
            pool.disconnect(inuse_connections=False)
