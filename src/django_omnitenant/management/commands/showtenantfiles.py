"""The command ``showtenantfiles``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_routing.management.commands.showtenantfiles import Command

__all__ = ["Command"]
