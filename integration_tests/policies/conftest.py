"""Tenants, and the roles that policies are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from customers.models import Tenant
from omnitenant_context.testing import no_tenant_left
from omnitenant_routing.postgresql.identifiers import quoted
from omnitenant_routing.provisioning import get_tenant_backend
from policies_settings import FIRST, SECOND

ROLES = ("site", "backup", "owner", "careless")


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield


@pytest.fixture(scope="session", name="django_db_modify_db_settings")
def _with_roles() -> None:
    """Make the roles that the policies name, before anything is migrated."""
    for server in (FIRST, SECOND):
        for role in ROLES:
            server.execute(f"CREATE ROLE {role} {'BYPASSRLS' if role == 'careless' else ''}")


@pytest.fixture(name="make_tenant")
def _make_tenant(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[Callable[..., Tenant]]:
    """Make tenants with their places; what is left of them is removed afterwards."""
    marker = request.node.get_closest_marker("django_db")
    for alias in marker.kwargs.get("databases", ["default"]) if marker else ["default"]:
        for role in ROLES:
            grant(role, alias=alias)

    def make(tenant_id: str, isolation: str = "table") -> Tenant:
        tenant = Tenant.objects.create(tenant_id=tenant_id, name=tenant_id.title(), isolation_type=isolation)
        get_tenant_backend(tenant).create()
        return tenant

    yield make
    for tenant in Tenant.objects.all():
        get_tenant_backend(tenant).delete(force=True)


@pytest.fixture(name="acme")
def _acme(make_tenant: Callable[..., Tenant]) -> Tenant:
    """Give a tenant of shared tables."""
    return make_tenant("acme")


@pytest.fixture(name="globex")
def _globex(make_tenant: Callable[..., Tenant]) -> Tenant:
    """Give another one."""
    return make_tenant("globex")


def grant(role: str, schema: str = "public", alias: str = "default") -> None:
    """Let a role do what a site does."""
    name = quoted(schema)
    with connections[alias].cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA {name} TO {role}")
        cursor.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {name} TO {role}")
        cursor.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {name} TO {role}")


@contextmanager
def acting_as(role: str, *aliases: str) -> Iterator[None]:
    """Have connections act as a role for a while: that to the master, or those that are named."""
    wanted = [connections[alias] for alias in aliases or ("default",)]
    for each in wanted:
        with each.cursor() as cursor:
            cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        for each in wanted:
            with each.cursor() as cursor:
                cursor.execute("RESET ROLE")
