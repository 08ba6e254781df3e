"""The Django app, and what installing it connects."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["OmnitenantModelsConfig", "setup"]


def setup() -> None:
    """Connect the tenant loader, the signals and the system checks. Calling it again changes nothing.

    By now the models are loaded: relations of those that were loaded before the row scope are taught.
    """
    from django.apps import apps

    from omnitenant_context.loaders import register_loader
    from omnitenant_models import (  # signals: importing them connects them to the context
        _creation,
        _deletion,
        _loader,
        checks,
        signals,  # noqa: F401 - see above
    )
    from omnitenant_models.rows.relations import teach_relations

    teach_relations(apps)
    register_loader(_loader.load, aload=_loader.aload)
    _creation.install()
    _deletion.connect()
    checks.register()


class OmnitenantModelsConfig(AppConfig):
    """The app ``omnitenant_models``, for projects that do not install the umbrella."""

    name = "omnitenant_models"
    verbose_name = "Omnitenant models"

    def ready(self) -> None:
        """Connect everything once the models are loaded."""
        setup()
