"""What kinds of tenants there are, and how far a tenant can have come; public from ``tenants``."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["REMEDIES", "IsolationType", "TenantState"]


class IsolationType(models.TextChoices):
    """Where the data of a tenant lives."""

    DATABASE = "database", _("database")
    SCHEMA = "schema", _("schema")
    TABLE = "table", _("table")
    CACHE = "cache", _("cache")

    @property
    def needs_place(self) -> bool:
        """Whether something must be made before such a tenant can be entered."""
        return self in {IsolationType.DATABASE, IsolationType.SCHEMA}


class TenantState(models.TextChoices):
    """How far a tenant's place has come, and whether it may be entered."""

    PENDING = "pending", _("pending")
    PROVISIONING = "provisioning", _("provisioning")
    ACTIVE = "active", _("active")
    FAILED = "failed", _("failed")
    SUSPENDED = "suspended", _("suspended")
    DELETING = "deleting", _("deleting")


REMEDIES: Final[dict[str, str]] = {
    TenantState.SUSPENDED: "resume it, or enter it on purpose with allow_inactive=True",
    TenantState.PENDING: "provision it with get_tenant_backend(tenant).create()",
    TenantState.PROVISIONING: "wait until it is provisioned, or run its create() again",
    TenantState.FAILED: "run get_tenant_backend(tenant).create() again after mending the cause",
    TenantState.DELETING: "it is being removed; run the deletion again to complete it",
}
"""What to do about a tenant that cannot be entered in its state."""
