"""``dumpdata``, ``loaddata`` and ``flush`` where tenants have databases of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from command_line import run
from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of
from probe.models import Country, Invoice, Milestone, Note, Project, Tenant


def fill(*tenants: BaseTenant) -> None:
    """Give each tenant rows that name it, and some that do not."""
    for tenant in tenants:
        with TenantContext.use_tenant(tenant):
            project = Project.objects.create(name=f"of {tenant.tenant_id}")
            Milestone.objects.create(project=project)
            Note.objects.create(text=f"note of {tenant.tenant_id}")
            Country.objects.create(code=tenant.tenant_id[:2])


def labels(text: str) -> set[str]:
    """Return the models of a dump."""
    return {row["model"] for row in json.loads(text)}


class TestDumping:
    """What belongs to a tenant is everything in its database."""

    def test_a_database_of_its_own(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """Rows that name nobody are its, too; those of the master, and its own row there, are not."""
        fill(acme, initech)
        result = run("dumpdata", "--tenant-id=acme")
        assert result.status == 0
        assert "of acme" in result.out
        assert "of initech" not in result.out
        assert labels(result.out) >= {"probe.project", "probe.milestone", "probe.note", "probe.country"}
        assert not labels(result.out) & {"probe.tenant", "probe.domain", "probe.invoice"}

    def test_shared_tables(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """Only rows that name the tenant; what names nobody is everybody's."""
        fill(acme, initech)
        result = run("dumpdata", "--tenant-id=initech")
        assert result.status == 0
        assert labels(result.out) == {"probe.project", "probe.milestone"}
        assert "probe.Note" in result.err
        assert "of acme" not in result.out

    def test_all_tenants_are_those_of_the_master(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """A tenant with a database of its own is dumped from there."""
        fill(acme, initech)
        result = run("dumpdata", "--all-tenants", "probe")
        assert (result.status, result.err) == (0, "")
        assert "of initech" in result.out
        assert "of acme" not in result.out
        assert "probe.tenant" in labels(result.out)

    def test_nobody(self, initech: BaseTenant) -> None:
        """One line, with the options."""
        result = run("dumpdata", "probe")
        assert (result.status, result.out) == (1, "")
        assert "--tenant-id=ID" in result.complaint

    def test_a_tenant_without_its_place(self, make_tenant: Callable[..., BaseTenant]) -> None:
        """The database that is missing is named."""
        Tenant.objects.create(tenant_id="new", name="New", isolation_type="database")
        result = run("dumpdata", "--tenant-id=new", "probe.note")
        assert result.status == 1
        assert "'new'" in result.complaint


class TestLoading:
    """Rows go where the tenant lives."""

    def test_there_and_back(self, acme: BaseTenant, globex: BaseTenant, tmp_path: Path) -> None:
        """Into its own database, and into no other tenant's."""
        fill(acme, globex)
        path = tmp_path / "acme.json"
        assert run("dumpdata", "--tenant-id=acme", "-e=contenttypes", "-e=auth", f"--output={path}").status == 0
        assert run("tenantcommand", "--tenant-id=acme", "--", "flush", "--no-input").status == 0
        assert run("loaddata", "--tenant-id=acme", str(path)).status == 0
        with TenantContext.use_tenant(acme):
            assert Milestone.objects.get().project.name == "of acme"
            assert Note.objects.get().text == "note of acme"
        result = run("loaddata", "--tenant-id=globex", str(path))
        assert result.status == 1
        assert "'acme'" in result.complaint
        assert "'globex'" in result.complaint
        with TenantContext.use_tenant(globex):
            assert Note.objects.get().text == "note of globex"

    def test_rows_of_the_master(self, acme: BaseTenant, tmp_path: Path) -> None:
        """They are left out, and told; the master keeps its own."""
        path = tmp_path / "rows.json"
        rows = [
            {"model": "probe.invoice", "pk": 1, "fields": {"number": 7}},
            {"model": "probe.note", "pk": 1, "fields": {"text": "x"}},
        ]
        path.write_text(json.dumps(rows))
        result = run("loaddata", "--tenant-id=acme", str(path))
        assert result.status == 0
        assert "1 of probe.Invoice" in result.err
        assert Invoice.objects.count() == 0
        with TenantContext.use_tenant(acme):
            assert Note.objects.count() == 1

    def test_a_failure_leaves_nothing(self, acme: BaseTenant, tmp_path: Path) -> None:
        """The transaction is that of the tenant's database."""
        path = tmp_path / "rows.json"
        rows = [
            {"model": "probe.note", "pk": 1, "fields": {"text": "x"}},
            {"model": "probe.project", "pk": 1, "fields": {"name": "x", "tenant": 4711}},
        ]
        path.write_text(json.dumps(rows))
        assert run("loaddata", "--tenant-id=acme", str(path)).status == 1
        with TenantContext.use_tenant(acme):
            assert Note.objects.count() == 0


class TestFlushing:
    """A tenant's own database may be emptied, and no other."""

    def test_from_code(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """The tenant's own row stays there; others keep theirs."""
        fill(acme, globex)
        with TenantContext.use_tenant(acme):
            call_command("flush", interactive=False, verbosity=0)
            assert (Project.objects.count(), Note.objects.count()) == (0, 0)
            Project.objects.create(name="again")
            assert Project.objects.get().tenant == acme
        row = Tenant.objects.using(alias_of("acme")).get()
        assert (row.tenant_id, row.pk) == ("acme", acme.pk)
        assert Tenant.objects.count() == 2
        with TenantContext.use_tenant(globex):
            assert Note.objects.count() == 1

    @pytest.mark.parametrize("command", ["flush", "sqlflush"])
    def test_shared_tables(self, acme: BaseTenant, initech: BaseTenant, command: str) -> None:
        """They are everybody's."""
        fill(initech)
        options = {"interactive": False} if command == "flush" else {}
        with TenantContext.use_tenant(initech), pytest.raises(CommandError, match="inside tenant 'initech'"):
            call_command(command, verbosity=0, **options)
        with TenantContext.use_tenant(initech):
            assert Project.objects.count() == 1

    def test_the_master_from_inside(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """Its name reaches it from a tenant; emptying it is refused."""
        fill(initech)
        with TenantContext.use_tenant(acme), pytest.raises(CommandError, match="database 'default'"):
            call_command("flush", database="master", interactive=False, verbosity=0, skip_checks=True)
        assert Tenant.objects.count() == 2
