"""The tenants and their host names."""

from __future__ import annotations

from django_omnitenant.models import BaseDomain, BaseTenant


class Tenant(BaseTenant):
    """A customer."""


class Domain(BaseDomain):
    """A host name."""
