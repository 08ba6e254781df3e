"""``deletetenant``, ``suspendtenant`` and ``resumetenant``."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import run
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantInactiveError
from omnitenant_models.tenants import BaseTenant
from probe.models import Domain, Project, Tenant


class TestDelete:
    """``deletetenant``."""

    def test_the_id_must_be_typed(self, acme: BaseTenant, initech: BaseTenant, folder: Path) -> None:
        """Row, domains and file go; other tenants stay."""
        result = run("deletetenant", "--tenant-id=acme", answers=["acme"])
        assert (result.status, result.err) == (0, "")
        assert "Tenant 'acme' (Acme, active) will be deleted:" in result.out
        assert str(folder / "acme.sqlite3") in result.out
        assert "domains: acme.localhost" in result.out
        assert list(Tenant.objects.values_list("tenant_id", flat=True)) == ["initech"]
        assert list(Domain.objects.values_list("domain", flat=True)) == ["initech.localhost"]
        assert not (folder / "acme.sqlite3").exists()

    @pytest.mark.parametrize(
        ("answers", "complaint"),
        [
            (["y"], "CommandError: 'y' is not the id of the tenant; an empty answer cancels"),
            (["ACME"], "CommandError: 'ACME' is not the id of the tenant; an empty answer cancels"),
            ([""], "Cancelled; nothing was deleted."),
            ([], "Cancelled; nothing was deleted."),
        ],
    )
    def test_anything_else_deletes_nothing(
        self, acme: BaseTenant, folder: Path, answers: list[str], complaint: str
    ) -> None:
        """A yes is not enough."""
        result = run("deletetenant", "--tenant-id=acme", answers=answers)
        assert (result.status, result.complaint) == (1, complaint)
        assert Tenant.objects.get().state == "active"
        assert (folder / "acme.sqlite3").exists()

    def test_no_input_does_not_ask(self, initech: BaseTenant, globex: BaseTenant, folder: Path) -> None:
        """Rows in shared tables go with their tenant."""
        for tenant in (initech, globex):
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name="one")
        for tenant_id in ("initech", "globex"):
            result = run("deletetenant", f"--tenant-id={tenant_id}", "--noinput")
            assert (result.status, result.err) == (0, "")
        assert not Tenant.objects.exists()
        with TenantContext.unscoped():
            assert not Project.objects.exists()
        assert not (folder / "globex.sqlite3").exists()

    def test_an_unknown_tenant_is_one_line(self, acme: BaseTenant) -> None:
        """Patterns are not taken here."""
        for wrong in ("acm", "*"):
            result = run("deletetenant", f"--tenant-id={wrong}", "--no-input")
            assert result.status == 1
            assert f"{wrong!r}" in result.complaint
        assert Tenant.objects.exists()

    def test_a_file_that_is_gone_already_is_no_hindrance(self, acme: BaseTenant, folder: Path) -> None:
        """The row goes."""
        (folder / "acme.sqlite3").unlink()
        assert run("deletetenant", "--tenant-id=acme", "--no-input").status == 0
        assert not Tenant.objects.exists()


class TestSwitch:
    """``suspendtenant`` and ``resumetenant``."""

    def test_closes_and_opens(self, acme: BaseTenant) -> None:
        """A suspended tenant refuses to be entered until it is resumed."""
        result = run("suspendtenant", "--tenant-id=acme")
        assert (result.status, result.out) == (0, "Tenant 'acme' was suspended.\n")
        with pytest.raises(TenantInactiveError), TenantContext.use_tenant(Tenant.objects.get()):
            pass
        assert run("resumetenant", "--tenant-id=acme").status == 0
        with TenantContext.use_tenant(Tenant.objects.get()):
            pass

    def test_who_is_named_must_fit(self, acme: BaseTenant) -> None:
        """The refusal names the state."""
        result = run("resumetenant", "--tenant-id=acme")
        assert result.status == 1
        assert "tenant 'acme' is active" in result.complaint

    def test_a_group_is_whoever_fits(self, acme: BaseTenant, globex: BaseTenant, initech: BaseTenant) -> None:
        """Of a pattern, those in another state are passed over."""
        assert run("suspendtenant", "--tenant-id=acme", "--tenant-id=initech").status == 0
        result = run("suspendtenant", "--tenant-id=*")
        assert (result.status, result.out) == (0, "Tenant 'globex' was suspended.\n")
        result = run("resumetenant", "--isolation-type=database")
        assert (result.status, result.err) == (0, "")
        assert set(Tenant.objects.values_list("tenant_id", "state")) == {
            ("acme", "active"),
            ("globex", "active"),
            ("initech", "suspended"),
        }

    @pytest.mark.parametrize("command", ["suspendtenant", "resumetenant"])
    def test_somebody_must_be_chosen(self, acme: BaseTenant, command: str) -> None:
        """Closing everybody by forgetting an option must not happen."""
        result = run(command)
        assert result.status == 2
        assert "say which tenants" in result.complaint

    def test_an_unknown_tenant_changes_nobody(self, acme: BaseTenant) -> None:
        """It is noticed before the first is moved."""
        result = run("suspendtenant", "--tenant-id=acme", "--tenant-id=nobody")
        assert result.status == 1
        assert "no tenant has the id 'nobody'" in result.complaint
        assert Tenant.objects.get().state == "active"
