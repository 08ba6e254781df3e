"""What restricts a table to the active tenant's rows, wherever the table stands in a statement.

Private Django API, read in 5.2, 6.0 and 6.1: as in ``predicate``, a ``Col`` may be a whole condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import FullResultSet
from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.sql.where import AND, WhereNode

from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.predicate import TenantMatch

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey, Model
    from django.db.models.sql.compiler import SQLCompiler

    from omnitenant_models.rows.keys import TenantKey

__all__ = ["ReferenceMatch", "get_tenant_links", "is_parent_link", "restriction_of"]

_ROW = "tenant_row"
"""The alias of the table that is looked into; no table of the statement itself is called so."""


class ReferenceMatch(Col):
    """``<foreign key> leads to a row of the active tenant``, as a whole.

    For tables without a tenant key of their own: automatic through tables and children of multi-table
    inheritance. Like :class:`TenantMatch` it holds no value and is bound when SQL is made.
    """

    target: ForeignKey[Any, Any]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Compile the condition for whoever is active now; it raises what :class:`TenantMatch` raises."""
        model = self.target.remote_field.model
        key = get_tenant_key(model)
        if key is None:
            raise FullResultSet
        condition, params = TenantMatch(_ROW, key).as_sql(compiler, connection)
        column, _ = super().as_sql(compiler, connection)
        looked_for = _column_beside(key, self.target)
        if looked_for is None:
            rows: QuerySet[Any, Any] = QuerySet(model, using=connection.alias).values(self.target.target_field.attname)
            rows.query.where.add(restriction_of(model, rows.query.get_initial_alias()), AND)
            inner, params = rows.query.get_compiler(connection=connection).as_sql()
            sql = f"{column} IN ({inner})"
        else:
            # Asked row by row through the primary key: IN would have SQLite list all rows of the tenant first.
            quote = connection.ops.quote_name
            sql = (  # made of quoted names, and of conditions whose values are parameters
                f"EXISTS(SELECT 1 FROM {quote(key.model._meta.db_table)} {quote(_ROW)} "  # noqa: S608 - see above
                f"WHERE {quote(_ROW)}.{quote(looked_for.column)} = {column} AND {condition})"
            )
        if self.target.null:
            sql = f"({column} IS NULL OR {sql})"
        return sql, tuple(params)


def get_tenant_links(model: type[Model]) -> tuple[ForeignKey[Any, Any], ...]:
    """Return the foreign keys by which a through table without a tenant key belongs to tenants."""
    links: tuple[ForeignKey[Any, Any], ...] = getattr(model._meta, "tenant_links", ())
    return links


def restriction_of(model: type[Model], alias: str, joined_by: object = None) -> Any:
    """Return the condition that keeps strangers' rows of a model out, or None where rows belong to nobody.

    Args:
        model: the model.
        alias: how the statement calls its table.
        joined_by: the foreign key that joins the table to one which is restricted already.
    """
    key = get_tenant_key(model)
    if key is not None:
        options: Any = model._meta
        if key.model._meta.db_table != options.db_table:
            return ReferenceMatch(alias, options.concrete_model._meta.get_ancestor_link(key.model))
        leaf: TenantMatch = options.tenant_leaf
        return leaf if leaf.alias == alias else TenantMatch(alias, key)
    links = get_tenant_links(model)
    if not links:
        return None
    matches: list[Any] = [ReferenceMatch(alias, link) for link in links if link is not joined_by]
    return matches[0] if len(matches) == 1 else WhereNode(matches, AND) if matches else None


def is_parent_link(joined_by: Any) -> bool:
    """Tell whether a join, by a field or its reverse, leads to the other half of the same row."""
    relation = joined_by if isinstance(joined_by, ForeignObjectRel) else joined_by.remote_field
    return bool(relation.parent_link)


def _column_beside(key: TenantKey, reference: ForeignKey[Any, Any]) -> Any:
    """Find the column that a reference holds in the table of the tenant key, where it is there too.

    A reference to a child of multi-table inheritance holds the primary key of the parent's row.
    """
    field: Any = reference.target_field
    while field.model is not key.model and field.remote_field and field.remote_field.parent_link:
        field = field.target_field
    return field if field.model is key.model else None
