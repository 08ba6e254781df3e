"""Querysets: what they keep is shown to who asked, and what they write is checked before a transaction suffers."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db import models, transaction
from django.db.models import F, Prefetch, Q, QuerySet, Value
from django.db.models.query import ModelIterable
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_context.propagation import bind_iterator
from omnitenant_models.rows import TenantQuerySetManager, _results
from omnitenant_models.rows.querysets import StampedQuerySet, TenantQuerySet
from probe.models import Project
from rules.models import CountingQuerySet, Currency, Job, JobQuerySet, Visit
from shapes.models import Memo, Report, Step, StepQuerySet, Task, Ticket

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


def names(queryset: Any) -> list[str]:
    """Return what a queryset shows when it is iterated."""
    return sorted(row.name for row in queryset)


@pytest.fixture
def rows(acme, globex):
    """Give two tenants with two and one projects, each with a task."""
    for tenant, found in ((acme, ["p1", "p2"]), (globex, ["p3"])):
        with use_tenant(tenant):
            for name in found:
                Task.objects.create(name=f"task of {name}", project=Project.objects.create(name=name))
    return acme, globex


async def _listed(queryset: Any) -> list[str]:
    return [row.name async for row in queryset]


ASK = {
    "list": lambda queryset: [row.name for row in queryset],
    "bool": bool,
    "len": len,
    "count": lambda queryset: queryset.count(),
    "exists": lambda queryset: queryset.exists(),
    "index": lambda queryset: queryset[0].name,
    "slice": lambda queryset: [row.name for row in queryset[0:5]],
    "in": lambda queryset: Project(pk=1) in queryset,
    "contains": lambda queryset: queryset.contains(Project(pk=1)),
    "repr": repr,
    "first": lambda queryset: queryset.first().name,
    "in_bulk": lambda queryset: sorted(queryset.in_bulk()),
    "pickle": lambda queryset: names(pickle.loads(pickle.dumps(queryset))),
    "copy": lambda queryset: names(copy.copy(queryset)),
    "async": async_to_sync(_listed),
    "acount": lambda queryset: async_to_sync(queryset.acount)(),
    "aexists": lambda queryset: async_to_sync(queryset.aexists)(),
    "afirst": lambda queryset: async_to_sync(queryset.afirst)().name,
    "acontains": lambda queryset: async_to_sync(queryset.acontains)(Project(pk=1)),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
class TestEvaluatedQuerysets:
    """What was fetched for one is fetched again for another, whatever is asked of it."""

    def test_for_another_tenant(self, rows, ask):
        """The answer is the one that a fresh queryset gives."""
        acme, globex = rows
        queryset = Project.objects.order_by("pk")
        for tenant in (acme, globex, acme):
            with use_tenant(tenant):
                assert ask(queryset) == ask(Project.objects.order_by("pk"))
                list(queryset)

    def test_of_nobody(self, rows, ask):
        """With nobody active it is an error, as for a fresh queryset."""
        queryset = Project.objects.order_by("pk")
        with use_tenant(rows[0]):
            list(queryset)
        with pytest.raises(TenantRequiredError):
            ask(queryset)

    def test_after_unscoped(self, rows, ask):
        """What was fetched with the scope lifted is not shown to a tenant."""
        queryset = Project.objects.order_by("pk")
        with unscoped():
            assert len(queryset) == 3
        with use_tenant(rows[1]):
            assert ask(queryset) == ask(Project.objects.order_by("pk"))


def test_the_same_tenant_is_not_asked_again(rows, django_assert_num_queries):
    """Rows are kept as long as the same tenant asks, whichever entry it is."""
    queryset = Project.objects.order_by("pk")
    with use_tenant(rows[0]), django_assert_num_queries(1):
        assert names(queryset) == names(queryset)
        assert queryset[0] is next(iter(queryset))
    with use_tenant(type(rows[0]).objects.get(pk=rows[0].pk)), django_assert_num_queries(0):
        assert names(queryset) == ["p1", "p2"]


def test_a_tenant_that_was_made_again(rows, django_assert_num_queries):
    """A new tenant with the id of one that was deleted is another one."""
    queryset = Project.objects.order_by("pk")
    acme, globex = rows
    with use_tenant(acme):
        assert names(queryset) == ["p1", "p2"]
    with unscoped():
        acme.delete()
        again = type(globex).objects.create(tenant_id="acme", name="x", state="active")
    with use_tenant(again):
        assert names(queryset) == []


def test_nothing_is_kept_for_nobody():
    """An empty queryset is empty for everybody, without a tenant and after one."""
    queryset = Project.objects.none()
    assert list(queryset) == []
    assert not queryset
    assert len(queryset) == queryset.count() == 0


def test_prefetched_rows(rows):
    """Rows that were prefetched onto an instance are fetched again for another tenant."""
    acme, globex = rows
    with unscoped():
        p1 = Project.objects.get(name="p1")
        Task.objects.create(name="forged", project=p1, tenant=globex)
    with use_tenant(acme):
        p1 = Project.objects.prefetch_related("tasks").get(name="p1")
        prefetched = p1.tasks.all()
        assert names(prefetched) == ["task of p1"]
    with use_tenant(globex):
        assert names(p1.tasks.all()) == names(prefetched) == ["forged"]
        assert p1.tasks.count() == 1
    with pytest.raises(TenantRequiredError):
        p1.tasks.all()[0]
    with use_tenant(acme):
        assert names(p1.tasks.all()) == ["task of p1"]


def test_prefetching_happens_again(rows, django_assert_num_queries):
    """Who gets rows that are fetched again gets what belongs to them, too."""
    acme, globex = rows
    queryset = Project.objects.order_by("pk").prefetch_related("tasks")
    with use_tenant(acme):
        assert [names(row.tasks.all()) for row in queryset] == [["task of p1"], ["task of p2"]]
    with use_tenant(globex), django_assert_num_queries(2):
        assert [names(row.tasks.all()) for row in queryset] == [["task of p3"]]


def test_a_prefetch_of_an_evaluated_queryset(rows):
    """A ``Prefetch`` holds a question, and so does a pickled one."""
    acme, globex = rows
    tasks = Task.objects.order_by("pk")
    prefetch = Prefetch("tasks", queryset=tasks)
    with use_tenant(acme):
        list(tasks)
        lookups = pickle.loads(pickle.dumps(prefetch)), prefetch
    with use_tenant(globex):
        for lookup in lookups:
            (row,) = Project.objects.prefetch_related(lookup)
            assert names(row.tasks.all()) == ["task of p3"]


def test_related_managers_and_known_objects(rows):
    """A related manager's queryset follows who asks, and its rows know the object that they were asked from."""
    acme, globex = rows
    with use_tenant(acme):
        p1 = Project.objects.get(name="p1")
        tasks = p1.tasks.all()
        assert tasks[0].project is p1
        assert next(iter(tasks)).project is p1
    with use_tenant(globex):
        assert list(tasks) == []


