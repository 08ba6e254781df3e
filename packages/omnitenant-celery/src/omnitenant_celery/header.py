"""The one header of a message that says for whom its task runs: written, found and read here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from omnitenant_context.carriers import HEADER, extract, inject
from omnitenant_context.errors import CarrierError
from omnitenant_context.scope import NOBODY, ActiveTenant, Scope, Tenant

__all__ = ["find_header", "read_header", "tenant_headers", "write_header"]

logger = logging.getLogger(__name__)


class SupportsGet(Protocol):
    """A task's request: celery's ``Context``, or the plain dict that it is made from."""

    def get(self, key: str, default: Any = ..., /) -> Any:
        """Return what is stored under a key, else the default."""
        ...  # pragma: no cover - the body of a protocol never runs


@dataclass(frozen=True, slots=True)
class _NamedTenant:
    """A tenant of whom only the id is known, which is all that a header needs."""

    tenant_id: str


def tenant_headers(tenant: Tenant | str) -> dict[str, str]:
    """Give the headers that make a task run for a tenant, whoever is active where it is called.

    For ``task.apply_async(headers=...)`` and for the options of a schedule entry. Looks nothing up:
    whether the tenant exists and is active is asked when the task starts.

    Args:
        tenant: the tenant or its id.

    Returns:
        A new dict that may be changed.
    """
    headers: dict[str, str] = {}
    inject(headers, ActiveTenant(_NamedTenant(tenant) if isinstance(tenant, str) else tenant))
    return headers


def write_header(headers: MutableMapping[str, Any]) -> None:
    """Write what is active into headers that a message owns; a header that is there is kept.

    ``unscoped()`` never travels: the message then says nobody, so a task that needs a tenant fails,
    and a task that has to see all rows enters ``unscoped()`` itself.

    Args:
        headers: headers of exactly one message.
    """
    if HEADER in headers:
        return
    try:
        inject(headers)
    except CarrierError as error:
        logger.warning("a task is called with nobody: %s", error)


def find_header(request: SupportsGet) -> object | None:
    """Find the header in a task's request; None where the message names nobody.

    Celery shows a custom header as an attribute of the request or inside its ``headers``, depending
    on version, protocol and broker, and some integrations nest theirs once more.

    Args:
        request: ``task.request``, or the dict that it is made from.
    """
    place: Any = request
    for _ in range(3):
        if place is None:
            return None
        value: object | None = place.get(HEADER, None)
        if value is not None:
            return value
        inner = place.get("headers", None)
        place = inner if isinstance(inner, Mapping) else None
    return None


def read_header(value: object | None) -> Scope:
    """Turn a header into the scope that it names. Loads the tenant.

    Args:
        value: what :func:`find_header` gave. It comes from a broker: nobody vouches for it.

    Returns:
        The scope, to be entered; ``NOBODY`` for None.

    Raises:
        CarrierError: the value cannot be read.
        TenantNotFound: the tenant does not exist, or no longer.
        TenantInactiveError: the tenant is suspended or not provisioned.
    """
    if value is None:
        return NOBODY
    return extract({HEADER: cast("str", value)})  # extract refuses what is no text
