"""Keys of Django's caches, and reading and writing entries, in memory and in Redis."""

from __future__ import annotations

import atexit
import sys
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from harness import Case
from sites import start_ours, start_plain

sys.path.append(str(Path(__file__).resolve().parent.parent / "integration_tests"))


def plain() -> list[Case]:
    """Use keys as Django makes them."""
    start_plain()
    return cases("django.core.cache.backends.redis.RedisCache", "django_redis.cache.RedisCache")


def ours() -> list[Case]:
    """Use keys of the active tenant."""
    start_ours()
    from django_omnitenant.tenant_context import TenantContext
    from shop.models import Tenant

    tenant = Tenant.objects.create(tenant_id="acme", name="ACME")
    TenantContext.use_tenant(tenant).__enter__()
    return cases("omnitenant_routing.caches.redis.RedisCache", "omnitenant_routing.caches.django_redis.RedisCache")


def cases(redis: str, django_redis: str) -> list[Case]:
    """Make the cases, which are the same code on both sides but for the backends in Redis.

    Args:
        redis: the backend over Django's.
        django_redis: the backend over that of django-redis.
    """
    from django.core.cache import caches
    from django.utils.module_loading import import_string

    stack = ExitStack()
    atexit.register(stack.close)
    url = stack.enter_context(import_module("servers").redis_server()).url

    def made(path: str, number: int) -> Any:
        return import_string(path)(f"{url}/{number}", {})

    found = [Case("make_key()", lambda: caches["default"].make_key("key"))]
    for name, cache in (
        ("in memory", caches["default"]),
        ("in Redis", made(redis, 0)),
        ("in Redis, django-redis", made(django_redis, 1)),
    ):
        cache.set("key", 1)
        cache.set_many({f"key{number}": number for number in range(20)})
        found += [
            Case(f"get() {name}", lambda cache=cache: cache.get("key")),  # type: ignore[misc]  # bound now
            Case(f"set() {name}", lambda cache=cache: cache.set("key", 1)),  # type: ignore[misc]  # bound now
            Case(
                f"get_many() of 20 {name}",
                lambda cache=cache: cache.get_many([f"key{number}" for number in range(20)]),  # type: ignore[misc]  # bound now
            ),
        ]
    return found
