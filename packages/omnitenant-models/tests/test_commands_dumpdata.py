"""``dumpdata`` for a tenant, for all tenants, and for what is nobody's."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import ManagementUtility, call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_models.management import _selection
from omnitenant_models.management.commands import dumpdata
from omnitenant_models.testing import no_leaks
from probe.models import Project, Tenant
from relations.models import Article, Tag
from shapes.models import Appendix, Charge, Country, Memo, Note

use_tenant, unscoped = TenantContext.use_tenant, TenantContext.unscoped


def dump(*labels: str, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of a dump, and whatever goes to stderr under the key ``err``."""
    out, err = io.StringIO(), io.StringIO()
    call_command("dumpdata", *labels, stdout=out, stderr=err, **options)
    dump.err = err.getvalue()  # type: ignore[attr-defined]  # for the test that asks for it
    return json.loads(out.getvalue())


def labels(rows: list[dict[str, Any]]) -> set[str]:
    return {row["model"] for row in rows}


@pytest.fixture
def rows(acme, globex):
    """Give two tenants rows of several kinds, and everybody some."""
    Country.objects.create(code="x")
    User.objects.create(username="someone")
    for tenant in (acme, globex):
        with use_tenant(tenant):
            for model in (Project, Note, Charge, Appendix):
                model.objects.create(name=f"of {tenant.tenant_id}")
            Article.objects.create(name="a").tags.add(Tag.objects.create(name="t"))


class TestATenant:
    """What belongs to one tenant."""

    @pytest.mark.parametrize("way", ["option", "context"])
    def test_its_rows(self, acme, rows, way):
        """By the option, and from code in its context."""
        with use_tenant(acme):
            inside = dump("probe.Project")
        found = dump("probe.Project", tenant_id="acme") if way == "option" else inside
        assert [row["fields"] for row in found] == [{"tenant": acme.pk, "name": "of acme"}]

    def test_everything_that_is_its(self, acme, rows):
        """Rows that name it, with children and parents; what is everybody's or the master's is left out and named."""
        found = dump(tenant_id="acme", use_base_manager=True)
        assert labels(found) >= {"probe.project", "shapes.note", "shapes.charge", "shapes.appendix", "shapes.report"}
        assert labels(found) >= {"relations.article", "relations.tag"}
        assert not labels(found) & {"probe.tenant", "probe.domain", "auth.user", "shapes.country"}
        assert {row["fields"]["tenant"] for row in found if "tenant" in row["fields"]} == {acme.pk}
        assert dump.err.startswith("Left out, as no rows of tenant 'acme': ")
        assert "probe.Tenant" in dump.err
        assert "auth.User" in dump.err
        dump(tenant_id="acme", use_base_manager=True, verbosity=0)
        assert dump.err == ""

    def test_the_base_manager(self, acme, rows):
        """``--all`` asks the base managers, which are scoped as well."""
        assert len(dump("probe.Project", tenant_id="acme", use_base_manager=True)) == 1

    def test_no_statement_meets_others(self, acme, rows):
        """The leak detector agrees."""
        with no_leaks(), CaptureQueriesContext(connection) as captured:
            dump(tenant_id="acme", use_base_manager=True)
        assert len(captured) > 10

    def test_managers_that_show_everybody(self, rows):
        """A default manager that does not filter would dump other tenants' rows: refused, with the way out."""
        with pytest.raises(CommandError) as caught:
            dump(tenant_id="acme")
        assert str(caught.value).startswith("the default manager of ")
        assert "shapes.Memo" in str(caught.value)
        assert "dump with --all" in str(caught.value)
        assert "shapes.Step" not in str(caught.value)  # only its other manager is plain

    def test_a_suspended_one(self, make_tenant):
        """Its data can be taken out."""
        tenant = make_tenant("asleep")
        with use_tenant(tenant):
            Project.objects.create(name="x")
        Tenant.objects.filter(pk=tenant.pk).update(state="suspended")
        assert len(dump("probe.Project", tenant_id="asleep")) == 1

    @pytest.mark.parametrize(
        ("label", "reason"),
        [
            ("probe.Tenant", "its rows are the master's"),
            ("probe.Domain", "its rows are the master's"),
            ("auth.User", "it has no tenant key, so its rows are everybody's here"),
        ],
    )
    def test_what_is_not_its_is_refused_by_name(self, rows, label, reason):
        """Asking for it in a tenant's name is a mistake."""
        with pytest.raises(CommandError, match=f"{label} is not dumped for tenant 'acme': {reason}"):
            dump(label, tenant_id="acme")

    def test_what_is_shared_by_name(self, rows):
        """It is everybody's to read."""
        assert labels(dump("shapes.Country", tenant_id="acme")) == {"shapes.country"}

    def test_labels_and_exclusions(self, rows):
        """Those of Django's command work on."""
        assert labels(
            dump("shapes", tenant_id="acme", exclude=["shapes.Note", "shapes.ProjectView"], use_base_manager=True)
        ) == {
            "shapes.charge",
            "shapes.appendix",
            "shapes.report",
            "shapes.document",
        }
        assert dump("probe", tenant_id="acme", exclude=["probe"]) == []
        assert len(dump("probe.Project", tenant_id="acme", primary_keys="999")) == 0

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"tenant_id": "nosuch"}, "no tenant has the id 'nosuch'"),
            ({"tenant_id": "acme", "all_tenants": True}, "exclude each other"),
        ],
    )
    def test_wrong_options(self, rows, options, complaint):
        """One line, nothing dumped."""
        with pytest.raises(CommandError, match=complaint):
            dump("probe.Project", **options)

    def test_natural_keys(self, acme, rows):
        """They are those of the tenant's rows."""
        found = dump("relations.Article", tenant_id="acme", use_natural_foreign_keys=True)
        assert len(found[0]["fields"]["tags"]) == 1


