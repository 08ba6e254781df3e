"""The middleware that finds a request's tenant and serves the request for it."""

from __future__ import annotations

from omnitenant_models.middleware import TenantMiddleware

__all__ = ["TenantMiddleware"]
