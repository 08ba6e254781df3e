"""Each finding of ``checktenants``, by making the fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import override_settings

from conftest import acting_as, grant
from customers.models import Tenant
from linting import lint
from omnitenant_context.context import TenantContext
from omnitenant_routing.doctor import Finding, examine
from vault.models import Paper

MakeTenant = Callable[..., Tenant]
BOTH = ("default", "second")

pytestmark = pytest.mark.django_db(transaction=True, databases=BOTH)


def run(*statements: str) -> None:
    """Do something to the database by hand."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def broken(fault: str, mend: str) -> Iterator[None]:
    """Break something for a while."""
    run(fault)
    try:
        yield
    finally:
        run(mend)


def findings(role: str = "site") -> list[Finding]:
    """Look as the site's role; two findings that the project always has are left out."""
    with acting_as(role, *BOTH):
        found = list(examine(Tenant.objects.all()))
    return [each for each in found if each.code not in {"policy.undeclared", "index.missing"}]


def codes(role: str = "site") -> list[tuple[str, str]]:
    """Return what is found, and where."""
    return [(each.code, each.where) for each in findings(role)]


@pytest.fixture(name="places")
def _places(make_tenant: MakeTenant) -> list[Tenant]:
    """Give a tenant of each isolation type, each of which the site's role may use."""
    tenants = [make_tenant(name, name) for name in ("table", "cache", "schema")]
    for role in ("site", "backup"):
        grant(role, "schema")
    return tenants


