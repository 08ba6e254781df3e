"""The admin of models that belong to tenants."""

from __future__ import annotations

from omnitenant_admin.mixins import TenantRestrictAdminMixin

__all__ = ["TenantRestrictAdminMixin"]
