"""``loaddata`` for a tenant and for all tenants: all of a fixture, or nothing."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import ManagementUtility, call_command
from django.core.management.base import CommandError
from django.core.serializers.base import DeserializationError
from django.db import IntegrityError, connection, models

from omnitenant_context.context import TenantContext
from omnitenant_models.management.commands import loaddata
from omnitenant_models.rows import reference_guard
from omnitenant_models.testing import no_leaks
from probe.models import Project, Tenant
from relations.models import Article, Author, City, Node, Tag, Thesis
from shapes.models import Appendix, Country, Note, Report, Task, Template, Ticket

use_tenant, unscoped = TenantContext.use_tenant, TenantContext.unscoped


@pytest.fixture(name="load")
def _load(tmp_path, acme, globex):
    """Write a fixture of rows, and load it."""

    def load(*rows: tuple[str, Any, dict[str, Any]] | dict[str, Any], **options: Any) -> str:
        path = tmp_path / "rows.json"
        whole = [row if isinstance(row, dict) else {"model": row[0], "pk": row[1], "fields": row[2]} for row in rows]
        path.write_text(json.dumps(whole))
        out, err = io.StringIO(), io.StringIO()
        call_command("loaddata", str(path), stdout=out, stderr=err, **options)
        return out.getvalue() + err.getvalue()

    return load


def count(model: type[models.Model]) -> int:
    return models.QuerySet(model).count()


def names(model: type[Any], tenant: Any) -> list[str]:
    with use_tenant(tenant):
        return sorted(model.objects.values_list("name", flat=True))


class TestATenant:
    """Rows become the tenant's, or are refused."""

    @pytest.mark.parametrize("way", ["option", "context"])
    def test_rows_that_name_no_tenant(self, acme, globex, load, way):
        """They are filled; a fixture can be loaded for each tenant."""
        row = ("probe.project", None, {"name": "x"})
        if way == "option":
            load(row, tenant_id="acme")
        else:
            with use_tenant(acme):
                load(row)
        assert (names(Project, acme), names(Project, globex)) == (["x"], [])

    def test_rows_that_name_it(self, acme, load):
        """As they are dumped."""
        load(("probe.project", 5, {"name": "x", "tenant": acme.pk}), tenant_id="acme")
        assert names(Project, acme) == ["x"]

    def test_rows_of_another(self, acme, globex, load):
        """A fixture of another tenant is refused; both are named, and nothing of it stays."""
        rows = [
            ("probe.project", None, {"name": "x"}),
            ("probe.project", None, {"name": "y", "tenant": globex.pk}),
        ]
        with pytest.raises(CommandError) as caught:
            load(*rows, tenant_id="acme")
        assert "'acme'" in str(caught.value)
        assert "'globex'" in str(caught.value)
        assert "rows.json" in str(caught.value)
        assert count(Project) == 0

    def test_a_primary_key_of_another(self, acme, globex, load):
        """The row that has it stays, and is named with its tenant."""
        with use_tenant(globex):
            theirs = Project.objects.create(name="theirs")
        with pytest.raises(CommandError) as caught:
            load(("probe.project", theirs.pk, {"name": "stolen"}), tenant_id="acme")
        assert f"probe.Project {theirs.pk} would be written, but it is a row of tenant 'globex'" in str(caught.value)
        assert "the active tenant is 'acme'" in str(caught.value)
        assert names(Project, globex) == ["theirs"]

    def test_other_broken_constraints_are_djangos(self, acme, load):
        """Nobody else's row stands in the way."""
        rows = [("relations.author", number, {"code": "x"}) for number in (1, 2)]
        with pytest.raises(IntegrityError, match="code"):
            load(*rows, tenant_id="acme")

    def test_there_and_back(self, acme, globex, load, tmp_path):
        """What ``dumpdata`` writes for a tenant can be loaded for it, and for no other."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                project = Project.objects.create(name="p")
                Task.objects.create(name="t", project=project)
                Appendix.objects.create(name="a", pages=3, letter="z")
                Ticket.objects.create(number=4, name="n")
                city = City.objects.create(name="c")
                article = Article.objects.create(name="r", city=city)
                article.tags.add(Tag.objects.create(name="g"))
                article.similar.add(Article.objects.create(name="s", follows=article))
                Thesis.objects.create(name="h", place=city)
                Node.objects.create(parent=Node.objects.create())
        path = str(tmp_path / "all.json")
        call_command("dumpdata", tenant_id="acme", use_base_manager=True, output=path, verbosity=0)
        with use_tenant(acme):
            for model in (Task, Project, Report, Ticket, Article, Tag, Thesis, City, Node):
                model.objects.all().delete()
            assert not Article.objects.exists()
        with no_leaks():
            call_command("loaddata", path, tenant_id="acme", verbosity=0)
        with use_tenant(acme):
            assert Task.objects.get().project.name == "p"
            appendix = Appendix.objects.get()
            assert (appendix.name, appendix.pages, appendix.letter) == ("a", 3, "z")
            article = Article.objects.get(name="r")
            assert [tag.name for tag in article.tags.all()] == ["g"]
            assert [other.name for other in article.similar.all()] == ["s"]
            assert Thesis.objects.get().place.name == "c"
            assert Node.objects.get(parent__isnull=False).parent is not None
        with pytest.raises(CommandError, match="'globex'"):
            call_command("loaddata", path, tenant_id="globex", verbosity=0)

    def test_rows_of_the_master(self, acme, globex, load):
        """They are not the tenant's to write: left out, and told."""
        said = load(
            ("probe.project", None, {"name": "x"}),
            ("probe.tenant", globex.pk, {"tenant_id": "globex", "name": "Stolen", "state": "suspended"}),
            tenant_id="acme",
        )
        assert "Installed 1 object(s) (of 2)" in said
        assert "Left out, as rows of the master: 1 of probe.Tenant" in said
        assert Tenant.objects.get(pk=globex.pk).name == "Globex"

    def test_rows_of_everybody(self, acme, load):
        """A tenant may add to them, as with the ORM."""
        load(("shapes.country", 1, {"code": "x"}), ("auth.user", 1, {"username": "x"}), tenant_id="acme")
        assert (count(Country), count(User)) == (1, 1)

    def test_a_suspended_one(self, make_tenant, load):
        """It is closed to writing."""
        make_tenant("asleep", state="suspended")
        with pytest.raises(CommandError, match="'asleep' is suspended"):
            load(("probe.project", None, {"name": "x"}), tenant_id="asleep")

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"tenant_id": "nosuch"}, "no tenant has the id 'nosuch'"),
            ({"tenant_id": "acme", "all_tenants": True}, "exclude each other"),
        ],
    )
    def test_wrong_options(self, load, options, complaint):
        """One line, nothing loaded."""
        with pytest.raises(CommandError, match=complaint):
            load(("probe.project", None, {"name": "x"}), **options)


