"""The database router for ``DATABASE_ROUTERS``."""

from __future__ import annotations

from omnitenant_routing.router import TenantRouter

__all__ = ["TenantRouter"]
