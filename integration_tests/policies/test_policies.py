"""PostgreSQL itself keeps the rows of tenants apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test.utils import CaptureQueriesContext

from conftest import acting_as, grant
from customers.models import Tenant
from omnitenant_context.context import TenantContext
from omnitenant_routing.postgresql.prefix import carrier_of
from vault.models import Ledger, Paper, Stamp

use_tenant = TenantContext.use_tenant


def ask(statement: str, *params: object) -> list[tuple[Any, ...]]:
    """Ask by a cursor of one's own."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(name="papers")
def _papers(acme: Tenant, globex: Tenant) -> dict[str, Paper]:
    """Give each tenant a paper with a stamp, and a ledger."""
    made = {}
    for tenant in (acme, globex):
        with use_tenant(tenant):
            made[tenant.tenant_id] = paper = Paper.objects.create(text=f"of {tenant.tenant_id}")
            paper.stamps.add(Stamp.objects.create(word="secret"))
            Ledger.objects.create(total=1)
    return made


TABLES = ("vault_paper", "vault_stamp", "vault_paper_stamps", "vault_ledger")


class TestReading:
    """What the site's role sees."""

    @pytest.mark.parametrize("table", TABLES)
    def test_a_cursor_sees_the_active_tenants_rows(self, papers, acme, table) -> None:
        """One row for a tenant, none for nobody, none in the master, none unscoped, one again for the tenant."""
        count = f"SELECT count(*) FROM {table}"
        with acting_as("site"):
            with use_tenant(acme):
                assert ask(count) == [(1,)]
            assert ask(count) == [(0,)]
            with TenantContext.use_master_db():
                assert ask(count) == [(0,)]
            with TenantContext.unscoped():
                assert ask(count) == [(0,)]
            with use_tenant(acme):
                assert ask(count) == [(1,)]

    def test_without_the_policies_it_sees_all(self, papers, acme) -> None:
        """The roles that no policy holds see what a cursor sees without this wall; so does the one that is named."""
        for role in ("postgres", "careless", "backup"):
            with acting_as(role), use_tenant(acme):
                assert ask("SELECT count(*) FROM vault_paper") == [(2,)]
        with acting_as("owner"), use_tenant(acme):
            assert ask("SELECT count(*) FROM vault_paper") == [(0,)]

    def test_a_manager_that_was_forgotten(self, papers, acme) -> None:
        """What Python does not filter, PostgreSQL does."""
        with use_tenant(acme):
            assert Paper.everything.count() == 2
            with acting_as("site"):
                assert Paper.everything.get() == papers["acme"]

    def test_in_transactions(self, papers, acme, globex) -> None:
        """Each statement says who is active, also inside one transaction, after an error, and after a rollback."""
        count = "SELECT text FROM vault_paper"
        with acting_as("site"), use_tenant(acme), transaction.atomic():
            assert ask(count) == [("of acme",)]
            with use_tenant(globex):
                assert ask(count) == [("of globex",)]
            with pytest.raises(DatabaseError), transaction.atomic():
                ask("SELECT nonsense")
            assert ask(count) == [("of acme",)]
            with TenantContext.use_master_db():
                assert ask(count) == []

    def test_nothing_more_is_sent(self, papers, acme) -> None:
        """The variable rides with the statement, and nobody's statements say nothing."""
        with acting_as("site"), use_tenant(acme), CaptureQueriesContext(connection) as queries:
            assert Paper.objects.count() == 1
        assert len(queries) == 1
        carried = carrier_of("default")
        with use_tenant(acme):
            due = carried.due(lambda: False)
            assert due is not None
            assert set(due.statements) >= {f"SET LOCAL omnitenant.tenant_id TO '{acme.pk}'"}
        assert carried.due(lambda: False) is None


class TestWriting:
    """What the site's role can do."""

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO vault_paper (tenant_id, text) VALUES (%(other)s, 'x')",
            "UPDATE vault_paper SET tenant_id = %(other)s WHERE id = %(mine)s",
            "INSERT INTO vault_paper_stamps (paper_id, stamp_id) VALUES (%(theirs)s, %(stamp)s)",
            "INSERT INTO vault_ledger (tenant_id, total) VALUES ('globex', 1)",
        ],
    )
    def test_strangers_rows_are_not_written(self, papers, acme, globex, statement) -> None:
        """A cursor that writes for somebody else is refused."""
        with TenantContext.unscoped():
            stamp = Stamp.objects.get(tenant=acme).pk
        params = {"other": globex.pk, "mine": papers["acme"].pk, "theirs": papers["globex"].pk, "stamp": stamp}
        refused = pytest.raises(DatabaseError, match="row-level security")
        with acting_as("site"), use_tenant(acme), refused, connection.cursor() as cursor:
            cursor.execute(statement, params)

    @pytest.mark.parametrize("statement", ["UPDATE vault_paper SET text = 'x'", "DELETE FROM vault_paper_stamps"])
    def test_strangers_rows_are_not_met(self, papers, acme, globex, statement) -> None:
        """What has no condition meets the tenant's own rows."""
        with acting_as("site"), use_tenant(acme):
            ask(statement)
        with use_tenant(globex):
            assert Paper.objects.get().text == "of globex"
            assert Paper.objects.get().stamps.count() == 1

    def test_the_site_works(self, acme) -> None:
        """Models create, change and delete as ever."""
        with acting_as("site"), use_tenant(acme):
            paper = Paper.objects.create(text="a")
            paper.stamps.set([Stamp.objects.create(word="b")])
            Paper.objects.update(text="c")
            assert list(Paper.objects.values_list("text", "stamps__word")) == [("c", "b")]
            paper.delete()
            assert not Paper.objects.exists()


@pytest.mark.parametrize("isolation", ["schema", "database"])
def test_places_of_their_own(make_tenant: Callable[..., Tenant], isolation: str) -> None:
    """Policies stand in the tables of every place, and let that tenant through."""
    hooli = make_tenant("hooli", isolation)
    with use_tenant(hooli):
        Paper.objects.create(text="x")
        grant("site", "hooli" if isolation == "schema" else "public")
        with acting_as("site"):
            assert ask("SELECT count(*) FROM vault_paper") == [(1,)]
            assert Paper.objects.count() == 1
        connections["default"].close()


def test_migrations_take_it_away_and_bring_it_back(papers, acme) -> None:
    """Backwards nothing of it is left, whatever its text was, and forwards it holds again."""
    policies = "SELECT count(*) FROM pg_policies WHERE starts_with(tablename, 'vault_')"
    before = ask(policies)
    ask("CREATE POLICY omnitenant_of_an_earlier_version ON vault_stamp USING (true)")
    call_command("migrate", "vault", "zero", verbosity=0)
    assert ask(policies) == [(0,)]
    call_command("migrate", "vault", verbosity=0)
    assert ask(policies) == before == [(8,)]
    grant("site")
    with use_tenant(acme):
        Paper.objects.create(text="x")
    with acting_as("site"):
        assert ask("SELECT count(*) FROM vault_paper") == [(0,)]


def test_migrations_are_complete() -> None:
    """Declaring a policy leaves nothing for the next ``makemigrations``."""
    from django.apps import apps

    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    assert "vault" not in detector.changes(loader.graph)