class TestReferences:
    """Rows may refer to rows that come later; who these belong to is asked at the end."""

    def test_forward(self, acme, load):
        """Foreign keys, children and their parents, relations to many, a row to itself."""
        load(
            ("shapes.task", 1, {"name": "t", "project": 7}),
            ("probe.project", 7, {"name": "p"}),
            ("shapes.appendix", 3, {"letter": "x"}),
            ("shapes.report", 3, {"pages": 2}),
            ("shapes.document", 3, {"name": "d"}),
            ("relations.article", 1, {"name": "a", "tags": [5], "follows": 2, "similar": [2], "city": 9}),
            ("relations.article", 2, {"name": "b", "follows": 1}),
            ("relations.tag", 5, {"name": "g"}),
            ("relations.city", 9, {"name": "c"}),
            tenant_id="acme",
        )
        with use_tenant(acme):
            assert Task.objects.get().project.name == "p"
            assert Appendix.objects.get().name == "d"
            article = Article.objects.get(pk=1)
            assert (article.follows.name, article.city.name) == ("b", "c")
            assert [tag.name for tag in article.tags.all()] == ["g"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "a", "city": "theirs"},
            {"name": "a", "tags": ["theirs"]},
            {"name": "a", "author": "theirs"},
        ],
    )
    def test_to_strangers(self, acme, globex, load, fields):
        """They are refused, with both tenants named, and nothing stays."""
        with use_tenant(globex):
            theirs = {
                "city": City.objects.create().pk,
                "tags": [Tag.objects.create().pk],
                "author": Author.objects.create(code="theirs").code,
            }
        fields = {name: theirs.get(name, value) for name, value in fields.items()}
        with pytest.raises(CommandError) as caught:
            load(
                ("relations.article", 1, fields),
                ("probe.project", None, {"name": "p"}),
                tenant_id="acme",
            )
        assert "'globex'" in str(caught.value)
        assert "'acme'" in str(caught.value)
        assert (count(Article), count(Project)) == (0, 0)

    def test_to_a_parent_of_a_stranger(self, acme, globex, load):
        """A child's row without its parent's would take that of another tenant."""
        with use_tenant(globex):
            theirs = Report.objects.create(name="theirs")
            Report.objects.filter(pk=theirs.pk)._raw_delete("default")
        with pytest.raises(CommandError, match="'globex'"):
            load(("shapes.report", theirs.pk, {"pages": 2}), tenant_id="acme")

    def test_to_nothing(self, acme, load):
        """As it is with Django: the database says so before anybody asks for the tenant."""
        with pytest.raises(IntegrityError, match="project_id"):
            load(("shapes.task", 1, {"name": "t", "project": 7}), tenant_id="acme")
        assert count(Task) == 0

    def test_the_deferral_is_needed(self, acme, load, monkeypatch):
        """Without it a forward reference leads nowhere yet."""
        from contextlib import nullcontext

        monkeypatch.setattr(loaddata, "deferred_references", nullcontext)
        rows = [("shapes.task", 1, {"name": "t", "project": 7}), ("probe.project", 7, {"name": "p"})]
        with pytest.raises(CommandError, match="does not exist"):
            load(*rows, tenant_id="acme")

    def test_the_check_at_the_end_is_needed(self, acme, globex, load, monkeypatch):
        """Without it strangers' rows could be referred to."""
        with use_tenant(globex):
            theirs = City.objects.create()
        monkeypatch.setattr(reference_guard, "split_strangers", lambda _field, values, _: (set(values), []))
        load(("relations.article", 1, {"name": "a", "city": theirs.pk}), tenant_id="acme")
        assert count(Article) == 1


