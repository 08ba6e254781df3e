"""Shared tables in a database of their own, beside the master (PUBLIC_DB_ALIAS)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import override_settings

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend
from probe.models import Note, Project, Tenant

CONFIG = {"TENANT_MODEL": "probe.Tenant", "DOMAIN_MODEL": "probe.Domain", "PUBLIC_DB_ALIAS": "pool"}


@pytest.fixture(name="both")
def _both(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[list[BaseTenant]]:
    """Two tenants in the shared tables of the pool, a database that exists for this test alone."""
    master = connections.settings["default"]
    connections.settings["pool"] = {**master, "NAME": str(tmp_path / "pool.sqlite3")}
    with django_db_blocker.unblock(), override_settings(OMNITENANT_CONFIG=CONFIG):
        call_command("migrate", database="pool", verbosity=0)
        made = []
        for name in ("one", "two"):
            tenant = Tenant.objects.create(tenant_id=name, name=name)
            get_tenant_backend(tenant).create()
            made.append(tenant)
        try:
            yield made
        finally:
            for tenant in Tenant.objects.all():
                get_tenant_backend(tenant).delete()
            connections["pool"].close()
            del connections["pool"]
            del connections.settings["pool"]


def test_rows_stand_in_the_pool_and_the_tenant_in_the_master(both: list[BaseTenant]) -> None:
    """``default`` means the pool; the tenant's row is mirrored there, so its key holds."""
    for tenant in both:
        with TenantContext.use_tenant(tenant), transaction.atomic():
            assert connection.alias == "pool"
            Project.objects.create(name=tenant.tenant_id)
            assert Project.objects.select_related("tenant").get().tenant.tenant_id == tenant.tenant_id
    assert Note.objects.using("default").count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM probe_project")
        assert cursor.fetchone() == (0,)


def test_the_master_is_not_the_tenants_database(both: list[BaseTenant]) -> None:
    """The row filter refuses the wrong database."""
    with TenantContext.use_tenant(both[0]), pytest.raises(TenantMismatchError):
        Project.objects.using("master").count()


def test_deleting_a_tenant_takes_its_rows_out_of_the_pool(both: list[BaseTenant]) -> None:
    """The other's stay."""
    for tenant in both:
        with TenantContext.use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
    get_tenant_backend(both[0]).delete()
    with TenantContext.unscoped():
        assert [project.name for project in Project.objects.using("pool")] == ["two"]
        assert [tenant.tenant_id for tenant in Tenant.objects.using("pool")] == ["two"]
