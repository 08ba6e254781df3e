"""TABLE and CACHE: rows in shared tables, so there is no place to make."""

from __future__ import annotations

from typing import Any

from omnitenant_routing.provisioning.backend import TenantBackend

__all__ = ["SharedBackend"]


class SharedBackend(TenantBackend):
    """The tenant's rows stand in tables that were migrated with the master."""

    def run_migrations(self, target: list[str], **options: Any) -> None:
        """Do nothing: the command ``migrate`` brings the shared tables up to date for all tenants."""
