"""Django's own commands for data, which keep to a tenant."""

from __future__ import annotations

__all__: list[str] = []
