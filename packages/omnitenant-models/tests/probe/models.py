"""A project's models as the guide writes them."""

from __future__ import annotations

from django.db import models

from omnitenant_models.models import BaseDomain, BaseTenant, TenantQuerySetManager


class Tenant(BaseTenant):
    """A customer."""


class PayingTenant(Tenant):
    """A view of some customers under another name."""

    class Meta:
        proxy = True


class Domain(BaseDomain):
    """A host name of a customer."""


class Project(models.Model):
    """Something of a customer's."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()
