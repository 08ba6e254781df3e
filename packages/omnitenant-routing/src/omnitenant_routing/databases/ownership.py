"""An SQLite file knows whose it is: opening it for another tenant is refused.

The file carries a mark (``PRAGMA application_id``, a hash of the tenant's id) from the moment it exists.
"""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnitenant_context.errors import TenantMismatchError
from omnitenant_routing.databases.aliases import PREFIX, is_in_memory

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper as Base
else:
    Base = object

__all__ = ["OwnedFile", "mark_of"]


def mark_of(tenant_id: str) -> int:
    """Return the mark of a tenant's file: a signed 32 bit number that is never 0, which stands for "no mark"."""
    return (zlib.crc32(f"omnitenant:{tenant_id}".encode()) >> 1) or 1


class OwnedFile(Base):
    """Mixed in front of SQLite's ``DatabaseWrapper`` for the database of one tenant."""

    def get_connection_params(self) -> dict[str, Any]:
        """Open a file that exists; a missing one is not made, for it would be nobody's."""
        params = super().get_connection_params()
        if not is_in_memory(str(params["database"])):
            params["database"] = f"{Path(params['database']).absolute().as_uri()}?mode=rw"
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, and look whose file it is.

        Raises:
            TenantMismatchError: the file is another tenant's, or nobody's.
            OperationalError: there is no file; names the tenant.
        """
        tenant_id, name = self.alias.removeprefix(PREFIX), str(self.settings_dict["NAME"])
        try:
            connection = super().get_new_connection(conn_params)
        except sqlite3.OperationalError as error:
            message = f"the database of tenant {tenant_id!r} cannot be opened ({name}: {error}); make or restore it"
            raise sqlite3.OperationalError(message) from error
        if not is_in_memory(name):
            (mark,) = connection.execute("PRAGMA application_id").fetchone()
            if mark != mark_of(tenant_id):
                connection.close()
                message = (
                    f"{name} is not the database of tenant {tenant_id!r}, to which it is configured; correct NAME in "
                    "the tenant's config['db_config']"
                )
                raise TenantMismatchError(message, active=tenant_id, wanted=name)
        return connection
