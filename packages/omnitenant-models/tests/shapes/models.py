"""Models of every shape: each belongs to tenants in another way."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from omnitenant_models.models import TenantQuerySetManager, VisibleTenantKey
from omnitenant_models.scopes import TenantScope
from probe.models import Project, Tenant


class Task(models.Model):
    """A row that refers to another row of a tenant; the key names its model by text."""

    tenant = models.ForeignKey("probe.Tenant", on_delete=models.CASCADE)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks", null=True)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class ProjectView(Project):
    """A proxy with a manager of its own."""

    everything = models.Manager()

    class Meta:
        proxy = True


class Owned(models.Model):
    """An abstract base that brings both the key and the manager."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()

    class Meta:
        abstract = True


class Note(Owned):
    """A row whose key comes from an abstract base."""

    name = models.CharField(max_length=100)


class Label(Owned):
    """Another one: fields of abstract bases are copied."""

    name = models.CharField(max_length=100)


class Document(models.Model):
    """A parent that belongs to tenants."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Report(Document):
    """A child in a table of its own, without a key there."""

    pages = models.IntegerField(default=1)


class Memo(Document):
    """A child with a plain manager."""

    text = models.CharField(max_length=100, default="")

    objects = models.Manager()


class Appendix(Report):
    """A grandchild: the key is two tables away."""

    letter = models.CharField(max_length=1, default="a")


class Asset(models.Model):
    """A parent with a key and a plain manager."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)


class Vehicle(Asset):
    """A child that asks for the row scope although its parent does not."""

    wheels = models.IntegerField(default=4)

    objects = TenantQuerySetManager()


class Preferences(models.Model):
    """One row per tenant: the key is the primary key."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Ticket(models.Model):
    """The key is part of the primary key."""

    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    number = models.IntegerField()
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Template(models.Model):
    """Rows may belong to nobody."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Badge(models.Model):
    """The key holds the tenant's id, not its primary key."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, to_field="tenant_id")
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Contact(models.Model):
    """The key has another name, and another key to a tenant stands before it."""

    met_through = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", null=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="contacts", db_column="owner")
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Membership(models.Model):
    """The key has another name."""

    organisation = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Voucher(models.Model):
    """The key has a default of its own."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, default=1, editable=False)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class OddKey(models.ForeignKey):
    """A project's own kind of foreign key."""


class Gadget(models.Model):
    """The key is of a project's own kind."""

    tenant = OddKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Booking(models.Model):
    """The key is shown in forms."""

    tenant = VisibleTenantKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class StepQuerySet(models.QuerySet["Step"]):
    """A project's own queryset."""

    def done(self) -> StepQuerySet:
        """Return finished steps."""
        return self.filter(is_done=True)


class OpenManager(TenantQuerySetManager["Step"]):
    """A project's own manager, which filters more."""

    use_in_migrations = True

    def get_queryset(self) -> models.QuerySet[Any]:
        """Return steps that are not finished."""
        return super().get_queryset().filter(is_done=False)


class Step(models.Model):
    """Several managers, one of them plain."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    is_done = models.BooleanField(default=False)

    open = OpenManager()
    objects = TenantQuerySetManager.from_queryset(StepQuerySet)()
    everything = models.Manager()


class Country(models.Model):
    """Rows that all tenants of a database share."""

    tenant_scope = TenantScope.SHARED

    code = models.CharField(max_length=2)


class Charge(models.Model):
    """Rows of tenants that stand in the master."""

    tenant_scope = TenantScope.MASTER

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class MemberManager(TenantQuerySetManager["Member"], BaseUserManager["Member"]):
    """A manager of users."""

    use_in_migrations = True

    def create_user(self, email: str) -> Member:
        """Create a user."""
        return self.create(email=self.normalize_email(email))


class Member(AbstractBaseUser):
    """A user of one tenant, whose address may be another's at other tenants."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    email = models.EmailField()

    USERNAME_FIELD = "email"

    objects = MemberManager()
