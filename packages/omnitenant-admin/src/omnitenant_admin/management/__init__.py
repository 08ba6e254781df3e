"""Management commands for the users of tenants."""

from __future__ import annotations

__all__: list[str] = []
