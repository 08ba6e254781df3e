"""The models of the world: the portable ones, and those that only this project's dialect can say."""

from __future__ import annotations

from django.conf import settings

from world.core import *  # noqa: F403 - one app, several modules

if settings.TORTURE_DIALECT == "dialects.omnitenant":
    from world.composite import *  # noqa: F403 - one app, several modules
    from world.relations import *  # noqa: F403 - one app, several modules
    from world.shapes import *  # noqa: F403 - one app, several modules
    from world.tenancy import *  # noqa: F403 - one app, several modules
