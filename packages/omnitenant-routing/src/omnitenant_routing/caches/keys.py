"""Key functions for ``CACHES``: every method of every backend passes its keys through them.

.. code-block:: python

    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:6379/0",
            "KEY_FUNCTION": "omnitenant_routing.caches.make_key",
            "REVERSE_KEY_FUNCTION": "omnitenant_routing.caches.reverse_key",
        }
    }
"""

from __future__ import annotations

from typing import Any

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.scope import ActiveTenant, Nobody, Unscoped

__all__ = ["make_key", "make_shared_key", "reverse_key"]


def make_key(key: Any, key_prefix: str, version: int | str) -> str:
    """Make the key of whoever is active: ``<prefix>:<who>:<version>:<key>``.

    Args:
        key: the key that the code uses.
        key_prefix: ``KEY_PREFIX`` of the cache.
        version: the version of the key.

    Raises:
        TenantRequiredError: nobody is active. What must be shared goes into a cache whose ``KEY_FUNCTION``
            is :func:`make_shared_key`.
    """
    scope = get_scope()
    if isinstance(scope, ActiveTenant):
        who = f"t.{scope.tenant.tenant_id}"
    elif isinstance(scope, Nobody):
        message = (
            f"the cache key {key!r} belongs to nobody: no tenant is active; enter one with "
            "TenantContext.use_tenant(tenant), or use a cache whose KEY_FUNCTION is "
            "'omnitenant_routing.caches.make_shared_key'"
        )
        raise TenantRequiredError(message)
    else:
        # Code without the row filter still runs in the master, and shares its cache.
        who = "master" if isinstance(scope, Unscoped) else scope.label.replace(":", ".")
    return f"{key_prefix}:{who}:{version}:{key}"


def make_shared_key(key: Any, key_prefix: str, version: int | str) -> str:
    """Make a key that is the same for everybody, for a cache of what must be shared."""
    return f"{key_prefix}:shared:{version}:{key}"


def reverse_key(key: str) -> str:
    """Give back the key that the code used, from one made by either function here."""
    return key.split(":", 3)[3]
