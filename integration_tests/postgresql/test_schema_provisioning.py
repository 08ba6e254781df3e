"""The life of a tenant with a schema of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.operations import CreateExtension
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from customers.models import Domain, Project, Tenant
from looking import ask, configured, schemas, session, tables
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, ProvisioningError, TenantInactiveError
from omnitenant_models.signals import tenant_created
from omnitenant_models.tenants import BaseTenant, TenantState
from omnitenant_routing.provisioning import get_tenant_backend, namespace, resume, suspend
from omnitenant_routing.provisioning.schema import SchemaBackend

MakeTenant = Callable[..., BaseTenant]


def foreign_keys_out_of(schema: str) -> set[str]:
    """Return the tables of other schemas to which constraints of a schema lead."""
    found = ask(
        "SELECT DISTINCT t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid "
        "WHERE c.contype = 'f' AND c.connamespace = %s::regnamespace AND t.relnamespace <> c.connamespace",
        schema,
    )
    return {name for (name,) in found}


@contextmanager
def receiving(receiver: Callable[..., None]) -> Iterator[None]:
    """Receive ``tenant_created`` for the length of the block."""
    tenant_created.connect(receiver)
    try:
        yield
    finally:
        tenant_created.disconnect(receiver)


class TestMaking:
    """What is made, and what is not."""

    def test_a_schema_has_the_tables_of_tenants_and_no_others(self, make_tenant: MakeTenant) -> None:
        """Neither MASTER nor SHARED tables, nor the tenant's own, stand there; the mark names the tenant."""
        assert make_tenant("acme").state == "active"
        found = tables("acme")
        assert {"customers_project", "customers_task", "auth_user", "django_session", "django_migrations"} <= found
        assert not {"customers_tenant", "customers_invoice", "customers_country", "django_content_type"} & found
        assert ask("SELECT obj_description('acme'::regnamespace, 'pg_namespace')") == [("omnitenant: acme",)]

    def test_migrations_are_recorded_in_the_schema(self, make_tenant: MakeTenant) -> None:
        """The record of the public schema, which is visible from there, is neither believed nor written to."""
        before = ask("SELECT count(*) FROM public.django_migrations")
        make_tenant("acme")
        assert ask("SELECT count(*) FROM acme.django_migrations") == before
        assert ask("SELECT count(*) FROM public.django_migrations") == before

    def test_content_types_are_those_of_the_database(self, make_tenant: MakeTenant) -> None:
        """Each schema has permissions of its own, for content types that stand once in the public schema."""
        kind = ContentType.objects.get_for_model(Project)
        for tenant_id in ("acme", "globex"):
            with TenantContext.use_tenant(make_tenant(tenant_id)):
                assert ContentType.objects.get_for_model(Project).pk == kind.pk
                permission = Permission.objects.get(content_type=kind, codename="add_project")
                permission.name = f"of {tenant_id}"
                permission.save()
        assert ask("SELECT name FROM acme.auth_permission WHERE name ~ '^of'") == [("of acme",)]
        assert ask("SELECT name FROM public.auth_permission WHERE name ~ '^of'") == []

    def test_no_constraint_leaves_the_schema(self, make_tenant: MakeTenant) -> None:
        """A key to a table that stands once is none for the database, unless that is asked for."""
        make_tenant("acme")
        assert foreign_keys_out_of("acme") == set()
        with configured(SHARED_FOREIGN_KEYS=True):
            make_tenant("globex")
        assert foreign_keys_out_of("globex") == {"customers_tenant", "customers_country", "django_content_type"}

    def test_rows_stand_in_the_schema_of_their_tenant(self, make_tenant: MakeTenant) -> None:
        """Two tenants have rows of the same key, and each sees its own."""
        acme, globex = make_tenant("acme"), make_tenant("globex")
        for tenant in (acme, globex):
            with TenantContext.use_tenant(tenant):
                project = Project.objects.create(name=f"of {tenant.tenant_id}")
                assert (project.pk, project.tenant) == (1, tenant)
                assert [each.name for each in Project.objects.select_related("tenant")] == [f"of {tenant.tenant_id}"]
        assert ask("SELECT name, tenant_id FROM globex.customers_project") == [("of globex", globex.pk)]
        assert ask("SELECT name FROM public.customers_project") == []

    def test_receivers_work_inside(self, make_tenant: MakeTenant) -> None:
        """What they make for a new tenant stands in its schema."""

        def furnish(tenant: BaseTenant, **_: object) -> None:
            Project.objects.create(name="first")

        with receiving(furnish):
            make_tenant("acme")
        assert ask("SELECT name FROM acme.customers_project") == [("first",)]

    def test_the_schema_may_have_another_name(self, make_tenant: MakeTenant) -> None:
        """Any that PostgreSQL can hold, whatever must be quoted in it."""
        name = 'Ääh "quoted" 50%s; DROP TABLE x --'
        acme = make_tenant("acme", config={"schema_name": name})
        with TenantContext.use_tenant(acme):
            Project.objects.create(name="here")
            assert Project.objects.filter(name__startswith="h").count() == 1
        assert schemas() == {name}
        get_tenant_backend(acme).delete()
        assert schemas() == set()

    def test_making_it_again_changes_nothing(self, make_tenant: MakeTenant) -> None:
        """An active tenant is left alone, whoever asks."""
        acme = make_tenant("acme")
        with TenantContext.use_tenant(acme):
            Project.objects.create(name="kept")
        get_tenant_backend(acme).create()
        Tenant.objects.filter(pk=acme.pk).update(state=TenantState.PROVISIONING)
        get_tenant_backend(Tenant.objects.get(pk=acme.pk)).create()
        assert ask("SELECT name FROM acme.customers_project") == [("kept",)]


