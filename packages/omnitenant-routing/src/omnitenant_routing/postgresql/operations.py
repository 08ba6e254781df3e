"""What Django asks its operations about a cursor: the statement that it ran, without what it carried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.postgresql.operations import DatabaseOperations as Base
else:
    Base = object

__all__ = ["CarryingOperations"]


class CarryingOperations(Base):
    """Mixed in front of a base engine's operations."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """Return the statement as the caller wrote it, with its parameters."""
        text = super().last_executed_query(cursor, sql, params)
        carried = getattr(cursor, "carried", None)
        return text if carried is None or not text else text.removeprefix(carried.text)
