"""``assert_isolated``: what holds passes, and each kind of hole is found."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, models, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from omnitenant_context.context import TenantContext
from omnitenant_models.rows.base_manager import ScopedOptions
from omnitenant_models.testing import _finds, _probes, aassert_isolated, assert_isolated, isolation
from probe.models import Project, Tenant
from relations.models import Article, Author, City, Country, Essay, Shelf, Tag, Thesis
from shapes.models import (
    Appendix,
    Badge,
    Charge,
    Contact,
    Membership,
    Memo,
    Note,
    Preferences,
    Report,
    Step,
    Task,
    Ticket,
    Vehicle,
)

use_tenant, unscoped = TenantContext.use_tenant, TenantContext.unscoped

SHAPES = [
    Project,
    Note,
    Report,
    Appendix,
    Vehicle,
    Preferences,
    Badge,
    Contact,
    Membership,
    Charge,
]


@pytest.fixture
def world(acme, globex):
    """Give two tenants with rows of many kinds, some of them connected to what is everybody's."""
    country = Country.objects.create(code="x")
    for tenant in (acme, globex):
        with use_tenant(tenant):
            for model in SHAPES:
                model.objects.create(name=f"of {tenant.tenant_id}")
            Ticket.objects.create(number=1, name="t")
            Step.objects.create(name="s")
            Memo.objects.create(name="m")
            Task.objects.create(name="t", project=Project.objects.get())
            city = City.objects.create(country=country)
            tag = Tag.objects.create()
            author = Author.objects.create(code=tenant.tenant_id)
            article = Article.objects.create(city=city, author=author)
            article.tags.add(tag)
            article.markets.add(country)
            Shelf.objects.create().articles.add(article)
            Essay.objects.create(place=city, land=country)
            Thesis.objects.create(place=city)
    return acme, globex


def everything() -> dict[str, int]:
    with unscoped():
        return {model.__name__: models.QuerySet(model).count() for model in [*SHAPES, Task, Article, City, Tenant]}


class TestModels:
    """Rows of a model."""

    @pytest.mark.parametrize("model", [*SHAPES, Ticket, Task, City, Author, Tag, Article, Shelf, Essay, Thesis])
    def test_what_is_kept_apart_passes(self, world, model):
        """All shapes of keys, parents and children; nothing stays of what was tried."""
        before = everything()
        assert_isolated(model, *world)
        assert everything() == before

    def test_the_table_of_a_many_to_many_relation(self, world):
        """It has no key of its own, but its rows belong to tenants."""
        assert_isolated(Article.tags.through, *world)

    def test_a_manager_that_shows_everything(self, world):
        """Every use of it is named, with both tenants; it may be left out on purpose."""
        with pytest.raises(AssertionError) as caught:
            assert_isolated(Step, *world)
        text = str(caught.value)
        assert text.startswith("rows of shapes.Step: tenants meet\n")
        for what in ("lists", "counts", "gives the row", "shows that there are", "deletes", "changes"):
            assert what in text
        assert "while 'acme' is active, shapes.Step.everything.all() lists 1 rows of 'globex'" in text
        assert "while 'globex' is active, shapes.Step.everything.all() lists 1 rows of 'acme'" in text
        assert "Step.objects" not in text
        assert_isolated(Step, *world, ignore_managers=["everything"])

    def test_a_child_with_a_plain_manager(self, world):
        """The default manager is the hole."""
        with pytest.raises(AssertionError, match=r"Memo.objects.all\(\) lists"):
            assert_isolated(Memo, *world)

    def test_one_direction_is_enough(self, world, monkeypatch):
        """A hole that opens for one of the tenants alone."""

        class Partial(models.Manager):
            def get_queryset(self) -> Any:
                rows = super().get_queryset()
                return rows if TenantContext.get_tenant() == world[0] else rows.filter(tenant=world[1])

        manager = Partial()
        manager.model, manager.name = Note, "partial"
        monkeypatch.setitem(Note._meta.__dict__, "managers", (*Note._meta.managers, manager))
        with pytest.raises(AssertionError) as caught:
            assert_isolated(Note, *world)
        assert "while 'acme' is active, shapes.Note.partial" in str(caught.value)
        assert "while 'globex' is active" not in str(caught.value)

    def test_rows_are_needed(self, acme, globex):
        """An empty table keeps nobody apart."""
        with use_tenant(acme):
            Note.objects.create(name="x")
        with pytest.raises(AssertionError, match="tenant 'globex' has no row of shapes.Note"):
            assert_isolated(Note, acme, globex)

    def test_a_model_without_a_key(self, world):
        """In one database nothing keeps its rows apart."""
        from django.contrib.auth.models import User

        with pytest.raises(AssertionError, match=r"auth.User has no tenant key, and 'acme' and 'globex' share"):
            assert_isolated(User, *world)

    def test_a_model_without_the_manager(self, world, monkeypatch):
        """What is missing is named where the key is there."""
        monkeypatch.setattr(_probes, "key_path", lambda _: None)
        said = r"shapes.Note has no TenantQuerySetManager, .* apart; give it objects = TenantQuerySetManager\(\)$"
        with pytest.raises(AssertionError, match=said):
            assert_isolated(Note, *world)

    def test_two_are_needed(self, acme):
        """One tenant shows nothing."""
        with pytest.raises(ValueError, match="both are 'acme'"):
            assert_isolated(Note, acme, acme)

    def test_whoever_is_active(self, world):
        """It enters both tenants itself."""
        with use_tenant(world[0]):
            assert_isolated(Note, *world)


