"""Rows of the project's own SQL, each of which is looked at before it is given out.

Private Django API, read in 5.2, 6.0 and 6.1: a ``RawQuerySet`` fetches by ``iterator()``, makes copies of itself
by ``_clone()`` of its own class but in ``using()`` of Django's, and its instances hold what was selected only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models.query import RawQuerySet

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.rows import _results, reference_guard
from omnitenant_models.rows._active import key_of, prepared_key_of, tenant_required
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.restrictions import get_tenant_links

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey, Model

    from omnitenant_context.scope import Scope
    from omnitenant_models.rows.keys import TenantKey

    Base = RawQuerySet[Any]
else:
    Base = RawQuerySet

__all__ = ["TenantRawQuerySet"]


class TenantRawQuerySet(_results.StampedResults, Base):
    """What ``raw()`` of a :class:`~omnitenant_models.rows.manager.TenantQuerySetManager` returns.

    It checks the column of the tenant key in each row, in children of multi-table inheritance that of the
    parent, in automatic through tables the rows that they connect. The SQL is not changed, so it should filter by
    itself. ``unscoped()`` lifts the check.
    """

    model: type[Model]

    @classmethod
    def of(cls, plain: RawQuerySet[Any]) -> TenantRawQuerySet:
        """Guard a raw queryset that Django made."""
        plain.__class__ = cls
        return plain  # type: ignore[return-value]  # it is one now

    def iterator(self) -> Iterator[Any]:
        """Fetch the rows.

        Raises:
            TenantRequiredError: no tenant is active; nothing was asked then.
            TenantMismatchError: a row is another tenant's, or the column of the tenant is not selected.
        """
        return _results.kept_to_one(self._looked_at(), self.model)

    def using(self, alias: str | None) -> TenantRawQuerySet:
        """Choose the database, as Django's own does."""
        return self.of(super().using(alias))

    def _looked_at(self) -> Iterator[Any]:
        scope, connection = get_scope(), connections[self.db]
        key, links = get_tenant_key(self.model), get_tenant_links(self.model)
        if key or links:
            refuse_place(self.model, scope, connection)
        with closing(super().iterator()) as found:  # type: ignore[type-var]  # a generator
            if not isinstance(scope, ActiveTenant):
                yield from found
            elif key is not None:
                for row in found:
                    refuse_row(row, key, scope)
                    yield row
            else:
                rows = list(found)
                refuse_links(rows, links, connection)
                yield from rows


def refuse_place(model: type[Model], scope: Scope, connection: BaseDatabaseWrapper) -> None:
    """Refuse to run a statement with no tenant active, or in a database that is not the tenant's.

    Raises:
        TenantRequiredError: no tenant is active.
        TenantMismatchError: the database is not the tenant's.
    """
    if isinstance(scope, ActiveTenant):
        key = get_tenant_key(model)
        if key is not None:
            prepared_key_of(scope, key, connection)
    elif not isinstance(scope, Unscoped):
        raise tenant_required(scope, model)


def refuse_links(rows: list[Any], links: Iterable[ForeignKey[Any, Any]], connection: BaseDatabaseWrapper) -> None:
    """Refuse rows of an automatic through table that do not connect the active tenant's rows.

    Raises:
        TenantMismatchError: one connects a stranger's row.
    """
    for link in links:
        reference_guard.check_values(link, [getattr(row, link.attname) for row in rows], connection)


def refuse_row(row: Model, key: TenantKey, scope: ActiveTenant) -> None:
    """Refuse a row that is not the active tenant's.

    Raises:
        TenantMismatchError: it is another's, or does not say whose it is.
    """
    try:
        value = row.__dict__[key.attname]
    except KeyError:
        message = (
            f"raw() of {row._meta.label} does not select the column {key.column!r} of {key.model._meta.db_table!r}, "
            f"so nobody can tell whether its rows belong to the active tenant {scope.label!r}; select it"
        )
        raise TenantMismatchError(message, active=scope.label) from None
    if value == key_of(scope, key):
        return
    owner = key._tenant_id_of(value)
    message = (
        f"raw() of {row._meta.label} found the row {row.pk!r} of tenant {owner or value!r}, but the active tenant is "
        f"{scope.label!r}; add a condition on {key.column!r} to the statement, or run it unscoped"
    )
    raise TenantMismatchError(message, active=scope.label, wanted=owner)
