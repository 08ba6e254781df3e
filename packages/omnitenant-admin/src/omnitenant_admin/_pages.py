"""The pages: every one of a tenant says whose it is, and lets the operator choose another tenant.

The template is filled in between a page and the block ``content`` that all themes of the admin have. It is found
by its name, so that a project can replace it, and else read from this package, which need not be installed.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.options import IS_POPUP_VAR
from django.template import TemplateDoesNotExist
from django.template.backends.django import Template
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from omnitenant_admin._urls import url_of
from omnitenant_models.tenants import TenantState

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from omnitenant_admin.mixins import TenantRestrictAdminMixin
    from omnitenant_models.tenants import BaseTenant

__all__ = ["TEMPLATE", "chooser", "framed"]

TEMPLATE: Final = "omnitenant_admin/tenant_page.html"
_LISTED: Final = 100
"""Number of tenants up to which they are listed; beyond, the operator writes the id."""


def framed(
    response: HttpResponseBase,
    model_admin: TenantRestrictAdminMixin,
    request: HttpRequest,
    tenant: BaseTenant | None,
) -> HttpResponseBase:
    """Let a page that is not rendered yet say whose it is; any other response is returned as it is.

    Args:
        response: what a view gave.
        model_admin: whose view it was.
        request: the request. The tenants to choose from are read now, so the master must be active.
        tenant: the tenant that the page is for; None where one must be chosen.
    """
    if not isinstance(response, TemplateResponse) or response.is_rendered:
        return response
    parent: Any = response.resolve_template(response.template_name)
    if not isinstance(parent, Template):
        return response  # a page of the project's own that is written for Jinja2: ours cannot extend it
    backend = parent.backend
    try:
        template = backend.get_template(TEMPLATE)
    except TemplateDoesNotExist:
        source = files("omnitenant_admin").joinpath("templates", *TEMPLATE.split("/"))
        template = backend.from_string(source.read_text(encoding="utf-8"))
    response.template_name = template
    response.context_data = {
        **(response.context_data or {}),
        "omnitenant": {
            "parent": parent,
            "tenant": tenant,
            "is_suspended": tenant is not None and tenant.state == TenantState.SUSPENDED,
            "is_popup": IS_POPUP_VAR in request.GET or IS_POPUP_VAR in request.POST,
            "choices": _choices(model_admin, request),
            "url": url_of(model_admin, "tenant"),
        },
    }
    return response


def chooser(model_admin: TenantRestrictAdminMixin, request: HttpRequest) -> HttpResponseBase:
    """Make the page that only asks for a tenant, and shows no rows."""
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "title": capfirst(str(model_admin.opts.verbose_name_plural)),
        "subtitle": None,
        "is_popup": IS_POPUP_VAR in request.GET,
        "opts": model_admin.opts,
        "app_label": model_admin.opts.app_label,
    }
    response = TemplateResponse(request, "admin/base_site.html", context)
    return framed(response, model_admin, request, None)


def _choices(model_admin: TenantRestrictAdminMixin, request: HttpRequest) -> list[dict[str, Any]]:
    if IS_POPUP_VAR in request.GET:
        return []
    rows = model_admin.get_tenants(request).order_by("tenant_id").values("tenant_id", "name")
    found: list[Any] = list(rows[: _LISTED + 1])
    return found if len(found) <= _LISTED else []
