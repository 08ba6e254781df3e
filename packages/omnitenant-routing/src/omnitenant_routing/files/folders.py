"""Whose files: the folder, below the place of a storage, that belongs to who is active."""

from __future__ import annotations

from urllib.parse import quote

from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.scope import ActiveTenant, Master, NamedSchema, Scope, Unscoped

__all__ = ["folder_of"]


def folder_of(scope: Scope) -> str:
    """Return the folder of a scope: ``tenants/<tenant_id>`` or ``master``; empty, which is everybody's, if unscoped.

    Args:
        scope: what is, or could be, active.

    Raises:
        TenantRequiredError: the scope is nobody, or a schema without its tenant.
    """
    if isinstance(scope, ActiveTenant):
        # Ids of stored tenants are DNS labels; others' may be any text, and "." must not lead anywhere either.
        return f"tenants/{quote(scope.tenant.tenant_id, safe='').replace('.', '%2E')}"
    if isinstance(scope, Master):
        return "master"
    if isinstance(scope, Unscoped):
        return ""
    raise TenantRequiredError(_why_none(scope))


def _why_none(scope: Scope) -> str:
    if isinstance(scope, NamedSchema):
        message = (
            f"files belong to tenants, and {scope.label!r} is none; enter its tenant with TenantContext.use_tenant()"
        )
    else:
        message = (
            "the files belong to nobody: no tenant is active; enter one with TenantContext.use_tenant(tenant), or the "
            "master with TenantContext.use_master_db()"
        )
    raise TenantRequiredError(message)
