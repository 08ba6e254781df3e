"""Management commands of the installed app."""

from __future__ import annotations

__all__: list[str] = []
