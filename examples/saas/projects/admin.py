"""Operators administer the projects of all customers from the master."""

from __future__ import annotations

from django.contrib import admin

from django_omnitenant.admin import TenantRestrictAdminMixin
from projects.models import Project


@admin.register(Project)
class ProjectAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """The rows of the customer that the operator has chosen."""

    list_display = ["name", "created_at"]
    search_fields = ["name"]