class TestLooking:
    """What Django sees of a schema."""

    def test_tables_of_the_public_schema_are_not_the_tenants(self, make_tenant: MakeTenant) -> None:
        """They are visible there, and commands that ask for tables must not take them for the tenant's own."""
        with TenantContext.use_tenant(make_tenant("acme")):
            found = set(connection.introspection.table_names())
        assert "customers_project" in found
        assert not {"customers_tenant", "customers_country", "django_content_type"} & found
        assert "customers_tenant" in connection.introspection.table_names()


class TestExtensions:
    """An extension belongs to the database, whoever's migration makes it."""

    def test_it_is_made_in_the_public_schema(self, make_tenant: MakeTenant) -> None:
        """So all tenants see it, and it does not go with the one that was first."""
        acme = make_tenant("acme")
        operation = CreateExtension("vector")
        question = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
        try:
            with TenantContext.use_tenant(acme), connection.schema_editor() as editor:
                operation.database_forwards("customers", editor, None, None)
            assert ask(question) == [("public",)]
            with TenantContext.use_tenant(acme), connection.schema_editor() as editor:
                operation.database_backwards("customers", editor, None, None)
            get_tenant_backend(acme).delete()
            assert ask(question) == [("public",)]
        finally:
            ask("DROP EXTENSION IF EXISTS vector")