def test_combined_querysets(rows):
    """Unions and the like keep what they fetched for who asked."""
    acme, globex = rows
    both = Project.objects.filter(name="p1").union(Project.objects.filter(name="p3"))
    either = Project.objects.filter(name="p1") | Project.objects.filter(name="p3")
    for queryset in (both, either):
        for tenant, found in ((acme, ["p1"]), (globex, ["p3"]), (acme, ["p1"])):
            with use_tenant(tenant):
                assert names(queryset) == found


def test_values(rows):
    """Values and lists of values are kept for who asked, too."""
    acme, globex = rows
    values, flat = Project.objects.values("name"), Project.objects.values_list("name", flat=True)
    for tenant, found in ((globex, ["p3"]), (acme, ["p1", "p2"])):
        with use_tenant(tenant):
            assert sorted(flat) == sorted(row["name"] for row in values) == found


class TestPickling:
    """Pickled querysets hold rows, and whom they were fetched for, and nothing else about him."""

    def test_rows_of_another(self, rows):
        """They do not come out for another tenant, for nobody, or for a plain pickle from before."""
        acme, globex = rows
        with use_tenant(acme):
            pickled = pickle.dumps(Project.objects.order_by("pk"))
        with use_tenant(globex):
            assert names(pickle.loads(pickled)) == ["p3"]
        with pytest.raises(TenantRequiredError):
            list(pickle.loads(pickled))
        queryset = Project.objects.order_by("pk")
        queryset.__dict__["_result_cache"] = ["a row without a stamp"]
        with use_tenant(globex):
            assert names(queryset) == ["p3"]

    def test_rows_of_ones_own(self, rows, django_assert_num_queries):
        """They come out for the tenant that they were fetched for, without asking again."""
        with use_tenant(rows[0]):
            queryset = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(Project.objects.order_by("pk")))))
            with django_assert_num_queries(0):
                assert names(queryset) == ["p1", "p2"]
            assert names(queryset.filter(name="p1")) == ["p1"]

    def test_the_tenant_stays_here(self, rows):
        """The configuration of the tenant, which has secrets, is not in the pickle."""
        acme = rows[0]
        acme.config = {"db_config": {"PASSWORD": "hush"}}
        with use_tenant(acme):
            queryset = Project.objects.all()
            assert len(queryset) == 2
            assert b"hush" not in pickle.dumps(queryset)
            assert b"hush" not in pickle.dumps(copy.deepcopy(queryset))

    def test_the_class_of_the_project(self, rows):
        """A queryset with methods of the project's has them afterwards."""
        with use_tenant(rows[0]):
            Step.objects.create(name="s", is_done=True)
            queryset = pickle.loads(pickle.dumps(Step.objects.all()))
            assert isinstance(queryset, StepQuerySet)
            assert isinstance(queryset, TenantQuerySet)
            assert names(queryset.done()) == ["s"]
            assert type(queryset) is type(Step.objects.all())

    def test_deep_copies(self, rows, django_assert_num_queries):
        """A deep copy has no rows yet, as in Django."""
        with use_tenant(rows[0]):
            queryset = Step.objects.all()
            list(queryset)
            copied = copy.deepcopy(queryset)
            with django_assert_num_queries(1):
                assert list(copied) == []


