"""Lets Django's test runner keep and restore the rows of all tenants (``serialized_rollback``).

It does so through the base managers and with nobody active, where rows of tenants are out of reach.

Private Django API, read in 5.2 and 6.1: ``connection.creation`` may change its class for a subclass, and
``serialize_db_to_string`` and ``deserialize_db_from_string`` are its ways to read and to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.backends.signals import connection_created

from omnitenant_context.context import TenantContext
from omnitenant_models.rows._swapping import swap_class

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.creation import BaseDatabaseCreation as Base
else:
    Base = object

__all__ = ["UnscopedCreation", "install"]


class UnscopedCreation(Base):
    """Mixed in front of the class of ``connection.creation``."""

    def serialize_db_to_string(self) -> str:
        """Return the rows of the database, whoever's they are."""
        with TenantContext.unscoped():
            return super().serialize_db_to_string()

    def deserialize_db_from_string(self, data: str) -> None:
        """Write such rows."""
        with TenantContext.unscoped():
            super().deserialize_db_from_string(data)


def install() -> None:
    """Teach all connections, those of later too; a second call changes nothing."""
    connection_created.connect(_teach, dispatch_uid="omnitenant_models.creation")
    for connection in connections.all(initialized_only=True):
        _teach(connection)


def _teach(connection: BaseDatabaseWrapper, **_: Any) -> None:
    swap_class(connection.creation, UnscopedCreation)