class TestFailing:
    """One clear error, nothing half-made; and after mending it completes."""

    def test_what_fails_is_undone_and_can_be_repeated(self, make_tenant: MakeTenant) -> None:
        """A receiver that raises leaves no schema; then the same tenant is made."""
        acme = make_tenant("acme", create=False)

        def fail(**_: object) -> None:
            raise RuntimeError("no furniture")

        with receiving(fail), pytest.raises(ProvisioningError, match=r"'acme'.*no furniture.*create\(\) again"):
            get_tenant_backend(acme).create()
        assert (Tenant.objects.get(pk=acme.pk).state, schemas()) == ("failed", set())
        get_tenant_backend(acme).create()
        assert (Tenant.objects.get(pk=acme.pk).state, schemas()) == ("active", {"acme"})

    def test_what_a_crash_left_is_completed(self, make_tenant: MakeTenant) -> None:
        """A process that ended after some migrations: the rest is run."""
        acme = make_tenant("acme", create=False)
        backend = get_tenant_backend(acme)
        backend.create(run_migrations=False)
        assert (acme.state, tables("acme")) == ("provisioning", {"django_migrations"})
        # Content types are there as a whole, whatever this tenant has come to.
        backend.migrate("auth", "0003")
        assert acme.state == "provisioning"
        assert "customers_project" not in tables("acme")
        get_tenant_backend(Tenant.objects.get(pk=acme.pk)).create()
        assert Tenant.objects.get(pk=acme.pk).state == "active"
        assert "customers_project" in tables("acme")

    @pytest.mark.parametrize("after", range(5, 95, 9))
    def test_a_process_that_is_killed_leaves_nothing_half_done(
        self, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        """Whichever statement was its last, making the tenant again completes it."""
        acme = make_tenant("acme", create=False)
        monkeypatch.setattr(SchemaBackend, "_undo_place", lambda _: None)
        sent = 0

        def kill(execute: Callable[..., object], *statement: object) -> object:
            nonlocal sent
            sent += 1
            if sent > after:
                raise KeyboardInterrupt
            return execute(*statement)

        with connection.execute_wrapper(kill), pytest.raises(KeyboardInterrupt):
            get_tenant_backend(acme).create()
        get_tenant_backend(Tenant.objects.get()).create()
        with TenantContext.use_tenant(Tenant.objects.get()):
            Project.objects.create(name="works")
            assert Permission.objects.count() == Permission.objects.values("content_type", "codename").count() > 10

    def test_a_migration_and_its_record_are_one(self, make_tenant: MakeTenant) -> None:
        """No record is written outside the transaction of its migration."""
        acme = make_tenant("acme", create=False)
        inside: list[bool] = []

        def look(execute: Callable[..., object], sql: str, *rest: object) -> object:
            if sql.startswith('INSERT INTO "django_migrations"'):
                inside.append(connection.in_atomic_block)
            return execute(sql, *rest)

        with connection.execute_wrapper(look):
            get_tenant_backend(acme).create()
        assert len(inside) > 15
        assert all(inside)

    @pytest.mark.parametrize("mark", [None, "omnitenant: globex", "of the accountants"])
    def test_a_schema_that_is_not_ours_is_refused(self, make_tenant: MakeTenant, mark: str | None) -> None:
        """Nothing in it is touched, neither by making the tenant nor by deleting it."""
        with session() as cursor:
            cursor.execute("CREATE SCHEMA acme; CREATE TABLE acme.ledger ()")
            cursor.execute("COMMENT ON SCHEMA acme IS %s", [mark])
        try:
            acme = make_tenant("acme", create=False)
            with pytest.raises(ProvisioningError, match=r"'acme' exists already.*COMMENT ON SCHEMA \"acme\" IS"):
                get_tenant_backend(acme).create()
            assert Tenant.objects.get(pk=acme.pk).state == "pending"
            Tenant.objects.filter(pk=acme.pk).update(state=TenantState.ACTIVE)
            with pytest.raises(ProvisioningError, match="exists already"):
                get_tenant_backend(Tenant.objects.get(pk=acme.pk)).migrate()
            get_tenant_backend(Tenant.objects.get(pk=acme.pk)).delete()
            assert tables("acme") == {"ledger"}
        finally:
            ask("DROP SCHEMA acme CASCADE")

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("x" * 64, "has 64 bytes"),
            ("ä" * 32, "has 64 bytes"),
            ("public", "is reserved"),
            ("PUBLIC", "is reserved"),
            ("information_schema", "is reserved"),
            ("pg_mine", "PostgreSQL keeps for itself"),
            ("$user", "is reserved"),
            ("a\nb", "cannot be printed"),
            (" acme", "begins or ends with a space"),
            (7, "no text"),
        ],
    )
    def test_a_name_that_no_schema_can_have(self, make_tenant: MakeTenant, name: str, why: str) -> None:
        """It is refused before anything is changed; with a better one the tenant is made."""
        acme = make_tenant("acme", create=False, config={"schema_name": name})
        with pytest.raises(ProvisioningError, match=f"of tenant 'acme': it .*{why}.*; choose another name"):
            get_tenant_backend(acme).create()
        assert (Tenant.objects.get(pk=acme.pk).state, schemas()) == ("pending", set())
        acme.config = {"schema_name": "better"}
        acme.save()
        get_tenant_backend(acme).create()
        assert schemas() == {"better"}

    def test_a_name_that_cannot_be_is_refused_on_entering_too(self, make_tenant: MakeTenant) -> None:
        """A configuration that was changed behind our back reaches no statement."""
        acme = make_tenant("acme")
        Tenant.objects.filter(pk=acme.pk).update(config={"schema_name": "pg_catalog"})
        with (
            TenantContext.use_tenant(Tenant.objects.get(pk=acme.pk)),
            pytest.raises(OmnitenantError, match="'pg_catalog' cannot be the name of a schema of tenant 'acme'"),
        ):
            Project.objects.count()
        Tenant.objects.filter(pk=acme.pk).update(config={})

    def test_a_tenant_that_was_never_made_can_be_deleted(self, make_tenant: MakeTenant) -> None:
        """Whatever its configuration says."""
        acme = make_tenant("acme", create=False, config={"schema_name": "public"})
        get_tenant_backend(acme).delete()
        assert not Tenant.objects.exists()
        assert "customers_project" in tables("public")

    def test_a_schema_that_was_never_made_cannot_be_migrated(self, make_tenant: MakeTenant) -> None:
        """Nor does asking make it."""
        acme = make_tenant("acme", create=False)
        with pytest.raises(ProvisioningError, match=r"schema of tenant 'acme' does not exist .*create\(\)"):
            get_tenant_backend(acme).migrate()
        assert schemas() == set()

    def test_a_schema_that_is_gone_can_be_made_again(self, make_tenant: MakeTenant) -> None:
        """Deleting and making are both possible after somebody dropped it by hand."""
        acme, globex = make_tenant("acme"), make_tenant("globex")
        ask("DROP SCHEMA acme CASCADE")
        ask("DROP SCHEMA globex CASCADE")
        get_tenant_backend(acme).delete()
        backend = get_tenant_backend(globex)
        assert backend.make_place()
        backend.migrate()
        assert "customers_project" in tables("globex")