@dataclasses.dataclass
class Page:
    """Something of a project's own."""

    rows: Any


def foreign(world: Any) -> Any:
    """Return a row of the tenant who is not active."""
    other = world[1] if TenantContext.get_tenant() == world[0] else world[0]
    with unscoped():
        return models.QuerySet(Project).get(tenant=other)


class TestFunctions:
    """What a function returns, and what it asks."""

    @pytest.mark.parametrize(
        "function",
        [
            lambda: None,
            lambda: 7,
            Project.objects.all,
            lambda: list(Task.objects.select_related("project")),
            lambda: {"rows": Project.objects.values(), "n": Project.objects.count()},
            lambda: (row for row in Project.objects.all()),
            lambda: Page(Project.objects.get()),
            lambda: HttpResponse(Project.objects.get().name),
            lambda: StreamingHttpResponse(row.name for row in Project.objects.all()),
            TenantContext.get_tenant,
            lambda: [TenantContext.get_tenant().tenant_id, TenantContext.get_tenant().name],
            lambda: Project(name="x"),
            lambda: Project.objects.create(name="x"),
            Country.objects.all,
            lambda: Project,
        ],
    )
    def test_own_things_pass(self, world, function):
        """Rows, values, responses, and what is everybody's."""
        before = everything()
        assert_isolated(function, *world)
        assert everything() == before

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda row: row,
            lambda row: [1, row],
            lambda row: {"a": {"b": (row,)}},
            lambda row: {row: 1},
            lambda row: Page([row]),
            lambda row: iter([row]),
            lambda row: Task(project=row),
            lambda row: row.tenant,
            lambda row: {"id": 1, "tenant_id": row.tenant_id},
            lambda row: {"tenant": row.tenant.tenant_id},
            lambda row: HttpResponse(f"<b>{row.tenant.name}</b>"),
            lambda row: HttpResponse(json.dumps({"x": row.tenant.tenant_id})),
            lambda row: StreamingHttpResponse([row.tenant.name]),
            lambda row: f"projects of {row.tenant.name.upper()}",
            lambda row: row.tenant.tenant_id.encode(),
        ],
    )
    def test_what_is_the_others_is_found(self, world, wrap):
        """At any depth; the message names both."""
        with pytest.raises(AssertionError, match="tenants meet") as caught:
            assert_isolated(lambda: wrap(foreign(world)), *world)
        assert "'acme'" in str(caught.value)
        assert "'globex'" in str(caught.value)

    def test_what_an_instance_claims_is_not_believed(self, world):
        """Whose a row is says the database."""

        def relabelled() -> Any:
            row = foreign(world)
            row.tenant = TenantContext.get_tenant()
            return row

        with pytest.raises(AssertionError, match="'acme' was given probe.Project with the key"):
            assert_isolated(relabelled, *world)

    def test_relations_that_were_read_along(self, world):
        """What a template would show of a row."""

        def prefetched() -> Any:
            row = Project.objects.get()
            row._prefetched_objects_cache = {"tasks": [foreign(world)]}
            return row

        with pytest.raises(AssertionError, match=r"probe.Project with the key"):
            assert_isolated(prefetched, *world)

    @pytest.mark.parametrize("keep", [lambda row: [row], lambda row: row], ids=["a list", "one row"])
    def test_relations_that_were_put_in_attributes(self, world, keep):
        """As ``Prefetch(to_attr=...)`` does; what the attributes hold besides is not looked through."""

        def prefetched() -> Any:
            row = Project.objects.get()
            row.others = keep(foreign(world))
            return row

        with pytest.raises(AssertionError, match=r"probe.Project with the key"):
            assert_isolated(prefetched, *world)

        def plain() -> Any:
            row = Project.objects.get()
            row.others = ["acme", "globex", 1]
            return row

        assert_isolated(plain, *world)

    def test_statements_that_could_meet_others(self, world):
        """Although nothing strange is returned."""

        def count() -> int:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM probe_project WHERE name = 'of acme'")
                return len(cursor.fetchall())

        with pytest.raises(AssertionError) as caught:
            assert_isolated(count, *world)
        assert "for 'acme' a statement ran that would meet rows of 'globex', too: table 'probe_project'" in str(
            caught.value
        )

    def test_short_and_common_names_are_not_looked_for(self, make_tenant):
        """A tenant with the id ``a`` would be found in every text."""
        one, two = make_tenant("a", name="Same"), make_tenant("b", name="Same")
        assert_isolated(lambda: "a b Same", one, two)

    def test_a_part_of_a_word_is_no_name(self, world):
        """``acme`` is not in ``acmeist``."""
        assert_isolated(lambda: "acmeist, super-globex", *world)

    def test_rows_that_are_gone_or_not_saved(self, world):
        """Then the instance is all there is."""

        def gone() -> Any:
            row = Project.objects.create(name="x")
            models.QuerySet(Project).filter(pk=row.pk, tenant=row.tenant).delete()
            return row

        assert_isolated(gone, *world)
        acme = world[0]
        with pytest.raises(AssertionError, match="'globex' was given probe.Project"):
            assert_isolated(lambda: Project(tenant=acme), *world)

    def test_a_client(self, world):
        """A page of each tenant's host."""
        client = Client()

        def page() -> Any:
            return client.get("/who/", headers={"host": f"{TenantContext.get_tenant().tenant_id}.example.com"})

        assert_isolated(page, *world)
        with pytest.raises(AssertionError, match="'globex' was given the text"):
            assert_isolated(lambda: client.get("/who/", headers={"host": "acme.example.com"}), *world)

    def test_an_error_of_the_function_passes(self, world):
        """And nothing stays."""

        def fail() -> None:
            Project.objects.create(name="x")
            raise ZeroDivisionError

        before = everything()
        with pytest.raises(ZeroDivisionError):
            assert_isolated(fail, *world)
        assert everything() == before