class TestTwoAtOnce:
    """A queryset at class level may be evaluated for two tenants at the same time."""

    def test_tasks(self, rows):
        """Each task gets its tenant's rows."""
        acme, globex = rows
        shared = Project.objects.order_by("pk")

        async def look(tenant: Any) -> list[str]:
            async with use_tenant(tenant):
                await asyncio.sleep(0)
                return [row.name async for row in shared]

        async def run() -> list[list[str]]:
            return await asyncio.gather(*(look(tenant) for tenant in (acme, globex) * 5))

        assert async_to_sync(run)() == [["p1", "p2"], ["p3"]] * 5

    @pytest.mark.parametrize("ask", [list, len, bool])
    def test_somebody_in_between(self, rows, ask):
        """Between fetching and reading another thread may have fetched for another tenant."""
        acme, globex = rows

        class Interrupted(TenantQuerySet):
            def _fetch_all(self) -> None:
                super()._fetch_all()
                if self is shared:
                    with use_tenant(globex):
                        super()._fetch_all()

        shared = TenantQuerySetManager.from_queryset(Interrupted)()
        shared.model = Project
        shared = shared.order_by("pk")
        with use_tenant(acme):
            assert ask(shared) == ask(list(Project.objects.order_by("pk")))


class TestIterators:
    """An iterator belongs to who takes the first row."""

    def test_another_tenant_in_between(self, rows):
        """Rows of one are not given to another, nor to nobody, and the iterator is closed then."""
        acme, globex = rows
        for other, error in (
            (use_tenant(globex), TenantMismatchError),
            (unscoped(), TenantMismatchError),
            (TenantContext.use_master_db(), TenantMismatchError),
        ):
            with use_tenant(acme):
                iterator = Project.objects.order_by("pk").iterator()
                assert next(iterator).name == "p1"
            with other, pytest.raises(error, match=r"fetched for 'acme', but '[a-z]+' is active now; finish"):
                next(iterator)
            assert list(iterator) == []
        with use_tenant(acme):
            iterator = Project.objects.iterator()
            next(iterator)
        with pytest.raises(TenantRequiredError, match=r"probe\.Project"):
            next(iterator)

    def test_the_same_tenant_again(self, rows):
        """Another entry of the same tenant, and another tenant inside of a step, are no others."""
        acme, _globex = rows
        with use_tenant(acme):
            iterator = Project.objects.order_by("pk").iterator(chunk_size=1)
            assert next(iterator).name == "p1"
        with use_tenant(acme):
            assert [row.name for row in iterator] == ["p2"]
        with unscoped():
            for row in Project.objects.order_by("pk").iterator():
                with use_tenant(row.tenant):
                    assert Project.objects.filter(pk=row.pk).exists()

    def test_not_begun(self, rows):
        """Before the first row it is a question, like a queryset."""
        with use_tenant(rows[0]):
            iterator = Project.objects.order_by("pk").iterator()
        with use_tenant(rows[1]):
            assert [row.name for row in iterator] == ["p3"]
        with pytest.raises(TenantRequiredError):
            next(Project.objects.iterator())

    def test_kept_for_later(self, rows):
        """An iterator can be bound to a tenant and be consumed anywhere."""
        with use_tenant(rows[0]):
            iterator = bind_iterator(Project.objects.order_by("pk").iterator())
        assert [row.name for row in iterator] == ["p1", "p2"]

    def test_chunks_with_prefetches(self, rows):
        """What is prefetched for each chunk is the tenant's."""
        with use_tenant(rows[0]):
            found = Project.objects.order_by("pk").prefetch_related("tasks").iterator(chunk_size=1)
            assert [names(row.tasks.all()) for row in found] == [["task of p1"], ["task of p2"]]

    def test_wrong_sizes(self, rows):
        """Django's own errors come at once, as without us."""
        with pytest.raises(ValueError, match="strictly positive"):
            Project.objects.iterator(chunk_size=0)

    def test_closing(self, rows):
        """Closing it early closes what it reads from."""
        closed = []

        class Noting(ModelIterable):
            def __iter__(self) -> Any:
                try:
                    yield from super().__iter__()
                finally:
                    closed.append(True)

        with use_tenant(rows[0]):
            queryset = Project.objects.all()
            queryset._iterable_class = Noting
            iterator = queryset.iterator()
            next(iterator)
            iterator.close()
        assert closed == [True]
        assert list(_results.kept_to_one(iter([1, 2]), Project)) == [1, 2]

    def test_async(self, rows):
        """The asynchronous twin does the same."""
        acme, globex = rows

        async def run() -> None:
            async with use_tenant(acme):
                iterator = Project.objects.order_by("pk").aiterator(chunk_size=1)
                assert (await anext(iterator)).name == "p1"
            async with use_tenant(acme):
                assert [row.name async for row in iterator] == ["p2"]
            async with use_tenant(acme):
                iterator = Project.objects.order_by("pk").aiterator()
                await anext(iterator)
            async with use_tenant(globex):
                with pytest.raises(TenantMismatchError):
                    await anext(iterator)
            async with use_tenant(acme):
                found = Project.objects.order_by("pk").prefetch_related("tasks").aiterator(chunk_size=1)
                assert [names(row.tasks.all()) async for row in found] == [["task of p1"], ["task of p2"]]

        async_to_sync(run)()


