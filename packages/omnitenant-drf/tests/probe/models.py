"""Models with every kind of unique rule."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from omnitenant_models.models import BaseDomain, BaseTenant, TenantQuerySetManager
from omnitenant_models.rows import VisibleTenantKey


class Tenant(BaseTenant):
    """A customer."""


class Domain(BaseDomain):
    """A host name of a customer."""


class Country(models.Model):
    """A list that all customers share."""

    code = models.CharField(max_length=2, unique=True)


class Project(models.Model):
    """A name is one within its tenant; the rest is as the guide writes it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)
    status = models.CharField(max_length=20, default="active")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_project_of_a_name")]


class Tag(models.Model):
    """Unique the old way, with a second field that has a default; named by an id of its own."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    label = models.SlugField()
    group = models.CharField(max_length=20, default="all")

    objects = TenantQuerySetManager()

    class Meta:
        unique_together = [("tenant", "group", "label")]


class Task(models.Model):
    """Related in every way; its title is one within a project."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=50)
    slot = models.IntegerField(null=True, blank=True)
    done = models.BooleanField(default=False)
    tags = models.ManyToManyField(Tag, blank=True)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "project", "title"], name="one_title"),
            models.UniqueConstraint(
                fields=["tenant", "slot"],
                condition=models.Q(done=False),
                name="one_open_task_of_a_slot",
                violation_error_message="This slot is taken.",
                violation_error_code="taken",
            ),
        ]


class Plan(models.Model):
    """Unique by expression, by condition alone, and among all tenants."""

    customer = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    title = models.CharField(max_length=50)
    is_default = models.BooleanField(default=False)
    voucher = models.CharField(max_length=20, null=True, blank=True, unique=True)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint("customer_id", Lower("title"), name="one_title_in_any_case"),
            models.UniqueConstraint(fields=["customer"], condition=models.Q(is_default=True), name="one_default"),
        ]


class Preset(models.Model):
    """Of a tenant, or of everybody where the key is empty."""

    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(tenant__isnull=False),
                name="one_preset_of_a_tenant",
            ),
            models.UniqueConstraint(fields=["name"], condition=models.Q(tenant__isnull=True), name="one_global_preset"),
        ]


class Config(models.Model):
    """One row of each tenant."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="+")
    theme = models.CharField(max_length=20)

    objects = TenantQuerySetManager()


class Shelf(models.Model):
    """Its key is visible, as for sites that choose the tenant in a form."""

    tenant = VisibleTenantKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()

    class Meta:
        unique_together = [("tenant", "name")]


class Document(models.Model):
    """A parent with the key and the rule."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    number = models.IntegerField()
    code = models.CharField(max_length=20, null=True)

    objects = TenantQuerySetManager()

    class Meta:
        unique_together = [("tenant", "number")]
        constraints = [models.UniqueConstraint("tenant", Lower("code"), name="one_code_in_any_case")]


class Invoice(Document):
    """A child of it, with a table of its own."""

    total = models.IntegerField(default=0)


class Seat(models.Model):
    """Counted within its tenant: the key is part of the primary key."""

    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    number = models.IntegerField()
    note = models.CharField(max_length=20, default="")

    objects = TenantQuerySetManager()