class TestCoroutines:
    """The twin for coroutine functions."""

    @pytest.fixture
    def two(self, transactional_db, make_tenant):
        """Give two tenants that threads can see."""
        tenants = make_tenant("acme"), make_tenant("globex")
        for tenant in tenants:
            with use_tenant(tenant):
                Project.objects.create(name=f"of {tenant.tenant_id}")
        return tenants

    def run(self, *arguments: Any) -> None:
        async def work() -> None:
            try:
                await aassert_isolated(*arguments)
            finally:
                await sync_to_async(connections.close_all)()

        asyncio.run(work())

    def test_own_things_pass(self, two):
        """Nothing stays of what was written."""

        async def function() -> Any:
            await Project.objects.acreate(name="x")
            return [row async for row in Project.objects.all()]

        async def streams() -> Any:
            async def parts() -> Any:
                async for row in Project.objects.all():
                    yield row.name

            return StreamingHttpResponse(parts())

        self.run(function, *two)
        self.run(streams, *two)
        with unscoped():
            assert Project.objects.count() == 2

    def test_a_queryset_is_evaluated(self, two):
        """Outside the loop."""

        async def function() -> Any:
            return Project.objects.all()

        self.run(function, *two)

    def test_what_is_the_others_is_found(self, two):
        """As in plain functions."""

        async def function() -> Any:
            return [row async for row in models.QuerySet(Project).all()]

        with pytest.raises(AssertionError) as caught:
            self.run(function, *two)
        assert "'acme' was given probe.Project" in str(caught.value)
        assert "for 'globex' a statement ran" in str(caught.value)

    def test_a_model(self, two):
        """The same as without a loop."""
        self.run(Project, *two)

    def test_the_wrong_one(self, two):
        """Each names the other."""

        async def function() -> None:
            return None

        with pytest.raises(TypeError, match=r"await aassert_isolated\(\)"):
            assert_isolated(function, *two)
        with pytest.raises(TypeError, match=r"call assert_isolated\(\)"):
            self.run(lambda: None, *two)


