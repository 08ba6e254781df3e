"""Settings of the project that the pages describe."""

from __future__ import annotations

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DOCS_DATA_DIR", BASE_DIR))

SECRET_KEY = "of the documentation"  # noqa: S105 - nobody serves this project
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "myapp",
    "billing",
    "planning",
    "django_omnitenant",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django_omnitenant.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "mysite.urls"
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
    }
]

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "db.sqlite3"}}
if "DOCS_POSTGRES_PORT" in os.environ:  # for the pages about PostgreSQL
    DATABASES["default"] = {
        "ENGINE": "omnitenant_routing.postgresql",
        "NAME": os.environ["DOCS_POSTGRES_NAME"],
        "USER": os.environ.get("DOCS_POSTGRES_USER", "postgres"),
        "PASSWORD": "site",
        "HOST": "127.0.0.1",
        "PORT": os.environ["DOCS_POSTGRES_PORT"],
    }
DATABASE_ROUTERS = ["django_omnitenant.routers.TenantRouter"]
CACHES = {
    "default": {"BACKEND": "omnitenant_routing.caches.locmem.LocMemCache"},
    "shared": {
        "BACKEND": "omnitenant_routing.caches.locmem.LocMemCache",
        "LOCATION": "shared",
        "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key",
    },
}

OMNITENANT_CONFIG = {
    "TENANT_MODEL": "myapp.Tenant",
    "DOMAIN_MODEL": "myapp.Domain",
    "PUBLIC_HOST": "localhost",
}

USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "omnitenant_routing.files.TenantFileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

CELERY_BROKER_URL = "memory://"
CELERY_TASK_ALWAYS_EAGER = True  # the pages have no worker

REST_FRAMEWORK = {"EXCEPTION_HANDLER": "omnitenant_drf.exceptions.exception_handler"}
