"""``createtenantsuperuser``, as the command line runs it."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections

from conftest import make_user
from omnitenant_admin.management.commands.createtenantsuperuser import Command
from omnitenant_context.context import TenantContext

pytestmark = pytest.mark.django_db

ADMIN = ["--username=admin", "--email=admin@acme.com", "--noinput"]


class Outcome:
    """What the command printed, and its exit status."""

    def __init__(self, *arguments: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                Command(no_color=True).run_from_argv(["manage.py", "createtenantsuperuser", *arguments])
                self.status = 0
            except SystemExit as stop:
                self.status = int(stop.code or 0)
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def complaint(self) -> str:
        """The one line on stderr; more lines, or none, fail the test."""
        assert self.status == 1
        (line,) = self.err.splitlines()
        return line


def users(tenant: Any) -> list[str]:
    """Read who is a superuser."""
    with TenantContext.use_tenant(tenant) if tenant else TenantContext.use_master_db():
        return list(User.objects.filter(is_superuser=True).values_list("username", flat=True))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with no variable of Django's set, and end with the test's transactions still open."""
    for name in ["PASSWORD", "USERNAME", "EMAIL"]:
        monkeypatch.delenv(f"DJANGO_SUPERUSER_{name}", raising=False)
    # What Django does at the end of a process.
    monkeypatch.setattr(connections, "close_all", lambda: None)


def test_options(tenants: dict[str, Any]) -> None:
    """The user lands in the tenant's database and nowhere else; without a password it has none that works."""
    outcome = Outcome("--tenant-id=acme", *ADMIN)
    assert (outcome.status, outcome.out, outcome.err) == (0, "Superuser created successfully.\n", "")
    assert (users(tenants["acme"]), users(tenants["globex"]), users(None)) == (["admin"], [], [])
    with TenantContext.use_tenant(tenants["acme"]):
        user = User.objects.get()
    assert (user.email, user.is_staff, user.has_usable_password()) == ("admin@acme.com", True, False)


def test_environment(tenants: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything may come from Django's variables."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "from the environment")
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "chief")
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "chief@acme.com")
    assert Outcome("--tenant-id=acme", "--no-input").status == 0
    with TenantContext.use_tenant(tenants["acme"]):
        assert User.objects.get(username="chief").check_password("from the environment")


def test_call_command(tenants: dict[str, Any]) -> None:
    """Code may call it, with a tenant active or not."""
    out = io.StringIO()
    with TenantContext.use_tenant(tenants["globex"]):
        call_command(
            Command(),
            tenant_id="acme",
            username="admin",
            email="a@acme.com",
            interactive=False,
            stdout=out,
            verbosity=0,
        )
    assert out.getvalue() == ""
    assert (users(tenants["acme"]), users(tenants["globex"])) == (["admin"], [])


def test_shared_table(tenants: dict[str, Any]) -> None:
    """Where users are shared the user is made, and the command says whose superuser that is."""
    outcome = Outcome("--tenant-id=initech", *ADMIN)
    assert outcome.status == 0
    assert "will be a superuser of all of them, and of the master" in outcome.err
    assert users(None) == ["admin"]


def test_name_taken(tenants: dict[str, Any]) -> None:
    """A name is taken where the tenant has it, and free where others do."""
    make_user(tenants["acme"], "admin")
    make_user(None, "admin")
    assert Outcome("--tenant-id=globex", *ADMIN).status == 0
    assert "already taken" in Outcome("--tenant-id=acme", *ADMIN).complaint


def test_missing_option(tenants: dict[str, Any]) -> None:
    """What Django demands is demanded."""
    assert "--username" in Outcome("--tenant-id=acme", "--noinput").complaint
    outcome = Outcome(*ADMIN)
    assert outcome.status == 2
    assert "--tenant-id" in outcome.err


def test_database_is_not_offered(tenants: dict[str, Any]) -> None:
    """Nobody chooses a database: it is the tenant's."""
    outcome = Outcome("--tenant-id=acme", *ADMIN, "--database=default")
    assert outcome.status == 2
    assert "unrecognized arguments: --database=default" in outcome.err
    assert users(tenants["acme"]) == users(None) == []
    assert "--database" not in Outcome("--help").out


def test_unknown_tenant(tenants: dict[str, Any]) -> None:
    """An id that nobody has is one line."""
    assert "no tenant has the id 'nobody'" in Outcome("--tenant-id=nobody", *ADMIN).complaint


@pytest.mark.parametrize("state", ["suspended", "failed", "deleting"])
def test_inactive_tenant(tenants: dict[str, Any], state: str) -> None:
    """A tenant that must not be entered is one line, and nobody is made."""
    type(tenants["acme"]).objects.filter(tenant_id="acme").update(state=state)
    assert f"tenant 'acme' is {state}" in Outcome("--tenant-id=acme", *ADMIN).complaint
    assert users(None) == []


def test_no_place(tenants: dict[str, Any]) -> None:
    """A tenant whose database was not made is one line, and no database comes to be."""
    from admin_settings import FOLDER

    type(tenants["acme"]).objects.create(tenant_id="later", name="Later", isolation_type="database")
    assert "database of tenant 'later' does not exist" in Outcome("--tenant-id=later", *ADMIN).complaint
    assert not (FOLDER / "later.sqlite3").exists()


def test_place_not_migrated(tenants: dict[str, Any]) -> None:
    """A place without the table of users is one line that names the command."""
    with TenantContext.use_tenant(tenants["acme"]), connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE auth_user RENAME TO auth_user_away")
    complaint = Outcome("--tenant-id=acme", *ADMIN).complaint
    assert "the place of tenant 'acme' refused a statement: no such table: auth_user" in complaint
    assert "run migratetenant --tenant-id=acme" in complaint


def test_user_is_refused(tenants: dict[str, Any]) -> None:
    """What only the database knows to refuse is one line."""
    with TenantContext.use_tenant(tenants["acme"]), connections["default"].cursor() as cursor:
        cursor.execute("CREATE TRIGGER full BEFORE INSERT ON auth_user BEGIN SELECT RAISE(ABORT, 'no seat left'); END")
    complaint = Outcome("--tenant-id=acme", *ADMIN).complaint
    assert "the user cannot be stored for tenant 'acme': no seat left" in complaint


def test_master_not_migrated(tenants: dict[str, Any]) -> None:
    """A master without the table of tenants is one line."""
    with TenantContext.use_master_db(), connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE shop_tenant RENAME TO shop_tenant_away")
    complaint = Outcome("--tenant-id=acme", *ADMIN).complaint
    assert "the master's database refused a statement: no such table: shop_tenant; run migrate first" in complaint


def test_no_terminal(tenants: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal nobody can be asked: as with createsuperuser nothing is done, and the command is named."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    outcome = Outcome("--tenant-id=acme")
    assert outcome.status == 0
    assert "createtenantsuperuser --tenant-id=acme" in outcome.out
    assert users(tenants["acme"]) == []


def test_errors_of_calls(tenants: dict[str, Any]) -> None:
    """Code that calls it gets a CommandError."""
    with pytest.raises(CommandError, match="no tenant has the id"):
        call_command(Command(), tenant_id="nobody", username="admin", email="", interactive=False)
