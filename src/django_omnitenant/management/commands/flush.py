"""The command ``flush``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_models.management.commands.flush import Command

__all__ = ["Command"]
