"""A project with an admin: SQLite files in a folder that goes away with the test run.

``omnitenant_admin`` is not installed, as in a project that installs the umbrella alone.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(os.environ.get("OMNITENANT_TEST_FOLDER") or tempfile.mkdtemp(prefix="omnitenant-admin-"))
if "OMNITENANT_TEST_FOLDER" not in os.environ:
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

SECRET_KEY = "not a secret"
USE_TZ = True
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "shop",
    "omnitenant_models",
    "omnitenant_routing",
]
MIDDLEWARE = [
    "omnitenant_models.middleware.TenantMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
    {"NAME": "strings", "BACKEND": "django.template.backends.dummy.TemplateStrings"},
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "master.sqlite3",
        "TEST": {"NAME": FOLDER / "master.sqlite3"},
    }
}
DATABASE_ROUTERS = ["omnitenant_routing.router.TenantRouter"]
OMNITENANT_CONFIG = {
    "TENANT_MODEL": "shop.Tenant",
    "DOMAIN_MODEL": "shop.Domain",
    "PUBLIC_HOST": "localhost",
}
# One model has a default manager that shows everybody's rows, since the admin is what keeps them apart there.
SILENCED_SYSTEM_CHECKS = ["omnitenant_models.E013"]
