"""The admin that the pages describe."""

from django.contrib import admin

from django_omnitenant.admin import TenantRestrictAdminMixin
from myapp.models import Project, Tenant
from omnitenant_admin.tenants import DomainInline, TenantAdmin


@admin.register(Tenant)
class CustomerAdmin(TenantAdmin):
    """The customers themselves."""

    inlines = [DomainInline]


@admin.register(Project)
class ProjectAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
    """The projects of the customer that the operator has chosen."""

    list_display = ["name"]
    search_fields = ["name"]
