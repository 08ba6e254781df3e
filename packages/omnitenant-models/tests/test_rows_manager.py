"""The manager: whoever asks sees its own rows, however the query is built and whatever the model's shape."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber
from django.test.utils import CaptureQueriesContext, isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_context.propagation import bind
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.rows import TenantMatch, TenantQuerySetManager, get_tenant_key
from probe.models import PayingTenant, Project
from shapes.models import (
    Appendix,
    Badge,
    Booking,
    Charge,
    Contact,
    Document,
    Gadget,
    Label,
    Membership,
    Note,
    Preferences,
    ProjectView,
    Report,
    Step,
    Task,
    Template,
    Ticket,
    Vehicle,
    Voucher,
)

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped

CLASS_LEVEL = Project.objects.filter(name__startswith="p")

SHAPES = [
    Appendix,
    Badge,
    Booking,
    Charge,
    Contact,
    Document,
    Gadget,
    Label,
    Membership,
    Note,
    Preferences,
    Project,
    ProjectView,
    Report,
    Step,
    Task,
    Template,
    Ticket,
    Vehicle,
    Voucher,
]


def make(model: Any, tenant: Any, name: str) -> Any:
    """Create a row of a tenant."""
    with use_tenant(tenant):
        return model.objects.create(name=name, **({"number": 1} if model is Ticket else {}))


def names(queryset: Any) -> list[str]:
    """Return what a queryset shows."""
    return sorted(queryset.values_list("name", flat=True))


@pytest.fixture
def rows(acme, globex):
    """Give two tenants with two and one projects."""
    make(Project, acme, "p1")
    make(Project, acme, "p2")
    make(Project, globex, "p3")
    return acme, globex


@pytest.mark.parametrize("model", SHAPES, ids=lambda model: model.__name__)
class TestShapes:
    """Every shape of model behaves the same."""

    def test_each_tenant_sees_its_own(self, model, acme, globex):
        """A tenant sees its row, the other one its own, and unscoped code both."""
        make(model, acme, "mine")
        make(model, globex, "theirs")
        with use_tenant(acme):
            assert names(model.objects.all()) == ["mine"]
            assert model.objects.get().name == "mine"
            assert not model.objects.filter(name="theirs").exists()
        with use_tenant(globex):
            assert names(model.objects.all()) == ["theirs"]
        with unscoped():
            assert names(model.objects.all()) == ["mine", "theirs"]

    def test_nobody_sees_nothing(self, model, acme):
        """With nobody, the master or a schema active, running a query is an error that names the model."""
        make(model, acme, "mine")
        queryset = model.objects.all()
        for guard in (TenantContext.use_master_db(), TenantContext.use_schema("acme")):
            with guard, pytest.raises(TenantRequiredError, match=r"belongs to tenants and no tenant"):
                list(queryset)
        with pytest.raises(TenantRequiredError, match=r"shapes\.\w+|probe\.Project"):
            queryset.count()

    def test_update_and_delete_stay_at_home(self, model, acme, globex):
        """Updating and deleting all rows reach the active tenant's only."""
        make(model, acme, "mine")
        make(model, globex, "theirs")
        with use_tenant(acme):
            assert model.objects.update(name="changed") == 1
            model.objects.all().delete()
            assert not model.objects.exists()
        with unscoped():
            assert names(model.objects.all()) == ["theirs"]

    def test_instances_can_be_saved_again_and_deleted(self, model, acme):
        """What was created can be loaded, changed, saved, refreshed and deleted."""
        make(model, acme, "mine")
        with use_tenant(acme):
            row = model.objects.get()
            row.name = "changed"
            row.save()
            row.refresh_from_db()
            assert row.name == "changed"
            row.delete()
            assert not model.objects.exists()

    def test_the_leaf_is_shared(self, model, acme):
        """All querysets of a model hold the same leaf, which holds no value."""
        leaves = {
            id(leaf)
            for queryset in (model.objects.all(), model.objects.filter(name="x"))
            for leaf in queryset.query.where.children
            if isinstance(leaf, TenantMatch)
        }
        assert len(leaves) == 1