class TestClasses:
    """The guards are below a queryset class of the project's, however it was given to the manager."""

    def test_every_way(self):
        """By ``from_queryset()``, by name, before our manager, and by ``as_manager()``."""
        for manager, written in (
            (Step.objects, StepQuerySet),
            (Step.open, QuerySet),
            (Visit.objects, CountingQuerySet),
            (Visit.again, CountingQuerySet),
            (Job.objects, JobQuerySet),
            (Job.objects.filter(name="x"), JobQuerySet),
            (Project._base_manager, QuerySet),
            (Memo._base_manager, QuerySet),
        ):
            queryset = manager.all()
            assert isinstance(queryset, TenantQuerySet)
            assert isinstance(queryset, written)
            assert type(queryset).__name__ in {written.__name__, "TenantQuerySet"}
        order = type(Visit.objects.all()).__mro__
        assert order.index(CountingQuerySet) < order.index(TenantQuerySet) < order.index(QuerySet)

    def test_as_manager(self, rows):
        """A class derived from ours makes a manager with the filter and its methods."""
        acme, globex = rows
        with use_tenant(acme):
            Job.objects.create(name="a", is_urgent=True)
        with use_tenant(globex):
            assert isinstance(Job.objects, TenantQuerySetManager)
            assert names(Job.objects.urgent()) == []
        with use_tenant(acme):
            assert names(Job.objects.urgent()) == ["a"]
        assert Job.objects.deconstruct() == (True, None, "rules.models.JobQuerySet", None, None)

    def test_overridden_methods(self, rows):
        """What the project overrides runs first, and what it calls by ``super()`` is guarded."""
        acme, globex = rows
        with use_tenant(acme):
            Visit.objects.create(name="v")
            assert Visit.objects.update(number=1) == 101
            with pytest.raises(TenantMismatchError):
                Visit.objects.update(tenant=globex)

    def test_the_names_that_managers_hand_on(self):
        """Managers have Django's methods, and no others because of us."""
        plain = {name for name, _ in inspect.getmembers(models.Manager()) if not name.startswith("__")}
        ours = {name for name, _ in inspect.getmembers(Project.objects) if not name.startswith("__")}
        assert ours - plain == set()
        made = TenantQuerySetManager.from_queryset(TenantQuerySet)
        assert not hasattr(made, "delete")
        assert made.bulk_create.alters_data
        assert TenantQuerySet.delete.alters_data

    def test_stamped_only(self, db, rows):
        """Rows of nobody can be fetched again for each who asks, without a filter."""
        acme, globex = rows
        Currency.objects.create(code="EUR")
        currencies = Currency.objects.all()
        with use_tenant(acme):
            assert [row.code for row in currencies] == ["EUR"]
        Currency.objects.create(code="USD")
        with use_tenant(acme):
            assert len(currencies) == 1
        with use_tenant(globex):
            assert len(currencies) == 2
        assert isinstance(Currency.objects.all(), StampedQuerySet)
        assert not isinstance(Currency.objects.all(), TenantQuerySet)

    def test_querysets_of_others_keep_their_rows(self, db, rows):
        """A plain manager's queryset is Django's own: this is a limit that the documentation names."""
        groups = Group.objects.all()
        with use_tenant(rows[0]):
            assert list(groups) == []
        Group.objects.create(name="g")
        with use_tenant(rows[1]):
            assert list(groups) == []

    def test_historical_models(self, db):
        """A manager in a migration has our class and filters nothing."""
        with isolate_apps("shapes"):

            class Old(models.Model):
                __module__ = "__fake__"
                name = models.CharField(max_length=100)
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "shapes"
                    db_table = "relations_author"

            assert Old.objects.count() == 0
            assert Old.objects.update(name="x") == 0
            assert Old.objects.bulk_create([]) == []
            assert Old.objects.filter(name="x").delete()[0] == 0
            assert list(Old.objects.raw("SELECT * FROM relations_author")) == []


