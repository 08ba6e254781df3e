"""Models of each scope."""

from __future__ import annotations

from django.db import models

from django_omnitenant.models import BaseDomain, BaseTenant, TenantQuerySetManager
from django_omnitenant.utils import TenantScope


class Tenant(BaseTenant):
    """A customer."""


class Domain(BaseDomain):
    """A host name."""


class Country(models.Model):
    """Rows that all tenants of a database share."""

    tenant_scope = TenantScope.SHARED

    code = models.CharField(max_length=2, unique=True)


class Invoice(models.Model):
    """Rows of the master only."""

    tenant_scope = TenantScope.MASTER

    number = models.IntegerField()


class Project(models.Model):
    """Rows that name their tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)
    country = models.ForeignKey(Country, null=True, on_delete=models.SET_NULL)

    objects = TenantQuerySetManager()


class Task(models.Model):
    """Rows below a project."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=50)

    objects = TenantQuerySetManager()
