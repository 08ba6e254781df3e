"""Whose a row is: asked of the database, never of an instance in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.db.models import Q, QuerySet

from omnitenant_context.context import TenantContext
from omnitenant_context.scope import ActiveTenant, Scope
from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

    from omnitenant_models.testing._tables import Table

__all__ = ["key_path", "strangers_among"]


def key_path(model: type[Model]) -> str | None:
    """Return how a lookup finds the tenant of a row; None where no row of the model names one."""
    key = get_tenant_key(model)
    if key is not None:
        return key.name
    if model._meta.auto_created:
        for field in model._meta.local_concrete_fields:
            target: Any = field.related_model
            found = key_path(target) if isinstance(target, type) and target is not model else None
            if found:
                return f"{field.name}__{found}"
    return None


def strangers_among(
    table: Table, rows: Mapping[str, tuple[Any, ...]], scope: Scope, connection: BaseDatabaseWrapper
) -> bool:
    """Tell whether a row that is found by these values is another tenant's than the active one's.

    Not counted by ``assertNumQueries``.
    """
    path = key_path(table.model)
    if path is None or not isinstance(scope, ActiveTenant):
        return True
    counted, connection.force_debug_cursor = connection.force_debug_cursor, False
    try:
        with TenantContext.unscoped():
            # Made by hand, so that no manager of the project leaves a row out.
            found = QuerySet[Any](table.model, using=connection.alias)
            found = found.filter(**{f"{name}__in": values for name, values in rows.items()})
            return found.exclude(Q(**{path: scope.tenant})).exists()
    except DatabaseError:  # the transaction is broken: the statement itself will say so
        return False
    finally:
        connection.force_debug_cursor = counted
