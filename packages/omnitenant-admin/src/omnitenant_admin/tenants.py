"""The admin of the tenants themselves. Nothing is registered: a project registers what it wants.

Example::

    @admin.register(Tenant)
    class CustomerAdmin(TenantAdmin):
        inlines = [DomainInline]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin, messages
from django.utils.functional import classproperty
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from omnitenant_admin._fields import in_fieldsets, renamed
from omnitenant_admin.permissions import MasterOnlyMixin
from omnitenant_context.errors import OmnitenantError
from omnitenant_models.tenants import TenantState
from omnitenant_models.utils import get_domain_model
from omnitenant_routing.databases.aliases import is_tenant_alias, settings_of
from omnitenant_routing.databases.secrets import redact
from omnitenant_routing.places import place_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponse

    from omnitenant_models.tenants import BaseTenant

    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Admin = admin.ModelAdmin
    Inline = admin.TabularInline

__all__ = ["DomainInline", "TenantAdmin"]

_SHOWN: Final[Mapping[str, str | None]] = {"config": "redacted_config"}
"""Whatever a project lists, the configuration is shown without its secrets."""


class TenantAdmin(MasterOnlyMixin, Admin):
    """A base for the admin of the project's tenant model, in the master only.

    Adding a tenant makes its row; what makes its place is a command, which the page names. What ties a tenant to
    its place (id, isolation type, state, configuration) is shown and cannot be changed. Deleting is off: the
    command ``deletetenant`` removes the place along with the row.
    """

    list_display = ("tenant_id", "name", "isolation_type", "state", "place")
    list_filter = ("isolation_type", "state")
    search_fields = ("tenant_id", "name")
    ordering = ("tenant_id",)

    def has_delete_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        """Answer False: a row that is deleted would leave its place behind."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: BaseTenant | None = None) -> Any:
        """Return what cannot be changed: of a tenant that exists, all that its place hangs on."""
        mine = ("state", "place", "redacted_config", "deletion")
        fields = [*super().get_readonly_fields(request, obj)]
        if obj is not None:
            fields += [name for name in ("tenant_id", "isolation_type", *mine) if name not in fields]
        return fields

    def get_exclude(self, request: HttpRequest, obj: BaseTenant | None = None) -> Any:
        """Return what is in no form: the configuration of a tenant that exists, since it may hold secrets."""
        excluded = super().get_exclude(request, obj)
        if obj is None:
            return excluded
        if excluded is None:
            # Django asks the form's own list only where the admin has none.
            excluded = getattr(getattr(self.form, "_meta", None), "exclude", None) or ()
        return [*excluded, "config"]

    def get_fieldsets(self, request: HttpRequest, obj: BaseTenant | None = None) -> Any:
        """Return the fieldsets; of a tenant that exists without its secrets."""
        fieldsets: Any = super().get_fieldsets(request, obj)
        return fieldsets if obj is None else in_fieldsets(fieldsets, _SHOWN)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns, without secrets."""
        return renamed(super().get_list_display(request), _SHOWN)

    def response_add(self, request: HttpRequest, obj: BaseTenant, post_url_continue: str | None = None) -> HttpResponse:
        """Say what is left to do where the tenant needs a place."""
        if obj.isolation.needs_place and obj.state == TenantState.PENDING:
            message = _(
                "The place of %(tenant)s is not made yet; run: manage.py migratetenant --tenant-id=%(tenant)s --create"
            )
            self.message_user(request, message % {"tenant": obj.tenant_id}, messages.WARNING)
        return super().response_add(request, obj, post_url_continue)

    @admin.display(description=_("place"))
    def place(self, obj: BaseTenant) -> str:
        """Say where the tenant's rows live; nothing is connected to."""
        try:
            alias, schema = place_of(obj)
            if is_tenant_alias(alias):
                settings = settings_of(alias)
                host = settings.get("HOST")
                return f"{settings['NAME']} on {host}" if host else str(settings["NAME"])
        except (OmnitenantError, ValueError) as error:
            # A secret that cannot be read here, or an isolation type that is none.
            return str(error)
        return f"{alias}, schema {schema}" if schema else alias

    @admin.display(description=_("configuration"))
    def redacted_config(self, obj: BaseTenant) -> SafeString:
        """Show the configuration without its secrets."""
        text = json.dumps(redact(obj.config), indent=2, sort_keys=True, ensure_ascii=False, default=str)
        return format_html("<pre>{}</pre>", text)

    @admin.display(description=_("deletion"))
    def deletion(self, obj: BaseTenant) -> str:
        """Name the command that deletes."""
        return f"manage.py deletetenant --tenant-id={obj.tenant_id}"


class DomainInline(MasterOnlyMixin, Inline):
    """The domains of a tenant on its page."""

    extra = 0

    @classproperty
    def model(cls) -> Any:  # noqa: N805 - a property of the class
        """The project's domain model, found when an admin site is set up."""
        return get_domain_model()
