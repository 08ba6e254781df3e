"""Inside a tenant's place: which foreign keys become constraints, which tables are there, and when a migration is done.

Private Django API, read in 5.2, 6.0 and 6.1: the schema editor makes a foreign key in ``table_sql``, ``add_field``
and ``_alter_field`` where the field says ``db_constraint``; ``get_table_list`` is behind every question for tables;
the executor asks whether ``deferred_sql`` is empty before it records a migration inside its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from omnitenant_context.context import get_scope
from omnitenant_context.scope import Nobody
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.postgresql.identifiers import quoted

if TYPE_CHECKING:
    from django.db.backends.base.introspection import BaseDatabaseIntrospection as Introspection
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor as Editor
    from django.db.models import Field, Model

    from omnitenant_routing.places import Place
else:
    Introspection = Editor = object

__all__ = ["PlaceIntrospection", "PlaceSchemaEditor"]


class PlaceSchemaEditor(Editor):
    """Mixed in front of a backend's schema editor: foreign keys that leave the place are no constraints.

    A key from a tenant's schema to a table that stands once in its database (SHARED models, the tenant's own row)
    would add triggers to that one table with each tenant, which every session then loads. A key to a table that
    stands in another database could not be made at all. To the ORM they are keys like all others.

    Extensions belong to the database: a tenant's migration makes one in the public schema, and takes none away.

    A migration and its record are one transaction, so that a process may be killed at any time.
    """

    def __enter__(self) -> Any:
        """Begin the transaction of a migration."""
        entered = super().__enter__()
        if active_place_on(self.connection.alias) is not None:
            self.deferred_sql = Deferred(self)
        return entered

    def execute(self, sql: Any, params: Any = ()) -> None:
        """Run a statement."""
        words = str(sql).split(None, 2)[:2]
        if words in (["CREATE", "EXTENSION"], ["DROP", "EXTENSION"]):
            place = active_place_on(self.connection.alias)
            if place is not None and place.schema is not None:
                if words[0] == "DROP":
                    return
                sql = f"{str(sql).rstrip('; ')} SCHEMA {quoted(omnitenant_settings.DEFAULT_SCHEMA_NAME)}"
        super().execute(sql, params)

    def table_sql(self, model: type[Model]) -> Any:
        """Make the SQL of a table."""
        with self._without_keys_that_leave(model._meta.local_fields):
            return super().table_sql(model)

    def add_field(self, model: type[Model], field: Any) -> None:
        """Add a column."""
        with self._without_keys_that_leave([field]):
            super().add_field(model, field)

    def _alter_field(self, model: type[Model], old_field: Any, new_field: Any, *args: Any, **kwargs: Any) -> None:
        # An old key counts as a constraint where there is one, which is then dropped: settings may have changed.
        fields = [new_field] if self._has_constraint(model, old_field) else [old_field, new_field]
        with self._without_keys_that_leave(fields):
            super()._alter_field(model, old_field, new_field, *args, **kwargs)  # type: ignore[misc]  # not in the stubs

    def _has_constraint(self, model: type[Model], field: Any) -> bool:
        if not field.remote_field or active_place_on(self.connection.alias) is None:
            return False
        return bool(self._constraint_names(model, [field.column], foreign_key=True))  # type: ignore[attr-defined]  # not in the stubs

    @contextmanager
    def _without_keys_that_leave(self, fields: Iterable[Field[Any, Any]]) -> Iterator[None]:
        place = active_place_on(self.connection.alias)
        leaving: list[Any] = [
            field
            for field in fields
            if place is not None and getattr(field, "db_constraint", False) and _leaves(place, field)
        ]
        for field in leaving:
            field.db_constraint = False
        try:
            yield
        finally:
            for field in leaving:
                field.db_constraint = True


class Deferred(list[Any]):
    """Statements that wait for the end of a migration: none is left as soon as anybody asks.

    Django records a migration after its transaction where some are left, and a process that is killed in between
    leaves tables that no later run can make. Here they are run when the executor asks, and the record follows in the
    same transaction.
    """

    def __init__(self, editor: PlaceSchemaEditor) -> None:
        super().__init__()
        self._editor = editor

    def __bool__(self) -> bool:
        """Run what is left, and tell that nothing is."""
        statements = [*self]
        self.clear()
        for statement in statements:
            self._editor.execute(statement, None)
        return False


class PlaceIntrospection(Introspection):
    """Mixed in front of a backend's introspection: a tenant's schema has its own tables, and no others.

    Tables of the public schema are visible from there, and would be taken for the tenant's.
    """

    def get_table_list(self, cursor: Any) -> Any:
        """Return the tables of the active schema, or what is visible where none is active."""
        tables = super().get_table_list(cursor)
        place = active_place_on(self.connection.alias)
        if place is None or place.schema is None:
            return tables
        cursor.execute(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s",
            [place.schema],
        )
        own = {name for (name,) in cursor.fetchall()}
        return [table for table in tables if table.name in own]


def active_place_on(alias: str) -> Place | None:
    """Return the active place, where it is a tenant's and in the database of an alias."""
    # Models are still being loaded when the engine is.
    from omnitenant_routing.databases.aliases import is_tenant_alias
    from omnitenant_routing.places import aliases_for, place_for

    scope = get_scope()
    if isinstance(scope, Nobody):
        return None
    place = place_for(scope)
    if place.schema is None and not is_tenant_alias(place.alias):
        return None
    return place if alias in aliases_for(scope) else None


def _leaves(place: Place, field: Any) -> bool:
    """Tell whether a foreign key leads to a table that is not in the place itself."""
    from omnitenant_models.scopes import TenantScope, get_model_scope, is_mirrored
    from omnitenant_routing.places import MASTER_ALIAS

    target = field.remote_field.model
    scope = get_model_scope(target)
    if scope is TenantScope.TENANT:
        return False
    # The tenant's own row is mirrored where the place is not in the master's database.
    is_reachable = scope is TenantScope.SHARED or is_mirrored(target)
    if place.schema is None:
        return not is_reachable
    return not (omnitenant_settings.SHARED_FOREIGN_KEYS and (is_reachable or place.alias == MASTER_ALIAS))
