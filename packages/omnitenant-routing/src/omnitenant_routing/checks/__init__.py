"""System checks of routing: what must be in the settings for places to be found."""

from __future__ import annotations

from omnitenant_routing.checks.registry import register

__all__ = ["register"]
