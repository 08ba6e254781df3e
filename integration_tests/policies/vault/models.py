"""Models with policies of row-level security."""

from __future__ import annotations

from django.db import models

from customers.models import Tenant
from django_omnitenant.models import TenantPolicy, TenantQuerySetManager


class Stamp(models.Model):
    """A word that papers are found by."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    word = models.CharField(max_length=20)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = (TenantPolicy(),)


class Paper(models.Model):
    """What nobody else may read."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    text = models.CharField(max_length=100)
    stamps = models.ManyToManyField(Stamp)

    objects = TenantQuerySetManager()
    everything = models.Manager()

    class Meta:
        constraints = (TenantPolicy(through=["stamps"]),)


class Ledger(models.Model):
    """The key holds the tenant's id, not its primary key."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, to_field="tenant_id")
    total = models.IntegerField()

    objects = TenantQuerySetManager()

    class Meta:
        constraints = (TenantPolicy(),)


class Note(models.Model):
    """Without a policy, and without an index that begins with the tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, db_index=False)
    text = models.CharField(max_length=100)

    objects = TenantQuerySetManager()
