"""Refuses before Django begins its own transaction, so that the project's transaction stays usable.

What the keys refuse while a row is written, Django takes for a failed statement: it marks the enclosing
``atomic()`` for rollback. ``save()`` sends ``pre_save`` before that. This is comfort only; the keys refuse
whatever gets by, such as a value that another receiver changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.signals import pre_save

from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["refuse_early", "watch_saves"]


def watch_saves(model: type[Model]) -> None:
    """Look at each instance of a tenant model that is going to be saved; a second call changes nothing."""
    pre_save.connect(refuse_early, sender=model, weak=False, dispatch_uid="omnitenant_models.rows.early")


def refuse_early(sender: type[Model], instance: Model, **_: Any) -> None:
    """Refuse an instance that may not be saved by whoever is active.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: the instance belongs to another tenant.
    """
    key = get_tenant_key(sender)
    if key is not None:
        key.refuse_early(instance)
