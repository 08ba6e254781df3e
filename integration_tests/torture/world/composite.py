"""Models whose references the database keeps within the tenant."""

from __future__ import annotations

from django.db import models

from omnitenant_models.rows.references import TenantReference
from world.shapes import Owned


class Warehouse(Owned):
    """What is referred to."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="warehouse_of_tenant")]


class Shipment(Owned):
    """Goes when its warehouse goes."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="shipments")

    class Meta:
        constraints = [TenantReference("warehouse")]


class Parcel(Owned):
    """Stays when its warehouse goes."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.SET_NULL, null=True, related_name="parcels")

    class Meta:
        constraints = [TenantReference("warehouse")]
