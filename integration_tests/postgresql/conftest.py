"""What all tests on PostgreSQL share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction

from drivers import driver
from omnitenant_context.context import TenantContext
from omnitenant_context.testing import no_tenant_left
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.postgresql.identifiers import quoted
from omnitenant_routing.provisioning import get_tenant_backend
from postgresql_settings import FIRST
from proxy import Proxy

SCHEMAS = ("red", 'bl"ue %')

# What belongs to the other driver.
collect_ignore = ["test_engine_psycopg3.py" if driver() == "psycopg2" else "test_engine_psycopg2.py"]


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield


@pytest.fixture(scope="session", name="_painted")
def _schemas_of_a_session(django_db_setup: None, django_db_blocker: pytest.Item) -> None:
    """Make two schemas beside public, each with the tables of the ledger."""
    from ledger.models import Entry, Sign

    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        for name in SCHEMAS:
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA {quoted(name)}")
            with TenantContext.use_schema(name), connection.schema_editor() as editor:
                editor.create_model(Sign)
                editor.create_model(Entry)
        for each in connections.all():
            each.close()


@pytest.fixture(name="schemas")
def _schemas(transactional_db: None, _painted: None) -> tuple[str, str]:
    """Name two schemas in which nothing is written yet but who they are; public is the third."""
    with connection.cursor() as cursor:
        for name in ("public", *SCHEMAS):
            schema = quoted(name)
            cursor.execute(f"TRUNCATE {schema}.ledger_sign, {schema}.ledger_entry RESTART IDENTITY")
            cursor.execute(f"INSERT INTO {schema.replace('%', '%%')}.ledger_sign (name) VALUES (%s)", [name])
    return SCHEMAS


@pytest.fixture(name="make_tenant")
def _make_tenant(transactional_db: None) -> Iterator[Callable[..., BaseTenant]]:
    """Make tenants with their places; what is left of them is removed afterwards."""
    from customers.models import Tenant

    def make(tenant_id: str, isolation: str = "schema", *, create: bool = True, **fields: object) -> BaseTenant:
        tenant = Tenant.objects.create(tenant_id=tenant_id, name=tenant_id.title(), isolation_type=isolation, **fields)
        if create:
            get_tenant_backend(tenant).create()
        return tenant

    yield make
    for tenant in Tenant.objects.all():
        get_tenant_backend(tenant).delete(force=True)


@contextmanager
def through(proxy: Proxy, **settings: Any) -> Iterator[Proxy]:
    """Let the connection to the master go through a proxy for a while."""
    with proxy:
        before = {**connection.settings_dict}
        _hang_up()
        connection.settings_dict.update({"HOST": proxy.host, "PORT": str(proxy.port), **settings})
        try:
            yield proxy
        finally:
            _hang_up()
            connection.settings_dict.clear()
            connection.settings_dict.update(before)


def _hang_up() -> None:
    connection.close()
    if connection.pool:
        connection.close_pool()


@pytest.fixture(name="proxy")
def _a_proxy(schemas: tuple[str, str]) -> Iterator[Proxy]:
    """A proxy that counts round trips, between the master's connection and the server."""
    options = dict(connection.settings_dict["OPTIONS"])
    if "pool" in options:
        options["pool"] = {"min_size": 1, "max_size": 1}  # it would open others meanwhile
    with through(Proxy(FIRST.host, FIRST.port), OPTIONS=options) as proxy:
        connection.ensure_connection()
        yield proxy


@pytest.fixture(name="pooler")
def _a_pooler(schemas: tuple[str, str]) -> Iterator[Proxy]:
    """A pooler that changes the server connection after every transaction."""
    with through(Proxy(FIRST.host, FIRST.port, pool=2), DISABLE_SERVER_SIDE_CURSORS=True) as proxy:
        yield proxy


@pytest.fixture(name="here", params=["autocommit", "transaction"])
def _inside_a_schema(request: pytest.FixtureRequest, schemas: tuple[str, str]) -> Iterator[str]:
    """Enter the schema whose name must be quoted, with and without a transaction."""
    from ledger.models import Entry

    with TenantContext.use_schema(schemas[1]):
        if request.param == "autocommit":
            yield schemas[1]
        else:
            with transaction.atomic():
                yield schemas[1]
    with TenantContext.use_schema(schemas[0]):
        assert not Entry.objects.exists()
