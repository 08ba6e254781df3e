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
DATABASE_ROUTERS = ["django_omnitenant.routers.TenantRouter"]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "omnitenant_routing.caches.make_key",
        "REVERSE_KEY_FUNCTION": "omnitenant_routing.caches.reverse_key",
    },
    "shared": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "shared",
        "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key",
        "REVERSE_KEY_FUNCTION": "omnitenant_routing.caches.reverse_key",
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

CELERY_BROKER_URL = "memory://"
CELERY_TASK_ALWAYS_EAGER = True  # the pages have no worker

REST_FRAMEWORK = {"EXCEPTION_HANDLER": "omnitenant_drf.exceptions.exception_handler"}
