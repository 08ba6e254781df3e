"""How many requests a tenant may send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.throttling import SimpleRateThrottle

from omnitenant_context.context import TenantContext

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from omnitenant_context.scope import Tenant

__all__ = ["TenantRateThrottle"]


class TenantRateThrottle(SimpleRateThrottle):
    """Counts the requests of a tenant, all of its users together, so that one cannot starve the others.

    The rate is ``DEFAULT_THROTTLE_RATES["tenant"]``, such as ``"1000/min"``; override :meth:`rate_for` for
    rates by plan. Requests with no tenant active are not counted. The times of the requests are kept in the
    cache ``default`` under the tenant's id; as with every throttle of REST framework, requests that come in
    the same instant may pass together.
    """

    scope = "tenant"

    def __init__(self) -> None:
        """Leave the rate open until the tenant is known."""

    def rate_for(self, tenant: Tenant) -> str | None:
        """Return the rate of a tenant, such as ``"100/hour"``; None for no limit.

        Raises:
            ImproperlyConfigured: there is no rate for the throttle's scope.
        """
        return getattr(self, "rate", None) or self.get_rate()

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Say whether the tenant may send this request too."""
        tenant = TenantContext.get_tenant()
        if tenant is None:
            return True
        self.rate = self.rate_for(tenant)
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the key of the active tenant; None where there is none."""
        tenant = TenantContext.get_tenant()
        if tenant is None:
            return None
        return self.cache_format % {"scope": self.scope, "ident": tenant.tenant_id}
