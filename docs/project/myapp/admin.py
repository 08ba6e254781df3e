"""The admin that the pages describe."""

from django.contrib import admin

from django_omnitenant.admin import DomainInline, TenantAdmin, TenantRestrictAdminMixin
from myapp.models import Project, Tenant


@admin.register(Tenant)
class CustomerAdmin(TenantAdmin):
    """The customers themselves."""

    inlines = [DomainInline]


@admin.register(Project)
class ProjectAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
    """The projects of the customer that the operator has chosen."""

    list_display = ["name"]
    search_fields = ["name"]


office = admin.AdminSite(name="office")
"""Where the people of a customer administer their own rows."""

office.register(Project, list_display=["name"])
