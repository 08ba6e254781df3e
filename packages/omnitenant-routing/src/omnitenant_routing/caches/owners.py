"""Whose entries: the part of a cache key that names who is active."""

from __future__ import annotations

from typing import Any, Final, NoReturn
from urllib.parse import quote

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.scope import ActiveTenant, NamedSchema, Nobody, Scope

__all__ = ["SHARED", "current_owner", "owner_of"]

SHARED: Final = "shared"
"""The owner of what is the same for everybody."""

_MEMO: Final = "cache_owner"


def current_owner(key: Any = None) -> str:
    """Return the owner of whoever is active.

    It holds no colon and nothing that a pattern of Redis would read as a wildcard, whatever the tenant or the schema
    is called.

    Args:
        key: what is asked for, for the message.

    Raises:
        TenantRequiredError: nobody is active.
    """
    scope = get_scope()
    if isinstance(scope, ActiveTenant):
        known: str | None = scope.memo.get(_MEMO)
        if known is None:
            known = scope.memo[_MEMO] = owner_of(scope)
        return known
    if isinstance(scope, Nobody):
        _refuse(key)
    return owner_of(scope)


def owner_of(scope: Scope) -> str:
    """Return the owner that a scope stands for.

    Raises:
        TenantRequiredError: the scope is nobody.
    """
    if isinstance(scope, ActiveTenant):
        return f"t.{quote(scope.tenant.tenant_id, safe='')}"
    if isinstance(scope, NamedSchema):
        return f"schema.{quote(scope.name, safe='')}"
    if isinstance(scope, Nobody):
        _refuse(None)
    # Code without the row filter still runs in the master, and shares its cache.
    return "master"


def _refuse(key: Any) -> NoReturn:
    asked = "the cache" if key is None else f"the cache key {key!r}"
    message = (
        f"{asked} belongs to nobody: no tenant is active; enter one with TenantContext.use_tenant(tenant), or use a "
        "cache whose KEY_FUNCTION is 'omnitenant_routing.caches.make_shared_key'"
    )
    raise TenantRequiredError(message)
