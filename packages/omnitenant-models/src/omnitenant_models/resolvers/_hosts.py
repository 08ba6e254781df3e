"""The host of a request, and whether it is the master's."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.errors import DomainNotFound, TenantNotFound
from omnitenant_context.scope import MASTER, Master
from omnitenant_models.domains import normalize_host
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["base_host", "host_of", "master_for", "public_host"]


def host_of(request: HttpRequest) -> str:
    """Return the host name that a request asks for, normalised.

    Raises:
        DisallowedHost: ``ALLOWED_HOSTS`` does not have it; Django answers with 400.
        DomainNotFound: it is no host name.
    """
    host = request.get_host()
    try:
        return _remembered(host)
    except ValueError as error:
        raise DomainNotFound(str(error), domain=host) from None


def public_host() -> str | None:
    """Return the master's host name, normalised, or None where the project sets none."""
    return _normalized("PUBLIC_HOST", omnitenant_settings.PUBLIC_HOST)


def base_host() -> str | None:
    """Return the domain below which tenants have their subdomains, or None where the project sets none."""
    return _normalized("SUBDOMAIN_BASE", omnitenant_settings.SUBDOMAIN_BASE) or public_host()


def master_for(request: HttpRequest, reason: str, *, when_unset: bool) -> Master:
    """Answer for a request that names no tenant: the master on its own host, else nobody.

    Args:
        request: the request.
        reason: what is missing, and the remedy.
        when_unset: whether the master also has such requests where no PUBLIC_HOST is set.

    Raises:
        TenantNotFound: the request is not for the master.
        DisallowedHost: ``ALLOWED_HOSTS`` does not have its host.
    """
    host = public_host()
    if host is None:
        if when_unset:
            return MASTER
    elif host_of(request) == host:
        return MASTER
    raise TenantNotFound(reason)


# The same few hosts come all the time; what is no host name is not remembered.
_remembered = lru_cache(maxsize=1024)(normalize_host)


@lru_cache(maxsize=8)
def _normalized(setting: str, value: str | None) -> str | None:
    if not value:
        return None
    try:
        return normalize_host(value)
    except ValueError as error:
        message = f"{SETTING_NAME}[{setting!r}]: {error}"
        raise ImproperlyConfigured(message) from None
