"""``migratetenant`` and ``migratealltenants``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from command_line import run
from omnitenant_context.context import TenantContext
from omnitenant_models.signals import tenant_migrated
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import suspend
from probe.models import Tenant


def applied(tenant: BaseTenant, app: str) -> list[str]:
    """Read a tenant's own record of the migrations of an app."""
    with TenantContext.use_tenant(tenant, allow_inactive=True):
        recorded = MigrationRecorder(connection).applied_migrations()
    return sorted(name for label, name in recorded if label == app)


def roll_back(tenant: BaseTenant) -> None:
    """Undo the migrations of an app in one tenant's place."""
    result = run("migratetenant", f"--tenant-id={tenant.tenant_id}", "sessions", "zero", "-v0")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert applied(tenant, "sessions") == []


def lose_file(folder: Path, tenant: BaseTenant) -> None:
    """Take a tenant's database away."""
    (folder / f"{tenant.tenant_id}.sqlite3").unlink()


class TestOneTenant:
    """``migratetenant``."""

    def test_migrates_that_tenant_alone(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """The other one stays where it is."""
        roll_back(acme)
        roll_back(globex)
        result = run("migratetenant", "--tenant-id=acme")
        assert (result.status, result.err) == (0, "")
        assert "Applying sessions.0001_initial... OK" in result.out
        assert "Tenant 'acme' was migrated." in result.out
        assert applied(acme, "sessions") == ["0001_initial"]
        assert applied(globex, "sessions") == []

    def test_the_plan_does_nothing(self, acme: BaseTenant) -> None:
        """It is printed, and not carried out."""
        roll_back(acme)
        result = run("migratetenant", "--tenant-id=acme", "--plan")
        assert (result.status, result.err) == (0, "")
        assert "sessions.0001_initial" in result.out
        assert "was migrated" not in result.out
        assert applied(acme, "sessions") == []

    def test_takes_an_app_and_a_migration(self, acme: BaseTenant) -> None:
        """As ``migrate`` does, backwards too."""
        result = run("migratetenant", "--tenant-id=acme", "auth", "0011", "-v0")
        assert (result.status, result.err) == (0, "")
        assert applied(acme, "auth")[-1] == "0011_update_proxy_permissions"
        assert run("migratetenant", "--tenant-id=acme", "auth").status == 0
        assert applied(acme, "auth")[-1] == "0012_alter_user_first_name_max_length"

    def test_fake_only_records(self, acme: BaseTenant) -> None:
        """No table is made."""
        roll_back(acme)
        assert run("migratetenant", "--tenant-id=acme", "sessions", "--fake").status == 0
        assert applied(acme, "sessions") == ["0001_initial"]
        with TenantContext.use_tenant(acme):
            assert "django_session" not in connection.introspection.table_names()

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--tenant-id=acne"], "no tenant has the id 'acne'; did you mean 'acme'?"),
            (["--tenant-id=zzz"], "no tenant has the id 'zzz'; list them with showtenants"),
            (["--tenant-id=acme", "nosuch"], "No installed app with label 'nosuch'."),
            (["--tenant-id=acme", "probe", "0009"], "Cannot find a migration matching '0009'"),
        ],
    )
    def test_bad_input_is_one_line(self, acme: BaseTenant, arguments: list[str], complaint: str) -> None:
        """Unknown tenants, apps and migrations."""
        result = run("migratetenant", *arguments)
        assert result.status == 1
        assert complaint in result.complaint

    def test_the_tenant_must_be_named(self, db: None) -> None:
        """Wrong usage has the exit status of argparse."""
        assert run("migratetenant").status == 2

    def test_a_lost_database_is_made_again_only_when_asked(self, acme: BaseTenant, folder: Path) -> None:
        """An empty database in place of a lost one must be somebody's decision."""
        lose_file(folder, acme)
        result = run("migratetenant", "--tenant-id=acme")
        assert result.status == 1
        assert "does not exist" in result.complaint
        assert not (folder / "acme.sqlite3").exists()
        assert run("migratetenant", "--tenant-id=acme", "--create").status == 0
        assert applied(acme, "probe") == ["0001_initial"]

    def test_a_failing_migration_is_one_line(self, acme: BaseTenant) -> None:
        """The cause is told, and where to see more; ``--traceback`` shows it."""

        def fail(**_: object) -> None:
            message = "no theme"
            raise ValueError(message)

        tenant_migrated.connect(fail)
        try:
            result = run("migratetenant", "--tenant-id=acme")
            with pytest.raises(Exception, match="no theme") as caught:
                run("migratetenant", "--tenant-id=acme", "--traceback")
        finally:
            tenant_migrated.disconnect(fail)
        assert result.status == 1
        assert "the migration of tenant 'acme' failed: no theme" in result.complaint
        assert isinstance(caught.value.__cause__, ValueError)

    def test_shared_tables_are_migrated_with_the_master(self, initech: BaseTenant) -> None:
        """The command says so, and succeeds."""
        result = run("migratetenant", "--tenant-id=initech")
        assert result.status == 0
        assert "the command migrate brings them up to date" in result.out


