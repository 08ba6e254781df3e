"""DATABASE: a database of the tenant's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from omnitenant_context.errors import ProvisioningError
from omnitenant_routing.databases.aliases import SQLITE, alias_of, forget_tenant, settings_of
from omnitenant_routing.provisioning.backend import TenantBackend
from omnitenant_routing.provisioning.postgresql import PostgreSQLDatabase
from omnitenant_routing.provisioning.server import is_postgresql
from omnitenant_routing.provisioning.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from typing import Any

__all__ = ["DatabaseBackend"]


class DatabaseBackend(TenantBackend):
    """Makes the database, and knows it by a mark so that nobody else's is ever touched."""

    def check(self) -> None:
        """Refuse a configuration that cannot work, and a database that is somebody else's."""
        self._database().check()

    def check_place(self) -> None:
        """Refuse a database that was not made, or is not this tenant's."""
        database = self._database()
        if not database.check():
            message = (
                f"the database of tenant {self.tenant.tenant_id!r} does not exist ({database.name}); make it "
                "with get_tenant_backend(tenant).create(), or migratetenant --create"
            )
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)

    def make_place(self) -> bool:
        """Make the database unless it is there already, and see that the tenant's credentials open it."""
        database = self._database()
        made = database.create()
        try:
            connections[self.place.alias].ensure_connection()
        except BaseException:
            if made:
                self.remove_place()
            raise
        return made

    def remove_place(self, *, force: bool = False) -> None:
        """Close this thread's connection and remove the database; one that is not this tenant's is left alone."""
        database = self._database()
        alias = alias_of(self.tenant.tenant_id)
        # The base class's close(): SQLite's own keeps a database in memory open, which must go here.
        BaseDatabaseWrapper.close(connections[alias])
        del connections[alias]
        if not database.is_foreign():
            try:
                database.drop(force=force)
            finally:
                self._is_whole = database.is_whole
        forget_tenant(self.tenant.tenant_id)

    def _database(self) -> SQLiteDatabase | PostgreSQLDatabase:
        settings: dict[str, Any] = settings_of(self.place.alias)
        if settings["ENGINE"] == SQLITE:
            return SQLiteDatabase(self.tenant.tenant_id, str(settings["NAME"]))
        if is_postgresql(settings):
            return PostgreSQLDatabase(self.tenant, settings)
        message = (
            f"tenant {self.tenant.tenant_id!r} wants a database of its own with the engine {settings['ENGINE']!r}, and "
            "only databases of SQLite and PostgreSQL can be made; set ENGINE in its config['db_config'], or choose "
            "'table' or 'cache'"
        )
        raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
