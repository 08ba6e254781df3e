"""``tenantcommand``: any command, for any tenants."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from command_line import run
from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import suspend
from probe.models import Note, Project, Tenant


def notes(tenant: BaseTenant) -> list[str]:
    """Return the notes of a tenant."""
    with TenantContext.use_tenant(tenant):
        return list(Note.objects.values_list("text", flat=True))


class TestArguments:
    """What belongs to whom."""

    @pytest.mark.parametrize("separator", [[], ["--"]])
    @pytest.mark.parametrize(
        ("given", "rest"),
        [
            ([], []),
            (["a", "--all", "--tenant-id", "x"], ["a", "--all", "--tenant-id", "x"]),
            (["a", "--", "b"], ["a", "--", "b"]),
            (["a", "--", "--", "b"], ["a", "--", "--", "b"]),
        ],
    )
    def test_what_follows_the_name_is_passed_untouched(
        self, acme: BaseTenant, separator: list[str], given: list[str], rest: list[str]
    ) -> None:
        """Own options, foreign options, further dashes; with and without the first dashes."""
        result = run("tenantcommand", "--tenant-id", "acme", *separator, "probecommand", *given)
        assert (result.status, result.err) == (0, "")
        assert result.out == f"acme tenant:acme False {rest}\n"

    def test_options_of_the_same_name_are_the_other_commands(self, acme: BaseTenant) -> None:
        """After its name, ``--all`` is its own."""
        result = run("tenantcommand", "--tenant-id=acme", "probecommand", "--all")
        assert result.out == "acme tenant:acme True []\n"

    def test_the_documented_example(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """``dumpdata`` shows the rows of the tenant, and nobody else's."""
        for tenant in (acme, initech):
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name=f"of {tenant.tenant_id}")
        for tenant in (acme, initech):
            arguments = [f"--tenant-id={tenant.tenant_id}", "--", "dumpdata", "--indent", "4"]
            result = run("tenantcommand", *arguments, "probe.project")
            assert (result.status, result.err) == (0, "")
            (found,) = json.loads(result.out)
            assert found["fields"]["name"] == f"of {tenant.tenant_id}"

    def test_call_command(self, acme: BaseTenant) -> None:
        """From code, with streams of its own."""
        out = io.StringIO()
        call_command("tenantcommand", "probecommand", "x", tenant_id="acme", stdout=out)
        assert out.getvalue() == "acme tenant:acme False ['x']\n"

    @pytest.mark.parametrize(
        ("arguments", "complaint", "status"),
        [
            (["--tenant-id=acme"], "say which command to run", 2),
            (["--tenant-id=acme", "--"], "say which command to run", 2),
            (["probecommand"], "say for whom", 2),
            (["--all", "--tenant-id=acme", "probecommand"], "exclude each other", 2),
            (["--tenant-id=acme", "nosuch"], "there is no command 'nosuch'", 1),
            (["--tenant-id=acne", "probecommand"], "no tenant has the id 'acne'", 1),
            (["--tenant-id=acme", "migrate", "--bogus"], "unrecognized arguments: --bogus", 1),
        ],
    )
    def test_bad_input_is_one_line(self, acme: BaseTenant, arguments: list[str], complaint: str, status: int) -> None:
        """Nothing to run, nobody to run it for."""
        result = run("tenantcommand", *arguments)
        assert result.status == status
        assert complaint in result.complaint


