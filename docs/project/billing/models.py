"""What customers are billed."""

from django.db import models

from django_omnitenant.models import TenantPolicy, TenantQuerySetManager


class Label(models.Model):
    """A word that invoices are found by."""

    tenant = models.ForeignKey("myapp.Tenant", on_delete=models.CASCADE)
    word = models.CharField(max_length=30)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [TenantPolicy()]

    def __str__(self):
        return self.word


class Invoice(models.Model):
    """What a customer owes."""

    tenant = models.ForeignKey("myapp.Tenant", on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    labels = models.ManyToManyField(Label)

    objects = TenantQuerySetManager()

    class Meta:
        constraints = [TenantPolicy(through=["labels"])]

    def __str__(self):
        return f"{self.amount}"
