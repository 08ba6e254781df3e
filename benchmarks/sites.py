"""Two Django projects that differ by their tenants: one as Django makes it, one with ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["MIDDLEWARE", "TENANT_MIDDLEWARE", "rolled_back", "start_ours", "start_plain"]

TENANT_MIDDLEWARE = "django_omnitenant.middleware.TenantMiddleware"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
"""What ``startproject`` writes."""

_CACHE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def start_plain(*, tables: bool = True) -> None:
    """Start Django without us, and make its tables."""
    _start(tables=tables, INSTALLED_APPS=["plainshop"], CACHES={"default": _CACHE})


def start_ours(*, tables: bool = True) -> None:
    """Start Django with all that belongs to us: the router, the connection handler, the row scope, the cache keys."""
    _start(
        tables=tables,
        INSTALLED_APPS=["shop", "django_omnitenant"],
        DATABASE_ROUTERS=["django_omnitenant.routers.TenantRouter"],
        OMNITENANT_CONFIG={"TENANT_MODEL": "shop.Tenant", "DOMAIN_MODEL": "shop.Domain", "PUBLIC_HOST": "localhost"},
        CACHES={"default": {"BACKEND": "omnitenant_routing.caches.locmem.LocMemCache"}},
    )


def _start(*, tables: bool, INSTALLED_APPS: list[str], **settings: Any) -> None:  # noqa: N803 - the setting's name
    import django
    from django.conf import settings as django_settings
    from django.core.management import call_command

    django_settings.configure(
        SECRET_KEY="nobody serves this",  # noqa: S106 - as it says
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            *INSTALLED_APPS,
        ],
        ROOT_URLCONF="bench_request",
        MIDDLEWARE=[TENANT_MIDDLEWARE, *MIDDLEWARE] if "shop" in INSTALLED_APPS else MIDDLEWARE,
        # In memory, and one for all threads, as in Django's own tests.
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:bench?mode=memory&cache=shared",
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        **settings,
    )
    django.setup()
    if tables:
        call_command("migrate", verbosity=0)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Take back what a round has written, so that the tables stay as they are."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


if __name__ == "__main__":  # after a change of the tenant model: the migrations of both projects
    from django.core.management import call_command

    if sys.argv[1:] == ["plain"]:
        start_plain(tables=False)
        call_command("makemigrations", "plainshop")
    else:
        start_ours(tables=False)
        call_command("makemigrations", "shop")
