"""Tables of all tenants; every query has to say whose rows it wants."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Tenant(models.Model):
    """A customer."""

    tenant_id = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=255)

    objects: ClassVar[models.Manager[Tenant]] = models.Manager()


class Project(models.Model):
    """Something that a customer does."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=255)

    objects: ClassVar[models.Manager[Project]] = models.Manager()


class Task(models.Model):
    """A part of a project."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    title = models.CharField(max_length=255)

    objects: ClassVar[models.Manager[Task]] = models.Manager()
