"""TABLE and CACHE: rows in shared tables, so there is no place to make."""

from __future__ import annotations

from typing import Any

from omnitenant_context.context import TenantContext
from omnitenant_routing.places import MASTER_ALIAS
from omnitenant_routing.provisioning.backend import TenantBackend

__all__ = ["SharedBackend"]


class SharedBackend(TenantBackend):
    """The tenant's rows stand in tables that were migrated with the master."""

    def run_migrations(self, target: list[str], **options: Any) -> None:
        """Do nothing: the command ``migrate`` brings the shared tables up to date for all tenants."""

    def remove_place(self) -> None:
        """Remove the tenant's rows where the shared tables stand in a database of their own.

        In the master they go with the tenant's row.
        """
        alias = self.place.alias
        if alias != MASTER_ALIAS:
            with TenantContext.unscoped():
                type(self.tenant)._base_manager.using(alias).filter(pk=self.tenant.pk).delete()
