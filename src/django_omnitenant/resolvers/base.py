"""The base of resolvers of one's own."""

from __future__ import annotations

from omnitenant_models.resolvers.base import BaseTenantResolver

__all__ = ["BaseTenantResolver"]
