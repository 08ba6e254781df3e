"""Models with references of every kind, each composite with the tenant."""

from __future__ import annotations

from django.db import models

from omnitenant_models.models import TenantQuerySetManager, TenantReference
from probe.models import Tenant


class Plan(models.Model):
    """What others refer to, by its number and by its code."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    code = models.CharField(max_length=20, unique=True, null=True)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="plan_of_tenant"),
            models.UniqueConstraint(fields=["code", "tenant"], name="plan_code_of_tenant"),
        ]


class PlanView(Plan):
    """A proxy that may be referred to as well."""

    class Meta:
        proxy = True


class Linked(models.Model):
    """An abstract base: its constraint is copied, with a name for each child."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()

    class Meta:
        abstract = True
        constraints = [TenantReference("plan")]


class Errand(Linked):
    """Refers to rows that must exist, that may be missing, and to rows of its own kind."""

    name = models.CharField(max_length=100)
    backup = models.ForeignKey(PlanView, on_delete=models.SET_NULL, null=True, blank=True, related_name="backups")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True)
    by_code = models.ForeignKey(
        Plan, on_delete=models.CASCADE, to_field="code", null=True, blank=True, related_name="+"
    )
    watchers = models.ManyToManyField(Plan, through="Watch", related_name="watched")

    class Meta(Linked.Meta):
        constraints = [
            *Linked.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "id"], name="errand_of_tenant"),
            TenantReference("backup"),
            TenantReference(fields=["parent"]),
            TenantReference("by_code", violation_error_code="no_plan", violation_error_message="no such plan"),
        ]


class Watch(Linked):
    """The table between errands and plans, written down."""

    errand = models.ForeignKey(Errand, on_delete=models.CASCADE)

    class Meta(Linked.Meta):
        constraints = [*Linked.Meta.constraints, TenantReference("errand", name="watched_errand")]


class Seat(models.Model):
    """At most one for each plan, in columns and tables with names that must be quoted."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, db_column="The Owner", null=True)
    plan = models.OneToOneField(Plan, on_delete=models.CASCADE, db_column="the plan", related_name="seat")

    objects = TenantQuerySetManager()

    class Meta:
        db_table = "Seats of plans"
        constraints = [TenantReference("plan")]


class Locker(models.Model):
    """May belong to nobody, and then nobody's rows refer to it."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="locker_of_tenant"),
            TenantReference("plan"),
        ]


class Coat(models.Model):
    """Hangs in a locker."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    locker = models.ForeignKey(Locker, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [TenantReference("locker")]


class Building(models.Model):
    """The key holds the tenant's id, not its primary key."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, to_field="tenant_id")
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id", "tenant"], name="building_of_tenant")]


class Room(models.Model):
    """So does this one."""

    organisation = models.ForeignKey(Tenant, on_delete=models.CASCADE, to_field="tenant_id")
    building = models.ForeignKey(Building, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [TenantReference("building")]
