"""Settings of the unit tests: one SQLite database, no router."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SECRET_KEY = "probe"
ALLOWED_HOSTS = [
    ".example.com",
    ".acme.test",
    "xn--bcher-kva.test",
    "localhost",
    "[::1]",
    "testserver",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        # A file, because tests with servers look at it from several threads.
        "TEST": {"NAME": str(Path(tempfile.gettempdir(), f"omnitenant_models_{os.getpid()}.sqlite3"))},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "omnitenant_models",
    "probe",
    "shapes",
    "relations",
    "linked",
    "rules",
]
MIDDLEWARE = [
    "omnitenant_models.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "probe.urls"
STATIC_URL = "static/"
MEDIA_URL = "media/"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": False}]
OMNITENANT_CONFIG = {
    "TENANT_MODEL": "probe.Tenant",
    "DOMAIN_MODEL": "probe.Domain",
    "PUBLIC_HOST": "www.example.com",
}
