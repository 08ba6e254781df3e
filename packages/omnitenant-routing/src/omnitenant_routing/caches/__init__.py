"""Caches of tenants: keys that belong to whoever is active, and backends that clear no more than that.

==================================================  =======================================================
``omnitenant_routing.caches.locmem.LocMemCache``    Django's cache in memory
``omnitenant_routing.caches.redis.RedisCache``      Django's cache in Redis
``omnitenant_routing.caches.django_redis.RedisCache``  that of django-redis
``omnitenant_routing.caches.mixin.TenantCacheMixin``  for any other backend
``make_key``, ``make_shared_key``, ``reverse_key``  key functions for ``CACHES``
``omnitenant_routing.caches.clearing.clear_caches`` removes what a tenant has in all of them
==================================================  =======================================================
"""

from __future__ import annotations

from omnitenant_routing.caches.keys import make_key, make_shared_key, reverse_key

__all__ = ["make_key", "make_shared_key", "reverse_key"]
