"""The models that the pages describe."""

from django.db import models

from django_omnitenant.models import BaseDomain, BaseTenant, TenantQuerySetManager


class Tenant(BaseTenant):
    """A customer of the site."""


class Domain(BaseDomain):
    """A host name under which a customer is reached."""


class Project(models.Model):
    """What customers work on."""

    tenant = models.ForeignKey("Tenant", on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_name_each")]

    def __str__(self):
        return self.name
