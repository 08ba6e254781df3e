"""Instances in memory: pickling, copying, comparing, also while another tenant is active."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from django.core import serializers
from django.core.cache import cache
from django.db import models, transaction
from django.forms.models import model_to_dict

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.propagation import bind, bind_async_iterator, bind_iterator
from probe.models import Project
from relations.models import Article, Node, Tag
from shapes.models import Appendix, Badge, Preferences, Report, Task, Ticket, Vehicle

use_tenant = TenantContext.use_tenant
WAYS = {
    "pickled": lambda row: pickle.loads(pickle.dumps(row)),
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "cached": lambda row: cache.set("row", row) or cache.get("row"),
}


def make(model: type[Any]) -> Any:
    values = {"number": 1} if model is Ticket else {}
    if any(field.name == "name" for field in model._meta.fields):
        values["name"] = "x"
    return model.objects.create(**values)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [Project, Report, Appendix, Vehicle, Preferences, Ticket, Badge, Node, Article])
class TestCopies:
    """A copy is the same row, of the same tenant."""

    def test_at_home(self, acme, model, way):
        """It can be saved, read again and deleted."""
        with use_tenant(acme):
            row = make(model)
            again = WAYS[way](row)
            assert (again, again.pk, again.tenant) == (row, row.pk, acme)
            assert model_to_dict(again) == model_to_dict(row)
            again.save()
            again.refresh_from_db()
            again.delete()
            assert not model.objects.exists()

    def test_away(self, acme, globex, model, way):
        """Made while another is active, or brought there, it stays what it was, and is refused."""
        with use_tenant(acme):
            row = make(model)
            before = model_to_dict(row)
        with use_tenant(globex):
            again = WAYS[way](row)
            assert again == row
            assert again.tenant_id == row.tenant_id
            with pytest.raises(model.DoesNotExist):
                again.refresh_from_db()
            with pytest.raises(TenantMismatchError):
                again.save()
            with pytest.raises(TenantMismatchError):
                again.delete()
            assert not model.objects.exists()
        with use_tenant(acme):
            assert model_to_dict(model.objects.get()) == before
            again.refresh_from_db()

    def test_not_saved_yet(self, acme, globex, model, way):
        """It is its first tenant's all the same."""
        with use_tenant(acme):
            row = WAYS[way](model(**({"number": 1} if model is Ticket else {})))
        with use_tenant(globex), pytest.raises(TenantMismatchError):
            row.save()
        assert models.QuerySet(model).count() == 0


class TestMembership:
    """``in``, ``==`` and sets."""

    def test_by_primary_key(self, acme, globex):
        """Rows of two tenants are different rows; a copy is the same one, whoever asks."""
        with use_tenant(globex):
            theirs = Project.objects.create(name="x")
        with use_tenant(acme):
            mine = Project.objects.create(name="x")
            rows = list(Project.objects.all())
            assert mine in rows
            assert theirs not in rows
            assert copy.copy(mine) in set(rows)
            assert mine in Project.objects.all()
            assert theirs not in Project.objects.all()
            assert Project.objects.contains(mine)
            assert not Project.objects.contains(theirs)
        with use_tenant(globex):
            assert mine in rows
            assert mine not in Project.objects.all()
            assert not Project.objects.contains(mine)

    def test_in_a_queryset_that_was_read_elsewhere(self, acme, globex):
        """What a queryset holds are the rows of whoever asks."""
        with use_tenant(acme):
            mine = Project.objects.create(name="x")
            rows = Project.objects.all()
            assert mine in rows
        with use_tenant(globex):
            assert mine not in rows
            assert list(pickle.loads(pickle.dumps(Project.objects.all()))) == []

    def test_relations_that_were_read(self, acme, globex):
        """A related row stays in memory with the instance."""
        with use_tenant(acme):
            Task.objects.create(name="t", project=Project.objects.create(name="p"))
            article = Article.objects.create()
            article.tags.add(Tag.objects.create(name="g"))
            task = Task.objects.select_related("project").get()
            (article,) = Article.objects.prefetch_related("tags")
            task, article = pickle.loads(pickle.dumps((task, article)))
            assert task.project.name == "p"
            assert [tag.name for tag in article.tags.all()] == ["g"]
        with use_tenant(globex):
            assert task.project.name == "p"
            assert not article.tags.exists()

    def test_serializers(self, acme, globex):
        """Text of a row leads back to it for its tenant alone."""
        with use_tenant(acme):
            row = Project.objects.create(name="x")
            text = serializers.serialize("json", [row])
        with use_tenant(globex):
            (again,) = serializers.deserialize("json", text)
            assert again.object == row
            with pytest.raises(TenantMismatchError), transaction.atomic():
                again.save()
        with use_tenant(acme):
            (again,) = serializers.deserialize("json", text)
            again.save()


class TestLater:
    """What is done later is done for whoever is active then, unless it is bound."""

    def test_iterators(self, acme, globex):
        """A queryset that is read in pieces is read by one tenant; bound, by that of its making."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Project.objects.bulk_create([Project(name=f"{tenant.tenant_id} {n}") for n in range(5)])
        with use_tenant(acme):
            rows = Project.objects.order_by("pk").iterator(chunk_size=2)
            bound = bind_iterator(Project.objects.order_by("pk").iterator(chunk_size=2))
            assert next(rows).name == "acme 0"
        with use_tenant(globex):
            with pytest.raises(TenantMismatchError, match="bind_iterator"):
                list(rows)
            assert {row.name.split()[0] for row in bound} == {"acme"}
            assert {row.name.split()[0] for row in Project.objects.iterator()} == {"globex"}

    def test_asynchronous_iterators(self, transactional_db, make_tenant):
        """The same in a coroutine."""
        import asyncio

        from asgiref.sync import sync_to_async
        from django.db import connections

        tenants = make_tenant("acme"), make_tenant("globex")
        for tenant in tenants:
            with use_tenant(tenant):
                Project.objects.create(name=tenant.tenant_id)

        async def work() -> list[str]:
            try:
                async with use_tenant(tenants[0]):
                    bound = bind_async_iterator(Project.objects.aiterator())
                async with use_tenant(tenants[1]):
                    return [row.name async for row in bound]
            finally:
                await sync_to_async(connections.close_all)()

        assert asyncio.run(work()) == ["acme"]

    def test_after_a_commit(self, transactional_db, make_tenant):
        """Without routing Django runs it for whoever commits; ``bind`` keeps the tenant."""
        acme, globex = make_tenant("acme"), make_tenant("globex")
        seen: list[str] = []

        def note() -> None:
            seen.append(TenantContext.get_scope().label)

        with use_tenant(globex), transaction.atomic(), use_tenant(acme):
            transaction.on_commit(bind(note))
            transaction.on_commit(note)
        assert seen == ["acme", "globex"]
