"""Finds the models that belong to tenants as Django makes them, and teaches them and what leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.signals import class_prepared
from django.dispatch import receiver

from omnitenant_models.rows.base_manager import scope_model
from omnitenant_models.rows.keys import find_tenant_keys, get_tenant_key, teach
from omnitenant_models.rows.manager import TenantQuerySetManager
from omnitenant_models.rows.relations import teach_relations_of

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["teach_model"]


@receiver(class_prepared, dispatch_uid="omnitenant_models.rows")
def teach_model(sender: type[Model], **_: Any) -> None:
    """Teach a model whose rows belong to tenants; historical models of migrations are left alone.

    Such is a model with a :class:`TenantQuerySetManager`, and each child and proxy of one, whatever managers
    it has itself. Relations to such models are taught too, whoever's they are. Connected when the package
    ``rows`` is imported: no model can use the manager before.
    """
    if sender.__module__ == "__fake__":
        return
    keys = find_tenant_keys(sender) if _belongs_to_tenants(sender) else []
    if keys:
        key = teach(keys[0])
        scope_model(sender, key)
        # A parent that holds the key but has no such manager: saving a child writes the parent's table too.
        scope_model(key.model, key)
        # Not before the apps are there: it is a model itself.
        from omnitenant_models.rows.instances import guard_instances

        guard_instances(key.model)
        guard_instances(sender)
    teach_relations_of(sender)


def _belongs_to_tenants(model: type[Model]) -> bool:
    return any(isinstance(manager, TenantQuerySetManager) for manager in model._meta.managers) or any(
        get_tenant_key(base) for base in model.__mro__ if hasattr(base, "_meta")
    )
