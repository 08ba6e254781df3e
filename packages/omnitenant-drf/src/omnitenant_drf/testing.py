"""A client for tests of a tenant's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.test import APIClient

from omnitenant_models.settings import omnitenant_settings
from omnitenant_models.utils import get_domain_model

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from omnitenant_models.tenants import BaseTenant

__all__ = ["TenantAPIClient"]


class TenantAPIClient(APIClient):
    """REST framework's test client, speaking to one tenant.

    Every request carries the header ``TENANT_HEADER`` and goes to the tenant's first domain, where it has one,
    so that it arrives with a resolver of either kind; ``credentials()`` leaves both alone.

    Example::

        client = TenantAPIClient(acme, user=alice)
        client.post("/projects/", {"name": "Roof"})
    """

    def __init__(
        self,
        tenant: BaseTenant,
        *,
        user: AbstractBaseUser | None = None,
        host: str | None = None,
        enforce_csrf_checks: bool = False,
        **defaults: Any,
    ) -> None:
        """Make a client; it asks the database for the tenant's domain unless a host is given.

        Args:
            tenant: whom the requests are for.
            user: who is logged in.
            host: the host name to ask, for tenants that are found by it and have no row of the domain model.
            enforce_csrf_checks: see ``APIClient``.
            defaults: further parts of every request's environment.
        """
        self.tenant = tenant
        header = omnitenant_settings.TENANT_HEADER.upper().replace("-", "_")
        defaults.setdefault(f"HTTP_{header}", tenant.tenant_id)
        host = host or _first_domain(tenant)
        if host:
            defaults.setdefault("HTTP_HOST", host)
        super().__init__(enforce_csrf_checks, **defaults)
        if user is not None:
            self.force_authenticate(user)


def _first_domain(tenant: BaseTenant) -> str | None:
    domains = get_domain_model()._base_manager.filter(tenant_id=tenant.pk).order_by("pk")
    found: str | None = domains.values_list("domain", flat=True).first()
    return found
