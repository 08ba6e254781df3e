"""Thin modules: Django finds the commands of an app by its path only."""

from __future__ import annotations

__all__: list[str] = []
