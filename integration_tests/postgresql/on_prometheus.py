"""Our engine on top of that of django-prometheus: prints what statements saw, and how many were counted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
from django.conf import settings

from postgresql_settings import FIRST, OPTIONS


def main() -> None:
    """Look at three statements."""
    entry = FIRST.settings("postgres", ENGINE="omnitenant_routing.postgresql", OPTIONS=OPTIONS)
    settings.configure(
        INSTALLED_APPS=["django_prometheus", "django_omnitenant"],
        DATABASES={"default": entry},
        DATABASE_ROUTERS=["django_omnitenant.routers.TenantRouter"],
        OMNITENANT_CONFIG={"POSTGRES_BASE_ENGINE": "django_prometheus.db.backends.postgresql"},
    )
    django.setup()
    from django.db import connection, connections
    from django_prometheus.db import execute_total

    from omnitenant_context.context import TenantContext

    seen = []

    def look(*params: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schemas(false)", *params)
            seen.append(cursor.fetchone()[0][0])

    FIRST.execute("CREATE SCHEMA IF NOT EXISTS elsewhere")
    look()
    with TenantContext.use_schema("elsewhere"):
        look()
        look([])
    counted = execute_total.labels("default", connection.vendor)._value.get()
    base = next(each.__module__ for each in type(connections["default"]).__mro__ if "prometheus" in each.__module__)
    told = {"schemas": seen, "counted": counted, "base": base, "driver": connection.Database.__name__}
    connection.close()
    if connection.pool:
        connection.close_pool()
    print(json.dumps(told))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
