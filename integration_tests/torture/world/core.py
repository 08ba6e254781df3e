"""The portable models: plain enough for every library for tenants, written in its own dialect."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.db import models

dialect = import_module(settings.TORTURE_DIALECT)


class Tenant(dialect.TenantBase):
    """A customer."""


class Country(models.Model):
    """A row of nobody's, which rows of tenants refer to."""

    tenant_scope = "shared"

    code = models.CharField(max_length=2, unique=True)
    name = models.CharField(max_length=50)
    rating = models.IntegerField(default=0)


class Tag(dialect.Owned):
    """What projects are marked with."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)

    objects = dialect.manager()

    class Meta:
        constraints = dialect.rules(models.UniqueConstraint("tenant", "name", name="tag_of_tenant"))


class Person(dialect.Owned):
    """Somebody who works for a tenant."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)
    skills = dialect.many("Skill", through="Grade", related_name="people", blank=True)

    objects = dialect.manager()


class Skill(dialect.Owned):
    """What a person can do."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)

    objects = dialect.manager()


class Grade(models.Model):
    """A through table without a key of its own, and with a plain manager."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE)
    level = models.IntegerField(default=1)


class Project(dialect.Owned):
    """The row that is attacked most."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)
    budget = models.IntegerField(default=0)
    settings = models.JSONField(default=dict, blank=True)
    country = models.ForeignKey(Country, on_delete=models.PROTECT, null=True, blank=True, related_name="projects")
    tags = dialect.many(Tag, related_name="projects", blank=True)
    markets = models.ManyToManyField(Country, related_name="sellers", blank=True)
    people = dialect.many(Person, through="Membership", related_name="projects", blank=True)

    objects = dialect.manager()

    class Meta:
        constraints = dialect.rules(models.UniqueConstraint(fields=["tenant", "name"], name="project_of_tenant"))


class Membership(dialect.Owned):
    """A through table with a key of its own."""

    tenant = dialect.tenant_key()
    person = dialect.reference(Person, on_delete=models.CASCADE)
    project = dialect.reference(Project, on_delete=models.CASCADE)
    role = models.CharField(max_length=20, default="member")

    objects = dialect.manager()


class Task(dialect.Owned):
    """A row that refers to rows of its tenant, in every way."""

    tenant = dialect.tenant_key()
    project = dialect.reference(Project, on_delete=models.CASCADE, related_name="tasks")
    backup = dialect.reference(Project, on_delete=models.SET_NULL, null=True, blank=True, related_name="spare_tasks")
    parent = dialect.reference("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    title = models.CharField(max_length=50)
    done = models.BooleanField(default=False)
    hours = models.IntegerField(default=1)

    objects = dialect.manager()


class Invoice(dialect.Owned):
    """A row that protects what it refers to."""

    tenant = dialect.tenant_key()
    project = dialect.reference(Project, on_delete=models.PROTECT, related_name="invoices")
    number = models.IntegerField()
    total = models.IntegerField(default=0)

    objects = dialect.manager()

    class Meta:
        constraints = dialect.rules(models.UniqueConstraint(fields=["tenant", "number"], name="invoice_of_tenant"))


class Contract(dialect.Owned):
    """One row for each project."""

    tenant = dialect.tenant_key()
    project = dialect.one(Project, on_delete=models.CASCADE, related_name="contract")
    terms = models.CharField(max_length=50)

    objects = dialect.manager()


class Showcase(models.Model):
    """A row of nobody's that refers to rows of tenants."""

    tenant_scope = "shared"

    title = models.CharField(max_length=50)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="showcases")
    projects = models.ManyToManyField(Project, related_name="bundles", blank=True)
