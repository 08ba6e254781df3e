"""The commands themselves: one module each, named as the command is."""

from __future__ import annotations

__all__: list[str] = []
