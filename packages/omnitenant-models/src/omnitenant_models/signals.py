"""The signals of a tenant's life. The sender is the tenant model; every one brings ``tenant``."""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

from omnitenant_context.listeners import Listener, add_listener
from omnitenant_context.scope import ActiveTenant, Scope

__all__ = [
    "tenant_activated",
    "tenant_created",
    "tenant_deactivated",
    "tenant_deleted",
    "tenant_migrated",
]

tenant_created = Signal()
"""A tenant's place is ready. Sent once, inside the tenant's context; an error undoes the provisioning."""

tenant_migrated = Signal()
"""The migrations of a tenant have run. Sent inside the tenant's context."""

tenant_deleted = Signal()
"""A tenant's place was removed. Sent in the master."""

tenant_activated = Signal()
"""A tenant was entered, in this thread or task. Receivers must do no I/O; one that raises keeps the tenant out."""

tenant_deactivated = Signal()
"""A tenant was left, in this thread or task. Receivers must do no I/O; one that raises is logged."""


def _entered(scope: Scope) -> None:
    # Asked first: nearly always nobody listens, and every entry comes by here.
    if tenant_activated.receivers and isinstance(scope, ActiveTenant):
        tenant_activated.send(sender=scope.tenant.__class__, tenant=scope.tenant)


def _left(scope: Scope, _state: object) -> None:
    if tenant_deactivated.receivers and isinstance(scope, ActiveTenant):
        # One receiver that fails must not keep the others from cleaning up.
        tenant_deactivated.send_robust(sender=scope.tenant.__class__, tenant=scope.tenant)


listener: Final[Listener] = add_listener(_entered, _left)
"""How the last two signals are sent, from the import of this module on."""
