"""An admin that uses what Django's offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import include, path

from omnitenant_admin.mixins import TenantRestrictAdminMixin
from omnitenant_admin.tenants import DomainInline, TenantAdmin
from omnitenant_context.context import TenantContext
from shop.models import Domain, Label, Loose, Note, Project, Task, Tenant

admin.site.unregister(User)


class TaskInline(admin.TabularInline):
    model = Task
    extra = 1
    autocomplete_fields = ["label"]


@admin.action(description="Mark as done")
def finish(model_admin: Any, request: Any, queryset: Any) -> None:
    model_admin.message_user(request, f"{queryset.update(status='done')} done")


@admin.action(description="Export")
def export(model_admin: Any, request: Any, queryset: Any) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for project in queryset:
            yield f"{project.name} of {TenantContext.require_tenant().tenant_id}\n"

    return StreamingHttpResponse(lines(), content_type="text/plain")


@admin.register(Project)
class ProjectAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
    list_display = ["name", "status", "tenant", "created_at"]
    list_editable = ["status"]
    list_filter = ["status", "label", "tenant", ("tenant", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["label"]
    fieldsets = [(None, {"fields": ["tenant", ("name", "status"), "label"]})]
    inlines = [TaskInline]
    actions = [finish, export]

    def get_urls(self) -> list[Any]:
        own = [
            path("names/", self.admin_site.admin_view(self.names), name="shop_names"),
            path("count/", self.admin_site.admin_view(self.count), name="shop_count"),
            path("away/", self.admin_site.admin_view(self.away), name="shop_away"),
            path("more/", include([path("who/", self.admin_site.admin_view(self.who), name="shop_who")])),
        ]
        return [*own, *super().get_urls()]

    def count(self, request: Any) -> HttpResponse:
        return HttpResponse(str(Project.objects.count()))

    def names(self, request: Any) -> TemplateResponse:
        class Names:
            def __str__(self) -> str:  # asked when the page is rendered
                return ", ".join(Project.objects.values_list("name", flat=True))

        template = engines["strings"].from_string("Names: $names")
        return TemplateResponse(request, template, {"names": Names()})

    def away(self, request: Any) -> HttpResponse:
        return HttpResponseRedirect("https://docs.example.com/admin/shop/project/")

    def who(self, request: Any) -> HttpResponse:
        return HttpResponse(TenantContext.require_tenant().tenant_id)


@admin.register(Label)
class LabelAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
    search_fields = ["name"]
    ordering = ["name"]
    preserve_filters = False


@admin.register(Task)
class TaskAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
    list_filter = ["project"]
    raw_id_fields = ["project"]


@admin.register(Note, Loose)
class PlainAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
    pass


@admin.register(User)
class TenantUserAdmin(TenantRestrictAdminMixin, UserAdmin):
    pass


@admin.register(Tenant)
class CustomerAdmin(TenantAdmin):
    inlines = [DomainInline]


@admin.register(Domain)
class DomainAdmin(admin.ModelAdmin):
    pass
