"""The row filter: one leaf in the WHERE clause that is bound when SQL is compiled.

Private Django API, read in 5.2, 6.0 and 6.1: a ``Col`` is accepted as a child of ``Query.where`` and compiled
through ``as_sql``; ``FullResultSet`` raised there removes the condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models.expressions import Col

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, NamedSchema, Unscoped
from omnitenant_models.rows._active import prepared_key_of, tenant_required
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey
    from django.db.models.sql.compiler import SQLCompiler

__all__ = ["TenantMatch"]

_PINNED: Final = "(quote_ident(%s) || '.' || quote_ident(%s))::regclass IS NOT NULL"
"""True of a table that is there, an error of the server where it is not; asked once for each statement."""


class TenantMatch(Col):
    """``<tenant key> = <the active tenant>``, as a whole.

    It holds no value, so one leaf serves every queryset of a model, at class level too, and each query
    follows whoever runs it. With nobody active it raises, unscoped it vanishes, and in a database that is
    not the tenant's it refuses. In a named schema there is nobody to ask for: there it makes sure that the
    table is that schema's own, and not the one of the same name in the public schema, which it never shows.
    """

    target: ForeignKey[Any, Any]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Compile the condition for whoever is active now.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: the query runs in a database that is not the tenant's.
        """
        key = self.target
        scope = get_scope()
        if isinstance(scope, ActiveTenant):
            if self.alias != key.model._meta.db_table:
                return self._compiled(scope, compiler, connection)
            # Every statement comes by here, and what it says is the same for as long as the tenant is active.
            known: dict[Any, Any] = scope.memo.setdefault("conditions", {})
            where = key.model, connection.alias
            condition: tuple[str, tuple[Any, ...]] | None = known.get(where)
            if condition is None:
                condition = known[where] = self._compiled(scope, compiler, connection)
            return condition
        if isinstance(scope, Unscoped):
            raise FullResultSet
        if compiler.query.is_empty():
            raise EmptyResultSet
        if isinstance(scope, NamedSchema) and getattr(connection, "carries_schemas", False) and _is_one_tenants(scope):
            return _PINNED, (scope.name, key.model._meta.db_table)
        raise tenant_required(scope, key.model)

    def _compiled(
        self, scope: ActiveTenant, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = super().as_sql(compiler, connection)
        return f"{column} = %s", (*params, prepared_key_of(scope, self.target, connection))


def _is_one_tenants(scope: NamedSchema) -> bool:
    """Tell whether a schema is not one that all places share, whose tables hold rows of many tenants."""
    return scope.name not in {omnitenant_settings.DEFAULT_SCHEMA_NAME, *omnitenant_settings.EXTRA_SEARCH_PATH}
