"""The command ``sqlflush``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_models.management.commands.sqlflush import Command

__all__ = ["Command"]
