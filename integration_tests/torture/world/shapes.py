"""Models in every other shape that Django has; each belongs to tenants in another way."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from omnitenant_models.models import TenantQuerySetManager, VisibleTenantKey
from omnitenant_models.rows.querysets import StampedQuerySet, TenantQuerySet
from world.core import Project, Tenant, dialect


class Owned(models.Model):
    """An abstract base that brings the key and the manager."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()

    class Meta:
        abstract = True


class Note(Owned):
    """A row whose key comes from an abstract base, with comments."""

    comments = GenericRelation("world.Comment", related_query_name="note")


class Label(Owned):
    """Another one; names are unique within a tenant, and so is a code where there is one."""

    code = models.CharField(max_length=20, blank=True)
    place = models.IntegerField(null=True, blank=True)

    class Meta:
        unique_together = [("tenant", "name")]
        constraints = [
            models.UniqueConstraint("tenant", "code", condition=~models.Q(code=""), name="label_code"),
            models.UniqueConstraint(
                fields=["tenant", "place"], name="label_place", violation_error_message="this place is taken"
            ),
        ]


class Comment(Owned):
    """A row that refers to a row of any model."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.BigIntegerField()
    about = GenericForeignKey()


class Shelf(models.Model):
    """A row of nobody's that children in tables of their own refer to."""

    tenant_scope = "shared"

    name = models.CharField(max_length=50)

    objects = StampedQuerySet.as_manager()


class Document(Owned):
    """A parent."""


class Report(Document):
    """A child, without a key in its own table."""

    pages = models.IntegerField(default=1)
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, null=True, related_name="reports")


class Appendix(Report):
    """A grandchild."""

    letter = models.CharField(max_length=1, default="a")


class Memo(Document):
    """A child that asks for a plain manager."""

    text = models.CharField(max_length=50, default="")

    objects = models.Manager()


class Review(Owned):
    """A row that refers to a child."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="reviews")


class ProjectView(Project):
    """A proxy."""

    class Meta:
        proxy = True


class Ticket(models.Model):
    """The key is part of the primary key."""

    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant = dialect.tenant_key()
    number = models.IntegerField()
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Preferences(models.Model):
    """One row per tenant: the key is the primary key."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Template(models.Model):
    """Rows may belong to nobody."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Badge(models.Model):
    """The key holds the tenant's id, not its primary key."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, to_field="tenant_id")
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Seat(models.Model):
    """The key has another name, and another key to a tenant stands before it."""

    sold_by = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="seats", db_column="owner")
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Booking(models.Model):
    """The key is shown in forms."""

    tenant = VisibleTenantKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class Charge(models.Model):
    """Rows of tenants that stand in the master, wherever the tenants are."""

    tenant_scope = "master"

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)

    objects = TenantQuerySetManager()


class StepQuerySet(models.QuerySet[Any]):
    """A project's own queryset."""

    def finished(self) -> StepQuerySet:
        """Return finished steps."""
        return self.filter(is_done=True)


class OpenManager(TenantQuerySetManager[Any]):
    """A project's own manager, which filters more."""

    use_in_migrations = True

    def get_queryset(self) -> models.QuerySet[Any]:
        """Return steps that are not finished."""
        return super().get_queryset().filter(is_done=False)


class Step(models.Model):
    """Several managers, one of which filters more and one of which is plain."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)
    is_done = models.BooleanField(default=False)

    open = OpenManager()
    objects = TenantQuerySetManager.from_queryset(StepQuerySet)()
    everything = models.Manager()


class DutyQuerySet(TenantQuerySet[Any]):
    """A queryset that makes its own manager."""

    def urgent(self) -> DutyQuerySet:
        """Return what cannot wait."""
        return self.filter(is_urgent=True)


class Duty(models.Model):
    """A manager that comes from a queryset."""

    tenant = dialect.tenant_key()
    name = models.CharField(max_length=50)
    is_urgent = models.BooleanField(default=False)

    objects = DutyQuerySet.as_manager()
