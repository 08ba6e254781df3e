"""What ``save()`` checks before it begins, and what it says when the row that it would write is a stranger's.

What the keys refuse while a row is written, Django takes for a failed statement: it marks the enclosing
``atomic()`` for rollback. So what can be known before is refused before; the keys refuse whatever gets by, such
as a value that a receiver of ``pre_save`` changes.

A stranger's row is never met by ``save()``, since the base manager is scoped. But a primary key that it has
cannot be given to another row, which without :func:`refuse_taken` would be an ``IntegrityError`` that says
nothing of tenants.

Private Django API, read in 5.2, 6.0 and 6.1: ``save_base()`` calls ``_do_update()`` and ``_do_insert()`` once for
each table, parents first, and marks the transaction when it fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction
from django.db.models import NOT_PROVIDED, QuerySet

from omnitenant_context.context import get_scope
from omnitenant_context.errors import OmnitenantError, TenantMismatchError
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.rows import reference_guard
from omnitenant_models.rows._active import key_of, prepared_key_of
from omnitenant_models.rows._owners import owner_of
from omnitenant_models.rows.keys import get_tenant_key

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from omnitenant_context.scope import Scope

__all__ = ["has_own_keys", "refuse_any_taken", "refuse_early", "refuse_taken", "spare_transaction"]

_AT_ONCE = 900
"""As many values as every database takes in one statement."""
_RIGHT = "rows that may be saved"
_SPARED = "_omnitenant_nothing_was_written"


def refuse_early(
    row: Model, *, using: str | None = None, update_fields: Iterable[str] | None = None, raw: bool = False
) -> None:
    """Refuse a row that may not be saved by whoever is active.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: it belongs to another tenant, refers to a row of one, or would go into another database.
    """
    model = type(row)
    scope = get_scope()
    if not (isinstance(scope, ActiveTenant) and _is_known_right(scope, row, using)):
        _refuse_key(scope, row, using)
    if reference_guard.guarded_references(model):
        reference_guard.check_references(row, using=using, update_fields=update_fields, raw=raw)


def _is_known_right(scope: ActiveTenant, row: Model, using: str | None) -> bool:
    """Tell quickly whether such a row may be saved there: nearly every one may."""
    known: dict[Any, tuple[str, Any]] | None = scope.memo.get(_RIGHT)
    expected = known.get((type(row), using)) if known else None
    if expected is None:
        return False
    name, mine = expected
    value = row.__dict__.get(name)
    return value is None or value == mine


def _refuse_key(scope: Scope, row: Model, using: str | None) -> None:
    key = get_tenant_key(type(row))
    if key is None:
        return
    key.refuse_early(row)
    if using is not None and isinstance(scope, ActiveTenant):
        prepared_key_of(scope, key, connections[using])  # refuses a database that is not the tenant's
        scope.memo.setdefault(_RIGHT, {})[type(row), using] = key.attname, key_of(scope, key)


def has_own_keys(model: type[Model]) -> bool:
    """Tell whether primary keys of a model are chosen by whoever creates rows, and may be another tenant's.

    Those that hold the tenant, or lead to a parent, or are made by a default, are not.
    """
    key = get_tenant_key(model)
    return not any(
        field is key or _is_parent_link(field) or field.has_default() or field.db_default is not NOT_PROVIDED
        for field in model._meta.pk_fields
    )


def _is_parent_link(field: Field[Any, Any]) -> bool:
    return bool(field.remote_field and getattr(field.remote_field, "parent_link", False))


def refuse_taken(row: Model, model: type[Model], using: str) -> None:
    """Refuse to write a row under a primary key that a stranger's row has; one statement.

    Args:
        row: what is being saved.
        model: the model whose table is written, of the row itself or of a parent.
        using: the database.

    Raises:
        TenantMismatchError: names both tenants.
    """
    scope = get_scope()
    if not isinstance(scope, ActiveTenant):
        return
    pk = row._get_pk_val(model._meta)
    found, owner = owner_of(model, pk, using)
    key = get_tenant_key(model)
    if not found or (key is not None and owner == key_of(scope, key)):
        return
    error = _taken(scope, model, pk, owner)
    setattr(error, _SPARED, _is_first_table(row, model))
    raise error


def refuse_any_taken(model: type[Model], rows: Iterable[Model], using: str) -> None:
    """Do what :func:`refuse_taken` does, for many new rows of one table.

    No statement where none has a primary key that was chosen for it, else one.

    Raises:
        TenantMismatchError: names both tenants.
    """
    scope = get_scope()
    if not isinstance(scope, ActiveTenant) or not has_own_keys(model):
        return
    chosen = [row.pk for row in rows if row._is_pk_set()]  # type: ignore[attr-defined]  # not in the stubs
    key = get_tenant_key(model)
    for start in range(0, len(chosen), _AT_ONCE):
        existing: QuerySet[Any] = (
            QuerySet(model, using=using).filter(pk__in=chosen[start : start + _AT_ONCE]).order_by()
        )
        if key is not None:
            existing = existing.exclude(**{key.attname: key_of(scope, key)})
        for pk in existing.values_list("pk", flat=True)[:1]:
            raise _taken(scope, model, pk, owner_of(model, pk, using)[1])


def _taken(scope: ActiveTenant, model: type[Model], pk: Any, owner: Any) -> TenantMismatchError:
    key = get_tenant_key(model)
    wanted = key._tenant_id_of(owner) if key is not None else None
    whose = f"tenant {wanted or owner!r}" if owner is not None else "another tenant, or of none"
    return TenantMismatchError(
        f"{model._meta.label} {pk!r} would be written, but it is a row of {whose}, and the active tenant is "
        f"{scope.label!r}; leave the primary key out for a new row, or enter the tenant that the row belongs to",
        active=scope.label,
        wanted=wanted,
    )


def _is_first_table(row: Model, model: type[Model]) -> bool:
    """Tell whether nothing is written yet when a table is: it is that of the only model without parents."""
    line = (type(row)._meta, *(parent._meta for parent in row._meta.all_parents))
    return not model._meta.parents and all(len(each.parents) <= 1 for each in line)


def spare_transaction(error: OmnitenantError, using: str) -> None:
    """Leave the project's transaction usable after a refusal before which nothing was written.

    Django has marked it for rollback, because an error passed through its own block.
    """
    if getattr(error, _SPARED, False) and transaction.get_connection(using).in_atomic_block:
        transaction.set_rollback(rollback=False, using=using)
