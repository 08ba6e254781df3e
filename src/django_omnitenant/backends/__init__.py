"""Database engines, for ``ENGINE`` in ``DATABASES``."""

from __future__ import annotations

__all__: list[str] = []