class TestAllTenants:
    """Each row names its tenant."""

    def test_there_and_back(self, acme, globex, load, tmp_path):
        """With the tenants themselves."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Task.objects.create(name="t", project=Project.objects.create(name=f"of {tenant.tenant_id}"))
        path = str(tmp_path / "all.json")
        call_command("dumpdata", all_tenants=True, output=path, verbosity=0, exclude=["contenttypes", "auth"])
        with unscoped():
            Tenant.objects.all().delete()
        call_command("loaddata", path, all_tenants=True, verbosity=0)
        acme, globex = Tenant.objects.get(tenant_id="acme"), Tenant.objects.get(tenant_id="globex")
        assert (names(Project, acme), names(Project, globex)) == (["of acme"], ["of globex"])

    def test_a_row_that_names_nobody(self, load):
        """It could be anybody's."""
        with pytest.raises(CommandError, match=r"probe.Project\(pk=4\) names no tenant, and all tenants are loaded"):
            load(("probe.project", 4, {"name": "x"}), all_tenants=True)
        load(("shapes.template", 1, {"name": "nobody's", "tenant": None}), all_tenants=True)
        assert count(Template) == 1

    def test_unscoped_code(self, acme, load):
        """The same from code."""
        with unscoped():
            load(("probe.project", 4, {"name": "x", "tenant": acme.pk}))
        assert names(Project, acme) == ["x"]


