"""How a tenant is found by its id, without knowing where tenants are kept.

Whoever owns the tenants (omnitenant-models for Django) registers a loader; whoever only has an id
(a message, a header) asks here.
"""

from __future__ import annotations

from omnitenant_context.errors import TenantNotFound

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from omnitenant_context.scope import Tenant

    Load: TypeAlias = Callable[[str], Tenant | None]
    AsyncLoad: TypeAlias = Callable[[str], Awaitable[Tenant | None]]

__all__ = ["aload_tenant", "load_tenant", "register_loader"]

# Replaced as a whole, so that a reader never sees the halves of two registrations.
_registered: tuple[Load | None, AsyncLoad | None] = (None, None)


def register_loader(load: Load | None, *, aload: AsyncLoad | None = None) -> None:
    """Say how tenants are found in this process; a later call replaces an earlier one.

    Args:
        load: gets an id and returns the tenant; raises :class:`TenantNotFound` or returns None
            where there is none. None takes the loader out.
        aload: the same for event loops. Without it ``load`` runs in a thread.
    """
    global _registered  # noqa: PLW0603 - one registry per process, replaced atomically
    _registered = (load, aload)


def load_tenant(tenant_id: str) -> Tenant:
    """Find a tenant by its id.

    Args:
        tenant_id: the id, as :func:`~omnitenant_context.carriers.inject` wrote it.

    Returns:
        The tenant, also one that is suspended; entering it is what refuses.

    Raises:
        TenantNotFound: nobody has this id, or no loader is registered.
    """
    load, _ = _registered
    if load is None:
        raise _no_loader(tenant_id)
    return _found(load(tenant_id), tenant_id)


async def aload_tenant(tenant_id: str) -> Tenant:
    """Find a tenant by its id from a coroutine; see :func:`load_tenant`."""
    load, aload = _registered
    if aload is not None:
        return _found(await aload(tenant_id), tenant_id)
    if load is None:
        raise _no_loader(tenant_id)
    import asyncio

    return _found(await asyncio.to_thread(load, tenant_id), tenant_id)


def _found(tenant: Tenant | None, tenant_id: str) -> Tenant:
    if tenant is None:
        message = f"no tenant has the id {tenant_id!r}"
        raise TenantNotFound(message, tenant_id=tenant_id)
    return tenant


def _no_loader(tenant_id: str) -> TenantNotFound:
    return TenantNotFound(
        f"cannot look up tenant {tenant_id!r}: no loader is registered; "
        "call omnitenant_context.loaders.register_loader, "
        "or install omnitenant-models in the Django project",
        tenant_id=tenant_id,
    )
