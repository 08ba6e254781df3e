"""Django's settings for a world of this project; they are per process, and so is a world."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

__all__ = ["configure"]

_MIDDLEWARE = [
    "django_omnitenant.middleware.TenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]


@contextmanager
def configure(databases: dict[str, Any], *, without: Sequence[str] = ()) -> Iterator[None]:
    """Configure Django; the migrations of the world are written into a folder that goes away.

    Args:
        databases: the setting ``DATABASES``.
        without: guards that are taken out.
    """
    with tempfile.TemporaryDirectory(prefix="torture-code-") as folder:
        sys.path.insert(0, folder)
        migrations = Path(folder) / "world_migrations"
        migrations.mkdir()
        (migrations / "__init__.py").touch()
        settings.configure(**_settings(databases), TORTURE_WITHOUT=without)
        try:
            yield
        finally:
            sys.path.remove(folder)


def _settings(databases: dict[str, Any]) -> dict[str, Any]:
    return {
        "SECRET_KEY": "torture",
        "ALLOWED_HOSTS": ["*"],
        "DATABASES": databases,
        "DATABASE_ROUTERS": ["django_omnitenant.routers.TenantRouter"],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "INSTALLED_APPS": [
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "rest_framework",
            "django_filters",
            "ablations",
            "world",
            "django_omnitenant",
        ],
        "MIDDLEWARE": _MIDDLEWARE,
        "ROOT_URLCONF": "world.urls",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": _PROCESSORS},
            }
        ],
        "AUTH_USER_MODEL": "world.User",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "MIGRATION_MODULES": {"world": "world_migrations"},
        "STATIC_URL": "static/",
        "REST_FRAMEWORK": {
            "EXCEPTION_HANDLER": "omnitenant_drf.exceptions.exception_handler",
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "UNAUTHENTICATED_USER": None,
            "TEST_REQUEST_DEFAULT_FORMAT": "json",
        },
        "OMNITENANT_CONFIG": {
            "TENANT_MODEL": "world.Tenant",
            "DOMAIN_MODEL": "world.Domain",
            "PUBLIC_HOST": "www.example.com",
        },
        "TORTURE_DIALECT": "dialects.omnitenant",
    }