class TestNobody:
    """With nobody active and no option."""

    @pytest.mark.parametrize("named", [True, False])
    def test_rows_of_tenants_are_refused(self, acme, load, named):
        """The error names the options, and nothing is half done."""
        fields = {"name": "x", "tenant": acme.pk} if named else {"name": "x"}
        with pytest.raises(CommandError) as caught:
            load(("shapes.country", 1, {"code": "x"}), ("probe.project", 4, fields))
        assert "probe.Project belongs to tenants and no tenant is active (nobody)" in str(caught.value)
        assert "--tenant-id=ID" in str(caught.value)
        assert "--all-tenants" in str(caught.value)
        assert count(Country) == 0

    def test_the_rest_works(self, load):
        """As Django's command does."""
        load(("shapes.country", 1, {"code": "x"}), ("auth.user", 1, {"username": "x"}))
        assert count(Country) == 1


class TestNaturalKeys:
    """Looked up among the rows of whoever is active."""

    @pytest.fixture(autouse=True)
    def _natural(self, monkeypatch):
        def get_by_natural_key(manager: Any, name: str) -> Any:
            return manager.get(name=name)

        monkeypatch.setattr(type(Project._default_manager), "get_by_natural_key", get_by_natural_key, raising=False)
        monkeypatch.setattr(Project, "natural_key", lambda self: (self.name,), raising=False)

    def test_of_the_tenant(self, acme, globex, load):
        """Two tenants have a row of the same name."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Project.objects.create(name="same")
        load(("shapes.task", None, {"name": "t", "project": ["same"]}), tenant_id="globex")
        with use_tenant(globex):
            assert Task.objects.get().project.tenant == globex

    def test_instead_of_primary_keys(self, acme, globex, load, tmp_path):
        """A dump without primary keys updates the tenant's own row of that name."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Project.objects.create(name="same")
        path = str(tmp_path / "natural.json")
        call_command(
            "dumpdata", "probe.Project", tenant_id="acme", output=path, use_natural_primary_keys=True, verbosity=0
        )
        call_command("loaddata", path, tenant_id="acme", verbosity=0)
        assert (names(Project, acme), names(Project, globex)) == (["same"], ["same"])

    def test_with_nobody(self, load):
        """The look-up itself is refused; one line says so."""
        with pytest.raises(CommandError, match="no tenant is active"):
            load(("relations.review", None, {"text": "x"}), ("shapes.task", None, {"name": "t", "project": ["same"]}))

    def test_a_fixture_that_is_broken(self, load):
        """Django's own error passes."""
        with pytest.raises(DeserializationError):
            load({"model": "no.such", "fields": {}}, tenant_id="acme")


def test_the_command_line(transactional_db, acme, tmp_path, capsys, monkeypatch):
    """Options as they are written, and a fixture from stdin."""
    monkeypatch.setattr(sys, "stdin", io.StringIO('[{"model": "probe.project", "fields": {"name": "x"}}]'))
    ManagementUtility(["manage.py", "loaddata", "--skip-checks", "--tenant-id", "acme", "--format=json", "-"]).execute()
    assert "Installed 1 object(s)" in capsys.readouterr().out
    assert names(Project, acme) == ["x"]


class TestTestCases:
    """Fixtures of Django's test cases."""

    def test_rows_of_tenants(self, acme, globex, tmp_path):
        """A class with ``fixtures`` loads them with nobody active; it loads tenants' rows in a block of its own."""
        path = tmp_path / "rows.json"
        row = {"model": "shapes.note", "pk": 1, "fields": {"name": "x", "tenant": globex.pk}}
        path.write_text(json.dumps([row]))
        with pytest.raises(CommandError, match="--all-tenants"):
            call_command("loaddata", str(path), verbosity=0, database="default")
        call_command("loaddata", str(path), verbosity=0, all_tenants=True)
        assert names(Note, globex) == ["x"]
        assert connection.in_atomic_block
        assert Path(path).exists()
