"""The one app for ``INSTALLED_APPS``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig

__all__ = ["DjangoOmnitenantConfig"]


class DjangoOmnitenantConfig(AppConfig):
    """Connects what the packages below bring; has no models and no templates of its own."""

    name = "django_omnitenant"
    verbose_name = "Omnitenant"

    def ready(self) -> None:
        """Set up models and routing, and Celery where the project uses it."""
        from omnitenant_models.apps import setup as setup_models
        from omnitenant_routing.apps import setup as setup_routing

        setup_models()
        setup_routing()
        # Where the extra is installed, tasks must carry their tenant however and whenever Celery is imported.
        if find_spec("omnitenant_celery") is not None:
            import_module("omnitenant_celery")
