"""Tenants, and rows of every kind that an admin may show."""

from __future__ import annotations

from django.db import models

from omnitenant_models.models import BaseDomain, BaseTenant, TenantQuerySetManager


class Tenant(BaseTenant):
    """A customer."""


class Domain(BaseDomain):
    """A host name."""


class Label(models.Model):
    """Something to pick."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="shop_label_name")]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """What operators administer."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)
    status = models.CharField(max_length=10, choices=[("active", "active"), ("done", "done")], default="active")
    label = models.ForeignKey(Label, on_delete=models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySetManager()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/projects/{self.pk}/"


class Loose(models.Model):
    """A tenant's rows whose default manager shows everybody's."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)

    everything = models.Manager()
    objects = TenantQuerySetManager()

    def __str__(self) -> str:
        return self.name


class Task(models.Model):
    """What stands on the page of a project."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    title = models.CharField(max_length=50)
    label = models.ForeignKey(Label, on_delete=models.SET_NULL, null=True, blank=True)
    loose = models.ForeignKey(Loose, on_delete=models.SET_NULL, null=True, blank=True)

    objects = TenantQuerySetManager()

    class Meta:
        unique_together = [("tenant", "project", "title")]

    def __str__(self) -> str:
        # Reading the project is one more statement, which must go where the task is.
        return f"{self.title} of {self.project.name}"


class Note(models.Model):
    """Rows that do not name their tenant: only their place keeps them apart."""

    text = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.text
