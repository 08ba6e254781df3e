"""A project on SQLite whose caches are on a Redis that is started with the test run and goes away with it.

Each backend has databases of Redis to itself: one as its vendor makes it, one (two where it shards) with our backend
over it, one for tenants with a cache of their own.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from servers import redis_server

FOLDER = Path(tempfile.mkdtemp(prefix="omnitenant-caches-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
_stack = ExitStack()
atexit.register(_stack.close)
REDIS = _stack.enter_context(redis_server())

SECRET_KEY = "not a secret"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "customers.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "customers",
    "django_omnitenant",
]
MIDDLEWARE = [
    "django_omnitenant.middleware.TenantMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {}}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "master.sqlite3",
        "TEST": {"NAME": FOLDER / "master.sqlite3"},
    }
}
DATABASE_ROUTERS = ["django_omnitenant.routers.TenantRouter"]
CACHES = {
    "default": {
        "BACKEND": "omnitenant_routing.caches.redis.RedisCache",
        "LOCATION": f"{REDIS.url}/0",
    },
    "shared": {
        "BACKEND": "omnitenant_routing.caches.redis.RedisCache",
        "LOCATION": f"{REDIS.url}/0",
        "KEY_FUNCTION": "omnitenant_routing.caches.make_shared_key",
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
OMNITENANT_CONFIG = {
    "TENANT_MODEL": "customers.Tenant",
    "DOMAIN_MODEL": "customers.Domain",
    "PUBLIC_HOST": "localhost",
    "TENANT_RESOLVER": [
        "django_omnitenant.resolvers.HeaderTenantResolver",
        "django_omnitenant.resolvers.CustomDomainTenantResolver",
    ],
}
