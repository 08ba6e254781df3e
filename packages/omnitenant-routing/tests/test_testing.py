"""The test kit of omnitenant_models where tenants have databases of their own."""

from __future__ import annotations

import pytest
from django.db import connection

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_models.testing import LeakError, assert_isolated, no_leaks
from probe.models import Milestone, Note, Project

use_tenant = TenantContext.use_tenant


def fill(*tenants: BaseTenant) -> None:
    """Give each tenant a row of each kind; in databases of their own they have the same primary key."""
    for tenant in tenants:
        with use_tenant(tenant):
            Milestone.objects.create(project=Project.objects.create(name=f"of {tenant.tenant_id}"))
            Note.objects.create(text=f"note of {tenant.tenant_id}")


def test_connections_that_are_opened_in_the_block(acme: BaseTenant, globex: BaseTenant) -> None:
    """Tenants' databases are looked at, and a manager's statements there are right."""
    with no_leaks():
        fill(acme, globex)
    leaks = pytest.raises(LeakError, match="database 'tenant:acme'")
    with leaks, use_tenant(acme), no_leaks(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM probe_project")


def test_making_and_removing_a_place(acme: BaseTenant, initech: BaseTenant) -> None:
    """Migrations and deletions are for all rows of a tenant."""
    from omnitenant_routing.provisioning import get_tenant_backend
    from probe.models import Tenant

    fill(acme, initech)
    with no_leaks():
        hooli = Tenant.objects.create(tenant_id="hooli", name="Hooli", isolation_type="database")
        get_tenant_backend(hooli).create()
        get_tenant_backend(hooli).delete()
        get_tenant_backend(initech).delete()


def test_rows_of_the_master_are_looked_at_from_a_tenant(acme: BaseTenant, initech: BaseTenant) -> None:
    """A statement that names another database names another place."""
    from django.db import connections

    leaks = pytest.raises(LeakError, match="database 'default'")
    with leaks, use_tenant(acme), no_leaks(), connections["master"].cursor() as cursor:
        cursor.execute("SELECT * FROM probe_project WHERE name = 'x'")


@pytest.mark.parametrize("model", [Project, Milestone, Note])
def test_rows_in_two_databases(acme: BaseTenant, globex: BaseTenant, model: type) -> None:
    """Also rows that name no tenant, and rows with the same key."""
    fill(acme, globex)
    assert_isolated(model, acme, globex)


@pytest.mark.parametrize("model", [Project, Milestone, Note])
def test_a_database_and_shared_tables(acme: BaseTenant, initech: BaseTenant, model: type) -> None:
    """Each in its place."""
    fill(acme, initech)
    assert_isolated(model, acme, initech)


def test_functions(acme: BaseTenant, globex: BaseTenant) -> None:
    """What is written is rolled back in both databases; a row of another database is found."""
    fill(acme, globex)
    assert_isolated(lambda: [Project.objects.create(name="x"), Project.objects.all(), Note.objects.all()], acme, globex)
    for tenant in (acme, globex):
        with use_tenant(tenant):
            assert Project.objects.count() == 1
    with use_tenant(acme):
        note, project = Note.objects.get(), Project.objects.get()
    for row in (note, project):
        with pytest.raises(AssertionError, match="'globex' was given probe"):
            assert_isolated(lambda row=row: row, acme, globex)
