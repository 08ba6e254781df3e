"""What the context asks of a tenant; read it from :mod:`omnitenant_context.scope`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

__all__ = ["Tenant"]


@runtime_checkable
class Tenant(Protocol):
    """Anything that can be active as a tenant: it has an id.

    A tenant may also define ``check_active(*, allow_inactive: bool) -> None``. It is called on
    every entry, must do no I/O, and raises :class:`~omnitenant_context.errors.TenantInactiveError`
    to refuse.
    """

    @property
    def tenant_id(self) -> str:
        """The tenant's name: a DNS label that never changes."""
        ...  # pragma: no cover - the body of a protocol never runs


Tenant.__module__ = "omnitenant_context.scope"  # where it is documented and imported from
