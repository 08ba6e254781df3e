"""The command ``migratealltenants``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_routing.management.commands.migratealltenants import Command

__all__ = ["Command"]
