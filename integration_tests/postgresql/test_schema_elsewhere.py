"""Schemas in another database than the master's, on another server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management.sql import emit_pre_migrate_signal
from django.db import OperationalError, ProgrammingError, connection, connections
from django.db.migrations import Migration
from django.db.migrations.operations import RenameModel

from customers.models import Country, Invoice, Project, Task, Tenant
from looking import ask, configured, rewired, schemas, session, tables
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError, TenantMismatchError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend

MakeTenant = Callable[..., BaseTenant]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

SECOND = {"db_alias": "second"}


@pytest.fixture(name="acme")
def _acme(make_tenant: MakeTenant) -> BaseTenant:
    return make_tenant("acme", config=SECOND)


def test_the_schema_is_in_the_other_database(acme: BaseTenant) -> None:
    """``default`` means it; the master stays within reach."""
    assert (schemas("default"), schemas("second")) == (set(), {"acme"})
    with TenantContext.use_tenant(acme):
        assert connection.settings_dict["PORT"] == connections.settings["second"]["PORT"]
        project = Project.objects.create(name="a")
        Task.objects.create(project=project, title="t")
        assert Project.objects.select_related("tenant").get().tenant.tenant_id == "acme"
        assert Tenant.objects.get().config == SECOND
        Invoice.objects.create(number=1)
    assert ask("SELECT name FROM acme.customers_project", alias="second") == [("a",)]
    assert ask("SELECT number FROM customers_invoice") == [(1,)]


def test_its_public_schema_holds_what_stands_once(acme: BaseTenant) -> None:
    """SHARED tables and the tenants' own rows: a statement that escapes its schema finds no table of tenants."""
    found = tables("public", "second")
    assert {"customers_country", "django_content_type", "customers_tenant", "django_migrations"} == found
    assert ask("SELECT tenant_id, config FROM customers_tenant", alias="second") == [
        ("acme", {"omnitenant_mirror": True})
    ]
    with TenantContext.use_tenant(acme):
        assert ContentType.objects.get_for_model(Project).app_label == "customers"
        country = Country.objects.create(code="np")
        assert Project.objects.create(name="a", country=country).country == country
    assert ask("SELECT code FROM customers_country", alias="second") == [("np",)]
    assert ask("SELECT code FROM customers_country") == []


def test_no_constraint_leads_to_what_is_not_there(make_tenant: MakeTenant) -> None:
    """Even where constraints are wanted: they hold for what stands in this database."""
    with configured(SHARED_FOREIGN_KEYS=True):
        make_tenant("acme", config=SECOND)
    found = ask(
        "SELECT DISTINCT t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid "
        "WHERE c.contype = 'f' AND c.connamespace = 'acme'::regnamespace AND t.relnamespace <> c.connamespace",
        alias="second",
    )
    assert {name for (name,) in found} == {"customers_tenant", "customers_country", "django_content_type"}


def test_the_tenants_row_is_kept_up_to_date(acme: BaseTenant) -> None:
    """It changes with the tenant, and goes with it."""
    acme.name = "Acme & Sons"
    acme.save()
    assert ask("SELECT name FROM customers_tenant", alias="second") == [("Acme & Sons",)]
    get_tenant_backend(acme).delete()
    assert ask("SELECT name FROM customers_tenant", alias="second") == []
    assert (schemas("second"), Tenant.objects.exists()) == (set(), False)


def test_a_schema_of_the_same_name_is_another(make_tenant: MakeTenant, acme: BaseTenant) -> None:
    """Rows of one are not rows of the other."""
    twin = make_tenant("twin", config={"schema_name": "acme"})
    with TenantContext.use_tenant(acme):
        user = User.objects.create(username="of acme")
    with TenantContext.use_tenant(twin):
        assert not User.objects.exists()
        with pytest.raises(TenantMismatchError, match="'second', schema 'acme'.*'master', schema 'acme'"):
            user.save()
    with TenantContext.use_tenant(twin), pytest.raises(TenantMismatchError, match="'second'"):
        Project.objects.using("second").count()


def test_a_database_that_is_not_declared_is_refused(make_tenant: MakeTenant) -> None:
    """Its public schema would have to be migrated as that of a place."""
    acme = make_tenant("acme", create=False, config=SECOND)
    refused = pytest.raises(ProvisioningError, match=r"'acme'.*'second'.*TENANT_DB_ALIASES")
    with configured(TENANT_DB_ALIASES=[]), refused:
        get_tenant_backend(acme).create()
    acme.config = {"db_alias": "third"}
    with pytest.raises(ProvisioningError, match="'third', which is not one for schemas"):
        get_tenant_backend(acme).check()
    assert Tenant.objects.get().state == "pending"


