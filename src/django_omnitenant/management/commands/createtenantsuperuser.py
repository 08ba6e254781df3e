"""The command ``createtenantsuperuser``, where Django looks for those of the installed app."""

from __future__ import annotations

from omnitenant_admin.management.commands.createtenantsuperuser import Command

__all__ = ["Command"]