class TestHolesInTheRowScope:
    """Each probe is needed: with a guard taken out it finds the hole."""

    @pytest.mark.parametrize(
        ("guard", "found"),
        [
            ("base manager", "save() of a new probe.Project"),
            ("base manager", "refresh_from_db() of a probe.Project"),
            ("base manager", "probe.Project._base_manager.all() lists"),
            ("deleting", "delete() of a probe.Project deletes"),
            ("early", "save() of a probe.Project saves"),
        ],
    )
    def test_instances(self, world, monkeypatch, guard, found):
        """Reading, stealing, saving and deleting by an instance."""
        if guard == "base manager":
            monkeypatch.setattr(ScopedOptions, "base_manager", models.options.Options.__dict__["base_manager"])
            monkeypatch.delitem(Project._meta.__dict__, "base_manager", raising=False)
        elif guard == "deleting":
            monkeypatch.setattr(Project, "delete", models.Model.delete)
        else:
            from omnitenant_models.rows import early, keys

            monkeypatch.setattr(keys.TenantKey, "refuse_early", lambda *_: None)
            monkeypatch.setattr(keys.TenantKey, "get_db_prep_save", models.ForeignKey.get_db_prep_save)
            monkeypatch.setattr(ScopedOptions, "base_manager", models.options.Options.__dict__["base_manager"])
            monkeypatch.delitem(Project._meta.__dict__, "base_manager", raising=False)
            assert early
        try:
            with pytest.raises(AssertionError) as caught:
                assert_isolated(Project, *world)
        finally:
            Project._meta.__dict__.pop("base_manager", None)
        assert found in str(caught.value)

    def test_relations(self, world, monkeypatch):
        """Related rows, and rows of a common one: without the restriction of joins and managers."""
        from omnitenant_models.rows import predicate

        with pytest.raises(AssertionError) as caught:
            monkeypatch.setattr(predicate.TenantMatch, "as_sql", _no_condition)
            assert_isolated(City, *world)
        text = str(caught.value)
        for what in ("articles of a relations.City", "cities of a relations.Country", "Count('cities')"):
            assert what in text

    def test_the_rollback_is_needed(self, world, monkeypatch):
        """Without it something stays."""
        without = SimpleNamespace(atomic=transaction.atomic, set_rollback=lambda *_, **__: None)
        monkeypatch.setattr(isolation, "transaction", without)
        before = everything()
        assert_isolated(lambda: Project.objects.create(name="x"), *world)
        assert everything() != before

    def test_the_question_is_needed(self, world, monkeypatch):
        """Whose a row is: without asking the database a lie is believed."""
        monkeypatch.setattr(_finds._Search, "is_strange", lambda search, row: row.tenant_id == search.other.pk)

        def relabelled() -> Any:
            row = foreign(world)
            row.tenant = TenantContext.get_tenant()
            return row

        assert_isolated(relabelled, *world)


def _no_condition(*_: Any) -> Any:
    return "1 = 1", ()
