"""The life of a tenant with a PostgreSQL database of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection, connections

from customers.models import Country, Invoice, Project, Tenant
from looking import ask, databases, parameters, roles, session
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError, TenantMismatchError
from omnitenant_models.tenants import BaseTenant, TenantState
from omnitenant_routing.provisioning import get_tenant_backend, suspend
from omnitenant_routing.provisioning.postgresql import PostgreSQLDatabase
from postgresql_settings import FIRST, SECOND

MakeTenant = Callable[..., BaseTenant]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

ROLE = {"USER": "acme_user", "PASSWORD": "s3cr'et \\ %s"}


def made(tenant_id: str) -> str:
    """Return the name of a tenant's database: in a test run it begins with the master's."""
    return f"{connections.settings['default']['NAME']}_{tenant_id}"


@pytest.fixture(autouse=True)
def _no_roles_left() -> Iterator[None]:
    """Fail the test that leaves a role or a database."""
    yield
    for alias in ("default", "second"):
        assert (roles(alias), databases(alias)) == (set(), set())


@pytest.fixture(name="make")
def _make(_no_roles_left: None, make_tenant: MakeTenant) -> MakeTenant:
    """Make tenants that are removed before anybody looks what is left."""

    def make(tenant_id: str, db_config: dict[str, Any] | None = None, **fields: Any) -> BaseTenant:
        config = {**fields.pop("config", {}), **({"db_config": db_config} if db_config else {})}
        return make_tenant(tenant_id, "database", config=config, **fields)

    return make


@contextmanager
def changed(alias: str, **values: Any) -> Iterator[None]:
    """Change an entry of ``DATABASES`` for the length of a block, as far as tenants' databases depend on it."""
    settings = connections.settings[alias]
    before = {name: settings[name] for name in values}
    settings.update(values)
    try:
        yield
    finally:
        settings.update(before)


class TestMaking:
    """What is made, and for whom."""

    def test_a_database_beside_the_masters(self, make: MakeTenant) -> None:
        """Its rows, its content types and the tenant's own row stand in it."""
        acme = make("acme")
        assert (acme.state, databases()) == ("active", {made("acme")})
        with TenantContext.use_tenant(acme):
            country = Country.objects.create(code="np")
            project = Project.objects.create(name="a", country=country)
            assert Project.objects.select_related("tenant").get().tenant.tenant_id == "acme"
            assert ContentType.objects.get_for_model(Project).model == "project"
            Invoice.objects.create(number=7)
        assert project._state.db == "tenant:acme"
        assert ask("SELECT name FROM customers_project", dbname=made("acme")) == [("a",)]
        assert ask("SELECT number FROM customers_invoice") == [(7,)]
        name = connections.settings["default"]["NAME"]
        question = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        assert ask(question, made("acme")) == [(f"omnitenant: acme of {name}",)]

    def test_a_database_on_another_server(self, make: MakeTenant) -> None:
        """``db_alias`` names an entry of ``DATABASES`` beside which it is made."""
        acme, globex = make("acme", config={"db_alias": "second"}), make("globex")
        assert (databases("default"), len(databases("second"))) == ({made("globex")}, 1)
        for tenant, port in ((acme, SECOND.port), (globex, FIRST.port)):
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name=tenant.tenant_id)
                assert connection.settings_dict["PORT"] == str(port)
                assert [each.name for each in Project.objects.all()] == [tenant.tenant_id]

    def test_settings_are_inherited(self, make: MakeTenant) -> None:
        """The age of connections and health checks are those of the database beside which it lives."""
        with changed("default", CONN_MAX_AGE=33, CONN_HEALTH_CHECKS=True):
            acme = make("acme")
            with TenantContext.use_tenant(acme):
                connection.ensure_connection()
                assert (connection.settings_dict["CONN_MAX_AGE"], connection.health_check_enabled) == (33, True)
                assert connection.close_at is not None
                assert "pool" not in connection.settings_dict["OPTIONS"]

    def test_making_it_again_changes_nothing(self, make: MakeTenant) -> None:
        """Nor does making what is there already."""
        acme = make("acme")
        with TenantContext.use_tenant(acme):
            User.objects.create(username="kept")
        Tenant.objects.filter(pk=acme.pk).update(state=TenantState.PROVISIONING)
        backend = get_tenant_backend(Tenant.objects.get(pk=acme.pk))
        assert not backend.make_place()
        backend.create()
        with TenantContext.use_tenant(acme):
            assert User.objects.get().username == "kept"


