"""What the ASGI and the WSGI middleware share: a resolver's answer, and the answer to a refusal."""

from __future__ import annotations

from typing import Any, TypeAlias

from omnitenant_context.errors import TenantInactiveError, TenantNotFound
from omnitenant_context.scope import NOBODY, Scope, tenant_scope

__all__ = ["Refusal", "as_scope", "plain_page"]

Refusal: TypeAlias = TenantNotFound | TenantInactiveError


def as_scope(answer: Any) -> Scope:
    """Make a scope of a resolver's answer: a tenant (which is checked), a scope, or None."""
    if answer is None:
        return NOBODY
    return answer if isinstance(answer, Scope) else tenant_scope(answer)


def plain_page(error: Refusal) -> tuple[int, str, bytes]:
    """Give status, reason and text for a visitor; what the error says is not for visitors."""
    if isinstance(error, TenantInactiveError):
        return 503, "Service Unavailable", b"This site is not available at the moment.\n"
    return 404, "Not Found", b"There is no such site here.\n"
