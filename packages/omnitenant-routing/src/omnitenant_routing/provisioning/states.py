"""The states of a tenant and the moves between them.

A move is one conditional UPDATE: the database decides, so two processes never move the same tenant twice.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.resolvers import clear_resolver_cache
from omnitenant_models.tenants import TenantState
from omnitenant_routing.databases.mirror import mirror_after_save
from omnitenant_routing.places import MASTER_ALIAS

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["move", "refuse_to_orphan", "resume", "suspend"]


def move(tenant: BaseTenant, to: TenantState, *, came_from: Collection[TenantState]) -> None:
    """Move a tenant to another state, in the database and on the instance.

    Args:
        tenant: a saved tenant.
        to: the state to reach.
        came_from: the states from which that is allowed.

    Raises:
        ProvisioningError: the tenant is gone, or in a state from which there is no such move.
    """
    # Never from a replica, which may be behind.
    rows = type(tenant)._base_manager.using(MASTER_ALIAS).filter(pk=tenant.pk)
    if not rows.filter(state__in=came_from).update(state=to):
        found = rows.values_list("state", flat=True).first()
        if found is None:
            message = f"tenant {tenant.tenant_id!r} does not exist any more; nothing was changed"
        else:
            allowed = " or ".join(sorted(state.value for state in came_from))
            message = (
                f"tenant {tenant.tenant_id!r} is {found} and cannot become {to.value}; only one that is {allowed} can"
            )
        raise ProvisioningError(message, tenant_id=tenant.tenant_id)
    tenant.refresh_from_db(using=MASTER_ALIAS, fields=["state"])
    clear_resolver_cache()


def suspend(tenant: BaseTenant) -> None:
    """Close a tenant to its users: entering it is refused, requests are answered with 503, data stays.

    Raises:
        ProvisioningError: the tenant is not active.
    """
    allowed = {TenantState.ACTIVE}
    if not tenant.isolation.needs_place:
        allowed.add(TenantState.PENDING)
    move(tenant, TenantState.SUSPENDED, came_from=allowed)
    _mirror(tenant)


def resume(tenant: BaseTenant) -> None:
    """Open a suspended tenant again.

    Raises:
        ProvisioningError: the tenant is not suspended.
    """
    move(tenant, TenantState.ACTIVE, came_from={TenantState.SUSPENDED})
    _mirror(tenant)


def refuse_to_orphan(sender: Any, instance: BaseTenant, **_: Any) -> None:
    """Refuse to delete the row of a tenant whose place would stay behind (a ``pre_delete`` receiver).

    Raises:
        ProvisioningError: names the way that removes both.
    """
    if instance.isolation.needs_place and instance.state not in {
        TenantState.PENDING,
        TenantState.DELETING,
    }:
        message = (
            f"tenant {instance.tenant_id!r} still has its {instance.isolation.value}; remove both with "
            "get_tenant_backend(tenant).delete() or the command deletetenant"
        )
        raise ProvisioningError(message, tenant_id=instance.tenant_id)


def _mirror(tenant: BaseTenant) -> None:
    mirror_after_save(type(tenant), tenant, created=False, raw=False)
