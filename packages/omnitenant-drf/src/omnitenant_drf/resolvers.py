"""Finds the tenant of a request to an API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.resolvers import HeaderTenantResolver

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master

__all__ = ["APIHeaderTenantResolver", "names_no_tenant"]

_MARK = "omnitenant_names_no_tenant"


class APIHeaderTenantResolver(HeaderTenantResolver):
    """Reads the tenant's id from the header ``TENANT_HEADER``, and tells a missing header from an unknown tenant.

    With :func:`~omnitenant_drf.views.tenant_not_found` as ``NOT_FOUND_VIEW`` the one is answered with 400 and
    the other with 404. A header is what the client wishes: use
    :class:`~omnitenant_drf.permissions.IsTenantMember` with it.
    """

    def name_of(self, request: HttpRequest) -> str | Master:
        """Return what the header says.

        Raises:
            TenantNotFound: there is none, and the host is not the master's.
        """
        try:
            return super().name_of(request)
        except TenantNotFound:
            setattr(request, _MARK, True)
            raise


def names_no_tenant(request: HttpRequest) -> bool:
    """Say whether a request was refused because it has no header; later code then knows why nobody was found."""
    return getattr(request, _MARK, False)
