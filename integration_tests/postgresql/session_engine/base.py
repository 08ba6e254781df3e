"""The wrapper of an engine that works on a direct connection, and leaks behind a pooler."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from omnitenant_context.context import get_scope
from omnitenant_context.scope import NamedSchema
from omnitenant_routing.postgresql.identifiers import quoted


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # a test's
    """Sends the search path before a cursor is made, when it is another than last time."""

    carries_schemas = True  # it says so, or nobody would use it
    _path: str | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        """Connect, with the path that a new session has."""
        self._path = None
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        """Make a cursor."""
        scope = get_scope()
        path = f"{quoted(scope.name)}, public" if isinstance(scope, NamedSchema) else "public"
        if path != self._path:
            with super().create_cursor() as cursor:
                cursor.execute(f"SET search_path TO {path}")
            self._path = path
        return super().create_cursor(name)

    def rollback(self) -> None:
        """Roll back, which takes the path back, too."""
        super().rollback()
        self._path = None
