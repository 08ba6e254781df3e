"""Which tenant an operator works for: said by the URL of every page, proposed by the session.

The URL decides, so two tabs may show two tenants and a form is always saved for the tenant it was shown for. A
page whose URL says nothing is only ever redirected to one that does, which changes no row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.http import QueryDict

from omnitenant_admin._ownership import has_own_rows
from omnitenant_context.errors import OmnitenantError, TenantNotFound
from omnitenant_models.tenants import TenantState, validate_tenant_id
from omnitenant_routing.provisioning import get_tenant_backend

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    from omnitenant_models.tenants import BaseTenant

__all__ = ["PARAM", "admit", "linked", "named", "remember", "remembered", "with_param"]

PARAM: Final = "_tenant"
"""Parameter of the URL that says for which tenant a page is."""

_SESSION_KEY: Final = "omnitenant_admin"


def named(request: HttpRequest) -> str | None:
    """Return the tenant that the URL of a request names; nothing else is believed."""
    return request.GET.get(PARAM) or None


def linked(request: HttpRequest) -> str | None:
    """Return the tenant of the page where the link stood, so that a tab keeps its tenant."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.get_host():
        return None
    return QueryDict(came_from.query).get(PARAM) or None


def remembered(request: HttpRequest) -> str | None:
    """Return the tenant that was chosen last."""
    chosen = _session(request).get(_SESSION_KEY)
    # The stamp: what one user chose is nothing for the next one of this session.
    if isinstance(chosen, dict) and chosen.get("user") == _user(request):
        tenant_id = chosen.get("tenant")
        return str(tenant_id) if tenant_id else None
    return None


def remember(request: HttpRequest, tenant_id: str) -> None:
    """Propose a tenant from now on."""
    _session(request)[_SESSION_KEY] = {"user": _user(request), "tenant": tenant_id}


def with_param(url: str, tenant_id: str) -> str:
    """Return a URL that names a tenant; one that names a tenant already is returned as it is."""
    parts = urlsplit(url)
    query = QueryDict(parts.query, mutable=True)
    if not query.get(PARAM):
        query[PARAM] = tenant_id
    return parts._replace(query=query.urlencode()).geturl()


def admit(tenants: QuerySet[BaseTenant], tenant_id: str, model: type[Model]) -> BaseTenant:
    """Return a tenant whose rows of a model can be administered now. Reads the master.

    Args:
        tenants: those that the operator may choose from.
        tenant_id: the id of one.
        model: what is administered.

    Raises:
        TenantNotFound: there is none with this id.
        TenantInactiveError: its place is not ready; a suspended tenant is admitted.
        ProvisioningError: its place is gone.
        OmnitenantError: its rows of this model cannot be told from those of others.
    """
    tenant = tenants.filter(tenant_id=tenant_id).first() if _may_be_id(tenant_id) else None
    if tenant is None:
        message = f"there is no tenant {tenant_id!r} to choose; choose another"
        raise TenantNotFound(message, tenant_id=tenant_id)
    tenant.check_active(allow_inactive=tenant.state == TenantState.SUSPENDED)
    if tenant.isolation.needs_place:
        # A database that is gone must not come to be, empty, because somebody looks.
        get_tenant_backend(tenant).check_place()
    if not has_own_rows(tenant, model):
        message = (
            f"{model._meta.label} has no tenant key and tenant {tenant.tenant_id!r} keeps its rows in tables "
            "that others share, so its own cannot be told from theirs; choose a tenant with a database or "
            "schema of its own"
        )
        raise OmnitenantError(message)
    return tenant


def _may_be_id(text: str) -> bool:
    # What no tenant can be named may be what no database takes, such as a NUL.
    try:
        validate_tenant_id(text)
    except ValidationError:
        return False
    return True


def _session(request: HttpRequest) -> Any:
    return getattr(request, "session", {})


def _user(request: HttpRequest) -> str:
    return str(request.user.pk)
