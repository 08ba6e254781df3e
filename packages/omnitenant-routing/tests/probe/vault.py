"""Where a project keeps its secrets."""

from __future__ import annotations


def password_of(tenant_id: str) -> str:
    """Give the secret of a tenant."""
    return f"{tenant_id} from vault"