def test_querysets_follow_whoever_runs_them(rows):
    """A queryset built at class level, or as somebody else, shows the rows of who runs it."""
    acme, globex = rows
    with use_tenant(globex):
        built_as_globex = Project.objects.filter(name__contains="p")
    with use_tenant(acme):
        assert names(CLASS_LEVEL) == ["p1", "p2"]
        assert names(built_as_globex) == ["p1", "p2"]
    with use_tenant(globex):
        assert names(CLASS_LEVEL.all()) == ["p3"]
        with unscoped():
            assert names(CLASS_LEVEL.all()) == ["p1", "p2", "p3"]
        assert names(CLASS_LEVEL.all()) == ["p3"]


QUERIES: dict[str, Any] = {
    "exclude": lambda: Project.objects.exclude(name="x"),
    "or": lambda: Project.objects.filter(name="p1") | Project.objects.filter(name__startswith="p"),
    "and": lambda: Project.objects.filter(name__startswith="p") & Project.objects.all(),
    "xor": lambda: Project.objects.filter(name="zz") ^ Project.objects.all(),
    "negated": lambda: Project.objects.filter(~Q(name="x") | Q(name="p1")),
    "union": lambda: Project.objects.filter(name="p1").union(Project.objects.exclude(name="p1")),
    "intersection": lambda: Project.objects.all().intersection(CLASS_LEVEL),
    "difference": lambda: Project.objects.difference(Project.objects.filter(name="zz")),
    "subquery": lambda: Project.objects.filter(pk__in=Project.objects.values("pk")),
    "exists": lambda: Project.objects.filter(Exists(Project.objects.filter(pk=OuterRef("pk")))),
    "slice": lambda: Project.objects.order_by("name")[:5],
    "distinct": lambda: Project.objects.filter(name__gt="").distinct(),
    "annotated": lambda: Project.objects.annotate(n=Count("tasks")).filter(n=0),
    "window": lambda: Project.objects.annotate(n=Window(RowNumber(), order_by="id")).filter(n__lt=9),
    "only": lambda: Project.objects.only("name"),
    "related": lambda: Project.objects.select_related("tenant"),
    "chained": lambda: Project.objects.all().all().order_by("-id").reverse(),
}


@pytest.mark.parametrize("query", QUERIES)
def test_every_kind_of_query_is_filtered(rows, query):
    """However a query is built, it shows the active tenant's rows and nobody else's."""
    acme, globex = rows
    for tenant, expected in ((acme, ["p1", "p2"]), (globex, ["p3"])):
        with use_tenant(tenant):
            assert sorted(row.name for row in QUERIES[query]()) == expected
    with pytest.raises(TenantRequiredError):
        list(QUERIES[query]())


def everything() -> Any:
    """Give a queryset whose filter is all that it has: its table is not taken in yet."""
    return Project.objects.all()


UNTOUCHED = {
    "in": lambda: Project.objects.filter(pk__in=everything()),
    "in of in": lambda: Project.objects.filter(pk__in=Project.objects.filter(pk__in=everything())),
    "not in": lambda: Project.objects.exclude(~Q(pk__in=everything())),
    "exists": lambda: Project.objects.filter(Exists(everything().filter(pk=OuterRef("pk")))),
    "subquery": lambda: Project.objects.filter(pk__in=Subquery(everything().values("pk"))),
    "or": lambda: everything() | everything(),
    "and": lambda: everything() & Project.objects.filter(name__startswith="p"),
    "union": lambda: everything().union(everything()),
    "intersection": lambda: everything().intersection(everything()),
    "slice": lambda: everything()[:5],
    "distinct": lambda: everything().distinct(),
    "extra table": lambda: everything().extra(tables=["probe_domain"]).distinct(),
    "annotated": lambda: everything().annotate(number=Count("tasks")),
    "window": lambda: everything().annotate(number=Window(RowNumber(), order_by="pk")),
    "joined": lambda: everything().select_related("tenant"),
    "reverse": lambda: everything().reverse(),
}


@pytest.mark.parametrize("query", UNTOUCHED.values(), ids=UNTOUCHED)
def test_the_filter_holds_before_the_table_is_taken_in(rows, query):
    """Also where the first thing that is asked of a fresh queryset puts it inside another one."""
    acme, globex = rows
    with use_tenant(acme):
        assert sorted(project.name for project in query()) == ["p1", "p2"]
    with use_tenant(globex):
        assert [project.name for project in query()] == ["p3"]