REFUSED = {
    "update(tenant)": lambda mine, other, theirs: Task.objects.update(tenant=other),
    "update(tenant_id)": lambda mine, other, theirs: Task.objects.update(tenant_id=other.pk),
    "update(tenant=expression)": lambda mine, other, theirs: Task.objects.update(tenant=F("tenant")),
    "update(reference)": lambda mine, other, theirs: Task.objects.update(project=theirs),
    "update(reference id)": lambda mine, other, theirs: Task.objects.update(project_id=theirs.pk),
    "update(reference=Value)": lambda mine, other, theirs: Task.objects.update(project=Value(theirs.pk)),
    "aupdate": lambda mine, other, theirs: _run(lambda: Task.objects.aupdate(tenant=other)),
    "update(parent's tenant)": lambda mine, other, theirs: Report.objects.update(tenant=other),
    "bulk_create(tenant)": lambda mine, other, theirs: Task.objects.bulk_create([Task(tenant=other, name="x")]),
    "bulk_create of many": lambda mine, other, theirs: Task.objects.bulk_create(
        Task(tenant_id=[mine.pk, other.pk][number > 5], name="x") for number in range(10)
    ),
    "bulk_create(reference)": lambda mine, other, theirs: Task.objects.bulk_create([Task(project=theirs)]),
    "abulk_create": lambda mine, other, theirs: _run(lambda: Task.objects.abulk_create([Task(project=theirs)])),
    "bulk_update(tenant)": lambda mine, other, theirs: Task.objects.bulk_update(_given(other), ["tenant"]),
    "bulk_update(tenant and more)": lambda mine, other, theirs: Task.objects.bulk_update(
        _given(other), ["tenant", "name"]
    ),
    "bulk_update(reference)": lambda mine, other, theirs: Task.objects.bulk_update(
        _referring(theirs), ["name", "project"]
    ),
    "abulk_update": lambda mine, other, theirs: _bulk_update_in_a_task(_referring(theirs)),
}


