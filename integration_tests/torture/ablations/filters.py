"""Guards of reading: the filter, the base manager, joins, through tables."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FullResultSet
from django.db.models import Manager, Q
from django.db.models.options import Options

from ablations.register import ablation, nothing, replace
from omnitenant_context.context import get_scope
from omnitenant_context.scope import Nobody
from omnitenant_models.rows import base_manager, joins, manager, predicate, querysets, through


@ablation()
def the_row_filter() -> None:
    """Managers of a project filter nothing; Django's own base manager still does."""
    filtered = manager.TenantQuerySetManager.get_queryset

    def get_queryset(self: Any) -> Any:
        if self.name == "_base_manager":
            return filtered(self)
        rows = Manager.get_queryset(self)
        querysets.guard_queryset(rows)
        return rows

    replace(manager.TenantQuerySetManager, "get_queryset", get_queryset)


@ablation()
def the_scoped_base_manager() -> None:
    """What saves, refreshes, follows references and cascades is Django's plain manager."""
    replace(base_manager.ScopedOptions, "base_manager", Options.base_manager)


@ablation()
def the_nobody_check_of_the_filter() -> None:
    """With nobody active the condition vanishes, as if everything was meant."""
    bound = predicate.TenantMatch.as_sql

    def as_sql(self: Any, compiler: Any, connection: Any) -> Any:
        if isinstance(get_scope(), Nobody):
            raise FullResultSet
        return bound(self, compiler, connection)

    replace(predicate.TenantMatch, "as_sql", as_sql)


@ablation()
def the_filter_of_children() -> None:
    """Children in tables of their own are not filtered by the column of their parent."""
    filtered = manager.scoped

    def scoped(rows: Any) -> Any:
        key = manager.get_tenant_key(rows.model)
        if key is not None and key.model is not rows.model._meta.concrete_model:
            querysets.guard_queryset(rows)
            return rows
        return filtered(rows)

    replace(manager, "scoped", scoped)


@ablation()
def the_join_restriction() -> None:
    """Joins lead to rows of all tenants."""
    replace(joins, "restrict_join", nothing)


@ablation()
def the_restriction_of_excluding_subqueries() -> None:
    """The subquery behind ``exclude()`` starts from rows of all tenants."""
    replace(joins, "restrict_start", nothing)


@ablation()
def the_restriction_of_generic_relations() -> None:
    """Generic relations join rows of all tenants."""
    replace(
        joins.RestrictedGenericRelation,
        "get_extra_restriction",
        joins.RestrictedField.written_restriction,
    )


@ablation()
def the_through_manager() -> None:
    """The table behind a many-to-many relation shows the links of all tenants."""
    replace(through.ThroughManager, "get_queryset", lambda self: super(through.ThroughManager, self).get_queryset())


@ablation()
def the_base_manager_of_through_tables() -> None:
    """What saves and cascades in the table behind a relation is Django's plain manager."""
    replace(through.ThroughOptions, "base_manager", Options.base_manager)


@ablation()
def the_filter_of_through_tables_without_a_key() -> None:
    """Removing by a relation with a through model of its own, without key, removes links of all tenants."""
    replace(through, "only_connected", lambda _: Q())
