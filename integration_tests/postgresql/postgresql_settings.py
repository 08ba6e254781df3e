"""A project on two PostgreSQL servers, which are started with the test run and go away with it.

``default`` is the master, ``second`` is a database of the other server. The driver is the one that the environment
names; the servers are those that it names, where another process of the run has started them.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from pathlib import Path

from drivers import choose, driver
from servers import PostgresServer, postgres_server

SERVERS = "OMNITENANT_TEST_SERVERS"


def running_servers() -> list[PostgresServer]:
    """Return both servers; whoever comes first starts them."""
    if SERVERS not in os.environ:
        stack = ExitStack()
        atexit.register(stack.close)
        servers = [stack.enter_context(postgres_server()) for _ in range(2)]
        os.environ[SERVERS] = " ".join(f"{each.host},{each.port},{each.socket_folder}" for each in servers)
        return servers
    parts = [text.split(",", 2) for text in os.environ[SERVERS].split()]
    return [PostgresServer(host, int(port), Path(folder)) for host, port, folder in parts]


OPTIONS = choose(driver())
FIRST, SECOND = running_servers()
ENGINE = "django_omnitenant.backends.postgresql"

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
    "ledger",
    "django_omnitenant",
]
MIDDLEWARE = ["django_omnitenant.middleware.TenantMiddleware"]
# A name of its own for each driver: they may be tested side by side.
DATABASES = {
    "default": FIRST.settings(
        f"master-{driver()}", ENGINE=ENGINE, OPTIONS={**OPTIONS}, TEST={"NAME": f"test-master-{driver()}"}
    ),
    "second": SECOND.settings(
        f"second-{driver()}", ENGINE=ENGINE, OPTIONS={**OPTIONS}, TEST={"NAME": f"test-second-{driver()}"}
    ),
}
DATABASE_ROUTERS = ["django_omnitenant.routers.TenantRouter"]
OMNITENANT_CONFIG = {
    "TENANT_MODEL": "customers.Tenant",
    "DOMAIN_MODEL": "customers.Domain",
    "TENANT_DB_ALIASES": ["second"],
    "PUBLIC_HOST": "localhost",
}
