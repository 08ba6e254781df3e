"""Who the customers are: these tables stand in the master."""

from __future__ import annotations

from django.db import models

from django_omnitenant.models import BaseDomain, BaseTenant


class Tenant(BaseTenant):
    """A customer of the site."""

    slogan = models.CharField(max_length=100, blank=True)


class Domain(BaseDomain):
    """A host name that leads to a customer."""
