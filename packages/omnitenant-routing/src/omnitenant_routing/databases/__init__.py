"""Databases of tenants: their aliases, connections, secrets, and the tenant's own row in them."""

from __future__ import annotations

__all__: list[str] = []
