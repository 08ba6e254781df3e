"""For whom does this code run? One answer, carried through threads, tasks, streams and messages.

Needs the standard library only, and imports little of it. Logging, the ASGI and WSGI middlewares
and the helpers for tests are in :mod:`omnitenant_context.logging`, :mod:`omnitenant_context.asgi`,
:mod:`omnitenant_context.wsgi` and :mod:`omnitenant_context.testing`.

Example:
    >>> from omnitenant_context import TenantContext
    >>> class Customer:
    ...     tenant_id = "acme"
    >>> with TenantContext.use_tenant(Customer()):
    ...     TenantContext.get_tenant().tenant_id
    'acme'
"""

from __future__ import annotations

from omnitenant_context.carriers import HEADER, aextract, extract, inject
from omnitenant_context.context import ContextGuard, TenantContext, Token, enter, get_scope, leave
from omnitenant_context.errors import (
    CarrierError,
    DomainNotFound,
    OmnitenantError,
    ProvisioningError,
    TenantInactiveError,
    TenantMismatchError,
    TenantNotFound,
    TenantRequiredError,
)
from omnitenant_context.listeners import Listener, add_listener, remove_listener
from omnitenant_context.loaders import aload_tenant, load_tenant, register_loader
from omnitenant_context.propagation import bind, bind_async_iterator, bind_iterator
from omnitenant_context.scope import (
    MASTER,
    NOBODY,
    UNSCOPED,
    ActiveTenant,
    Master,
    NamedSchema,
    Nobody,
    Scope,
    Unscoped,
    tenant_scope,
)

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from typing import Any

    from omnitenant_context.propagation import ContextExecutor
    from omnitenant_context.scope import Tenant

__all__ = [
    "HEADER",
    "MASTER",
    "NOBODY",
    "UNSCOPED",
    "ActiveTenant",
    "CarrierError",
    "ContextExecutor",
    "ContextGuard",
    "DomainNotFound",
    "Listener",
    "Master",
    "NamedSchema",
    "Nobody",
    "OmnitenantError",
    "ProvisioningError",
    "Scope",
    "Tenant",
    "TenantContext",
    "TenantInactiveError",
    "TenantMismatchError",
    "TenantNotFound",
    "TenantRequiredError",
    "Token",
    "Unscoped",
    "add_listener",
    "aextract",
    "aload_tenant",
    "bind",
    "bind_async_iterator",
    "bind_iterator",
    "enter",
    "extract",
    "get_scope",
    "inject",
    "leave",
    "load_tenant",
    "register_loader",
    "remove_listener",
    "tenant_scope",
]


def __getattr__(name: str) -> Any:
    # What costs an import of typing or concurrent.futures is fetched when it is asked for.
    value: Any
    if name == "ContextExecutor":
        from omnitenant_context import propagation

        value = propagation.ContextExecutor
    elif name == "Tenant":
        from omnitenant_context import scope

        value = scope.Tenant
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value
