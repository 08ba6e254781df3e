"""The manager that shows a tenant its own rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.sql.where import AND

from omnitenant_models.rows import querysets
from omnitenant_models.rows.keys import find_tenant_keys, get_tenant_key
from omnitenant_models.rows.predicate import TenantMatch
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from omnitenant_models.rows.base_manager import ScopedOptions

M_co = TypeVar("M_co", bound=models.Model, covariant=True)

__all__ = ["TenantQuerySetManager"]


class TenantQuerySetManager(models.Manager[M_co]):
    """A manager whose querysets hold the active tenant's rows and nobody else's.

    Put it on any model with a foreign key to the tenant model. The filter is part of the query and is bound
    when SQL is made, so a queryset built in one place may be run in another and shows the rows of whoever
    runs it. With nobody active running it raises ``TenantRequiredError``.

    Own methods go into a subclass (call ``super().get_queryset()``) or into a queryset class given to
    :meth:`from_queryset`; for ``as_manager()`` derive from
    :class:`~omnitenant_models.rows.querysets.TenantQuerySet`. In migrations historical models have plain
    managers, which see every row.
    """

    _queryset_class = querysets.TenantQuerySet

    def get_queryset(self) -> QuerySet[M_co]:
        """Return a queryset with the row filter.

        Raises:
            ImproperlyConfigured: the model has no foreign key to the tenant model.
        """
        return scoped(super().get_queryset())


def scoped(queryset: QuerySet[M_co]) -> QuerySet[M_co]:
    """Add the row filter to a fresh queryset."""
    model = queryset.model
    key = get_tenant_key(model)
    if key is None:
        if model.__module__ == "__fake__":
            return queryset
        raise ImproperlyConfigured(_no_key(model))
    if queryset.__class__ is not querysets.TenantQuerySet:
        querysets.guard_queryset(queryset)
    options = cast("ScopedOptions", model._meta)
    query, leaf = queryset.query, options.tenant_leaf
    if options.holds_tenant_key and not query.alias_map and leaf.alias == options.db_table:
        # The table is taken in when the query needs it, under its own name. Doing so here would double what
        # a queryset costs, and an INSERT never needs it. A fresh WHERE takes its conditions together.
        query.where.children.append(leaf)  # type: ignore[arg-type]  # any condition may stand there
        return queryset
    alias = query.get_initial_alias()
    if not options.holds_tenant_key:
        # The column stands in the parent's table.
        joined = query.setup_joins([key.name], options, alias)
        alias = query.trim_joins(joined.targets, joined.joins, joined.path)[1]
    if leaf.alias != alias:
        leaf = TenantMatch(alias, key)
    query.where.add(leaf, AND)
    return queryset


def _no_key(model: type[Any]) -> str:
    label, tenant = model._meta.label, omnitenant_settings.TENANT_MODEL
    if find_tenant_keys(model):
        return (
            f"{label} got its TenantQuerySetManager or its foreign key to {tenant!r} after the class was "
            "made, so its key fills and guards nothing; write both in the class body"
        )
    return (
        f"{label} uses TenantQuerySetManager but has no foreign key to {tenant!r}; add one, or use a plain "
        f"manager if its rows belong to no tenant ({SETTING_NAME}['TENANT_MODEL'] names the tenant model)"
    )
