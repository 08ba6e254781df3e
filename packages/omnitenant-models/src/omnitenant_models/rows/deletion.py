"""An instance is deleted when the row that it names is the active tenant's, as the database says.

Django's ``Model.delete()`` deletes by primary key and through no manager. So an instance that was made with a
stranger's number, or loaded for somebody else, would take the stranger's row with it.

Private Django API, read in 5.2, 6.0 and 6.1: the row of a parent in multi-table inheritance is deleted by the
primary key that the instance holds for it, not by the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router
from django.db.models import QuerySet
from django.db.models.sql.where import AND

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.rows._active import key_of
from omnitenant_models.rows._owners import owner_of
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.restrictions import restriction_of

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["refuse_deletion"]


def refuse_deletion(row: Any, using: str | None = None, *, keep_parents: bool = False) -> None:
    """Refuse to delete a row that is not the active tenant's; one statement, none where the scope is lifted.

    A row that is gone already is no stranger's: deleting it deletes nothing, as in Django.

    Args:
        row: the instance of a model; nothing that it holds but its primary keys is believed.
        using: the database; the router's, when left out.
        keep_parents: whether rows of parents stay.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: the row is another tenant's.
    """
    model: type[Model] = type(row)
    scope = get_scope()
    if isinstance(scope, Unscoped) or not row._is_pk_set():
        return
    using = using or router.db_for_write(model, instance=row)
    rows: QuerySet[Any] = QuerySet(model, using=using)
    restriction = restriction_of(model, rows.query.get_initial_alias())
    if restriction is None:
        return
    rows.query.where.add(restriction, AND)
    parents = {} if keep_parents else _keys_of_parents(row)
    if rows.filter(pk=row.pk, **parents).exists() or not isinstance(scope, ActiveTenant):
        return
    found, owner = owner_of(model, row.pk, using)
    if found:
        raise _mismatch(scope, row, owner)


def _keys_of_parents(row: Model) -> dict[str, Any]:
    names = [field.attname for parent in row._meta.all_parents for field in parent._meta.pk_fields]
    return {name: row.__dict__[name] for name in names if row.__dict__.get(name) is not None}


def _mismatch(scope: ActiveTenant, row: Model, owner: Any) -> TenantMismatchError:
    key = get_tenant_key(type(row))
    wanted = None
    if key is None:
        whose = "belongs to another tenant"
    elif owner == key_of(scope, key):
        whose = "was put together from two rows, by the primary keys that it holds for its parents"
    else:
        wanted = key._tenant_id_of(owner)
        whose = f"belongs to tenant {wanted or owner!r}" if owner is not None else "belongs to no tenant"
    return TenantMismatchError(
        f"{row._meta.label} {row.pk!r} would be deleted, but it {whose}, and the active tenant is {scope.label!r}; get "
        "the row by a query of the active tenant first, or enter the tenant that it belongs to",
        active=scope.label,
        wanted=wanted,
    )
