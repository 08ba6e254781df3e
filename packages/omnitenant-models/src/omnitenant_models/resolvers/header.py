"""Finds the tenant by a request header."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from omnitenant_context.scope import Master
from omnitenant_models.resolvers._hosts import master_for
from omnitenant_models.resolvers._lookup import LookupTenantResolver
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["HeaderTenantResolver"]


class HeaderTenantResolver(LookupTenantResolver):
    """Reads the tenant's id from the header ``TENANT_HEADER``.

    The header wins over the host. Without it a request to ``PUBLIC_HOST`` is for the master, any other for
    nobody. A header is what the client wishes: check that the user belongs to the tenant.
    """

    def name_of(self, request: HttpRequest) -> str | Master:
        """Return what the header says.

        Raises:
            TenantNotFound: there is none, and the host is not the master's.
        """
        header = omnitenant_settings.TENANT_HEADER
        tenant_id = request.headers.get(header)
        if tenant_id:
            return tenant_id
        reason = f"the request has no header {header!r}; send it with the tenant's id"
        return master_for(request, reason, when_unset=False)

    def vary_headers(self, request: HttpRequest) -> Iterable[str]:
        """Return the header, which is a setting."""
        return (omnitenant_settings.TENANT_HEADER,)
