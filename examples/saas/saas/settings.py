"""Settings of the example: one site, many customers; SQLite, or the PostgreSQL server that the environment names."""

from __future__ import annotations

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("SAAS_DATA_DIR", BASE_DIR / "data"))

SECRET_KEY = os.environ.get("SAAS_SECRET_KEY", "only for the example on this machine")
DEBUG = os.environ.get("SAAS_DEBUG", "0") == "1"
ALLOWED_HOSTS = [".localhost", "127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "customers",
    "projects",
    "django_omnitenant",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django_omnitenant.middleware.TenantMiddleware",  # above sessions: they belong to a tenant too
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "saas.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "master.sqlite3"}}
if "SAAS_POSTGRES_PORT" in os.environ:
    DATABASES["default"] = {
        "ENGINE": "django_omnitenant.backends.postgresql",
        "NAME": os.environ.get("SAAS_POSTGRES_NAME", "saas"),
        "USER": os.environ.get("SAAS_POSTGRES_USER", "postgres"),
        "PASSWORD": os.environ.get("SAAS_POSTGRES_PASSWORD", ""),
        "HOST": os.environ.get("SAAS_POSTGRES_HOST", "127.0.0.1"),
        "PORT": os.environ["SAAS_POSTGRES_PORT"],
    }
DATABASE_ROUTERS = ["django_omnitenant.routers.TenantRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "omnitenant_routing.caches.locmem.LocMemCache"}}  # each tenant has its own entries

OMNITENANT_CONFIG = {
    "TENANT_MODEL": "customers.Tenant",
    "DOMAIN_MODEL": "customers.Domain",
    "PUBLIC_HOST": "localhost",
    # Who may be shown rows by PostgreSQL itself, where the role that migrates is another one.
    "POLICY_ROLES": os.environ.get("SAAS_POSTGRES_SITE_ROLE", "").split(),
}

USE_TZ = True
STATIC_URL = "/static/"
