"""SCHEMA: a schema of the tenant's own in a PostgreSQL database."""

from __future__ import annotations

from typing import NoReturn

from django.db import connections

from omnitenant_context.errors import ProvisioningError
from omnitenant_routing.provisioning.backend import TenantBackend

__all__ = ["SchemaBackend"]


class SchemaBackend(TenantBackend):
    """Refuses on databases that have no schemas."""

    def check(self) -> None:
        """Refuse where the database has no schemas."""
        self._refuse()

    def check_place(self) -> None:
        """Refuse where the database has no schemas."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        connection = connections[self.place.alias]
        message = (
            f"tenant {self.tenant.tenant_id!r} wants isolation type 'schema', which needs PostgreSQL with the "
            f"engine 'omnitenant_routing.postgresql', and database {self.place.alias!r} is "
            f"{connection.display_name} with {connection.settings_dict['ENGINE']!r}; choose 'database', "
            "'table' or 'cache'"
        )
        raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