class TestTenants:
    """For whom it runs."""

    def test_writes_where_the_tenant_lives(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """The command says nothing about tenants."""
        assert run("tenantcommand", "--tenant-id=acme", "probecommand", "--note=x").status == 0
        assert (notes(acme), notes(globex)) == (["x"], [])

    def test_several_are_told_apart_on_stderr(self, acme: BaseTenant, globex: BaseTenant, initech: BaseTenant) -> None:
        """Stdout stays what the commands print."""
        result = run("tenantcommand", "--all", "probecommand")
        assert result.status == 0
        assert result.err == "=== acme\n=== globex\n=== initech\n"
        labels = [line.split()[:2] for line in result.out.splitlines()]
        assert labels == [
            ["acme", "tenant:acme"],
            ["globex", "tenant:globex"],
            ["initech", "default"],
        ]

    def test_inactive_tenants(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """Of a group they are left out, by name refused, with the option entered."""
        suspend(globex)
        result = run("tenantcommand", "--all", "probecommand")
        assert (result.status, result.complaint) == (0, "Left out: globex (suspended)")
        result = run("tenantcommand", "--tenant-id=globex", "probecommand")
        assert result.status == 1
        assert "tenant 'globex' is suspended" in result.complaint
        arguments = ["--tenant-id=globex", "--allow-inactive", "probecommand"]
        assert run("tenantcommand", *arguments).status == 0


class TestFailure:
    """How failures of the other command come out."""

    @pytest.mark.parametrize(
        ("kind", "complaint", "status"),
        [("error", "refused", 5), ("exit", "exit status 7", 7), ("crash", "crashed", 1)],
    )
    def test_one_tenant_has_the_commands_own_status(
        self, acme: BaseTenant, kind: str, complaint: str, status: int
    ) -> None:
        """As if it had been run alone, without a traceback."""
        result = run("tenantcommand", "--tenant-id=acme", "probecommand", f"--fail={kind}")
        assert (result.status, result.complaint) == (status, f"CommandError: {complaint}")

    def test_the_others_go_on(self, acme: BaseTenant, globex: BaseTenant, initech: BaseTenant) -> None:
        """By default; the exit status is 1 and the failures are listed."""
        arguments = ["--all", "probecommand", "--fail=crash", "--only=globex"]
        result = run("tenantcommand", *arguments)
        assert result.status == 1
        assert len(result.out.splitlines()) == 3
        assert result.err.splitlines()[-2:] == [
            "globex: crashed",
            "CommandError: 2 of 3 tenants ran probecommand, 1 failed: globex",
        ]

    def test_fail_fast_stops(self, acme: BaseTenant, globex: BaseTenant, initech: BaseTenant) -> None:
        """The last tenant is not tried."""
        arguments = ["--all", "--fail-fast", "probecommand", "--fail=error", "--only=globex"]
        result = run("tenantcommand", *arguments)
        assert result.status == 1
        assert len(result.out.splitlines()) == 2
        assert result.err.endswith("1 failed: globex, 1 not tried\n")

    def test_tracebacks_are_shown_when_wanted(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """``--traceback`` before the name is for every tenant's failure."""
        result = run("tenantcommand", "--all", "--keep-going", "probecommand", "--fail=crash")
        assert "Traceback" not in result.err
        with pytest.raises(Exception, match="2 failed"):
            run("tenantcommand", "--all", "--traceback", "probecommand", "--fail=crash")


class TestFlush:
    """Emptying tables that are not one tenant's."""

    @pytest.mark.parametrize("command", ["flush", "sqlflush"])
    def test_shared_tables_are_not_emptied(self, acme: BaseTenant, initech: BaseTenant, command: str) -> None:
        """It is refused before anything is run for anybody."""
        with TenantContext.use_tenant(acme):
            Note.objects.create(text="stays")
        extra = ["--no-input"] if command == "flush" else []
        result = run("tenantcommand", "--all", "--", command, *extra)
        assert result.status == 1
        assert f"{command} would empty the tables that all tenants share" in result.complaint
        assert "'initech'" in result.complaint
        assert notes(acme) == ["stays"]
        assert Tenant.objects.count() == 2

    def test_a_tenants_own_database_is_emptied(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """And it goes on working: foreign keys to the tenant hold there."""
        for tenant in (acme, globex):
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name="one")
        result = run("tenantcommand", "--tenant-id=acme", "--", "flush", "--no-input")
        assert (result.status, result.err) == (0, "")
        assert Tenant.objects.count() == 2
        with TenantContext.use_tenant(globex):
            assert Project.objects.count() == 1
        with TenantContext.use_tenant(acme):
            assert Project.objects.count() == 0
            Project.objects.create(name="two")
            assert Project.objects.get().tenant == acme
