"""The command ``checktenants``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_routing.management.commands.checktenants import Command

__all__ = ["Command"]