def _run(make: Any) -> Any:
    async def run() -> Any:
        return await make()

    return async_to_sync(run)()


def _bulk_update_in_a_task(tasks: Any) -> Any:
    return _run(lambda: Task.objects.abulk_update(tasks, ["project"]))


def _given(other: Any) -> list[Any]:
    task = Task.objects.get()
    task.tenant = other
    return [task]


def _referring(theirs: Any) -> list[Any]:
    task = Task.objects.get()
    task.project_id = theirs.pk
    return [task]


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_the_transaction_usable(acme, globex, write):
    """Nothing is written, the error names who is active, and the same block goes on."""
    with use_tenant(globex):
        theirs = Project.objects.create(name="theirs")
    with use_tenant(acme), transaction.atomic():
        Task.objects.create(name="mine")
        Report.objects.create(name="mine")
        with pytest.raises(TenantMismatchError, match="'acme'"):
            write(acme, globex, theirs)
        assert Task.objects.values_list("name", "tenant", "project").get() == ("mine", acme.pk, None)
        Task.objects.update(name="after")
    with use_tenant(globex):
        assert not Task.objects.exists()


NOBODY = {
    "update": lambda: Task.objects.update(name="x"),
    "delete": lambda: Task.objects.all().delete(),
    "adelete": lambda: _run(lambda: Task.objects.all().adelete()),
    "bulk_create": lambda: Task.objects.bulk_create([Task(name="x")]),
    "bulk_create with a tenant": lambda: Task.objects.bulk_create([Task(name="x", tenant_id=1)]),
    "bulk_update": lambda: Task.objects.bulk_update([Task(pk=1, name="x")], ["name"]),
    "child": lambda: Report.objects.update(name="x"),
    "composite key": lambda: Ticket.objects.bulk_create([Ticket(number=1, name="x")]),
}


@pytest.mark.parametrize("write", NOBODY.values(), ids=NOBODY)
def test_nobody_writes_nothing_and_leaves_the_transaction_usable(acme, write):
    """With no tenant active it is an error that names the model."""
    with transaction.atomic():
        with pytest.raises(TenantRequiredError, match=r"shapes\.\w+ belongs to tenants"):
            write()
        with use_tenant(acme):
            assert Task.objects.create(name="after").pk


def test_another_database_leaves_the_transaction_usable(rows):
    """What would be written to a database that is not the tenant's is refused before."""
    for write in (
        lambda: Project.objects.using("default").update(name="x"),
        lambda: Project.objects.using("default").delete(),
        lambda: Project.objects.using("default").bulk_create([Project(name="x")]),
    ):
        with use_tenant(rows[0]), transaction.atomic():
            scope = TenantContext.get_scope()
            scope.memo["aliases"] = frozenset({"elsewhere"})
            with pytest.raises(TenantMismatchError, match="are in 'elsewhere'"):
                write()
            scope.memo.clear()
            assert Project.objects.count() == 2


def test_values_that_are_right(rows, django_assert_num_queries):
    """What may be written is written as without us, with one statement for a new reference."""
    acme, _globex = rows
    with use_tenant(acme):
        p2 = Project.objects.get(name="p2")
        with django_assert_num_queries(2):
            assert Task.objects.update(project=p2, name="x") == 2
        with django_assert_num_queries(1):
            assert Task.objects.update(project_id=p2.pk, tenant=acme) == 2
        assert Task.objects.update(tenant_id=str(acme.pk)) == 2
        assert Task.objects.filter(project=p2).update(project=F("project"), name=Value("y")) == 2
        assert Task.objects.update(project=None) == 2
        assert Task.objects.none().update(name="z") == 0
        with pytest.raises(FieldDoesNotExist):
            Task.objects.update(nonsense=1)
    assert Task.objects.none().update(name="z") == 0
    assert Task.objects.none().delete()[0] == 0


