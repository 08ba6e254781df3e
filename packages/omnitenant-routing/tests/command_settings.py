"""The same project in a folder that a test gives, so that several processes share it."""

from __future__ import annotations

import os
from pathlib import Path

from routing_settings import *  # noqa: F403 - settings are taken over as a whole

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["OMNITENANT_TEST_FOLDER"]) / "master.sqlite3",
    }
}
