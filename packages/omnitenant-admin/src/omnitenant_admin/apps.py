"""The Django app: installing it makes its templates and its command known."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["OmnitenantAdminConfig"]


class OmnitenantAdminConfig(AppConfig):
    """The app ``omnitenant_admin``; the mixin and the ready admins work without it."""

    name = "omnitenant_admin"
    verbose_name = "Omnitenant admin"