class TestAllTenants:
    """``migratealltenants``."""

    @pytest.mark.parametrize("answer", ["y", "YES"])
    def test_asks_and_tells_how_many(
        self, acme: BaseTenant, globex: BaseTenant, initech: BaseTenant, answer: str
    ) -> None:
        """One line each, and a summary."""
        roll_back(acme)
        roll_back(globex)
        result = run("migratealltenants", answers=[answer])
        assert (result.status, result.err) == (0, "")
        question, first, second, third, summary = result.out.splitlines()
        assert question == "Migrate 3 tenants? (y/n): "
        assert first.startswith("[1/3] acme  ok")
        assert second.startswith("[2/3] globex  ok")
        assert third.startswith("[3/3] initech  ok")
        assert summary == "3 of 3 tenants migrated."
        assert applied(acme, "sessions") == applied(globex, "sessions") == ["0001_initial"]

    @pytest.mark.parametrize(
        ("answers", "complaint"),
        [
            (["n"], "Cancelled; nothing was migrated."),
            ([], "Cancelled; nothing was migrated; --no-input does not ask."),
        ],
    )
    def test_without_a_yes_nothing_is_migrated(self, acme: BaseTenant, answers: list[str], complaint: str) -> None:
        """A no, and no answer at all."""
        roll_back(acme)
        result = run("migratealltenants", answers=answers)
        assert (result.status, result.complaint) == (1, complaint)
        assert applied(acme, "sessions") == []

    @pytest.mark.parametrize("option", ["--no-input", "--noinput"])
    def test_no_input_skips_the_question(self, acme: BaseTenant, option: str) -> None:
        """Both spellings, as in Django."""
        roll_back(acme)
        assert run("migratealltenants", option).status == 0
        assert applied(acme, "sessions") == ["0001_initial"]

    def test_more_verbosity_shows_the_migrations(self, acme: BaseTenant) -> None:
        """The second level is the first one of ``migrate``; the lowest prints nothing."""
        roll_back(acme)
        result = run("migratealltenants", "--no-input", "--verbosity=2")
        assert "Applying sessions.0001_initial... OK" in result.out
        result = run("migratealltenants", "--no-input", "--verbosity=0")
        assert (result.status, result.out, result.err) == (0, "", "")

    def test_a_failure_does_not_stop_the_others(self, acme: BaseTenant, globex: BaseTenant, folder: Path) -> None:
        """They are migrated, the summary names who failed, and the exit status is 1."""
        roll_back(globex)
        lose_file(folder, acme)
        result = run("migratealltenants", "--no-input")
        assert result.status == 1
        assert "[1/2] acme  FAILED  the database of tenant 'acme' does not exist" in result.out
        assert result.complaint == "CommandError: 1 of 2 tenants migrated, 1 failed: acme"
        assert applied(globex, "sessions") == ["0001_initial"]

    def test_fail_fast_stops(self, acme: BaseTenant, globex: BaseTenant, folder: Path) -> None:
        """Those after the first failure are not tried."""
        roll_back(globex)
        lose_file(folder, acme)
        result = run("migratealltenants", "--no-input", "--fail-fast")
        assert result.status == 1
        assert result.complaint.endswith("0 of 2 tenants migrated, 1 failed: acme, 1 not tried")
        assert applied(globex, "sessions") == []

    def test_an_interruption_says_how_far_it_came(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """Ctrl-C stops at once, with the exit status of an interruption."""

        def interrupt(**_: object) -> None:
            raise KeyboardInterrupt

        tenant_migrated.connect(interrupt)
        try:
            result = run("migratealltenants", "--no-input")
        finally:
            tenant_migrated.disconnect(interrupt)
        assert result.status == 130
        assert result.complaint.endswith("0 of 2 tenants migrated, 1 failed: acme, 1 not tried")

    def test_check_tells_pending_from_failed(self, acme: BaseTenant, globex: BaseTenant, folder: Path) -> None:
        """0 up to date, 3 pending, 1 when a tenant cannot be read; nothing changes."""
        assert run("migratealltenants", "--check").status == 0
        roll_back(globex)
        result = run("migratealltenants", "--check")
        assert result.status == 3
        assert result.complaint.endswith("1 of 2 tenants with pending migrations: globex")
        assert applied(globex, "sessions") == []
        lose_file(folder, acme)
        result = run("migratealltenants", "--check")
        assert result.status == 1
        assert "acme: the database of tenant 'acme' does not exist" in result.complaint
        assert not (folder / "acme.sqlite3").exists()

    def test_chooses_tenants(self, acme: BaseTenant, globex: BaseTenant, initech: BaseTenant) -> None:
        """By id, pattern, isolation type and state, all of which must hold."""
        suspend(globex)
        for arguments, chosen in {
            ("--tenant-id=acme", "--tenant-id=initech"): ["acme", "initech"],
            ("--tenant-id=*e*",): ["acme", "globex", "initech"],
            ("--tenant-id=*e*", "--isolation-type=database"): ["acme", "globex"],
            ("--state=suspended",): ["globex"],
            ("--state=suspended", "--isolation-type=table"): [],
        }.items():
            result = run("migratealltenants", "--no-input", "--json", *arguments)
            assert [each["tenant_id"] for each in json.loads(result.out)["tenants"]] == chosen
        result = run("migratealltenants", "--no-input", "--tenant-id=x*")
        assert result.complaint.startswith("CommandError: no tenant matches the pattern 'x*'")

    def test_leaves_out_who_has_no_place(self, acme: BaseTenant) -> None:
        """A tenant that was never provisioned is not behind."""
        Tenant.objects.create(tenant_id="later", name="Later", isolation_type="database")
        result = run("migratealltenants", "--no-input")
        assert result.status == 0
        assert result.complaint == "Left out, not provisioned: later (pending)"
        assert "1 of 1 tenant migrated." in result.out

    def test_no_tenants_at_all(self, transactional_db: None) -> None:
        """Nothing to ask, nothing to do."""
        result = run("migratealltenants")
        assert (result.status, result.err) == (0, "")
        assert result.out == "0 of 0 tenants migrated.\n"

    def test_json_has_stdout_to_itself(self, acme: BaseTenant, globex: BaseTenant, folder: Path) -> None:
        """On failure, too."""
        lose_file(folder, acme)
        result = run("migratealltenants", "--no-input", "--format=json", "--verbosity=3")
        assert result.status == 1
        first, second = json.loads(result.out)["tenants"]
        assert (first["tenant_id"], second["tenant_id"], second["error"]) == ("acme", "globex", "")
        assert "does not exist" in first["error"]
        result = run("migratealltenants", "--check", "--json")
        assert [each["pending"] for each in json.loads(result.out)["tenants"]] == [None, []]
