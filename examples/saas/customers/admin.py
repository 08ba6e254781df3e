"""Operators look after the customers from the master."""

from __future__ import annotations

from django.contrib import admin

from customers.models import Tenant
from django_omnitenant.admin import DomainInline, TenantAdmin


@admin.register(Tenant)
class CustomerAdmin(TenantAdmin):
    """The customers, with their host names on the same page."""

    inlines = [DomainInline]
