"""The commands, for tenants of all four isolation types."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from customers.models import Project, Tenant
from looking import ask, databases, roles, schemas, session, tables
from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant

MakeTenant = Callable[..., BaseTenant]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

KINDS = ("database", "schema", "table", "cache")


def run(name: str, *arguments: str, **options: Any) -> str:
    """Run a command and return what it printed."""
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


@pytest.fixture(name="fleet")
def _fleet(make_tenant: MakeTenant) -> dict[str, Tenant]:
    """A tenant of each isolation type, made by the command; the database has a role of its own."""
    for kind in KINDS:
        login = ["--db-user=t_database", "--db-password=secret"] if kind == "database" else []
        told = run(
            "createtenant", "--no-input", f"--tenant-id=t-{kind}", f"--name={kind}", f"--isolation-type={kind}", *login
        )
        assert f"Tenant 't-{kind}' was created ({kind}, active)." in told
    return {tenant.isolation_type: tenant for tenant in Tenant.objects.all()}


def test_the_life_of_a_fleet(fleet: dict[str, Tenant]) -> None:
    """Made, used, looked at, migrated, closed and opened, and removed."""
    assert (len(databases()), schemas(), roles()) == (1, {"t-schema"}, {"t_database"})
    for kind in KINDS:
        with TenantContext.use_tenant(fleet[kind]):
            Project.objects.create(name=kind)
    listed = {each["tenant_id"]: each for each in json.loads(run("showtenants", "--format=json"))["tenants"]}
    assert listed["t-schema"]["place"] == {"alias": "master", "schema": "t-schema"}
    assert listed["t-database"]["place"]["database"].endswith("t-database")
    assert "secret" not in json.dumps(listed)
    assert "0 of 4 tenants with pending migrations" in run("migratealltenants", "--check")
    assert "t-schema (schema, active)" in run("showtenantmigrations")
    for kind in ("database", "schema"):
        run("migratetenant", "customers", "zero", f"--tenant-id=t-{kind}")
        assert "[ ] customers.0001_initial" in run("showtenantmigrations", f"--tenant-id=t-{kind}", "--plan")
    assert "customers_project" not in tables("t-schema")
    assert "customers_project" in tables("public")
    with pytest.raises(CommandError, match="2 of 4 tenants with pending migrations: t-database, t-schema"):
        run("migratealltenants", "--check")
    assert "4 of 4 tenants migrated" in run("migratealltenants", "--no-input")
    assert "customers_project" in tables("t-schema")
    for kind in KINDS:
        run("suspendtenant", f"--tenant-id=t-{kind}")
        run("resumetenant", f"--tenant-id=t-{kind}")
        with TenantContext.use_tenant(Tenant.objects.get(tenant_id=f"t-{kind}")):
            assert Project.objects.count() == (kind in {"table", "cache"})
    for kind in KINDS:
        run("deletetenant", "--no-input", f"--tenant-id=t-{kind}")
    assert (databases(), schemas(), roles(), Tenant.objects.exists()) == (set(), set(), set(), False)
    assert ask("SELECT * FROM public.customers_project") == []


def test_a_database_in_use_is_told_in_one_line(fleet: dict[str, Tenant]) -> None:
    """``--force`` ends the sessions."""
    (name,) = databases()
    with session(dbname=name) as cursor:
        cursor.execute("SELECT 1")
        with pytest.raises(CommandError) as caught:
            run("deletetenant", "--no-input", "--tenant-id=t-database")
        assert "while sessions use it" in str(caught.value)
        assert "\n" not in str(caught.value)
        run("deletetenant", "--no-input", "--force", "--tenant-id=t-database")
    assert databases() == set()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--isolation-type=schema", '--set=config={"schema_name": "pg_x"}'], "PostgreSQL keeps for itself"),
        (["--isolation-type=schema", '--set=config={"db_alias": "third"}'], "'third', which is not one for schemas"),
        (["--isolation-type=database", '--set=config={"db_alias": "third"}'], "'third', which is no key of DATABASES"),
        (["--isolation-type=database", "--db-port=1"], "the server 127.0.0.1:1 cannot be reached"),
        (["--isolation-type=database", "--db-name=" + 64 * "x"], "PostgreSQL cuts names at 63"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(make_tenant: MakeTenant, options: list[str], complaint: str) -> None:
    """Not even the tenant's row."""
    with pytest.raises(CommandError, match=complaint):
        run("createtenant", "--no-input", "--tenant-id=acme", "--name=Acme", *options)
    assert (databases(), schemas(), Tenant.objects.exists()) == (set(), set(), False)