class TestRoles:
    """A role of the tenant's own, which can do what the tenant needs and nothing else."""

    def test_the_role_is_made_with_the_database(self, make: MakeTenant) -> None:
        """It owns the tables that it migrates, and not the database; it goes with the tenant."""
        acme = make("acme", ROLE)
        with TenantContext.use_tenant(acme), connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            assert cursor.fetchone() == ("acme_user", made("acme"))
            Project.objects.create(name="a")
        (row,) = ask(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin "
            "FROM pg_roles WHERE rolname = 'acme_user'"
        )
        assert row == (False, False, False, False, False, True)
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
        assert ask(owner, made("acme")) == [("postgres",)]
        get_tenant_backend(acme).delete()
        assert (roles(), databases()) == (set(), set())

    def test_it_opens_no_other_tenants_database(self, make: MakeTenant) -> None:
        """Nobody may connect to a tenant's database but the tenant and who administers."""
        make("acme", ROLE)
        make("globex", {"USER": "globex_user", "PASSWORD": "other"})
        login = {"user": "globex_user", "password": "other"}
        assert ask("SELECT 1", dbname=made("globex"), **login) == [(1,)]
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            ask("SELECT 1", dbname=made("acme"), **login)

    def test_the_password_is_told_to_nobody(self, make: MakeTenant, caplog: pytest.LogCaptureFixture) -> None:
        """The server gets its scrambled form: neither its log nor ours, nor any text of ours, holds it."""
        log = FIRST.socket_folder.parent / "data" / "log"
        acme = make("acme", ROLE, create=False)
        with session() as cursor:
            cursor.execute("ALTER SYSTEM SET log_statement = 'all'")
            cursor.execute("SELECT pg_reload_conf()")
        caplog.set_level(logging.DEBUG)
        connection.force_debug_cursor = True
        try:
            backend = get_tenant_backend(acme)
            backend.create()
            told = [repr(backend), repr(acme), str(acme), repr(connection.queries), caplog.text, log.read_text()]
        finally:
            connection.force_debug_cursor = False
            with session() as cursor:
                cursor.execute("ALTER SYSTEM RESET log_statement")
                cursor.execute("SELECT pg_reload_conf()")
        assert "CREATE ROLE" in told[-1]
        assert "SCRAM-SHA-256" in told[-1]
        for text in told:
            assert "s3cr" not in text

    def test_a_role_that_others_made_stays_as_it_is(self, make: MakeTenant) -> None:
        """It is used with its own password, and is not removed with the tenant."""
        ask("CREATE ROLE acme_user LOGIN PASSWORD 'by hand'")
        try:
            acme = make("acme", {"USER": "acme_user", "PASSWORD": "by hand"})
            with TenantContext.use_tenant(acme):
                Project.objects.create(name="a")
            get_tenant_backend(acme).delete()
            assert (roles(), databases()) == ({"acme_user"}, set())
        finally:
            ask("DROP ROLE acme_user")

    def test_another_role_that_serves_the_site(self, make: MakeTenant) -> None:
        """What the guide tells to grant is enough, for tables of later migrations as well."""
        make("acme")
        ask("CREATE ROLE clerk LOGIN PASSWORD 'right'")
        login = {"user": "clerk", "password": "right", "dbname": made("acme")}
        try:
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                ask("SELECT 1", **login)
            rows, counts = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"
            with session(dbname=made("acme")) as cursor:
                cursor.execute(f'GRANT CONNECT ON DATABASE "{made("acme")}" TO clerk')
                cursor.execute(f"GRANT {rows} ON ALL TABLES IN SCHEMA public TO clerk")
                cursor.execute(f"GRANT {counts} ON ALL SEQUENCES IN SCHEMA public TO clerk")
                cursor.execute(f"ALTER DEFAULT PRIVILEGES GRANT {rows} ON TABLES TO clerk")
                cursor.execute(f"ALTER DEFAULT PRIVILEGES GRANT {counts} ON SEQUENCES TO clerk")
                cursor.execute("CREATE TABLE later (id serial, name text)")
            assert ask("SELECT count(*) FROM customers_project", **login) == [(0,)]
            ask("INSERT INTO later (name) VALUES ('a')", **login)
        finally:
            get_tenant_backend(Tenant.objects.get()).delete()
            ask("DROP ROLE clerk")

    def test_a_role_that_somebody_needs_stays(self, make: MakeTenant) -> None:
        """Another tenant, to whom it was given by hand: its database works on, and the role is left."""
        acme, globex = make("acme", ROLE), make("globex", create=False)
        ask("COMMENT ON ROLE acme_user IS NULL")
        globex.config = {"db_config": ROLE}
        globex.save()
        get_tenant_backend(globex).create()
        ask("COMMENT ON ROLE acme_user IS %s", f"omnitenant: acme of {connections.settings['default']['NAME']}")
        get_tenant_backend(acme).delete()
        with TenantContext.use_tenant(globex):
            Project.objects.create(name="a")
        assert roles() == {"acme_user"}
        get_tenant_backend(globex).delete()
        ask("DROP ROLE IF EXISTS acme_user")

    def test_a_password_by_reference(self, make: MakeTenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is read when a connection is made, and stands nowhere in the master."""
        monkeypatch.setenv("ACME_PASSWORD", "from outside")
        acme = make("acme", {"USER": "acme_user", "PASSWORD": {"env": "ACME_PASSWORD"}})
        with TenantContext.use_tenant(acme):
            Project.objects.create(name="a")
        assert "from outside" not in str(ask("SELECT config FROM customers_tenant"))


class TestFailing:
    """One clear error, nothing half-made; and after mending it completes."""

    def refuse(self, tenant: BaseTenant, message: str, state: str = "pending") -> None:
        """See that making the tenant is refused, and that nothing is left of trying."""
        before = databases(), databases("second"), roles()
        with pytest.raises(ProvisioningError, match=message):
            get_tenant_backend(tenant).create()
        assert Tenant.objects.get(pk=tenant.pk).state == state
        assert (databases(), databases("second"), roles()) == before

    def mend(self, tenant: BaseTenant, **db_config: Any) -> None:
        """Correct the configuration, and see that the tenant is made."""
        tenant.config = {"db_config": db_config} if db_config else {}
        tenant.save()
        get_tenant_backend(Tenant.objects.get(pk=tenant.pk)).create()
        assert Tenant.objects.get(pk=tenant.pk).state == "active"

    @pytest.mark.parametrize(
        ("config", "why"),
        [
            ({"NAME": "x" * 64}, "bytes in UTF-8"),
            ({"NAME": "a\nb"}, "cannot be printed"),
            ({"USER": "y" * 64}, "'y{64}' cannot be the name of a role of tenant 'acme': it has 64 bytes"),
            ({"USER": "pg_monitor"}, "cannot be the name of a role.*PostgreSQL keeps for itself"),
        ],
    )
    def test_names_that_cannot_be(self, make: MakeTenant, config: dict[str, Any], why: str) -> None:
        """They are refused before anything is changed."""
        acme = make("acme", config, create=False)
        self.refuse(acme, why)
        self.mend(acme)

    def test_another_tenants_role(self, make: MakeTenant) -> None:
        """Who has it opens both databases; it would go with the first of the two."""
        make("acme", ROLE)
        globex = make("globex", ROLE, create=False)
        self.refuse(globex, r"'globex': the role 'acme_user' is another tenant's \(it is marked 'omnitenant: acme of ")
        self.mend(globex, USER="globex_user", PASSWORD="other")

    def test_a_role_that_was_made_for_the_tenant(self, make: MakeTenant) -> None:
        """The remedy that the error names works."""
        ask("CREATE ROLE clerk LOGIN PASSWORD 'right'")
        ask("COMMENT ON ROLE clerk IS 'omnitenant: acme of an older site'")
        acme = make("acme", {"USER": "clerk", "PASSWORD": "right"}, create=False)
        self.refuse(acme, r"another tenant's .*COMMENT ON ROLE \"clerk\" IS 'omnitenant: acme of ")
        ask("COMMENT ON ROLE clerk IS %s", f"omnitenant: acme of {connections.settings['default']['NAME']}")
        get_tenant_backend(acme).create()

    def test_a_superuser(self, make: MakeTenant) -> None:
        """Nothing keeps it out of other databases."""
        ask("CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 'right'")
        try:
            acme = make("acme", {"USER": "clerk", "PASSWORD": "right"}, create=False)
            self.refuse(acme, "'acme': the role 'clerk' is a superuser")
            self.mend(acme)
        finally:
            ask("DROP ROLE clerk")

    @pytest.mark.parametrize("alias", [None, "second"])
    def test_the_sites_own_role(self, make: MakeTenant, alias: str | None) -> None:
        """The master's where it is on the server, and the one that administers: neither is a tenant's own."""
        acme = make("acme", {"user": "postgres"}, create=False, config={"db_alias": alias} if alias else {})
        self.refuse(acme, "'acme': the role 'postgres' is the site's own.*leave USER and PASSWORD out")
        self.mend(acme)

    def test_the_masters_role_beside_another_entry(self, make: MakeTenant) -> None:
        """It is the site's too where another role administers."""
        acme = make("acme", {"USER": "site"}, create=False, config={"db_alias": "second"})
        ask("CREATE ROLE clerk LOGIN PASSWORD 'right' CREATEDB")
        beside = {"HOST": FIRST.host, "PORT": str(FIRST.port), "NAME": "postgres"}
        try:
            with changed("second", **beside, USER="clerk", PASSWORD="right"), changed("default", USER="site"):
                self.refuse(acme, "'acme': the role 'site' is the site's own")
        finally:
            ask("DROP ROLE clerk")
        self.mend(acme)

    def test_the_masters_own_database(self, make: MakeTenant) -> None:
        """No tenant can have a database of the project's own."""
        acme = make("acme", create=False)
        with changed("second", HOST=FIRST.host, PORT=str(FIRST.port), NAME=made("acme")):
            self.refuse(acme, "is reserved")
        self.mend(acme)

    @pytest.mark.parametrize("mark", [None, "omnitenant: globex", "omnitenant: acme of another site"])
    def test_a_database_that_is_there_already(self, make: MakeTenant, mark: str | None) -> None:
        """One that is not marked as this tenant's, of this master, is neither used nor removed."""
        with session() as cursor:
            cursor.execute(f'CREATE DATABASE "{made("acme")}"')
            cursor.execute(f'COMMENT ON DATABASE "{made("acme")}" IS %s', [mark])
        try:
            acme = make("acme", create=False)
            self.refuse(acme, r"'acme'.*exists already on .*COMMENT ON DATABASE")
            Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)
            get_tenant_backend(Tenant.objects.get(pk=acme.pk)).delete()
            assert ask("SELECT count(*) FROM pg_database WHERE datname = %s", made("acme")) == [(1,)]
        finally:
            ask(f'DROP DATABASE "{made("acme")}"')

    def test_a_database_that_was_made_for_the_tenant(self, make: MakeTenant) -> None:
        """The remedy that the error names works."""
        mark = f"omnitenant: acme of {connections.settings['default']['NAME']}"
        with session() as cursor:
            cursor.execute(f'CREATE DATABASE "{made("acme")}"')
            cursor.execute(f'COMMENT ON DATABASE "{made("acme")}" IS %s', [mark])
        assert make("acme").state == "active"

    def test_a_wrong_password(self, make: MakeTenant) -> None:
        """That of a role that was there: the database that was made for it is removed again."""
        ask("CREATE ROLE clerk LOGIN PASSWORD 'right'")
        try:
            acme = make("acme", {"USER": "clerk", "PASSWORD": "wrong"}, create=False)
            self.refuse(acme, r"database of tenant 'acme' .*cannot be reached.*password authentication", "failed")
            self.mend(acme, USER="clerk", PASSWORD="right")
            get_tenant_backend(acme).delete()
        finally:
            ask("DROP ROLE clerk")

    def test_a_wrong_password_of_who_administers(self, make: MakeTenant) -> None:
        """The error says whose credentials were refused."""
        ask("CREATE ROLE clerk LOGIN PASSWORD 'right' CREATEDB")
        try:
            acme = make("acme", create=False)
            with changed("default", USER="clerk", PASSWORD="wrong"):
                self.refuse(acme, "cannot be reached with the credentials of DATABASES: .*password authentication")
        finally:
            ask("DROP ROLE clerk")

    def test_a_server_that_cannot_be_reached(self, make: MakeTenant) -> None:
        """The error names the tenant and the server."""
        acme = make("acme", {"NAME": "acme", "PORT": "1"}, create=False)
        self.refuse(acme, r"'acme': the server 127.0.0.1:1 cannot be reached")
        self.mend(acme)

    def test_an_unknown_alias(self, make: MakeTenant) -> None:
        """The error names those that there are."""
        acme = make("acme", create=False, config={"db_alias": "third"})
        self.refuse(acme, r"'third', which is no key of DATABASES; use 'default', 'second'")
        self.mend(acme)

    @pytest.mark.parametrize(
        ("rights", "missing"), [("", "may not make databases"), ("CREATEDB", "'acme_user' does not exist")]
    )
    def test_missing_privileges(self, make: MakeTenant, rights: str, missing: str) -> None:
        """What is missing is named; when it is granted it completes."""
        acme = make("acme", ROLE, create=False)
        ask(f"CREATE ROLE clerk LOGIN PASSWORD 'right' {rights}")
        try:
            with changed("default", USER="clerk", PASSWORD="right"):
                with pytest.raises(ProvisioningError, match=f'{missing}.*ALTER ROLE "clerk" CREATE'):
                    get_tenant_backend(acme).create()
                assert (databases(), roles()) == (set(), {"clerk"})
                ask("ALTER ROLE clerk CREATEDB CREATEROLE")
                get_tenant_backend(acme).create()
                with TenantContext.use_tenant(acme):
                    Project.objects.create(name="a")
                get_tenant_backend(acme).delete()
                assert (databases(), roles()) == (set(), {"clerk"})
        finally:
            ask("DROP ROLE clerk")

    def test_what_a_crash_left(self, make: MakeTenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """A database that had no mark yet stands under another name, and is made anew."""
        acme = make("acme", ROLE, create=False)

        def killed(*_: object) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(PostgreSQLDatabase, "_finish", killed)
            patch.setattr(PostgreSQLDatabase, "_abandon", lambda *_, **__: None)
            with pytest.raises(KeyboardInterrupt):
                get_tenant_backend(acme).make_place()
        assert len(databases()) == 1
        assert roles() == {"acme_user"}
        get_tenant_backend(acme).create()
        assert databases() == {made("acme")}

    def test_a_migration_that_fails(self, make: MakeTenant) -> None:
        """The database goes, with its role; then it is made."""
        from omnitenant_models.signals import tenant_created

        acme = make("acme", ROLE, create=False)

        def fail(**_: object) -> None:
            raise RuntimeError("no furniture")

        tenant_created.connect(fail)
        try:
            self.refuse(acme, "'acme'.*no furniture", "failed")
        finally:
            tenant_created.disconnect(fail)
        self.mend(acme, **ROLE)


class TestDeleting:
    """Nothing is left."""

    def test_open_sessions_are_told(self, make: MakeTenant) -> None:
        """Deleting is refused because of them, or ends them where that is asked for."""
        acme = make("acme")
        with session(dbname=made("acme")) as cursor:
            cursor.execute("SELECT 1")
            with pytest.raises(ProvisioningError, match="'acme'.*while sessions use it.*deletetenant --force"):
                get_tenant_backend(acme).delete()
            with TenantContext.use_tenant(Tenant.objects.get()):
                assert not Project.objects.exists()
            connections[f"tenant:{acme.tenant_id}"].close()
            get_tenant_backend(Tenant.objects.get()).delete(force=True)
            with pytest.raises(psycopg2.OperationalError):
                cursor.execute("SELECT 1")
        assert (databases(), Tenant.objects.exists()) == (set(), False)

    def test_a_database_of_somebody_elses(self, make: MakeTenant) -> None:
        """Who may not remove it is told, and the tenant is what it was."""
        acme = make("acme")
        suspend(acme)
        ask("CREATE ROLE clerk LOGIN PASSWORD 'right' CREATEDB")
        try:
            with (
                changed("default", USER="clerk", PASSWORD="right"),
                pytest.raises(ProvisioningError, match="'acme'.*must be owner of database.*grant the right"),
            ):
                get_tenant_backend(acme).delete()
        finally:
            ask("DROP ROLE clerk")
        assert (acme.state, Tenant.objects.get().state) == ("suspended", "suspended")

    def test_what_is_gone_already(self, make: MakeTenant) -> None:
        """A database that somebody dropped by hand is no obstacle."""
        acme = make("acme", ROLE)
        ask(f'DROP DATABASE "{made("acme")}" WITH (FORCE)')
        get_tenant_backend(acme).delete()
        assert not Tenant.objects.exists()

    def test_a_tenant_that_was_never_made(self, make: MakeTenant) -> None:
        """Whatever its configuration says."""
        acme = make("acme", {"NAME": "x" * 70, "PORT": "1"}, create=False)
        get_tenant_backend(acme).delete()
        assert not Tenant.objects.exists()


class TestConnecting:
    """A connection is the tenant's, or there is none."""

    def test_another_tenants_database_is_not_opened(self, make: MakeTenant) -> None:
        """A configuration that was changed to lead there is refused at the first statement."""
        make("acme")
        globex = make("globex")
        Tenant.objects.filter(pk=globex.pk).update(config={"db_config": {"NAME": "acme"}})
        with (
            TenantContext.use_tenant(Tenant.objects.get(pk=globex.pk)),
            pytest.raises(TenantMismatchError, match=r"_acme' on .* is not the database of tenant 'globex'.*acme of"),
        ):
            User.objects.count()
        Tenant.objects.filter(pk=globex.pk).update(config={})

    def test_a_server_that_is_down_concerns_its_tenants_only(self, make: MakeTenant) -> None:
        """The error names the tenant; the others work, and so does the tenant's row in the master."""
        acme, globex = make("acme"), make("globex")
        Tenant.objects.filter(pk=acme.pk).update(config={"db_config": {"PORT": "1"}})
        acme.refresh_from_db()
        with TenantContext.use_tenant(acme), pytest.raises(OperationalError, match="of tenant 'acme'.*127.0.0.1:1"):
            Project.objects.count()
        with TenantContext.use_tenant(globex):
            Project.objects.create(name="works")
        acme.name = "Renamed"
        acme.save()
        Tenant.objects.filter(pk=acme.pk).update(config={})
        acme.refresh_from_db()
        get_tenant_backend(acme).migrate()
        assert ask("SELECT name FROM customers_tenant", dbname=made("acme")) == [("Renamed",)]

    def test_entering_connects_to_nothing(self, make: MakeTenant) -> None:
        """The first statement does."""
        acme = make("acme", {"PORT": "1"}, create=False)
        with TenantContext.use_tenant(acme, allow_inactive=True):
            assert connection.connection is None

    def test_no_parameter_of_a_connection_is_shown(self, make: MakeTenant) -> None:
        """Neither in an error, nor in what a connection says of itself."""
        acme = make("acme", {**ROLE, "PORT": "1"}, create=False)
        with TenantContext.use_tenant(acme, allow_inactive=True):
            with pytest.raises(OperationalError) as caught:
                Project.objects.count()
            assert "s3cr" not in f"{caught.value}{caught.value.__cause__}{connection!r}"
        assert "password" not in str(parameters())
