"""The admin of models that belong to tenants, for operators in the master."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.urls import path

from omnitenant_admin import _choice
from omnitenant_admin._changelist import knowing_the_tenant
from omnitenant_admin._forms import TenantFormsMixin
from omnitenant_admin._log import MasterLogMixin
from omnitenant_admin._urls import url_name, url_of
from omnitenant_admin._views import for_chosen_tenant
from omnitenant_admin.permissions import MasterOnlyMixin
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_context.scope import Unscoped
from omnitenant_models.rows import get_tenant_key
from omnitenant_models.utils import get_tenant_model

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from omnitenant_models.tenants import BaseTenant

    Base = admin.ModelAdmin[Any]
else:
    Base = object

__all__ = ["TenantRestrictAdminMixin"]


class TenantRestrictAdminMixin(MasterLogMixin, TenantFormsMixin, MasterOnlyMixin, Base):
    """Lets operators administer the rows of one tenant at a time; write it before ``ModelAdmin``.

    On the host of a tenant the model is not there, whoever is logged in. In the master the operator chooses a
    tenant; every view of this model, a project's own ones included, then runs in that tenant's context: rows,
    pickers, transactions and caches are the tenant's, wherever it keeps them. Permissions, the session and the
    admin's log stay the master's. The URL of a page says for which tenant it is, and the page shows it; with no
    tenant chosen there are no rows. The column of the tenant is hidden, and filled.

    Suspended tenants can be administered. Where the tenant's place is not ready, or its rows cannot be told
    from those of others, the page says so.

    Example::

        @admin.register(Project)
        class ProjectAdmin(TenantRestrictAdminMixin, admin.ModelAdmin):
            list_display = ["name", "status"]
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse to come after ``ModelAdmin``, where nothing would be restricted.

        Raises:
            TypeError: the order of the base classes is wrong.
        """
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if admin.ModelAdmin in order and order.index(admin.ModelAdmin) < order.index(TenantRestrictAdminMixin):
            message = (
                f"{cls.__qualname__} has TenantRestrictAdminMixin after ModelAdmin, where it restricts nothing; "
                "write it first"
            )
            raise TypeError(message)

    def get_tenants(self, request: HttpRequest) -> QuerySet[BaseTenant]:
        """Return the tenants that the operator may work for; all, unless this is overridden.

        Asked in the master, for every page: a tenant that is not among them cannot be reached by an URL either.
        """
        return get_tenant_model()._default_manager.all()

    @property
    def urls(self) -> list[Any]:
        """The views of this model, for the chosen tenant, and the view that chooses it."""
        choose = path(
            "tenant/",
            self.admin_site.admin_view(self.choose_tenant_view),
            name=url_name(self, "tenant"),
        )
        autocomplete = path(
            "autocomplete/",
            self.admin_site.admin_view(self.admin_site.autocomplete_view),
            name=url_name(self, "autocomplete"),
        )
        return [choose, *for_chosen_tenant(self, [autocomplete, *self.get_urls()])]

    def choose_tenant_view(self, request: HttpRequest) -> HttpResponseBase:
        """Choose a tenant, for this page and as a proposal for those that are opened next.

        Raises:
            PermissionDenied: the user may not see the model.
        """
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        tenant_id = request.POST.get("tenant", "").strip().lower()
        # A tenant that is refused is not remembered; its own page says why.
        with suppress(OmnitenantError):
            _choice.admit(self.get_tenants(request), tenant_id, self.model)
            _choice.remember(request, tenant_id)
        return HttpResponseRedirect(_choice.with_param(url_of(self, "changelist"), tenant_id))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the active tenant; none without one, and all of them where code asks unscoped."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if isinstance(TenantContext.get_scope(), Unscoped):
            return rows
        tenant = TenantContext.get_tenant()
        if tenant is None:
            return rows.none()
        key = get_tenant_key(self.model)
        # Also where the model's default manager is one that filters nothing.
        return rows if key is None else rows.filter(**{key.name: tenant})

    def get_preserved_filters(self, request: HttpRequest) -> str:
        """Return what links to other pages of this model carry along: the filters of the list, and the tenant."""
        preserved = QueryDict(super().get_preserved_filters(request), mutable=True)
        tenant = TenantContext.get_tenant()
        if tenant is not None:
            filters = QueryDict(preserved.get("_changelist_filters", ""), mutable=True)
            if filters:
                filters[_choice.PARAM] = tenant.tenant_id  # an address may have brought another tenant's
                preserved["_changelist_filters"] = filters.urlencode()
            preserved[_choice.PARAM] = tenant.tenant_id
        return preserved.urlencode()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the class of the list, taught not to take the tenant for a filter."""
        return knowing_the_tenant(super().get_changelist(request, **kwargs))

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Return no link unless ``view_on_site`` is a function: the row's page is on a host of the tenant."""
        return super().get_view_on_site_url(obj) if callable(self.view_on_site) else None
