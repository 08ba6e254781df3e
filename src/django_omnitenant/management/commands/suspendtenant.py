"""The command ``suspendtenant``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_routing.management.commands.suspendtenant import Command

__all__ = ["Command"]
