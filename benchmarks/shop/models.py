"""Tables of all tenants; queries show the rows of whoever is active."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from django_omnitenant.models import BaseDomain, BaseTenant, TenantQuerySetManager


class Tenant(BaseTenant):
    """A customer."""

    objects: ClassVar[models.Manager[Tenant]] = models.Manager()


class Domain(BaseDomain):
    """A host name of a customer."""

    objects: ClassVar[models.Manager[Domain]] = models.Manager()


class Project(models.Model):
    """Something that a customer does."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)

    objects: ClassVar[TenantQuerySetManager[Project]] = TenantQuerySetManager()


class Task(models.Model):
    """A part of a project."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    title = models.CharField(max_length=255)

    objects: ClassVar[TenantQuerySetManager[Task]] = TenantQuerySetManager()
