"""The row filter: one leaf in the WHERE clause that is bound when SQL is compiled.

Private Django API, read in 5.2, 6.0 and 6.1: a ``Col`` is accepted as a child of ``Query.where`` and compiled
through ``as_sql``; ``FullResultSet`` raised there removes the condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models.expressions import Col

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.rows._active import prepared_key_of, tenant_required

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import ForeignKey
    from django.db.models.sql.compiler import SQLCompiler

__all__ = ["TenantMatch"]


class TenantMatch(Col):
    """``<tenant key> = <the active tenant>``, as a whole.

    It holds no value, so one leaf serves every queryset of a model, at class level too, and each query
    follows whoever runs it. With nobody active it raises, unscoped it vanishes, and in a database that is
    not the tenant's it refuses.
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
            column, params = super().as_sql(compiler, connection)
            return f"{column} = %s", (*params, prepared_key_of(scope, key, connection))
        if isinstance(scope, Unscoped):
            raise FullResultSet
        if compiler.query.is_empty():
            raise EmptyResultSet
        raise tenant_required(scope, key.model)