@pytest.mark.usefixtures("places")
class TestFindings:
    """What is found, and that it is not found without the fault."""

    def test_a_sound_project(self) -> None:
        """Nothing is found but what the project always has."""
        assert codes() == []

    def test_what_the_project_always_has(self) -> None:
        """A model without a policy, and one without an index, are told once for each place."""
        with acting_as("site", *BOTH):
            found = {(each.code, each.where) for each in examine(Tenant.objects.all()) if "Note" in str(each)}
            found |= {(each.code, each.where) for each in examine([]) if "vault_note" in str(each)}
        assert found == {
            ("policy.undeclared", "default"),
            ("policy.undeclared", "schema"),
            ("index.missing", "default"),
            ("index.missing", "schema"),
        }

    @pytest.mark.parametrize(("role", "code"), [("postgres", "role.superuser"), ("careless", "role.bypassrls")])
    def test_a_role_that_no_policy_holds(self, role: str, code: str) -> None:
        """For it there is no wall at all."""
        assert (code, "default") in codes(role)

    def test_an_owner_upon_whom_nothing_is_forced(self) -> None:
        """FORCE is what holds an owner."""
        with broken(
            "ALTER TABLE vault_paper NO FORCE ROW LEVEL SECURITY", "ALTER TABLE vault_paper FORCE ROW LEVEL SECURITY"
        ):
            with broken("ALTER TABLE vault_paper OWNER TO owner", "ALTER TABLE vault_paper OWNER TO postgres"):
                (found,) = [each for each in findings("owner") if each.code == "role.owner"]
                assert found.remedy == 'ALTER TABLE "public"."vault_paper" FORCE ROW LEVEL SECURITY'
            assert codes() == []

    def test_a_policy_that_is_missing(self) -> None:
        """Somebody dropped it."""
        (name, condition) = self.policy("vault_stamp")
        with broken(
            f"DROP POLICY {name} ON vault_stamp",
            f"CREATE POLICY {name} ON vault_stamp TO site USING {condition} WITH CHECK {condition}",
        ):
            assert codes() == [("policy.missing", "default")]
        assert codes() == []

    def test_a_policy_that_was_changed(self) -> None:
        """The name is right, and the text is not."""
        (name, condition) = self.policy("vault_paper_stamps")
        with broken(
            f"ALTER POLICY {name} ON vault_paper_stamps USING (true)",
            f"ALTER POLICY {name} ON vault_paper_stamps USING {condition}",
        ):
            assert codes() == [("policy.drifted", "default")]
        assert codes() == []

    def test_a_policy_whose_check_was_changed(self) -> None:
        """What is written counts as what is read."""
        (name, condition) = self.policy("vault_paper")
        with broken(
            f"ALTER POLICY {name} ON vault_paper WITH CHECK (true)",
            f"ALTER POLICY {name} ON vault_paper WITH CHECK {condition}",
        ):
            assert codes() == [("policy.drifted", "default")]

    def test_another_permissive_policy(self) -> None:
        """It opens what ours closes; a restrictive one does not."""
        with broken("CREATE POLICY extra ON vault_paper USING (true)", "DROP POLICY extra ON vault_paper"):
            assert codes() == [("policy.unknown", "default")]
        with broken("CREATE POLICY e ON vault_paper AS RESTRICTIVE USING (true)", "DROP POLICY e ON vault_paper"):
            assert codes() == []

    def test_policies_that_are_off(self) -> None:
        """They stand there, and nobody asks them."""
        with broken(
            "ALTER TABLE schema.vault_paper DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE schema.vault_paper ENABLE ROW LEVEL SECURITY",
        ):
            assert codes() == [("policy.off", "schema")]

    def test_a_sequence_behind_its_table(self) -> None:
        """The next row would get an id that is taken."""
        with TenantContext.use_tenant(Tenant.objects.get(tenant_id="table")):
            Paper.objects.create(pk=5000, text="loaded with its id")
        (found,) = findings("backup")
        assert (found.code, found.where) == ("sequence.behind", "default")
        run(found.remedy)
        assert findings("backup") == []

    def test_a_place_without_a_tenant(self) -> None:
        """A schema whose tenant was removed by hand."""
        with broken("CREATE SCHEMA leftover", "DROP SCHEMA leftover"):
            run("COMMENT ON SCHEMA leftover IS 'omnitenant: gone'")
            (found,) = findings()
            assert (found.code, found.where) == ("place.orphaned", "default")
            assert "'gone'" in found.message
            assert 'DROP SCHEMA "leftover" CASCADE' in found.remedy

    def test_a_tenant_without_a_place(self) -> None:
        """Its schema was removed by hand."""
        with broken("ALTER SCHEMA schema RENAME TO hidden", "ALTER SCHEMA hidden RENAME TO schema"):
            (found,) = findings()
            assert (found.code, found.where) == ("place.unreachable", "schema")
            assert "'schema'" in found.message

    def test_a_schema_that_the_role_may_not_use(self) -> None:
        """Whether or not this process has worked there before."""
        with broken("REVOKE USAGE ON SCHEMA schema FROM site", "GRANT USAGE ON SCHEMA schema TO site"):
            (found,) = findings()
            assert (found.code, found.level, found.where) == ("schema.unusable", "error", "schema"), found
            assert "'site' may not use the schema 'schema'" in found.message
            assert found.remedy.startswith('GRANT USAGE ON SCHEMA "schema" TO "site"')
        assert codes() == []

    def test_tables_that_differ(self, make_tenant: MakeTenant) -> None:
        """Tenants with the same migrations have the same columns."""
        for name in ("second", "third"):
            make_tenant(name, "schema")
            grant("site", name)
        assert codes() == []
        run("ALTER TABLE third.vault_paper ALTER COLUMN text TYPE text")
        (found,) = findings()
        assert (found.code, found.where) == ("place.differs", "third")
        assert "vault_paper.text" in found.message

    def test_a_search_path_in_the_options(self) -> None:
        """Poolers drop it."""
        options = connection.settings_dict["OPTIONS"]
        options["options"] = "-c search_path=other"
        try:
            assert codes() == [("engine.search_path", "default")]
        finally:
            del options["options"]

    def test_a_stock_engine(self) -> None:
        """Its statements do not say which schema they mean."""
        configured = connections["default"].settings_dict
        stock = {**configured, "ENGINE": "django.db.backends.postgresql"}
        from django.db.backends.postgresql.base import DatabaseWrapper

        from omnitenant_routing.doctor.engine import examine_engine

        other = DatabaseWrapper(stock, "default")
        try:
            assert [each.code for each in examine_engine(other, "default")] == ["engine.stock"]
        finally:
            other.close()

    @staticmethod
    def policy(table: str) -> tuple[str, str]:
        """Return the name and the text of the policy for the site's role."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT policyname, qual FROM pg_policies WHERE tablename = %s AND schemaname = 'public' "
                "AND roles = '{site}'",
                [table],
            )
            ((name, text),) = cursor.fetchall()
        return name, text


class TestCommand:
    """What is printed."""

    def test_findings_and_the_exit_status(self, make_tenant: MakeTenant) -> None:
        """A warning fails; the last line counts."""
        make_tenant("acme")
        out = StringIO()
        with acting_as("site", *BOTH), pytest.raises(CommandError, match=r"^1 warning, \d+ infos$"):
            call_command("checktenants", stdout=out, no_color=True)
        assert "WARNING index.missing default\n  no index of vault_note begins with tenant_id" in out.getvalue()

    def test_json(self, make_tenant: MakeTenant) -> None:
        """With JSON nothing else is printed, on failure too."""
        make_tenant("acme")
        out = StringIO()
        with acting_as("site", *BOTH), pytest.raises(CommandError):
            call_command("checktenants", "--json", stdout=out)
        document = json.loads(out.getvalue())
        assert document["version"] == 1
        assert {"code", "level", "where", "message", "remedy"} == set(document["findings"][0])


def test_a_linter_finds_nothing(acme: Tenant) -> None:
    """Nor in the automatic tables of many-to-many fields. Whoever may take a backup sees every row, on purpose."""
    everything = ("SEC005", "SEC008", "SEC028", "SEC038")
    assert lint("public", str(connection.settings_dict["NAME"]), *everything) == ""


@override_settings(OMNITENANT_CONFIG={**settings.OMNITENANT_CONFIG, "POLICY_BYPASS_ROLES": []})
def test_settings_that_changed_after_migrating(acme: Tenant) -> None:
    """A role that is named no more keeps its policy until it is remade, and the doctor says so."""
    assert {("policy.unknown", "default")} == set(codes())