class TestEntering:
    """Entering asks and makes nothing."""

    def test_nothing_is_sent_and_nothing_is_made(self, make_tenant: MakeTenant) -> None:
        """Not even where there is no schema."""
        acme = make_tenant("acme", create=False)
        with CaptureQueriesContext(connection) as sent, TenantContext.use_tenant(acme, allow_inactive=True):
            pass
        with CaptureQueriesContext(connection) as sent_too, TenantContext.use_schema("nowhere"):
            pass
        assert (len(sent), len(sent_too), schemas()) == (0, 0, set())

    def test_a_tenant_without_a_schema_is_refused(self, make_tenant: MakeTenant) -> None:
        """It is not provisioned."""
        with pytest.raises(TenantInactiveError, match="'acme' is pending"):
            TenantContext.use_tenant(make_tenant("acme", create=False)).__enter__()


class TestDeleting:
    """Nothing is left, and nothing of others is touched."""

    def test_the_schema_goes_with_the_tenant(self, make_tenant: MakeTenant) -> None:
        """So do its domains; the other tenant stays."""
        acme, globex = make_tenant("acme"), make_tenant("globex")
        Domain.objects.create(domain="acme.localhost", tenant=acme)
        for tenant in (acme, globex):
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name="a")
        get_tenant_backend(acme).delete()
        assert schemas() == {"globex"}
        assert ask("SELECT count(*) FROM globex.customers_project") == [(1,)]
        assert [tenant.tenant_id for tenant in Tenant.objects.all()] == ["globex"]
        assert not Domain.objects.exists()

    def test_the_row_alone_cannot_be_deleted(self, make_tenant: MakeTenant) -> None:
        """The schema would be nobody's."""
        acme = make_tenant("acme")
        with pytest.raises(ProvisioningError, match="still has its schema"):
            acme.delete()
        assert schemas() == {"acme"}

    def test_tables_go_a_few_in_a_transaction(self, make_tenant: MakeTenant) -> None:
        """However many there are, no transaction holds more locks than a few tables take."""
        acme = make_tenant("acme")
        with session() as cursor:
            for number in range(90):
                cursor.execute(f"CREATE TABLE acme.many_{number} (id serial PRIMARY KEY, name text UNIQUE)")
            cursor.execute("CREATE TABLE acme.parted (day date) PARTITION BY RANGE (day)")
            cursor.execute("CREATE TABLE acme.parted_1 PARTITION OF acme.parted DEFAULT")
            cursor.execute("CREATE VIEW acme.seen AS SELECT * FROM acme.many_1")
        held: list[int] = []

        def count(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
            result = execute(sql, params, many, context)
            if sql.startswith("DROP"):
                pid = connection.connection.info.backend_pid
                ((locks,),) = ask("SELECT count(*) FROM pg_locks WHERE pid = %s", pid)
                held.append(locks)
            return result

        with connection.execute_wrapper(count):
            get_tenant_backend(acme).delete()
        assert schemas() == set()
        assert len(held) > 4
        assert max(held) < 400

    def test_a_transaction_that_uses_it_is_told(self, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Deleting waits for a while, says why it cannot, and completes when it is run again."""
        monkeypatch.setattr(namespace, "_LOCK_TIMEOUT", "100ms")
        acme = make_tenant("acme")
        with session() as cursor:
            cursor.execute("BEGIN; SELECT * FROM acme.customers_task")
            with pytest.raises(ProvisioningError, match="'acme'.*while transactions use its tables.*run it again"):
                get_tenant_backend(acme).delete()
            with TenantContext.use_tenant(Tenant.objects.get(pk=acme.pk)):
                Project.objects.create(name="nothing was removed")
        get_tenant_backend(Tenant.objects.get(pk=acme.pk)).delete()
        assert (schemas(), Tenant.objects.exists()) == (set(), False)

    def test_half_of_a_schema_cannot_be_entered(self, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where some tables are gone, the tenant is DELETING until the rest is."""
        monkeypatch.setattr(namespace, "_LOCK_TIMEOUT", "100ms")
        monkeypatch.setattr(namespace, "_TABLES_AT_ONCE", 1)
        acme = make_tenant("acme")
        ask("CREATE TABLE acme.zoo (id int)")
        with session() as cursor:
            cursor.execute("BEGIN; SELECT * FROM acme.zoo")
            for _ in range(2):
                with pytest.raises(ProvisioningError, match="'acme'.*while transactions use its tables"):
                    get_tenant_backend(acme).delete()
                assert Tenant.objects.get(pk=acme.pk).state == "deleting"
        assert tables("acme") == {"zoo"}
        get_tenant_backend(acme).delete()
        assert schemas() == set()

    def test_a_statement_without_an_answer(self, make_tenant: MakeTenant) -> None:
        """Nobody knows whether it was run: the tenant is DELETING."""
        acme = make_tenant("acme")

        def hang_up(execute: Callable[..., object], sql: str, *rest: object) -> object:
            if sql.startswith("DROP"):
                ask("SELECT pg_terminate_backend(%s)", connection.connection.info.backend_pid)
                raise OperationalError("the connection is lost")
            return execute(sql, *rest)

        with connection.execute_wrapper(hang_up), pytest.raises(ProvisioningError, match="connection is lost"):
            get_tenant_backend(acme).delete()
        connection.close()
        assert Tenant.objects.get(pk=acme.pk).state == "deleting"


class TestRenaming:
    """A schema gets another name, with its tenant outside."""

    def backend(self, tenant: BaseTenant) -> SchemaBackend:
        """Return the backend of a tenant as it is in the database."""
        found = get_tenant_backend(Tenant.objects.get(pk=tenant.pk))
        assert isinstance(found, SchemaBackend)
        return found

    def test_a_suspended_tenant_moves(self, make_tenant: MakeTenant) -> None:
        """Its rows are found under the new name, and nothing under the old one."""
        acme = make_tenant("acme")
        with TenantContext.use_tenant(acme):
            Project.objects.create(name="kept")
        suspend(acme)
        self.backend(acme).rename("tenant_acme")
        resume(acme)
        acme.refresh_from_db()
        assert (schemas(), acme.config) == ({"tenant_acme"}, {"schema_name": "tenant_acme"})
        with TenantContext.use_tenant(acme):
            assert Project.objects.get().name == "kept"

    def test_an_active_tenant_stays(self, make_tenant: MakeTenant) -> None:
        """What runs for it would look for its tables in vain."""
        acme = make_tenant("acme")
        with pytest.raises(ProvisioningError, match="'acme' is active.*suspend it first"):
            self.backend(acme).rename("tenant_acme")
        assert schemas() == {"acme"}

    @pytest.mark.parametrize("isolation", ["table", "cache", "database"])
    def test_what_is_no_schema(self, make_tenant: MakeTenant, isolation: str) -> None:
        """The error says for whom renaming is."""
        acme = make_tenant("acme", isolation)
        suspend(acme)
        with pytest.raises(ProvisioningError, match=f"'acme' has isolation type '{isolation}'.*of type 'schema'"):
            get_tenant_backend(acme).rename("tenant_acme")
        assert Tenant.objects.get().config == {}

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("globex", "exists already"),
            ("public", "is reserved"),
            ("", "of tenant 'acme': it is empty"),
            (None, "of tenant 'acme': it is NoneType, no text"),
        ],
    )
    def test_a_name_that_it_cannot_have(self, make_tenant: MakeTenant, name: Any, why: str) -> None:
        """Nothing is changed, even where the schema has another name than the tenant's id."""
        acme, _ = make_tenant("acme", config={"schema_name": "roadrunner"}), make_tenant("globex")
        suspend(acme)
        with pytest.raises(ProvisioningError, match=why):
            self.backend(acme).rename(name)
        assert schemas() == {"roadrunner", "globex"}
        acme.refresh_from_db()
        assert acme.config == {"schema_name": "roadrunner"}

    @pytest.mark.parametrize("done", ["database", "config"])
    def test_what_was_interrupted_is_completed(self, make_tenant: MakeTenant, done: str) -> None:
        """Whichever half was done."""
        acme = make_tenant("acme")
        suspend(acme)
        if done == "database":
            ask("ALTER SCHEMA acme RENAME TO tenant_acme")
        else:
            Tenant.objects.filter(pk=acme.pk).update(config={"schema_name": "tenant_acme"})
        self.backend(acme).rename("tenant_acme")
        acme.refresh_from_db()
        assert (schemas(), acme.config) == ({"tenant_acme"}, {"schema_name": "tenant_acme"})
