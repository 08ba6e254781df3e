"""A router that a project derived from ours."""

from __future__ import annotations

from omnitenant_routing.router import TenantRouter


class DerivedRouter(TenantRouter):
    """Routes as its base does."""
