"""What the page about references describes."""

from django.db import models

from django_omnitenant.models import TenantQuerySetManager, TenantReference


class Milestone(models.Model):
    """A date to meet."""

    tenant = models.ForeignKey("myapp.Tenant", on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="milestone_of_tenant")]


class Task(models.Model):
    """Something to do until then."""

    tenant = models.ForeignKey("myapp.Tenant", on_delete=models.CASCADE)
    milestone = models.ForeignKey(Milestone, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [TenantReference("milestone")]
