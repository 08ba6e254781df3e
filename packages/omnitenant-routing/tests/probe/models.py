"""Models of every scope."""

from __future__ import annotations

from django.db import models

from omnitenant_models.models import BaseDomain, BaseTenant, TenantQuerySetManager
from omnitenant_models.scopes import TenantScope


class Tenant(BaseTenant):
    """A customer with a field of the project's own that must be filled."""

    plan = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)


class Domain(BaseDomain):
    """A host name."""


class Country(models.Model):
    """Rows that all tenants of a database share."""

    tenant_scope = TenantScope.SHARED

    code = models.CharField(max_length=2)


class Invoice(models.Model):
    """Rows of the master only."""

    tenant_scope = TenantScope.MASTER

    number = models.IntegerField()


class Project(models.Model):
    """Rows that name their tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Milestone(models.Model):
    """Rows of a tenant that protect other rows of the same tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.PROTECT)

    objects = TenantQuerySetManager()


class Note(models.Model):
    """Rows that do not name their tenant: only their place keeps them apart."""

    text = models.CharField(max_length=50)
