"""Settings of the unit tests: an API on one SQLite database, no router."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SECRET_KEY = "probe"
ALLOWED_HOSTS = [".example.com"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        # A file, because the tests of races write to it from two threads.
        "TEST": {"NAME": str(Path(tempfile.gettempdir(), f"omnitenant_drf_{os.getpid()}.sqlite3"))},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "omnitenant_models",
    "probe",
]
MIDDLEWARE = ["omnitenant_models.middleware.TenantMiddleware"]
ROOT_URLCONF = "probe.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
OMNITENANT_CONFIG = {
    "TENANT_MODEL": "probe.Tenant",
    "DOMAIN_MODEL": "probe.Domain",
    "PUBLIC_HOST": "www.example.com",
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "omnitenant_drf.exceptions.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
