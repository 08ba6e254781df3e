"""What pages show of a row: not the tenant, which the page names already, and pickers with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from omnitenant_admin._choice import with_param
from omnitenant_admin._fields import in_fieldsets, renamed
from omnitenant_admin._urls import url_of
from omnitenant_admin._widgets import ask_at, offer_own_rows
from omnitenant_context.context import TenantContext
from omnitenant_models.rows import get_tenant_key

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest

    Base = ModelAdmin[Any]
else:
    Base = object

__all__ = ["TenantFormsMixin"]


class TenantFormsMixin(Base):
    """The part of ``TenantRestrictAdminMixin`` about lists and forms."""

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the form, whose pickers offer and find the tenant's rows."""
        form: Any = super().get_form(request, *args, **kwargs)
        self._narrow(form)
        return form

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the forms of the rows of the list; see :meth:`get_form`."""
        formset: Any = super().get_changelist_formset(request, **kwargs)
        self._narrow(formset.form)
        return formset

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[Any]:
        """Yield the inlines; see :meth:`get_form`."""
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            self._narrow(formset.form)
            yield formset, inline

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldsets, without the tenant."""
        return in_fieldsets(super().get_fieldsets(request, obj), self._hidden())

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns, without the tenant."""
        return renamed(super().get_list_display(request), self._hidden()) or ["__str__"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return the filters, without the tenant."""
        hidden = self._hidden()
        return [
            each
            for each in super().get_list_filter(request)
            if (each[0] if isinstance(each, list | tuple) else each) not in hidden
        ]

    def _narrow(self, form: Any) -> None:
        ask_at(form, self._autocomplete_url)
        offer_own_rows(form)

    def _hidden(self) -> dict[str, None]:
        key = get_tenant_key(self.model)
        return {} if key is None else {key.name: None}

    def _autocomplete_url(self) -> str:
        url = url_of(self, "autocomplete")
        tenant = TenantContext.get_tenant()
        return url if tenant is None else with_param(url, tenant.tenant_id)
