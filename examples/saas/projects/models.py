"""What customers work with: each sees its own rows."""

from __future__ import annotations

from django.db import models

from django_omnitenant.models import TenantPolicy, TenantQuerySetManager


class Project(models.Model):
    """A project of one customer. The key to the tenant fills and guards itself."""

    tenant = models.ForeignKey("customers.Tenant", on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySetManager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [TenantPolicy()]  # PostgreSQL keeps the rows apart, too; SQLite does without

    def __str__(self) -> str:
        return self.name
