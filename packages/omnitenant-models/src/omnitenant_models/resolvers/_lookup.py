"""What resolvers share that read a name from the request and look the tenant up by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from omnitenant_context.errors import TenantNotFound
from omnitenant_context.scope import Master
from omnitenant_models import _loader
from omnitenant_models.resolvers.base import BaseTenantResolver
from omnitenant_models.tenants import validate_tenant_id

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Tenant

__all__ = ["LookupTenantResolver", "afind_tenant", "find_tenant"]


def find_tenant(tenant_id: str) -> Tenant:
    """Load a tenant by an id that a stranger sent.

    Raises:
        TenantNotFound: nobody has this id. What cannot be an id never reaches the database.
    """
    _refuse_what_is_no_id(tenant_id)
    return _loader.load(tenant_id)


async def afind_tenant(tenant_id: str) -> Tenant:
    """Load a tenant in an event loop; see :func:`find_tenant`."""
    _refuse_what_is_no_id(tenant_id)
    return await _loader.aload(tenant_id)


def _refuse_what_is_no_id(tenant_id: str) -> None:
    try:
        validate_tenant_id(tenant_id)
    except ValidationError as error:
        raise TenantNotFound(error.messages[0], tenant_id=tenant_id) from None


class LookupTenantResolver(BaseTenantResolver):
    """Reads a name from the request and finds the tenant by it; the answer is remembered under the name."""

    def name_of(self, request: HttpRequest) -> str | Master:
        """Return the name that the request gives, or ``MASTER``. No I/O.

        Raises:
            TenantNotFound: the request gives none.
        """
        raise NotImplementedError

    def find(self, name: str) -> Tenant:
        """Look the tenant up, by its id unless overridden.

        Raises:
            TenantNotFound: nobody has this name.
        """
        return find_tenant(name)

    async def afind(self, name: str) -> Tenant:
        """Look the tenant up in an event loop; see :meth:`find`."""
        return await afind_tenant(name)

    def resolve(self, request: HttpRequest) -> Tenant | Master:
        """Find whom the request is for; see :class:`BaseTenantResolver`."""
        name = self.name_of(request)
        return name if isinstance(name, Master) else self.find(name)

    async def aresolve(self, request: HttpRequest) -> Tenant | Master:
        """Find whom the request is for, in an event loop."""
        name = self.name_of(request)
        return name if isinstance(name, Master) else await self.afind(name)

    def cache_key(self, request: HttpRequest) -> str | None:
        """Return the name; None for the master, which needs no looking up."""
        name = self.name_of(request)
        return None if isinstance(name, Master) else name