def test_a_database_that_was_not_migrated_is_refused(make_tenant: MakeTenant) -> None:
    """The tenant's own row has nowhere to be; then it has."""
    acme = make_tenant("acme", create=False, config=SECOND)
    ask("ALTER TABLE customers_tenant RENAME TO away", alias="second")
    try:
        with pytest.raises(ProvisioningError, match="lacks the table 'customers_tenant'.*migrate --database=second"):
            get_tenant_backend(acme).create()
    finally:
        ask("ALTER TABLE away RENAME TO customers_tenant", alias="second")
    get_tenant_backend(acme).create()
    assert schemas("second") == {"acme"}


def test_missing_privileges_are_named(make_tenant: MakeTenant) -> None:
    """Before anything is made; when they are granted it completes."""
    acme = make_tenant("acme", create=False, config=SECOND)
    with session("second") as cursor:
        cursor.execute("CREATE ROLE limited LOGIN PASSWORD 'limited'")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO limited")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO limited")
        try:
            with rewired("second", USER="limited", PASSWORD="limited"):
                with pytest.raises(
                    ProvisioningError, match=r"the role 'limited' may not make schemas.*GRANT CREATE ON"
                ):
                    get_tenant_backend(acme).create()
                assert (Tenant.objects.get().state, schemas("second")) == ("pending", set())
                cursor.execute(f'GRANT CREATE ON DATABASE "{connections.settings["second"]["NAME"]}" TO limited')
                get_tenant_backend(acme).create()
                assert schemas("second") == {"acme"}
                get_tenant_backend(acme).delete()
        finally:
            cursor.execute("DROP OWNED BY limited; DROP ROLE limited")


def test_a_role_that_owns_nothing_serves(make_tenant: MakeTenant) -> None:
    """One role makes schemas and migrates; another, which the default privileges name, serves."""
    site = "ALTER DEFAULT PRIVILEGES GRANT {} TO site"
    with session("second") as cursor:
        cursor.execute("CREATE ROLE site LOGIN PASSWORD 'site'")
        for rights in ("USAGE ON SCHEMAS", "SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
            cursor.execute(site.format(rights))
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO site")
        try:
            acme = make_tenant("acme", config=SECOND)
            with rewired("second", USER="site", PASSWORD="site"), TenantContext.use_tenant(acme):
                Project.objects.create(name="a")
                assert Project.objects.select_related("tenant").get().tenant.tenant_id == "acme"
                with pytest.raises(ProgrammingError, match="must be owner"), connections["second"].cursor() as inside:
                    inside.execute("DROP TABLE customers_project CASCADE")
                with pytest.raises(ProvisioningError, match=r"'acme'.*cannot be removed.*let its owner do it"):
                    get_tenant_backend(acme).delete()
        finally:
            cursor.execute("DROP OWNED BY site; DROP ROLE site")


def test_a_server_that_is_down_concerns_its_tenants_only(make_tenant: MakeTenant, acme: BaseTenant) -> None:
    """The others work, and the tenant's row can still be saved in the master."""
    globex = make_tenant("globex")
    with rewired("second", PORT="1"):
        with TenantContext.use_tenant(acme), pytest.raises(OperationalError):
            Project.objects.count()
        with TenantContext.use_tenant(globex):
            Project.objects.create(name="works")
        acme.name = "Renamed"
        acme.save()
    assert Tenant.objects.get(tenant_id="acme").name == "Renamed"
    get_tenant_backend(acme).migrate()
    assert ask("SELECT name FROM customers_tenant", alias="second") == [("Renamed",)]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_content_type_follows_its_model(acme: BaseTenant, backwards: bool) -> None:
    """It is renamed where it stands, and keeps its key; in a tenant's own migrations nothing is."""
    old, new = ("gadget", "widget") if not backwards else ("widget", "gadget")
    kind = ContentType.objects.using("second").create(app_label="customers", model=old)

    class Renaming(Migration):
        operations = (RenameModel("Gadget", "Widget"),)

    def migrate() -> None:
        emit_pre_migrate_signal(0, False, "second", plan=[(Renaming("0002", "customers"), backwards)])

    try:
        with TenantContext.use_tenant(acme):
            migrate()
        assert ContentType.objects.using("second").get(pk=kind.pk).model == old
        migrate()
        migrate()
        assert ContentType.objects.using("second").get(pk=kind.pk).model == new
    finally:
        kind.delete()
