"""``flush`` and ``sqlflush``: never inside a tenant that shares its tables; else as Django's."""

from __future__ import annotations

import builtins
import io
import sys
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import models
from django.test import TransactionTestCase

from omnitenant_context.context import TenantContext, enter, leave
from omnitenant_context.scope import MASTER, NOBODY, UNSCOPED, ActiveTenant, NamedSchema
from omnitenant_models.management import _emptying
from omnitenant_models.management.commands import flush
from omnitenant_models.rows.aliases import set_alias_resolver
from probe.models import Project, Tenant

use_tenant = TenantContext.use_tenant


@pytest.fixture
def two(transactional_db, make_tenant):
    """Give two tenants with a row each."""
    tenants = make_tenant("acme"), make_tenant("globex")
    for tenant in tenants:
        with use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
    return tenants


def left() -> int:
    return models.QuerySet(Project).count()


class TestInsideATenant:
    """The tables hold rows of others."""

    @pytest.mark.parametrize("command", ["flush", "sqlflush"])
    @pytest.mark.parametrize("isolation", ["table", "cache", "schema", "database"])
    def test_refused(self, two, command, isolation):
        """The error names the tenant and what to do instead; without routing all tenants share one database."""
        Tenant.objects.filter(tenant_id="acme").update(isolation_type=isolation, state="active")
        acme = Tenant.objects.get(tenant_id="acme")
        options = {"interactive": False} if command == "flush" else {}
        out = io.StringIO()
        with use_tenant(acme), pytest.raises(CommandError) as caught:
            call_command(command, stdout=out, verbosity=0, **options)
        text = str(caught.value)
        assert text.startswith(f"{command} inside tenant 'acme' would empty the tables of database 'default'")
        assert "delete the tenant with deletetenant" in text
        assert out.getvalue() == ""
        assert left() == 2

    def test_before_anybody_is_asked(self, two, monkeypatch):
        """No question that could be answered with yes."""
        monkeypatch.setattr(builtins, "input", lambda _: pytest.fail("it asked"))
        with use_tenant(two[0]), pytest.raises(CommandError):
            call_command("flush", verbosity=0)

    def test_a_named_schema(self, two):
        """Tables of public are in reach there."""
        with TenantContext.use_schema("x"), pytest.raises(CommandError, match="inside schema 'x'"):
            call_command("flush", interactive=False, verbosity=0)
        assert left() == 2

    @pytest.mark.parametrize("command", ["flush", "sqlflush"])
    def test_the_guard_is_needed(self, two, monkeypatch, command):
        """Without it the other tenant's rows are gone, or would be."""
        monkeypatch.setattr(_emptying, "isinstance", lambda *_: False, raising=False)
        out = io.StringIO()
        options = {"interactive": False} if command == "flush" else {}
        with use_tenant(two[0]):
            call_command(command, stdout=out, verbosity=0, **options)
        assert (left() == 0) if command == "flush" else ("probe_project" in out.getvalue())


class TestADatabaseOfItsOwn:
    """Nobody else's rows are there; the tenant's own row stays."""

    @pytest.fixture
    def own(self, two):
        """Make a tenant whose database is said to be its own."""
        Tenant.objects.filter(tenant_id="acme").update(isolation_type="database")
        set_alias_resolver(lambda scope: frozenset({"default"} if scope.label == "acme" else {"other"}))
        yield Tenant.objects.get(tenant_id="acme")
        set_alias_resolver(None)

    def test_it_is_emptied(self, own, settings):
        """As the tenant has it to itself."""
        settings.OMNITENANT_CONFIG = {**settings.OMNITENANT_CONFIG, "MASTER_DB_ALIAS": "elsewhere"}
        with use_tenant(own):
            call_command("flush", interactive=False, verbosity=0)
            out = io.StringIO()
            call_command("sqlflush", stdout=out)
        assert "probe_project" in out.getvalue()
        assert left() == 0
        assert Tenant.objects.filter(tenant_id="acme").exists()

    def test_another_database_is_not(self, own, settings):
        """A tenant's place is one, whatever ``--database`` says."""
        settings.OMNITENANT_CONFIG = {**settings.OMNITENANT_CONFIG, "MASTER_DB_ALIAS": "elsewhere"}
        set_alias_resolver(lambda _: frozenset({"other"}))
        with use_tenant(own), pytest.raises(CommandError):
            call_command("flush", interactive=False, verbosity=0)
        assert left() == 2


class TestElsewhere:
    """As Django's commands do."""

    @pytest.mark.parametrize("scope", [NOBODY, MASTER, UNSCOPED], ids=lambda scope: scope.label)
    def test_everything_goes(self, two, scope):
        """With nobody or the master active, or unscoped: it is meant."""
        out = io.StringIO()
        with TenantContext.use_scope(scope):
            call_command("sqlflush", stdout=out)
            call_command("flush", interactive=False, verbosity=0)
        assert "probe_project" in out.getvalue()
        assert left() == 0

    def test_the_question(self, two, monkeypatch):
        """An answer other than yes leaves all."""
        monkeypatch.setattr(builtins, "input", lambda _: "no")
        out = io.StringIO()
        call_command("flush", stdout=out)
        assert "cancelled" in out.getvalue()
        assert left() == 2


class TestTestsThatCleanUp:
    """Django's transactional tests empty the databases of the settings when they are done."""

    def clean_up(self) -> None:
        case = TransactionTestCase()
        case._fixture_teardown()

    @pytest.mark.parametrize("kind", ["nobody", "tenant", "schema", "own database"])
    def test_whoever_was_left_active(self, two, kind):
        """A test that forgets to leave a tenant must not break those after it."""
        acme = Tenant(pk=two[0].pk, tenant_id="acme", isolation_type="database", state="active")
        scope = {
            "nobody": NOBODY,
            "tenant": ActiveTenant(two[0]),
            "schema": NamedSchema("x"),
            "own database": ActiveTenant(acme),
        }[kind]
        token = enter(scope)
        try:
            self.clean_up()
        finally:
            leave(token)
        assert (left(), Tenant.objects.count()) == (0, 0)

    def test_it_needs_to_be_recognised(self, two, monkeypatch):
        """If Django cleans up in another way, this fails."""
        monkeypatch.setattr(flush, "_is_a_test_cleaning_up", lambda _: False)
        with use_tenant(two[0]), pytest.raises(CommandError):
            self.clean_up()
        assert "_pytest" in sys.modules


class Cleaning(TransactionTestCase):
    """The same as Django's own runner does it."""

    def test_one(self) -> None:
        """The table is empty at the beginning of each."""
        self._make()

    def test_two(self) -> None:
        """Whichever comes first."""
        self._make()

    def _make(self) -> Any:
        assert left() == 0
        with use_tenant(Tenant.objects.create(tenant_id="acme", name="Acme")):
            return Project.objects.create(name="x")