def test_counts_and_changes_hold_before_the_table_is_taken_in(rows):
    """What makes no rows of a fresh queryset: counting, asking, changing."""
    acme, globex = rows
    with use_tenant(globex):
        assert everything().count() == 1
        assert everything().exists()
        assert everything().aggregate(number=Count("pk")) == {"number": 1}
        assert everything()[:5].count() == 1
        assert list(everything().values_list("name", flat=True)) == ["p3"]
        assert everything().update(name="new") == 1
        assert everything().delete()[0] == 1
    with use_tenant(acme):
        assert names(everything()) == ["p1", "p2"]


def test_a_global_query_may_ask_for_scoped_rows_inside(rows):
    """A subquery on scoped rows is filtered although the outer query is not."""
    acme, globex = rows
    newest = Project.objects.filter(tenant=OuterRef("pk")).order_by("-id").values("name")[:1]
    tenants = type(acme).objects.annotate(newest=Subquery(newest)).order_by("id")
    with use_tenant(acme):
        assert [tenant.newest for tenant in tenants.all()] == ["p2", None]
    with use_tenant(globex):
        assert [tenant.newest for tenant in tenants.all()] == [None, "p3"]


def test_aggregates_and_iterators_are_filtered(rows):
    """Counting, aggregating, iterating, picking and paging see the active tenant's rows."""
    acme, globex = rows
    with use_tenant(acme):
        assert Project.objects.count() == len(Project.objects.all()) == 2
        assert Project.objects.aggregate(n=Count("id")) == {"n": 2}
        assert [row.name for row in Project.objects.order_by("id").iterator(chunk_size=1)] == ["p1", "p2"]
        assert Project.objects.earliest("id").name == "p1"
        assert {row.name for row in Project.objects.in_bulk().values()} == {"p1", "p2"}
        assert Project.objects.order_by("name").last().name == "p2"
        assert Project.objects.explain()
    with use_tenant(globex):
        stranger = Project.objects.get()
    with use_tenant(acme):
        assert Project.objects.filter(pk=stranger.pk).first() is None
        with pytest.raises(Project.DoesNotExist):
            Project.objects.get(pk=stranger.pk)
        assert Project.objects.in_bulk([stranger.pk]) == {}


def test_nothing_is_nothing_for_anybody():
    """An empty queryset needs no tenant, since it asks no database."""
    assert list(Project.objects.none()) == []
    assert Project.objects.none().count() == 0
    assert not Project.objects.filter(name="x").none().exists()
    assert list(Task.objects.filter(name="x").none()) == []


def test_unscoped_leaves_no_condition(rows):
    """Unscoped SQL has no trace of the filter, and the tenant's has exactly one."""
    acme, _globex = rows
    with unscoped():
        assert "WHERE" not in str(Project.objects.all().query)
    with use_tenant(acme):
        assert str(Project.objects.all().query).count("tenant_id") == 2  # the column and the condition


def test_the_filter_costs_no_statement(rows, django_assert_num_queries):
    """Filtering is part of the one statement that would run anyway."""
    acme, _globex = rows
    with use_tenant(acme), django_assert_num_queries(1):
        list(Project.objects.all())


def test_related_managers_are_filtered(rows):
    """Reverse managers, of tenants and of rows, show the active tenant's rows and fill in its key."""
    acme, globex = rows
    with use_tenant(acme):
        project = Project.objects.get(name="p1")
        task = project.tasks.create(name="t")
        assert task.tenant == acme
        assert list(project.tasks.all()) == [task]
        assert names(acme.project_set) == ["p1", "p2"]
        assert names(globex.project_set) == []
    with use_tenant(globex):
        assert names(project.tasks) == []


def test_prefetches_are_filtered(rows):
    """Prefetched rows are those of who evaluates the queryset."""
    acme, globex = rows
    with use_tenant(acme):
        Project.objects.get(name="p1").tasks.create(name="t1")
    with unscoped():
        p1 = Project.objects.get(name="p1")
        Task.objects.create(name="forged", project=p1, tenant=globex)
    with use_tenant(acme):
        found = Project.objects.prefetch_related("tasks").get(name="p1")
        assert [task.name for task in found.tasks.all()] == ["t1"]


