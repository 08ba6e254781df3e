"""Models whose rows must keep rules within their tenant, and such that override what the guards do."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Lower

from omnitenant_models.models import StampedQuerySet, TenantQuerySet, TenantQuerySetManager
from probe.models import Tenant


class Product(models.Model):
    """Rules of every kind, each with the tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    code = models.CharField(max_length=20, default="")
    slug = models.CharField(max_length=20, null=True, blank=True)
    serial = models.CharField(max_length=20, unique=True, null=True, blank=True)
    is_live = models.BooleanField(default=False)
    title = models.CharField(max_length=20, default="", blank=True, unique_for_date="day")
    day = models.DateField(null=True, blank=True)
    limit = models.IntegerField(default=1_000_000)

    objects = TenantQuerySetManager()

    class Meta:
        """The rules."""

        unique_together = [("tenant", "slug")]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="rules_name"),
            models.UniqueConstraint(fields=["tenant"], condition=models.Q(is_live=True), name="rules_one_is_live"),
            models.UniqueConstraint("tenant", Lower("code"), condition=~models.Q(code=""), name="rules_code"),
            models.CheckConstraint(condition=models.Q(limit__gte=models.F("tenant")), name="rules_limit"),
        ]


class Part(models.Model):
    """A row below a product."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()

    class Meta:
        """The rule; Django 5.2 does not check constraints with the foreign key of inline forms."""

        unique_together = [("tenant", "product", "name")]


class Bundle(Product):
    """A child in a table of its own: the rules are its parent's."""

    size = models.IntegerField(default=1)


class Soft(models.Model):
    """A project's own base: hides what is deleted, and deletes in earnest on request."""

    is_deleted = models.BooleanField(default=False)

    class Meta:
        """Without a table."""

        abstract = True

    def delete(self, *args: Any, **options: Any) -> Any:
        """Hide the row."""
        self.is_deleted = True
        self.save()
        return 0, {}

    def hard_delete(self) -> Any:
        """Delete the row, past this class's own method."""
        return super().delete()


class Loud:
    """A mixin after the models, whose method Django's own goes before."""

    def delete(self) -> Any:
        """Never run."""
        raise NotImplementedError


class Letter(Soft, Loud):
    """A row that is hidden first."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()


class Envelope(models.Model):
    """A row whose model overrides ``delete()`` itself."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()

    def delete(self, *args: Any, **options: Any) -> Any:
        """Delete, and say so."""
        deleted = super().delete(*args, **options)
        return deleted, "as asked"


class Box(models.Model):
    """A parent that belongs to nobody."""

    name = models.CharField(max_length=100, default="")


class Crate(Box):
    """A child that belongs to a tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()


class JobQuerySet(TenantQuerySet["Job"]):
    """A project's queryset for ``as_manager()``."""

    def urgent(self) -> JobQuerySet:
        """Return what is urgent."""
        return self.filter(is_urgent=True)


class Job(models.Model):
    """The manager is made from a queryset."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    is_urgent = models.BooleanField(default=False)

    objects = JobQuerySet.as_manager()


class CountingQuerySet(models.QuerySet["Visit"]):
    """A project's queryset that overrides what the guards override."""

    def update(self, **values: Any) -> int:
        """Update, one more time than was asked for."""
        return super().update(**values) + 100

    def upsert(self, visits: Any) -> Any:
        """Create visits, or change those of the same name."""
        return super().bulk_create(visits, update_conflicts=True, update_fields=["number"], unique_fields=["name"])


class CountingManager(models.Manager.from_queryset(CountingQuerySet), TenantQuerySetManager):  # type: ignore[misc]  # Django makes the class
    """A manager whose queryset class is found before ours."""


class OwnClassManager(TenantQuerySetManager["Visit"]):
    """A manager that names its queryset class itself."""

    _queryset_class = CountingQuerySet


class Visit(models.Model):
    """Managers whose queryset class came by other ways."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100, unique=True)
    number = models.IntegerField(default=0)

    objects = CountingManager()
    again = OwnClassManager()


class Currency(models.Model):
    """Rows of nobody, which stand in the tenants' databases."""

    code = models.CharField(max_length=3)

    objects = StampedQuerySet.as_manager()
