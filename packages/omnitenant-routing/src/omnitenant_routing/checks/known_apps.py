"""Tells which well-known apps were found, and where their tables live because of it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Info

from omnitenant_models.known_apps import REASONS
from omnitenant_models.scopes import get_app_scope
from omnitenant_models.settings import SETTING_NAME

__all__ = ["check_known_apps"]


def check_known_apps(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Name each installed app of the table of known apps, with its scope and the reason."""
    return [
        Info(
            f"The app {label!r} is treated as {get_app_scope(label).value}: {reason}.",
            hint=f"Set {SETTING_NAME}['MODEL_SCOPES'][{label!r}] to decide otherwise.",
            id="omnitenant_routing.I001",
        )
        for label, (_scope, reason) in REASONS.items()
        if label in apps.app_configs
    ]