def test_own_managers_and_querysets(acme, globex):
    """A manager that filters more and one made from a queryset are scoped; a plain one shows every row."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Step.objects.create(name="open")
            Step.objects.create(name="done", is_done=True)
    with use_tenant(acme):
        assert [(step.name, step.tenant_id) for step in Step.open.all()] == [("open", acme.pk)]
        assert [(step.name, step.tenant_id) for step in Step.objects.done()] == [("done", acme.pk)]
        assert Step.objects.filter(is_done=True).done().count() == 1
    assert Step.everything.count() == 4


def test_querysets_can_be_pickled_and_copied(rows):
    """A pickled or copied query holds no tenant: it shows the rows of who runs it."""
    acme, globex = rows
    with use_tenant(acme):
        pickled = pickle.dumps(Project.objects.filter(name__startswith="p").query)
        copied = copy.deepcopy(Project.objects.filter(name__startswith="p"))
    with use_tenant(globex):
        again = Project.objects.all()
        again.query = pickle.loads(pickled)
        assert names(again) == names(copied) == ["p3"]
    for model in (Report, Badge, Ticket):
        with use_tenant(acme):
            made = make(model, acme, "mine")
            queryset = model.objects.all()
            queryset.query = pickle.loads(pickle.dumps(model.objects.all().query))
            assert list(queryset) == [made]


def test_threads_start_with_nobody(rows):
    """A bare thread is refused, and one that carries the context sees its tenant's rows."""
    acme, _globex = rows
    seen: list[Any] = []

    def look() -> None:
        try:
            seen.append(str(Project.objects.all().query))
        except TenantRequiredError as error:
            seen.append(error)

    with use_tenant(acme):
        for target in (look, bind(look)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert isinstance(seen[0], TenantRequiredError)
    assert f"= {acme.pk}" in seen[1]


def test_the_async_orm_is_filtered(rows):
    """The asynchronous twins see the same rows, and refuse nobody the same way."""
    acme, globex = rows

    async def look(tenant: Any) -> list[str]:
        async with use_tenant(tenant):
            found = [row.name async for row in Project.objects.order_by("id")]
            assert await Project.objects.acount() == len(found)
            assert (await Project.objects.afirst()).name == found[0]
            assert await sync_to_async(Project.objects.count)() == len(found)
            created = await Project.objects.acreate(name="new")
            assert created.tenant_id == tenant.pk
            assert await Project.objects.filter(name="new").aupdate(name="newer") == 1
            assert (await Project.objects.filter(name="newer").adelete())[0] == 1
            return found

    async def run() -> None:
        assert await look(acme) == ["p1", "p2"]
        assert await look(globex) == ["p3"]
        with pytest.raises(TenantRequiredError):
            await Project.objects.acount()

    async_to_sync(run)()


def test_another_database_is_refused(rows):
    """A query in a database that is not the tenant's names the tenant and both databases."""
    acme, _globex = rows
    with use_tenant(acme):
        scope = TenantContext.get_scope()
        assert isinstance(scope, ActiveTenant)
        scope.memo["aliases"] = frozenset({"tenant:acme", "replica"})
        with pytest.raises(TenantMismatchError, match=r"'default', but rows of .*'acme' are in 'replica', ") as caught:
            list(Project.objects.all())
        assert (caught.value.active, caught.value.wanted) == ("acme", "default")
        scope.memo["aliases"] = frozenset({"default", "replica"})
        assert Project.objects.count() == 2


def test_another_database_is_refused_after_the_right_one(rows):
    """What was found right for one database in an entry says nothing of another."""
    acme, _globex = rows
    elsewhere = copy.copy(connections["default"])
    elsewhere.alias = "elsewhere"
    with use_tenant(acme):
        for _ in range(2):
            assert Project.objects.count() == 2
            with pytest.raises(TenantMismatchError, match="elsewhere"):
                Project.objects.all().query.get_compiler(connection=elsewhere).as_sql()


def test_rows_of_tenants_may_stand_in_the_master(acme, globex):
    """A model of the scope MASTER is asked in the master, although its tenant lives elsewhere."""
    make(Charge, acme, "mine")
    make(Charge, globex, "theirs")
    with use_tenant(acme):
        TenantContext.get_scope().memo["aliases"] = frozenset({"tenant:acme"})
        assert names(Charge.objects.all()) == ["mine"]
        Charge.objects.create(name="second")
        TenantContext.get_scope().memo["aliases"] = frozenset({"tenant:acme"})
        with pytest.raises(TenantMismatchError, match="are in 'tenant:acme'"):
            Project.objects.count()


def test_what_is_active_must_be_a_tenant_of_this_project(db):
    """An object that only looks like a tenant cannot give its key to the filter."""

    class Stranger:
        tenant_id = "acme"
        id = pk = 1

    with use_tenant(Stranger()):
        with pytest.raises(TenantMismatchError, match=r"rows of probe\.Tenant, .*'acme' is a .*Stranger"):
            Project.objects.count()
        with pytest.raises(TenantMismatchError):
            Project.objects.create(name="p")


def test_a_proxy_of_the_tenant_counts_as_the_tenant(rows):
    """Who is active may have been loaded through a proxy."""
    acme, _globex = rows
    with use_tenant(PayingTenant.objects.get(pk=acme.pk)):
        assert names(Project.objects.all()) == ["p1", "p2"]


def test_children_of_tables_are_joined_once(acme):
    """A child reads its parent's key in one join, which other conditions on the parent use too."""
    with use_tenant(acme):
        sql = str(Report.objects.filter(name="x", tenant=acme).query)
        assert sql.count("JOIN") == 1
        assert str(Appendix.objects.all().query).count("JOIN") == 2
        assert "JOIN" not in str(ProjectView.objects.all().query)


def test_a_class_with_a_manager_and_no_key():
    """Without a key the manager is an error that names the setting and the remedy."""
    with isolate_apps("shapes"):

        class Keyless(models.Model):
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "shapes"

        with pytest.raises(ImproperlyConfigured, match=r"no foreign key to 'probe\.Tenant'; add one"):
            Keyless.objects.all()


def test_a_manager_that_came_too_late():
    """A manager added to a finished class cannot guard it, and says so."""
    with isolate_apps("shapes"):

        class Late(models.Model):
            tenant = models.ForeignKey("probe.Tenant", on_delete=models.CASCADE)

            class Meta:
                app_label = "shapes"

        Late.add_to_class("scoped", TenantQuerySetManager())
        with pytest.raises(ImproperlyConfigured, match="after the class was made"):
            Late.scoped.all()


def test_a_table_that_was_renamed_in_memory(rows):
    """The shared leaf is for the model's table; under another name of it a leaf of its own is made."""
    acme, _globex = rows
    original = Project._meta.db_table
    Project._meta.db_table = "elsewhere"
    try:
        with use_tenant(acme):
            assert '"elsewhere"."tenant_id" = ' in str(Project.objects.all().query)
    finally:
        Project._meta.db_table = original


def test_conditions_on_the_key_itself_still_work(rows):
    """Code that filters by tenant by hand, as it did before, gets the same rows."""
    acme, globex = rows
    with use_tenant(acme):
        assert names(Project.objects.filter(tenant=acme)) == ["p1", "p2"]
        assert names(Project.objects.filter(tenant=globex)) == []
        assert names(Project.objects.filter(tenant__tenant_id="acme", id=F("id"))) == ["p1", "p2"]


def test_as_manager_of_a_plain_queryset_is_plain():
    """A plain queryset's ``as_manager()`` is a plain manager: only ours is scoped."""
    assert not isinstance(models.QuerySet.as_manager(), TenantQuerySetManager)


def test_every_shape_has_one_taught_key():
    """Each model of the two apps with the manager, or with a scoped parent, knows its key."""
    keys = {
        model.__name__: get_tenant_key(model).name
        for model in [*apps.get_app_config("shapes").get_models(), Project]
        if get_tenant_key(model)
    }
    assert keys.pop("Membership") == "organisation"
    assert set(keys.values()) == {"tenant"}
    assert {"Memo", "Report", "Appendix", "Vehicle", "Asset", "ProjectView"} <= set(keys)
    assert "Country" not in keys


def test_compiling_names_the_parents_table(acme):
    """Updates of a child's own and of its parent's columns stay with the tenant."""
    report = make(Report, acme, "mine")
    with use_tenant(acme), CaptureQueriesContext(connection) as captured:
        assert Report.objects.update(name="changed", pages=7) == 1
        report.refresh_from_db()
    assert (report.name, report.pages) == ("changed", 7)
    assert all("tenant_id" in query["sql"] or " IN " in query["sql"] for query in captured)
