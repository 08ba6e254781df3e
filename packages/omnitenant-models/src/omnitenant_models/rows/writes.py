"""What is looked at before a queryset writes, while the project's transaction is still untouched.

Django marks the enclosing ``atomic()`` for rollback when a write fails inside of it, for whatever reason. So what
the keys and references would refuse there is refused here first; they go on refusing whatever gets by. The one
exception is :func:`refuse_upsert`, which nothing stands behind.

Private Django API, read in 5.2, 6.0 and 6.1: ``update()`` resolves expressions against an ``UpdateQuery``, and reads
the key of an instance by ``prepare_database_save()``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, FullResultSet
from django.db import connections
from django.db.models import Field, Model, QuerySet, Value
from django.db.models.sql import UpdateQuery

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.rows import saving
from omnitenant_models.rows._active import key_of
from omnitenant_models.rows.keys import TenantKey, get_tenant_key
from omnitenant_models.rows.reference_guard import GuardedReference, check_values, creating_references
from omnitenant_models.rows.restrictions import get_tenant_links

if TYPE_CHECKING:
    from omnitenant_context.scope import Scope

__all__ = ["creating", "refuse_place", "refuse_upsert", "refuse_values", "updatable"]


def refuse_place(queryset: Any) -> None:
    """Refuse to change rows with no tenant active, or in a database that is not the tenant's.

    Args:
        queryset: what changes them.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: the database is not the tenant's.
    """
    if queryset._db is None and isinstance(get_scope(), ActiveTenant):
        return  # the router knows where the tenant's rows are
    options: Any = queryset.model._meta
    leaf = getattr(options, "tenant_leaf", None)
    leaves = (leaf,) if leaf is not None else getattr(options, "tenant_matches", ())
    for each in leaves:
        connection = _connection(queryset)
        with suppress(EmptyResultSet, FullResultSet):
            each.as_sql(queryset.query.get_compiler(connection=connection), connection)


def refuse_values(queryset: QuerySet[Any], values: Mapping[str, Any]) -> None:
    """Refuse values for ``update()`` that give rows away, or have them refer to strangers' rows.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: they would.
    """
    for name, value in values.items():
        field = _guarded(queryset.model, name)
        if field is None:
            continue
        plain = value
        if hasattr(value, "resolve_expression"):
            plain = value.resolve_expression(queryset.query.chain(UpdateQuery), allow_joins=False, for_save=True)
        elif hasattr(value, "prepare_database_save"):
            plain = value.prepare_database_save(field)
        field.get_db_prep_save(plain, _connection(queryset))


def creating(queryset: QuerySet[Any], rows: Collection[Model], *, all_new: bool) -> AbstractContextManager[None]:
    """Look at rows that ``bulk_create()`` gets; one statement for each model that they refer to.

    Args:
        queryset: what creates them.
        rows: the instances.
        all_new: whether a row that exists already is an error.

    Returns:
        A context manager, to create them in.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: a row belongs to another tenant.
    """
    key = get_tenant_key(queryset.model)
    if key is not None and rows:
        refuse_place(queryset)
        refuse_keys(key, rows)
    if all_new:
        saving.refuse_any_taken(queryset.model, rows, _connection(queryset).alias)
    return creating_references(queryset.model, rows, using=_connection(queryset).alias, all_new=all_new)


def refuse_keys(key: TenantKey, rows: Iterable[Model]) -> None:
    """Refuse instances that belong to another tenant, or to none where none is active to fill the key with.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: an instance belongs to another tenant.
    """
    scope = get_scope()
    mine = key_of(scope, key) if isinstance(scope, ActiveTenant) else None
    name = key.attname
    for row in rows:
        value = row.__dict__.get(name)
        if value is None:
            key.pre_save(row, True)  # noqa: FBT003 - Django's signature
        elif value != mine:
            key.refuse_early(row)


def updatable(queryset: QuerySet[Any], rows: Collection[Model], names: list[str]) -> list[str]:
    """Look at rows that ``bulk_update()`` gets, and return the fields that it may write.

    The tenant key is left out: it cannot change, and Django writes values as expressions, which the key refuses.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: a row would be given away, or refer to a stranger's row.
    """
    refuse_place(queryset)
    scope = get_scope()
    fields = {name: _guarded(queryset.model, name) for name in names}
    for name, field in fields.items():
        if isinstance(field, TenantKey):
            refuse_keys(field, rows)
            if isinstance(scope, ActiveTenant):
                names = [each for each in names if each != name]
        elif field is not None:
            values = [row.__dict__.get(field.attname) for row in rows]
            plain = [value for value in values if isinstance(value, Value) or not hasattr(value, "resolve_expression")]
            check_values(field, plain, _connection(queryset))
    return names


def refuse_upsert(queryset: QuerySet[Any], unique_fields: Iterable[Field[Any, Any]] | None) -> None:
    """Refuse ``bulk_create(update_conflicts=True)`` where the row in the way may be a stranger's.

    Args:
        queryset: what creates the rows.
        unique_fields: the fields that are in conflict; none where the database takes any unique rule.

    Raises:
        TenantMismatchError: the tenant is not among them.
    """
    scope = get_scope()
    if not isinstance(scope, ActiveTenant):
        return
    key = get_tenant_key(queryset.model)
    ours = get_tenant_links(queryset.model) if key is None else (key,)
    given = {part for field in unique_fields or () for part in getattr(field, "fields", (field,))}
    if ours and given.isdisjoint(ours):
        raise _upsert_mismatch(scope, queryset.model, [field.name for field in ours], unique_fields)


def _upsert_mismatch(
    scope: Scope, model: type[Model], ours: list[str], unique_fields: Iterable[Field[Any, Any]] | None
) -> TenantMismatchError:
    names = " or ".join(repr(name) for name in ours)
    if unique_fields:
        given = [field.name for field in unique_fields]
        what = f"updates the row that has the same {given!r}"
        remedy = f"add {names} to unique_fields, and to the unique constraint that they name"
    else:
        what = "updates any row that is in the way, since this database takes no unique_fields"
        remedy = "look the rows up first, then create and update them apart"
    return TenantMismatchError(
        f"bulk_create(update_conflicts=True) of {model._meta.label} {what}, which may be another tenant's than the "
        f"active {scope.label!r}; {remedy}",
        active=scope.label,
    )


def _guarded(model: type[Model], name: str) -> Any:
    """Return a field that guards what is written to it, or None."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None  # Django says so
    return field if isinstance(field, (TenantKey, GuardedReference)) else None


def _connection(queryset: Any) -> Any:
    """Return where a queryset writes to."""
    queryset._for_write = True
    return connections[queryset.db]
