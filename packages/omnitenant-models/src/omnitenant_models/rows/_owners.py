"""Finds whose row it is, past the filter: on the way to an error, or where a key is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["owner_of"]


def owner_of(model: type[Model], pk: Any, using: str) -> tuple[bool, Any]:
    """Return whether there is a row with a primary key, and what its tenant key holds; one statement.

    Args:
        model: whose rows they are; without a tenant key the answer has no owner.
        pk: the primary key.
        using: the database.
    """
    key = get_tenant_key(model)
    rows: QuerySet[Any] = QuerySet(model, using=using).filter(pk=pk).order_by()
    if key is None:
        return rows.exists(), None
    found = list(rows.values_list(key.attname, flat=True)[:1])
    return bool(found), found[0] if found else None