def test_bulk_creating(rows, django_assert_num_queries):
    """Rows are filled in; those that refer to each other's rows cost one statement for all."""
    acme, _globex = rows
    with use_tenant(acme):
        project = Project.objects.get(name="p1")
        with django_assert_num_queries(2):
            made = Task.objects.bulk_create([Task(name=f"t{number}", project=project) for number in range(50)])
        assert {task.tenant_id for task in made} == {acme.pk}
        again = list(made)
        for task in again:
            task.pk, task._state.adding = None, True
        assert len(Task.objects.bulk_create(iter(again), batch_size=20)) == 50
        assert Task.objects.bulk_create([]) == []
        late = Task(name="late")
        late.tenant_id = None
        assert Task.objects.bulk_create([late])[0].tenant_id == acme.pk
    with unscoped():
        assert Task.objects.bulk_create([Task(name="x", tenant=acme)])[0].pk
        with transaction.atomic(), pytest.raises(TenantRequiredError):
            Task.objects.bulk_create([Task(name="x")])


def test_bulk_updating_every_field(rows):
    """The tenant key may be among the fields: it is checked, and not written."""
    acme, _globex = rows
    with use_tenant(acme):
        tasks = list(Task.objects.all())
        for task in tasks:
            task.name = "changed"
        fields = [field.name for field in Task._meta.fields if not field.primary_key]
        assert Task.objects.bulk_update(tasks, fields) == 2
        assert Task.objects.filter(name="changed").count() == 2
        for task in tasks:
            task.project_id = F("project_id")
        assert Task.objects.bulk_update(iter(tasks), ["project"], batch_size=1) == 2
        deferred = list(Task.objects.only("name"))
        assert Task.objects.bulk_update(deferred, ["name", "tenant"]) == 2
        assert Task.objects.bulk_update(tasks, ["tenant"]) == 2
        assert Task.objects.bulk_update([], ["tenant"]) == 0
        with pytest.raises(ValueError, match="Field names"):
            Task.objects.bulk_update(tasks, [])
    with unscoped():
        assert Task.objects.bulk_update(tasks, ["tenant", "name"]) == 2


def test_over_guarding(rows, django_assert_num_queries):
    """What reads and locks in other ways works as without us."""
    acme, _globex = rows
    with use_tenant(acme):
        assert names(Project.objects.extra(where=["name = %s"], params=["p1"])) == ["p1"]
        assert names(Project.objects.filter(Q(name="p1") | Q(name="p3"))) == ["p1"]
        with transaction.atomic():
            assert names(Project.objects.select_for_update()) == ["p1", "p2"]
        assert Project.objects.update_or_create(name="p1", defaults={"name": "p9"})[1] is False
        assert Project.objects.get_or_create(name="new")[1] is True
        assert Project.objects.bulk_create([Project(pk=12345, name="x")], ignore_conflicts=True)
        assert names(Project.objects.difference(Project.objects.filter(name="x"))) == ["new", "p2", "p9"]
        assert Project.objects.order_by("pk").explain()


def test_threads(rows):
    """A queryset that was evaluated in one thread is fetched again in another that has another tenant."""
    acme, globex = rows
    queryset = Project.objects.order_by("pk")

    async def run() -> list[str]:
        async with use_tenant(acme):
            assert await sync_to_async(names)(queryset) == ["p1", "p2"]
        async with use_tenant(globex):
            return await asyncio.to_thread(lambda: [queryset._result_cache])

    assert async_to_sync(run)() == [None]


def test_what_we_rely_on_in_django(db):
    """Django keeps rows in ``_result_cache``, and asks for options before it begins a transaction."""
    groups = Group.objects.all()
    assert groups.__dict__["_result_cache"] is None
    assert list(groups) == []
    assert groups.__dict__["_result_cache"] == []
    assert copy.deepcopy(groups).__dict__["_result_cache"] is None
    assert pickle.loads(pickle.dumps(groups)).__dict__["_result_cache"] == []
    source = inspect.getsource(QuerySet.bulk_create)
    assert source.index("self._check_bulk_create_options(") < source.index("transaction.atomic")
    assert "_prefetch_done" in inspect.getsource(QuerySet._fetch_all)
    for name in ("__len__", "__iter__", "__bool__", "__aiter__"):
        assert "self._result_cache" in inspect.getsource(getattr(QuerySet, name))
        assert name in vars(_results.StampedResults)
