"""The command ``loaddata``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_models.management.commands.loaddata import Command

__all__ = ["Command"]
