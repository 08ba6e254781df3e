"""The same project with the app installed, so that its command is found."""

from __future__ import annotations

import admin_settings
from admin_settings import *  # noqa: F403 - settings are taken over as a whole

INSTALLED_APPS = [*admin_settings.INSTALLED_APPS, "omnitenant_admin"]
