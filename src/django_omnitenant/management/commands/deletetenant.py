"""The command ``deletetenant``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_routing.management.commands.deletetenant import Command

__all__ = ["Command"]