class TestAllTenants:
    """Everything in one file."""

    def test_rows_with_their_tenants(self, acme, globex, rows):
        """Each row names its own; the tenants are there as well."""
        found = dump(all_tenants=True)
        owners = {row["fields"]["tenant"] for row in found if row["model"] == "probe.project"}
        assert owners == {acme.pk, globex.pk}
        assert labels(found) >= {"probe.tenant", "probe.domain", "auth.user", "shapes.country"}
        assert dump.err == ""

    def test_unscoped_code(self, rows):
        """The same from code."""
        with unscoped():
            assert len(dump("probe.Project")) == 2


class TestNobody:
    """With nobody active and no option."""

    @pytest.mark.parametrize("how", ["nobody", "master", "schema"])
    def test_rows_of_tenants_are_refused(self, rows, how):
        """The error names the models and the options; nothing is dumped, in the master neither."""
        inside = {
            "nobody": TenantContext.use_scope(TenantContext.get_scope()),
            "master": TenantContext.use_master_db(),
            "schema": TenantContext.use_schema("x"),
        }[how]
        out = io.StringIO()
        with inside, pytest.raises(CommandError) as caught:
            call_command("dumpdata", "probe", stdout=out)
        assert str(caught.value).startswith("probe.Project belongs to tenants and no tenant is active (")
        assert "--tenant-id=ID" in str(caught.value)
        assert "--all-tenants" in str(caught.value)
        assert out.getvalue() == ""

    def test_several(self, rows):
        """They are listed."""
        with pytest.raises(CommandError, match=r"probe.Project, shapes.Task, .* belong to tenants"):
            dump()

    def test_the_rest_works(self, rows):
        """As Django's command does."""
        assert labels(dump("auth.User", "shapes.Country", "probe.Tenant")) == {
            "auth.user",
            "shapes.country",
            "probe.tenant",
        }
        assert labels(dump("probe", exclude=["probe.Project"])) == {"probe.tenant", "probe.domain"}

    def test_a_label_of_nothing(self, rows):
        """Django's own error."""
        with pytest.raises(CommandError, match="nosuch"):
            dump("nosuch")


def test_the_command_line(transactional_db, acme, rows, capsys):
    """Options as they are written, and errors as one line."""
    ManagementUtility(["manage.py", "dumpdata", "--skip-checks", "--tenant-id", "acme", "probe.Project"]).execute()
    assert len(json.loads(capsys.readouterr().out)) == 1
    for arguments in (["probe.Project"], ["--tenant-id", "acme", "--all-tenants", "probe.Project"]):
        with pytest.raises(SystemExit):
            ManagementUtility(["manage.py", "dumpdata", "--skip-checks", *arguments]).execute()
        assert "Traceback" not in capsys.readouterr().err


class TestTheGuards:
    """Without them other tenants' things stand in the dump."""

    def test_leaving_out(self, rows, monkeypatch):
        """What is the master's, and what is everybody's."""
        monkeypatch.setattr(_selection, "_why_not", lambda *_, **__: "")
        assert "globex" in json.dumps(dump(tenant_id="acme", use_base_manager=True))
        assert len(dump("probe.Tenant", tenant_id="acme")) == 2

    def test_looking_at_managers(self, acme, globex, rows, monkeypatch):
        """A plain default manager."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Memo.objects.create(name="m")
        monkeypatch.setattr(dumpdata, "filters_by_tenant", lambda _: True)
        assert {row["fields"]["text"] for row in dump("shapes.Memo", tenant_id="acme")} == {""}
        assert len(dump("shapes.Memo", tenant_id="acme")) == 2
