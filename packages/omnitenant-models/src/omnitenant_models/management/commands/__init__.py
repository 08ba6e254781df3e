"""The commands themselves: one module each, named as the command of Django that it extends."""

from __future__ import annotations

__all__: list[str] = []
