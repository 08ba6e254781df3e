"""How a scope travels in the headers of a message or a request between our own processes.

A carrier is any mapping of text. Whoever can write it chooses the tenant, so read it only where it
comes from code of one's own (a task queue, an internal service), never from a browser.
"""

from __future__ import annotations

from omnitenant_context._state import get_scope
from omnitenant_context.errors import CarrierError
from omnitenant_context.loaders import aload_tenant, load_tenant
from omnitenant_context.scope import (
    MASTER,
    NOBODY,
    ActiveTenant,
    NamedSchema,
    tenant_scope,
)

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any, Final

    from omnitenant_context.scope import Scope

__all__ = ["HEADER", "aextract", "extract", "inject"]

HEADER: Final = "omnitenant"

_TENANT = "t:"
_SCHEMA = "schema:"
_SHOWN = 100  # characters of a value that cannot be read, in the message of the error


def inject(carrier: MutableMapping[str, str], scope: Scope | None = None) -> None:
    """Write a scope into the headers of a message.

    With nobody active nothing is written, and what another hop had written is taken out.

    Args:
        carrier: the headers, changed in place.
        scope: what to write; what is active now when left out.

    Raises:
        CarrierError: the scope is unscoped, which must be entered where it is needed and never
            travels; or its name holds characters that no header can carry.
    """
    kept = get_scope() if scope is None else scope
    value = _written(kept)
    for key in _keys(carrier):
        del carrier[key]
    if value is not None:
        carrier[HEADER] = value


def extract(carrier: Mapping[str, str], *, allow_inactive: bool = False) -> Scope:
    """Read the scope from the headers of a message, and load its tenant.

    Args:
        carrier: the headers. The case of the key does not matter; keys and values may be bytes.
        allow_inactive: give the scope of a suspended tenant too.

    Returns:
        What was written, for ``TenantContext.use_scope``; ``NOBODY`` where nothing was.

    Raises:
        CarrierError: what is there was not written by :func:`inject`.
        TenantNotFound: the tenant does not exist any more, or no loader is registered.
        TenantInactiveError: the tenant is suspended, or not provisioned yet.
    """
    scope = _read(carrier)
    if isinstance(scope, str):
        return tenant_scope(load_tenant(scope), allow_inactive=allow_inactive)
    return scope


async def aextract(carrier: Mapping[str, str], *, allow_inactive: bool = False) -> Scope:
    """Read the scope from the headers of a message in a coroutine; see :func:`extract`."""
    scope = _read(carrier)
    if isinstance(scope, str):
        return tenant_scope(await aload_tenant(scope), allow_inactive=allow_inactive)
    return scope


def _written(scope: Scope) -> str | None:
    """Give the text of a scope; None for nobody."""
    if scope is NOBODY:
        return None
    if scope is MASTER:
        return MASTER.label
    if isinstance(scope, ActiveTenant):
        value = _TENANT + scope.tenant.tenant_id
    elif isinstance(scope, NamedSchema):
        value = _SCHEMA + scope.name
    else:
        message = (
            f"{scope!r} cannot be sent in a message; send it from a tenant or the master, "
            "and enter TenantContext.unscoped() in the code that needs it"
        )
        raise CarrierError(message)
    if not value.isprintable():
        message = f"{scope!r} cannot be sent in a message: its name has characters that no header carries"
        raise CarrierError(message, value=value)
    return value


def _read(carrier: Mapping[str, str]) -> Scope | str:
    """Give the scope, or the id of the tenant that must be loaded."""
    found = {_text(carrier[key]) for key in _keys(carrier)}
    if not found:
        return NOBODY
    value = found.pop()
    if found:
        message = f"the header {HEADER!r} says both {value[:_SHOWN]!r} and {found.pop()[:_SHOWN]!r}"
        raise CarrierError(message, value=value)
    if value == MASTER.label:
        return MASTER
    if value.isprintable():
        if value.startswith(_TENANT) and value != _TENANT:
            return value.removeprefix(_TENANT)
        if value.startswith(_SCHEMA) and value != _SCHEMA:
            return NamedSchema(value.removeprefix(_SCHEMA))
    message = (
        f"the header {HEADER!r} says {value[:_SHOWN]!r}, which is no scope; "
        "it is written by omnitenant_context.carriers.inject only"
    )
    raise CarrierError(message, value=value)


def _keys(carrier: Mapping[str, str]) -> list[str]:
    """Give all spellings of the header that a carrier holds."""
    return [key for key in carrier if _is_header(key)]


def _is_header(key: Any) -> bool:
    if isinstance(key, bytes):
        return key.lower() == HEADER.encode()
    return isinstance(key, str) and key.lower() == HEADER


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            message = f"the header {HEADER!r} holds bytes that are no text: {value[:_SHOWN]!r}"
            raise CarrierError(message) from None
    if not isinstance(value, str):
        message = f"the header {HEADER!r} is no text but {type(value).__name__}"
        raise CarrierError(message)
    return value
