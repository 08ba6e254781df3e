"""Finds the tenant by the first label of the host name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.errors import DomainNotFound
from omnitenant_context.scope import MASTER, Master
from omnitenant_models.resolvers._hosts import base_host, host_of, public_host
from omnitenant_models.resolvers._lookup import LookupTenantResolver
from omnitenant_models.settings import SETTING_NAME

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["SubdomainTenantResolver"]


class SubdomainTenantResolver(LookupTenantResolver):
    """Reads the tenant's id from ``<tenant_id>.<SUBDOMAIN_BASE>``; without that setting, below ``PUBLIC_HOST``.

    The base itself and ``PUBLIC_HOST`` lead to the master. Only one label deep: ``a.b.example.com`` is
    nobody's. No rows of the domain model are needed.
    """

    def name_of(self, request: HttpRequest) -> str | Master:
        """Return the first label, or ``MASTER`` on the base.

        Raises:
            DomainNotFound: the host is not right below the base.
            ImproperlyConfigured: neither SUBDOMAIN_BASE nor PUBLIC_HOST is set.
        """
        base = base_host()
        if base is None:
            message = (
                f"SubdomainTenantResolver needs a base; set {SETTING_NAME}['SUBDOMAIN_BASE'], such as 'example.com'"
            )
            raise ImproperlyConfigured(message)
        host = host_of(request)
        if host in {base, public_host()}:
            return MASTER
        label, dot, rest = host.partition(".")
        if dot and rest == base:
            return label
        message = f"host {host!r} is not right below {base!r}; use '<tenant_id>.{base}'"
        raise DomainNotFound(message, domain=host)
