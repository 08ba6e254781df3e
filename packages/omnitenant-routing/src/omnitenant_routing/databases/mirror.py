"""The tenant's own row in the database of its place, so that foreign keys to the tenant hold there too.

Only what identifies the tenant is copied. ``config`` never is: it may hold credentials.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db.models import NOT_PROVIDED, Field

from omnitenant_context.errors import OmnitenantError
from omnitenant_models.tenants import MIRROR, BaseTenant
from omnitenant_routing.databases.handler import real_alias
from omnitenant_routing.places import MASTER_ALIAS, master_key, place_of

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["mirror", "mirror_after_save", "refuse_mirror_in_master", "unmirror"]

logger = logging.getLogger(__name__)

_IDENTITY = frozenset({"tenant_id", "name", "isolation_type", "state"})


def mirror(tenant: BaseTenant) -> None:
    """Write a tenant's row into the database of its place; nothing to do where that is the master's.

    Repeatable: it is part of every migration of the tenant, and mends a row that is behind. Runs in a
    transaction that is open on that database, else on its own. Sends no signals.

    Args:
        tenant: a saved tenant whose place has the tenant table.
    """
    alias = place_of(tenant).alias
    if alias == MASTER_ALIAS:
        return
    model = type(tenant)
    row = model(**{field.attname: _mirrored(field, tenant) for field in model._meta.concrete_fields})
    updated = [field.name for field in model._meta.concrete_fields if not field.primary_key]
    model._base_manager.using(alias).bulk_create(
        [row],
        update_conflicts=True,
        update_fields=updated,
        unique_fields=[model._meta.pk.name],
    )


def unmirror(tenant: BaseTenant) -> None:
    """Remove a tenant's row from the database of its place, where that is not the master's.

    Nothing is looked for that refers to it: in a database of schemas no table of the tenant's is left.
    """
    alias = place_of(tenant).alias
    if alias != MASTER_ALIAS:
        # Private Django API, read in 5.2, 6.0 and 6.1: one DELETE, as it stands.
        type(tenant)._base_manager.using(alias).filter(pk=tenant.pk)._raw_delete(alias)


def mirror_after_save(sender: type[Model], instance: Model, *, created: bool, raw: bool, **_: Any) -> None:
    """Keep the mirror up to date when a tenant is saved in the master.

    A database that is down must not make the tenant unsavable: the failure is logged, and migrating the
    tenant repairs it.
    """
    if created or raw or not isinstance(instance, BaseTenant) or MIRROR in instance.config:
        return
    if instance.state not in {BaseTenant.State.ACTIVE, BaseTenant.State.SUSPENDED}:
        return
    try:
        mirror(instance)
    except Exception:
        logger.warning(
            "the row of tenant %r could not be mirrored into its database; migratetenant repairs it",
            instance.tenant_id,
            exc_info=True,
        )


def refuse_mirror_in_master(sender: type[Model], instance: Model, *, using: str, **_: Any) -> None:
    """Refuse to write a mirrored row into the master, as a fixture of a tenant's database would.

    Raises:
        OmnitenantError: names the tenant and what would be lost.
    """
    if isinstance(instance, BaseTenant) and MIRROR in instance.config and real_alias(using) == master_key():
        message = (
            f"the row of tenant {instance.tenant_id!r} comes from the tenant's own database, and writing it to "
            "the master would erase the configuration there; leave the tenant model out of the fixture"
        )
        raise OmnitenantError(message)


def _mirrored(field: Field[Any, Any], tenant: BaseTenant) -> Any:
    if field.name == "config":
        return {MIRROR: True}
    if field.primary_key or field.name in _IDENTITY:
        return getattr(tenant, field.attname)
    if field.default is not NOT_PROVIDED:
        return field.get_default()
    if field.null:
        return None
    if field.empty_strings_allowed and field.blank:
        return ""
    # A column that must hold something: dates, and what the project made mandatory.
    return getattr(tenant, field.attname)
