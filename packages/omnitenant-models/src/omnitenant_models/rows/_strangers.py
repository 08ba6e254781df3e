"""Asks the database whose a row is that a foreign key would lead to, and says so when it is a stranger's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, router
from django.db.models import QuerySet
from django.db.models.sql.where import AND

from omnitenant_context.errors import TenantMismatchError
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.restrictions import restriction_of
from omnitenant_models.scopes import TenantScope, get_model_scope

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey

    from omnitenant_context.scope import ActiveTenant

__all__ = ["connection_to", "exists", "mismatch", "split_strangers", "uncheckable"]

_MOST_VALUES = 10_000


def connection_to(field: ForeignKey[Any, Any], connection: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """Return where the rows are that a foreign key leads to; a row of a tenant may lead to one in the master."""
    model, target = field.model, field.remote_field.model
    if (get_model_scope(model) is TenantScope.MASTER) is (get_model_scope(target) is TenantScope.MASTER):
        return connection
    return connections[router.db_for_write(target)]


def split_strangers(
    field: ForeignKey[Any, Any], values: Iterable[Any], connection: BaseDatabaseWrapper
) -> tuple[set[Any], list[Any]]:
    """Part the values of a foreign key into those that lead to rows of the active tenant, and others.

    One statement, unless a database limits how many values it may have.

    Args:
        field: the foreign key.
        values: values in the form that they have in instances.
        connection: where the rows are that it leads to.
    """
    rows = _rows(field, connection)
    rows.query.where.add(restriction_of(rows.model, rows.query.get_initial_alias()), AND)
    name = field.target_field.attname
    asked = list(values)
    limit = min(connection.features.max_query_params or _MOST_VALUES, _MOST_VALUES) - 1
    found: set[Any] = set()
    for start in range(0, len(asked), limit):
        some = {f"{name}__in": asked[start : start + limit]}
        found.update(rows.filter(**some).values_list(name, flat=True))
    # A database may hold text to be equal that Python does not.
    others = [
        value
        for value in asked
        if value not in found and not (isinstance(value, str) and rows.filter(**{name: value}).exists())
    ]
    return found.union(asked).difference(others), others


def exists(field: ForeignKey[Any, Any], value: Any, connection: BaseDatabaseWrapper) -> bool:
    """Tell whether there is a row that a foreign key would lead to, whoever's it is; one statement."""
    return _owner_of(field, value, connection)[0]


def mismatch(
    scope: ActiveTenant, field: ForeignKey[Any, Any], value: Any, connection: BaseDatabaseWrapper
) -> TenantMismatchError:
    """Say whose row a foreign key would lead to."""
    found, owner = _owner_of(field, value, connection)
    remedy = f"choose a row of {scope.label!r}, or enter the tenant that both rows belong to"
    if owner is not None:
        whose = f"belongs to tenant {owner!r}"
    elif found:
        whose = "belongs to no tenant"
    else:
        whose = "does not exist"
        remedy = "save the row that is referred to first"
    target = field.remote_field.model._meta.label
    return TenantMismatchError(
        f"{field.model._meta.label}.{field.name} would lead to {target} {value!r}, which {whose}, but the active "
        f"tenant is {scope.label!r}; {remedy}",
        active=scope.label,
        wanted=owner,
    )


def uncheckable(scope: ActiveTenant, field: ForeignKey[Any, Any], what: str) -> TenantMismatchError:
    """Say that nobody can tell where a foreign key would lead to."""
    return TenantMismatchError(
        f"{field.model._meta.label}.{field.name} would be set to {what}, of which nobody can tell whether it leads "
        f"to a row of the active tenant {scope.label!r}; read the id first, or use a subquery of a "
        "TenantQuerySetManager",
        active=scope.label,
    )


def _rows(field: ForeignKey[Any, Any], connection: BaseDatabaseWrapper) -> QuerySet[Any]:
    # A queryset of its own: a manager of the project's may filter for other reasons, or not at all.
    rows: QuerySet[Any] = QuerySet(field.remote_field.model, using=connection.alias)
    return rows.order_by()


def _owner_of(field: ForeignKey[Any, Any], value: Any, connection: BaseDatabaseWrapper) -> tuple[bool, str | None]:
    """Find the tenant of a row, whoever is active: a statement, but on the way to an error only."""
    key = get_tenant_key(field.remote_field.model)
    if key is None:
        return True, None
    try:
        rows = _rows(field, connection).filter(**{field.target_field.attname: value})
        found = list(rows.values_list(f"{key.name}__tenant_id", flat=True)[:1])
    except (TypeError, ValueError, ValidationError, DatabaseError):
        return True, None
    return bool(found), found[0] if found else None
