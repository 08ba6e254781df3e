"""For whom code runs."""

from __future__ import annotations

from omnitenant_context.context import TenantContext

__all__ = ["TenantContext"]
