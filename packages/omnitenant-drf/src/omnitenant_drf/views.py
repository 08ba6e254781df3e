"""Answers in JSON for requests that reach no tenant, and so no view of the API.

For sites that are an API and nothing else::

    OMNITENANT_CONFIG = {
        "TENANT_RESOLVER": "omnitenant_drf.resolvers.APIHeaderTenantResolver",
        "NOT_FOUND_VIEW": "omnitenant_drf.views.tenant_not_found",
        "SUSPENDED_VIEW": "omnitenant_drf.views.tenant_inactive",
    }

The bodies are those of :mod:`omnitenant_drf.exceptions`. Without these settings the middleware's own answers
are JSON for clients that prefer it to HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import JsonResponse

from omnitenant_drf.exceptions import (
    InactiveTenant,
    MissingTenant,
    TenantAPIException,
    UnknownTenant,
)
from omnitenant_drf.resolvers import names_no_tenant

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Tenant

__all__ = ["tenant_inactive", "tenant_not_found"]


def tenant_not_found(request: HttpRequest) -> JsonResponse:
    """Answer a request that leads to no tenant: 400 where its header is missing, else 404."""
    return _answer(MissingTenant() if names_no_tenant(request) else UnknownTenant())


def tenant_inactive(request: HttpRequest, tenant: Tenant | None) -> JsonResponse:
    """Answer a request to a tenant that is not active: 503; the middleware adds ``Retry-After``."""
    return _answer(InactiveTenant())


def _answer(error: TenantAPIException) -> JsonResponse:
    response = JsonResponse(error.body(), status=error.status_code)
    response["Cache-Control"] = "no-store"
    return response
