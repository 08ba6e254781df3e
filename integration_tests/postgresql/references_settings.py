"""The unit tests' settings of ``omnitenant_models`` on a server of this run; the environment names the engine."""

from __future__ import annotations

import os

from models_settings import *  # noqa: F403 - a project like theirs
from postgresql_settings import FIRST, OPTIONS

ENGINE = "OMNITENANT_TEST_ENGINE"

# Without migrations, as the apps with models of the tests are: PostgreSQL wants what they refer to to be there.
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "omnitenant_models",
    "probe",
    "linked",
]
MIGRATION_MODULES = {"contenttypes": None, "auth": None, "sessions": None}
DATABASES = {
    "default": FIRST.settings(
        "references", ENGINE=os.environ[ENGINE], OPTIONS=OPTIONS, TEST={"NAME": f"references-{os.getpid()}"}
    )
}
