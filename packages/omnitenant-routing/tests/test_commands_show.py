"""``showtenants`` and ``showtenantmigrations``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from command_line import run
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import suspend
from probe.models import Domain, Tenant


def row(text: str, tenant_id: str) -> list[str]:
    """Return the cells of a tenant's line."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{tenant_id} ")]
    return line.split()


class TestTenants:
    """``showtenants``."""

    def test_shows_where_everybody_lives(self, acme: BaseTenant, initech: BaseTenant, folder: Path) -> None:
        """One line each: id, name, isolation type, state, place and domains."""
        suspend(acme)
        Domain.objects.create(domain="acme.example.com", tenant=acme)
        result = run("showtenants")
        assert (result.status, result.err) == (0, "")
        heading = ["tenant_id", "name", "isolation", "state", "place", "domains"]
        assert result.out.splitlines()[0].split() == heading
        place = str(folder / "acme.sqlite3")
        domains = ["acme.example.com,", "acme.localhost"]
        assert row(result.out, "acme") == ["acme", "Acme", "database", "suspended", place, *domains]
        assert row(result.out, "initech")[2:5] == ["table", "active", "master"]

    def test_json_says_more_and_no_secret(self, transactional_db: None) -> None:
        """References to secrets are shown, secrets are not."""
        config = {
            "db_config": {
                "PASSWORD": "hunter2",
                "USER": "u",
                "OPTIONS": {"sslpassword": "hunter3"},
            },
            "api_token": "hunter4",
            "broker": "redis://:hunter5@localhost/0",
            "signing_key": {"value": "hunter6"},
        }
        Tenant.objects.create(tenant_id="a", name="A", isolation_type="database", config=config)
        config = {"db_config": {"PASSWORD": {"env": "HOME"}}}
        Tenant.objects.create(tenant_id="b", name="B", isolation_type="database", config=config)
        for arguments in (["--json"], ["--format=json"], []):
            assert "hunter" not in run("showtenants", *arguments).out
        document = json.loads(run("showtenants", "--json").out)
        assert document["version"] == 1
        first, second = document["tenants"]
        assert first["config"]["db_config"]["USER"] == "u"
        assert first["place"]["alias"] == "tenant:a"
        assert second["config"] == config
        assert second["domains"] == []

    def test_a_secret_that_cannot_be_read_spoils_one_line_only(self, acme: BaseTenant) -> None:
        """The list is shown all the same, with a warning."""
        config = {"db_config": {"PASSWORD": {"env": "NO_SUCH_VARIABLE"}}}
        Tenant.objects.create(tenant_id="b", name="B", isolation_type="database", config=config)
        result = run("showtenants")
        assert result.status == 0
        assert "NO_SUCH_VARIABLE" in result.complaint
        assert row(result.out, "b")[4] == "?"
        assert row(result.out, "acme")[0] == "acme"

    def test_no_tenants(self, transactional_db: None) -> None:
        """That is no failure."""
        assert run("showtenants").out == "No tenants.\n"
        assert json.loads(run("showtenants", "--json").out)["tenants"] == []

    def test_unknown_tenants_are_named(self, transactional_db: None) -> None:
        """With JSON, too, the complaint goes to stderr."""
        result = run("showtenants", "--tenant-id=nobody", "--json")
        assert (result.status, result.out) == (1, "")
        assert "no tenant has the id 'nobody'" in result.complaint

    def test_asks_no_database_of_a_tenant(self, acme: BaseTenant, folder: Path) -> None:
        """A database that is gone does not come to be because somebody looks."""
        (folder / "acme.sqlite3").unlink()
        assert run("showtenants").status == 0
        assert not (folder / "acme.sqlite3").exists()


class TestMigrations:
    """``showtenantmigrations``."""

    def test_counts_by_app(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """Each tenant's own record is read; tenants in shared tables have the master's."""
        assert run("migratetenant", "--tenant-id=acme", "auth", "0010", "-v0").status == 0
        result = run("showtenantmigrations")
        assert (result.status, result.err) == (0, "")
        acme_part, initech_part = result.out.split("initech (table, active)\n")
        assert "acme (database, active)\n" in acme_part
        assert "  auth          10 applied, 2 pending\n" in acme_part
        assert "  probe         1 applied\n" in acme_part
        assert "  auth          12 applied\n" in initech_part
        assert "pending" not in initech_part

    def test_the_plan_names_them_in_order(self, acme: BaseTenant) -> None:
        """As ``showmigrations --plan`` writes them."""
        assert run("migratetenant", "--tenant-id=acme", "auth", "0010", "-v0").status == 0
        lines = run("showtenantmigrations", "--plan").out.splitlines()
        assert lines[-2:] == [
            "  [ ] auth.0011_update_proxy_permissions",
            "  [ ] auth.0012_alter_user_first_name_max_length",
        ]

    def test_json(self, acme: BaseTenant) -> None:
        """Counts, and the names of what is pending."""
        assert run("migratetenant", "--tenant-id=acme", "sessions", "zero", "-v0").status == 0
        (found,) = json.loads(run("showtenantmigrations", "--json").out)["tenants"]
        assert found["apps"]["sessions"] == {"applied": 0, "pending": 1}
        assert found["pending"] == ["sessions.0001_initial"]
        assert found["error"] is None

    def test_who_has_no_place_is_no_failure(self, transactional_db: None, folder: Path) -> None:
        """Unless it was asked for by its id. Nothing is made by looking."""
        Tenant.objects.create(tenant_id="later", name="Later", isolation_type="database")
        result = run("showtenantmigrations")
        assert (result.status, result.err) == (0, "")
        assert result.out == "later (database, pending)\n  no place yet\n"
        result = run("showtenantmigrations", "--tenant-id=later")
        assert (result.status, result.complaint) == (
            1,
            "CommandError: 1 tenant cannot be read: later",
        )
        assert not (folder / "later.sqlite3").exists()

    def test_a_broken_database_does_not_hide_the_others(
        self, acme: BaseTenant, globex: BaseTenant, folder: Path
    ) -> None:
        """The exit status is 1, the others are shown."""
        with closing(sqlite3.connect(folder / "acme.sqlite3")) as raw:
            raw.execute("DROP TABLE django_migrations")
            raw.execute("CREATE TABLE django_migrations (other)")
        result = run("showtenantmigrations", "--json")
        assert result.status == 1
        first, second = json.loads(result.out)["tenants"]
        assert "no such column" in first["error"]
        assert (second["tenant_id"], second["pending"]) == ("globex", [])
