"""The admin of models that belong to tenants, and of the tenants themselves."""

from __future__ import annotations

from omnitenant_admin.mixins import TenantRestrictAdminMixin
from omnitenant_admin.tenants import DomainInline, TenantAdmin

__all__ = ["DomainInline", "TenantAdmin", "TenantRestrictAdminMixin"]
