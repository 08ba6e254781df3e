"""Rows of the project's own SQL are the active tenant's, or an error."""

from __future__ import annotations

import pickle
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group
from django.db import connections
from django.db.models.query import RawQuerySet

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows.raw import TenantRawQuerySet
from probe.models import Project
from relations.models import Article, Tag
from shapes.models import Badge, Contact, ProjectView, Report, Task, Ticket

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped

ALL = "SELECT * FROM probe_project ORDER BY id"
OWN = "SELECT * FROM probe_project WHERE tenant_id = %s ORDER BY id"


@pytest.fixture
def rows(acme, globex):
    """Give two tenants with two and one projects, each with a task."""
    for tenant, found in ((acme, ["p1", "p2"]), (globex, ["p3"])):
        with use_tenant(tenant):
            for name in found:
                Task.objects.create(name=f"task of {name}", project=Project.objects.create(name=name))
    return acme, globex


def names(queryset: Any) -> list[str]:
    """Return what a raw queryset shows."""
    return [row.name for row in queryset]


async def _listed(queryset: Any) -> list[str]:
    return [row.name async for row in queryset]


ASK = {
    "list": list,
    "iterator": lambda queryset: list(queryset.iterator()),
    "bool": bool,
    "len": len,
    "index": lambda queryset: queryset[0],
    "slice": lambda queryset: queryset[0:5],
    "async": async_to_sync(_listed),
    "using": lambda queryset: list(queryset.using("default")),
    "prefetch": lambda queryset: list(queryset.prefetch_related("tasks")),
    "using and prefetch": lambda queryset: list(queryset.prefetch_related("tasks").using("default")),
    "copied by pickling": lambda queryset: list(pickle.loads(pickle.dumps(queryset))),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
@pytest.mark.parametrize("manager", [Project.objects, ProjectView.objects, Project._base_manager], ids=str)
class TestGuard:
    """However the rows are asked for."""

    def test_a_strangers_row(self, rows, ask, manager):
        """It is an error that names the model, the row and both tenants."""
        wanted = (
            r"raw\(\) of \w+\.Project\w* found the row \d+ of tenant 'globex', but the active tenant is 'acme'; add a"
        )
        with use_tenant(rows[0]), pytest.raises(TenantMismatchError, match=wanted) as caught:
            ask(manager.raw(ALL))
        assert (caught.value.active, caught.value.wanted) == ("acme", "globex")

    def test_rows_of_ones_own(self, rows, ask, manager):
        """They are given out."""
        with use_tenant(rows[1]):
            assert ask(manager.raw(OWN, [rows[1].pk]))

    def test_nobody(self, rows, ask, manager, django_assert_num_queries):
        """With nobody active nothing is asked."""
        with django_assert_num_queries(0), pytest.raises(TenantRequiredError):
            ask(manager.raw(ALL))

    def test_unscoped(self, rows, ask, manager):
        """With the scope lifted all rows are there."""
        with unscoped():
            assert ask(manager.raw(ALL))


def test_the_column_must_be_selected(rows):
    """Without the tenant's column nobody can tell, and the error names it."""
    with use_tenant(rows[0]):
        for sql in ("SELECT id, name FROM probe_project", "SELECT id, 1 AS owner FROM probe_project"):
            with pytest.raises(TenantMismatchError, match=r"the column 'tenant_id' of 'probe_project', .*'acme'; sel"):
                list(Project.objects.raw(sql))
        assert names(Project.objects.raw("SELECT id, name FROM probe_project WHERE 1 = 2")) == []
        sql = "SELECT id, name, tenant_id AS owner FROM probe_project WHERE name = 'p1'"
        assert names(Project.objects.raw(sql, translations={"owner": "tenant_id"})) == ["p1"]


def test_what_was_fetched_is_fetched_again(rows):
    """A raw queryset that was evaluated is not shown to another tenant."""
    acme, globex = rows
    queryset = Project.objects.raw("SELECT * FROM probe_project WHERE name = 'p1'")
    with use_tenant(acme):
        assert names(queryset) == ["p1"]
    with use_tenant(globex), pytest.raises(TenantMismatchError):
        list(queryset)
    with pytest.raises(TenantRequiredError):
        len(queryset)
    iterator = queryset.iterator()
    with use_tenant(acme):
        next(iterator)
    with use_tenant(globex), pytest.raises(TenantMismatchError, match="fetched for 'acme'"):
        next(iterator)


def test_two_raw_querysets_of_different_tenants(rows):
    """The same statement for another tenant is asked as that tenant."""
    for tenant, found in zip(rows, (["p1", "p2"], ["p3"]), strict=True):
        with use_tenant(tenant):
            queryset = Project.objects.raw(OWN, [tenant.pk])
            assert names(queryset) == found
            assert queryset[0].tenant == tenant
            assert isinstance(queryset, TenantRawQuerySet)


def test_prefetched_rows(rows):
    """What is prefetched for raw rows is the tenant's."""
    with use_tenant(rows[0]):
        queryset = Project.objects.raw(OWN, [rows[0].pk]).prefetch_related("tasks")
        assert [names(row.tasks.all()) for row in queryset] == [["task of p1"], ["task of p2"]]
        assert Project.objects.prefetch_related("tasks").raw(OWN, [rows[0].pk])[0]._prefetched_objects_cache


def test_children_show_the_column_of_the_parent(acme, globex):
    """The key of a child stands in the parent's table, which must be joined."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Report.objects.create(name=tenant.tenant_id)
    joined = "SELECT * FROM shapes_report JOIN shapes_document ON id = document_ptr_id WHERE name = %s"
    with use_tenant(acme):
        assert names(Report.objects.raw(joined, ["acme"])) == ["acme"]
        with pytest.raises(
            TenantMismatchError, match=r"raw\(\) of shapes\.Report found the row \d+ of tenant 'globex'"
        ):
            list(Report.objects.raw(joined, ["globex"]))
        with pytest.raises(TenantMismatchError, match="the column 'tenant_id' of 'shapes_document'"):
            list(Report.objects.raw("SELECT * FROM shapes_report"))


def test_other_shapes_of_keys(acme, globex):
    """Keys that hold the tenant's id, have a column of another name, or are part of the primary key."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            for model, values in ((Badge, {}), (Contact, {}), (Ticket, {"number": 1})):
                model.objects.create(name="x", **values)
    with use_tenant(acme):
        for model, column, value in (
            (Badge, "tenant_id", "acme"),
            (Contact, "owner", acme.pk),
            (Ticket, "tenant_id", acme.pk),
        )[: 3 if django.VERSION >= (6,) else 2]:  # before, raw() could not read composite primary keys
            table = model._meta.db_table
            assert names(model.objects.raw(f"SELECT * FROM {table} WHERE {column} = %s", [value])) == ["x"]
            with pytest.raises(TenantMismatchError, match="'globex'"):
                list(model.objects.raw(f"SELECT * FROM {table}"))


def test_automatic_through_tables(acme, globex):
    """Their rows must connect the tenant's rows."""
    through = Article.tags.through
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Article.objects.create(name=tenant.tenant_id).tags.add(Tag.objects.create())
    every = f"SELECT * FROM {through._meta.db_table}"
    with use_tenant(acme):
        mine = through.objects.get()
        assert list(through.objects.raw(f"{every} WHERE id = %s", [mine.pk])) == [mine]
        with pytest.raises(TenantMismatchError, match="'globex'"):
            list(through.objects.raw(every))
    with pytest.raises(TenantRequiredError):
        list(through.objects.raw(every))
    with unscoped():
        assert len(through.objects.raw(every)) == 2


def test_another_database(rows):
    """A database that is not the tenant's is not asked."""
    with use_tenant(rows[0]):
        TenantContext.get_scope().memo["aliases"] = frozenset({"elsewhere"})
        with pytest.raises(TenantMismatchError, match="are in 'elsewhere'"):
            list(Project.objects.raw(ALL))
        assert connections["default"].queries_limit


def test_models_of_nobody(db):
    """Where no row belongs to a tenant Django's own is used."""
    assert type(Group.objects.raw("SELECT * FROM auth_group")) is RawQuerySet
