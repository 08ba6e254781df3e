"""Takes guards out at the one moment that is right: apps are there, and no model of the world is."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings

from ablations.register import take_out

__all__ = ["AblationsConfig"]


class AblationsConfig(AppConfig):
    """Stands before the world among the installed apps."""

    name = "ablations"

    def import_models(self) -> None:
        """Take out what the settings name."""
        super().import_models()
        take_out(settings.TORTURE_WITHOUT)
