"""Reads which rows an expression can refer to, so that what is written through it can be checked.

Private Django API, read in 5.2, 6.0 and 6.1: resolved expressions give their parts through
``get_source_expressions()``; a subquery holds a ``Query`` with ``select``, ``annotation_select``, ``alias_map``
and ``where``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Case, ExpressionWrapper, ForeignKey, Max, Min, Subquery, Value, When
from django.db.models.expressions import Col, DatabaseDefault
from django.db.models.functions import Cast, Coalesce, Greatest, Least
from django.db.models.sql import Query
from django.db.models.sql.where import OR, WhereNode

from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.predicate import TenantMatch
from omnitenant_models.rows.restrictions import is_parent_link

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["UncheckableError", "values_of"]

_PASSING = (Case, Cast, Coalesce, DatabaseDefault, ExpressionWrapper, Greatest, Least, Max, Min)
"""Expressions whose result is one of their parts."""


class UncheckableError(Exception):
    """An expression may give anything."""


def values_of(expression: Any, field: ForeignKey[Any, Any], query: Query | None = None) -> Iterator[Any]:
    """Return the values that an expression can give to a foreign key, but for what are references already.

    Args:
        expression: a resolved expression.
        field: the foreign key that it is written to.
        query: the subquery that the expression stands in.

    Raises:
        UncheckableError: it may give something else.
    """
    if isinstance(expression, Value):
        yield expression.value
    elif isinstance(expression, Col):
        if not _refers_alike(expression, field, query):
            raise UncheckableError
    elif isinstance(expression, When):
        yield from values_of(expression.result, field, query)
    elif isinstance(expression, Subquery | Query):
        yield from _values_of_query(expression if isinstance(expression, Query) else expression.query, field)
    elif isinstance(expression, _PASSING):
        for part in expression.get_source_expressions():
            if part is not None:
                yield from values_of(part, field, query)
    else:
        raise UncheckableError


def _values_of_query(query: Any, field: ForeignKey[Any, Any]) -> Iterator[Any]:
    for each in query.combined_queries or (query,):
        selected = [*each.select, *each.annotation_select.values()]
        if len(selected) != 1:
            raise UncheckableError
        yield from values_of(selected[0], field, each)


def _refers_alike(column: Any, field: ForeignKey[Any, Any], query: Any) -> bool:
    """Tell whether a column holds what may stand in the foreign key.

    That is the referred column itself, or another reference to it; the row that they are read from must be the
    tenant's, which in a subquery is not said by itself.
    """
    target = column.target
    wanted = field.target_field
    if target != wanted and not (isinstance(target, ForeignKey) and target.target_field == wanted):
        return False
    if query is None:
        return True
    if get_tenant_key(target.model) is None:
        return False
    table = query.alias_map.get(column.alias)
    while table is not None and table.parent_alias is not None:
        if not is_parent_link(table.join_field):
            return True  # what is joined is restricted where it is joined
        table = query.alias_map.get(table.parent_alias)
    return table is not None and _is_filtered(query.where, query.model)


def _is_filtered(node: Any, model: type[Model]) -> bool:
    """Tell whether the row filter of a model stands where no row gets around it."""
    if isinstance(node, WhereNode):
        if node.negated:
            return False
        found = (_is_filtered(child, model) for child in node.children)
        return all(found) and bool(node.children) if node.connector == OR else any(found)
    return isinstance(node, TenantMatch) and node.target is get_tenant_key(model)
