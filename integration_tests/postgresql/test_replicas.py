"""Reading from a standby server, for tenants in schemas and in shared tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models, router, transaction
from django.test.utils import override_settings

from customers.models import Project, Tenant
from looking import configured
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.router import TenantRouter
from postgresql_settings import FIRST
from servers import PostgresServer
from standby import catch_up, go_on, hold_back, standby_of

MakeTenant = Callable[..., BaseTenant]


class ReadingRouter(TenantRouter):
    """Reads what is the master's from its replica."""

    def replica_for(self, alias: str, model: type[models.Model], **hints: Any) -> str | None:
        """Choose the only one that there is."""
        return "replica" if alias == "master" else None


class MistakenRouter(TenantRouter):
    """Reads from a database that is no copy of the one asked for."""

    def replica_for(self, alias: str, model: type[models.Model], **hints: Any) -> str | None:
        """Choose the wrong one."""
        return "second"


@pytest.fixture(name="standby", scope="module")
def _standby(django_db_setup: None) -> Iterator[PostgresServer]:
    """A standby of the first server."""
    with standby_of(FIRST) as server:
        yield server


@pytest.fixture(name="replica")
def _replica(standby: PostgresServer, make_tenant: MakeTenant) -> Iterator[PostgresServer]:
    """Read from the standby, for the length of a test."""
    primary = connections.settings["default"]
    connections.settings["replica"] = {**primary, "PORT": str(standby.port), "OPTIONS": {}}
    routers = [f"{__name__}.ReadingRouter"]
    try:
        with configured(REPLICAS={"replica": "default"}), override_settings(DATABASE_ROUTERS=routers):
            # Django's test case lets nobody connect to an alias that it was not told of.
            connections["replica"].connect()
            yield standby
            connections["replica"].close()
            del connections["replica"]
    finally:
        del connections.settings["replica"]
        go_on(standby)


@pytest.fixture(name="tenants")
def _tenants(make_tenant: MakeTenant, replica: PostgresServer) -> dict[str, BaseTenant]:
    """Two tenants of each kind, with a project and a user each, which the standby has got."""
    tenants = {f"{kind}-{n}": make_tenant(f"{kind}-{n}", kind) for kind in ("schema", "table") for n in (1, 2)}
    for name, tenant in tenants.items():
        with TenantContext.use_tenant(tenant):
            Project.objects.create(name=name)
            User.objects.create(username=name)
    catch_up(replica, FIRST)
    return tenants


@pytest.mark.parametrize("kind", ["schema", "table"])
def test_reading_keeps_the_tenant(replica: PostgresServer, tenants: dict[str, BaseTenant], kind: str) -> None:
    """What is read comes from the standby, and is the tenant's own; what is written goes to the first server."""
    hold_back(replica)
    for n in (1, 2):
        with TenantContext.use_tenant(tenants[f"{kind}-{n}"]):
            Project.objects.create(name="not there yet")
            assert [each.name for each in Project.objects.all()] == [f"{kind}-{n}"]
            assert Project.objects.filter(pk__in=Project.objects.values("pk")).count() == 1
            with transaction.atomic():
                assert Project.objects.count() == 2  # a transaction sees what it wrote
    assert Tenant.objects.count() == 4
    go_on(replica)
    catch_up(replica, FIRST)
    with TenantContext.use_tenant(tenants[f"{kind}-1"]):
        assert Project.objects.count() == 2


@pytest.mark.parametrize("kind", ["schema", "table"])
def test_a_row_that_was_read_there_can_be_saved(tenants: dict[str, BaseTenant], kind: str) -> None:
    """In the first server, for its tenant; for another it is refused as every row is."""
    with TenantContext.use_tenant(tenants[f"{kind}-1"]):
        project = Project.objects.get()
        assert "replica" in project._state.db
        project.name = "changed"
        project.save()
        assert project.tenant.tenant_id == f"{kind}-1"
        assert list(project.tasks.all()) == []
        project.tasks.create(title="t")
        user = User.objects.get(username=f"{kind}-1")
        user.save()
    with TenantContext.use_tenant(tenants["schema-2"]):
        for act in (project.save, project.delete, user.save, user.refresh_from_db, user.delete):
            with pytest.raises(TenantMismatchError):
                act()


def test_nothing_is_migrated_there(replica: PostgresServer) -> None:
    """It has what the first server has."""
    assert not router.allow_migrate("replica", "customers", model_name="project")
    assert router.allow_migrate("default", "customers", model_name="project")


def test_a_database_that_is_no_replica_is_refused(make_tenant: MakeTenant) -> None:
    """The mistake is named, and nothing is read."""
    acme = make_tenant("acme")
    with (
        override_settings(DATABASE_ROUTERS=[f"{__name__}.MistakenRouter"]),
        TenantContext.use_tenant(acme),
        pytest.raises(ImproperlyConfigured, match=r"MistakenRouter chose 'second'.*no replica of 'master'"),
    ):
        Project.objects.count()


def test_another_database_is_still_refused(tenants: dict[str, BaseTenant]) -> None:
    """Only those that copy the tenant's own hold its rows."""
    with TenantContext.use_tenant(tenants["table-1"]):
        assert Project.objects.using("replica").count() == 1
        with pytest.raises(TenantMismatchError, match="'second'"):
            Project.objects.using("second").count()
