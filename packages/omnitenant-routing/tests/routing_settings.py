"""A project of the smallest kind: SQLite files in a folder that goes away with the test run."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="omnitenant-routing-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

SECRET_KEY = "not a secret"
USE_TZ = True
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "probe.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "probe",
    "omnitenant_models",
    "omnitenant_routing",
]
MIDDLEWARE = [
    "omnitenant_models.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "master.sqlite3",
        "TEST": {"NAME": FOLDER / "master.sqlite3"},
    },
}
DATABASE_ROUTERS = ["omnitenant_routing.router.TenantRouter"]
OMNITENANT_CONFIG = {
    "TENANT_MODEL": "probe.Tenant",
    "DOMAIN_MODEL": "probe.Domain",
    "PUBLIC_HOST": "localhost",
}
