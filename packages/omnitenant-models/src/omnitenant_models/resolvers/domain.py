"""Finds the tenant by the host name of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnitenant_context.errors import DomainNotFound
from omnitenant_context.scope import MASTER, Master
from omnitenant_models.resolvers._hosts import host_of, public_host
from omnitenant_models.resolvers._lookup import LookupTenantResolver
from omnitenant_models.utils import get_domain_model

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Tenant

__all__ = ["CustomDomainTenantResolver"]


class CustomDomainTenantResolver(LookupTenantResolver):
    """Finds the tenant that has the request's host among its domains; the default resolver.

    ``PUBLIC_HOST`` leads to the master. Hosts are compared normalised: any case, port, trailing dot or
    spelling of an international name. Costs one query, or none while the answer is remembered.
    """

    def name_of(self, request: HttpRequest) -> str | Master:
        """Return the host, or ``MASTER`` for the public one."""
        host = host_of(request)
        return MASTER if host == public_host() else host

    def find(self, name: str) -> Tenant:
        """Look up the domain.

        Raises:
            DomainNotFound: no tenant has this domain.
        """
        model = get_domain_model()
        try:
            return model._base_manager.select_related("tenant").get(domain=name).tenant
        except model.DoesNotExist:
            raise _unknown(name) from None

    async def afind(self, name: str) -> Tenant:
        """Look up the domain in an event loop."""
        model = get_domain_model()
        try:
            return (await model._base_manager.select_related("tenant").aget(domain=name)).tenant
        except model.DoesNotExist:
            raise _unknown(name) from None


def _unknown(host: str) -> DomainNotFound:
    message = (
        f"no tenant has the domain {host!r}; add it with Domain.objects.create(domain={host!r}, "
        "tenant=...), or set PUBLIC_HOST if it is the master's"
    )
    return DomainNotFound(message, domain=host)
