"""Deleting an instance deletes the active tenant's row or nothing, whatever the instance holds."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.state import ModelState
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext, isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import TenantQuerySetManager, instances
from omnitenant_models.rows.instances import TenantRow
from probe.models import Project, Tenant
from relations.models import Article, City, Country, Tag, Thesis
from rules.models import Box, Crate, Envelope, Letter, Loud, Soft
from shapes.models import (
    Appendix,
    Asset,
    Badge,
    Contact,
    Document,
    Gadget,
    Member,
    Membership,
    Memo,
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

SHAPES: list[Any] = [
    Appendix,
    Badge,
    Contact,
    Crate,
    Document,
    Envelope,
    Gadget,
    Letter,
    Membership,
    Memo,
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


def make(model: Any, tenant: Any, name: str = "x") -> Any:
    """Create a row of a tenant, by the manager that sees it all."""
    with use_tenant(tenant):
        row = model(name=name, **({"number": 1} if model is Ticket else {}))
        row.save()
        return row


def rows_of(model: Any) -> Any:
    """Return all rows of a model, whatever managers it has."""
    return models.QuerySet(model)


def delete(row: Any) -> Any:
    """Delete a row in earnest."""
    return row.hard_delete() if isinstance(row, Soft) else row.delete()


def same(row: Any) -> Any:
    """Give the instance itself."""
    return row


def forged(row: Any) -> Any:
    """Make an instance with the numbers of a row."""
    fields = [row._meta.pk, *(parent._meta.pk for parent in row._meta.all_parents)]
    return type(row)(**{field.attname: getattr(row, field.attname) for field in fields})


def deferred(row: Any) -> Any:
    """Load the row unscoped, without its tenant."""
    with unscoped():
        return rows_of(type(row)).only("pk").get(pk=row.pk)


def relabelled(row: Any) -> Any:
    """Let the instance say that it is the active tenant's."""
    with unscoped():
        row = rows_of(type(row)).get(pk=row.pk)
    key = type(row)._meta.tenant_key
    setattr(row, key.name, TenantContext.get_tenant())
    if isinstance(row, Preferences | Ticket):
        setattr(row, key.attname, Tenant.objects.get(tenant_id="globex").pk)
    return row


@pytest.mark.parametrize("model", SHAPES, ids=lambda model: model.__name__)
class TestShapes:
    """Every shape of model behaves the same."""

    @pytest.mark.parametrize("disguise", [same, forged, deferred, relabelled])
    def test_strangers_rows(self, model, acme, globex, disguise):
        """They are refused with both names, and the transaction goes on."""
        theirs = make(model, globex)
        with use_tenant(acme), transaction.atomic():
            with pytest.raises(TenantMismatchError, match=r"belongs to tenant 'globex', and .* 'acme'") as caught:
                delete(disguise(theirs))
            assert (caught.value.active, caught.value.wanted) == ("acme", "globex")
            make(Project, acme)
        assert rows_of(model).filter(pk=theirs.pk).exists()
        with use_tenant(globex):
            assert type(theirs)._base_manager.get() == theirs

    def test_ones_own_rows(self, model, acme, globex, django_assert_num_queries):
        """They are deleted, as many statements as Django takes and one more; strangers' rows stay."""
        theirs = make(model, globex)
        mine, other = make(model, acme), make(model, globex) if model not in {Preferences, Ticket} else None
        with use_tenant(acme), transaction.atomic():
            counter = Counted()
            with counter, unscoped():
                if other is not None:
                    delete(other)
            with Counted() as counted:
                delete(mine)
            assert other is None or len(counted.captured) == len(counter.captured) + 1
        assert list(rows_of(model).values_list("pk", flat=True)) == [theirs.pk]

    def test_nobody(self, model, acme):
        """With nobody active it is an error, and the transaction goes on."""
        mine = make(model, acme)
        with transaction.atomic():
            with pytest.raises(TenantRequiredError, match="belongs to tenants and no tenant is active"):
                delete(mine)
            assert rows_of(model).filter(pk=mine.pk).exists()

    def test_unscoped(self, model, acme):
        """With the scope lifted every row can be deleted."""
        mine = make(model, acme)
        with unscoped():
            delete(mine)
        assert not rows_of(model).exists()

    def test_again(self, model, acme):
        """A row that is gone is deleted again without an error, as in Django."""
        mine = make(model, acme)
        copies = [forged(mine), forged(mine)]
        with use_tenant(acme):
            for row in copies:
                delete(row)
        assert not rows_of(model).exists()

    def test_asynchronously(self, model, acme, globex):
        """The asynchronous twin does the same."""
        theirs, mine = make(model, globex), make(model, acme)

        async def run() -> None:
            async with use_tenant(acme):
                if model is not Letter:
                    await mine.adelete()
                    with pytest.raises(TenantMismatchError):
                        await theirs.adelete()

        async_to_sync(run)()
        assert rows_of(model).filter(pk=theirs.pk).exists()

    def test_migrations_do_not_see_it(self, model):
        """The guard is not among the bases that a migration writes."""
        assert TenantRow not in ModelState.from_model(model).bases
        assert TenantRow in model.__mro__
        order = model.__mro__
        assert order[order.index(TenantRow) + 1] is models.Model


class Counted:
    """Statements on the default connection."""

    def __enter__(self) -> Any:
        self._capture = CaptureQueriesContext(connection)
        self._capture.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self._capture.__exit__(*args)
        self.captured = list(self._capture)


class TestParents:
    """A row in several tables is deleted from all of them, or from none."""

    def test_numbers_of_two_rows(self, acme, globex):
        """An instance with the number of its own row and of a stranger's parent is refused."""
        theirs, mine = make(Report, globex), make(Report, acme)
        mixed = Report(document_ptr_id=mine.pk, id=theirs.pk)
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="was put together from two rows"):
            mixed.delete()
        assert rows_of(Document).count() == rows_of(Report).count() == 2

    def test_keeping_parents(self, acme, globex):
        """With ``keep_parents`` the parent's row stays, and strangers' rows are refused."""
        theirs, mine = make(Report, globex), make(Report, acme)
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError):
                forged(theirs).delete(keep_parents=True)
            mine.delete(keep_parents=True)
            assert Document.objects.count() == 1
            assert Report.objects.count() == 0
        assert rows_of(Report).get().pk == theirs.pk

    def test_parents_of_nobody(self, acme, globex):
        """A parent without a key is not guarded itself; its child is, and so is what it leads to."""
        theirs, mine = make(Crate, globex), make(Crate, acme)
        with use_tenant(acme):
            Box.objects.create(name="free").delete()
            with pytest.raises(TenantMismatchError):
                Crate(box_ptr_id=theirs.pk, id=theirs.pk).delete()
            Crate.objects.get().delete()
        assert list(rows_of(Box).values_list("pk", flat=True)) == [theirs.pk]
        assert mine.pk

    def test_parents_with_a_plain_manager(self, acme, globex):
        """A parent that only holds the key is guarded too."""
        theirs = make(Vehicle, globex)
        with use_tenant(acme), pytest.raises(TenantMismatchError):
            Asset(pk=theirs.pk).delete()
        assert rows_of(Asset).exists()

    def test_links_that_are_no_primary_keys(self, acme, globex):
        """A grandchild with a number of its own."""
        with use_tenant(globex):
            theirs = Thesis.objects.create(name="t")
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError):
                forged(theirs).delete()
            Thesis.objects.create(name="u").delete()
        assert rows_of(Thesis).get() == theirs


class TestOverridden:
    """What a project writes in ``delete()`` runs as before, and what it calls by ``super()`` is guarded."""

    def test_hiding(self, acme, globex):
        """A base of the project's that only hides rows asks nothing for that."""
        letter = make(Letter, acme)
        with use_tenant(acme):
            assert letter.delete() == (0, {})
            assert Letter.objects.get().is_deleted
            letter.hard_delete()
            assert not Letter.objects.exists()
        assert Letter.__mro__.index(models.Model) < Letter.__mro__.index(Loud)

    def test_own_method(self, acme, globex):
        """The project's return value, and its arguments, are kept."""
        with use_tenant(acme):
            envelope = Envelope.objects.create(name="e")
            assert envelope.delete(using="default") == ((1, {"rules.Envelope": 1}), "as asked")

    def test_classes_made_later(self, acme, globex):
        """A class that derives from a guarded one is guarded, with a method of its own or without."""
        theirs = make(Project, globex)
        with isolate_apps("shapes"):

            class Later(Project):
                class Meta:
                    proxy = True
                    app_label = "shapes"

                def delete(self, *args: Any, **options: Any) -> Any:
                    return super().delete(*args, **options)

            with use_tenant(acme), pytest.raises(TenantMismatchError, match=r"shapes\.Later"):
                Later(pk=theirs.pk).delete()

    def test_asked_once(self, acme):
        """However often a class hierarchy overrides the method, the database is asked once."""
        letter = make(Letter, acme)
        with use_tenant(acme), Counted() as counted:
            letter.hard_delete()
        assert len(counted.captured) == 2

    def test_marked_as_changing_data(self):
        """Templates do not call it."""
        assert TenantRow.delete.alters_data


class TestCascades:
    """What hangs on a row is deleted with it where it is the tenant's."""

    def test_strangers_rows_do_not_go(self, acme, globex):
        """A stranger's row that refers to mine stops the deletion."""
        with use_tenant(acme):
            project = Project.objects.create(name="p")
            Task.objects.create(name="mine", project=project)
        with unscoped():
            Task.objects.create(name="theirs", project=project, tenant=globex)
        with use_tenant(acme), pytest.raises(IntegrityError), transaction.atomic():
            project.delete()
            connection.check_constraints()
        with unscoped():
            assert Task.objects.count() == 2

    def test_signals_and_counts(self, acme):
        """Receivers are told, and the answer counts what went."""
        with use_tenant(acme):
            project = Project.objects.create(name="p")
            Task.objects.create(name="t", project=project)
            told: list[Any] = []

            def tell(instance: Any, **_: Any) -> None:
                told.append(instance)

            pre_delete.connect(tell, sender=Project)
            try:
                assert project.delete() == (2, {"probe.Project": 1, "shapes.Task": 1})
            finally:
                pre_delete.disconnect(tell, sender=Project)
            assert told == [project]
            assert project.pk is None

    def test_connections(self, acme, globex):
        """What an automatic through table connects goes with the row, and strangers' connections stay."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Article.objects.create().tags.add(Tag.objects.create())
        with use_tenant(acme):
            Article.objects.get().delete()
        with unscoped():
            assert Article.tags.through.objects.count() == 1

    def test_rows_of_connections(self, acme, globex):
        """An instance of an automatic through table is guarded as well."""
        through = Article.tags.through
        for tenant in (globex, acme):
            with use_tenant(tenant):
                Article.objects.create().tags.add(Tag.objects.create())
        with unscoped():
            theirs, mine = through.objects.order_by("pk")
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match="belongs to another tenant"):
                through(pk=theirs.pk).delete()
            mine.delete()
        with unscoped():
            assert through.objects.get() == theirs

    def test_rows_of_everybody(self, acme, globex):
        """A row of nobody is deleted by anybody, unless a stranger's row refers to it."""
        country = Country.objects.create(code="x")
        with use_tenant(globex):
            City.objects.create(country=country)
        with use_tenant(acme):
            Country.objects.create(code="y").delete()
            with pytest.raises(IntegrityError), transaction.atomic():
                country.delete()
                connection.check_constraints()


class TestDjangosOwn:
    """What Django refuses or allows it does as before."""

    def test_without_a_key(self, acme):
        """An instance that was never saved."""
        with use_tenant(acme), pytest.raises(ValueError, match="can't be deleted because its id"):
            Project(name="x").delete()

    def test_users(self, acme):
        """A model that derives from Django's own abstract one, which stays as it is."""
        with use_tenant(acme):
            member = Member.objects.create_user("a@b.example")
            assert member.delete()[0] == 1
        assert AbstractBaseUser.__bases__ == (models.Model,)
        assert TenantRow not in User.__mro__

    def test_another_database(self, acme):
        """A database that is not the tenant's is refused."""
        mine = make(Project, acme)
        with use_tenant(acme):
            TenantContext.get_scope().memo["aliases"] = frozenset({"elsewhere"})
            with pytest.raises(TenantMismatchError, match="are in 'elsewhere'"):
                mine.delete()


class TestBases:
    """How the guard is put among the bases of a model."""

    def test_orders(self):
        """The order of all other classes stays, whatever the bases are."""
        with isolate_apps("shapes"):

            class Plain:
                pass

            class Mixed(Plain, models.Model):
                class Meta:
                    abstract = True

            class First(models.Model):
                class Meta:
                    abstract = True

            numbers = itertools.count()

            def made(*bases: type) -> Any:
                number, make_class = next(numbers), type(First)
                before = list(make_class(f"Before{number}", bases, _body()).__mro__)[1:]
                key = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                fields = {"tenant": key, "objects": TenantQuerySetManager()}
                model: Any = make_class(f"Made{number}", bases, {**_body(), **fields})
                after = list(model.__mro__)[1:]
                assert after.pop(after.index(models.Model) - 1) is TenantRow
                assert after == before
                instances.guard_instances(model)
                return model

            made(models.Model)
            made(Plain, models.Model)
            made(models.Model, Plain)
            made(First)
            made(First, Plain)
            made(First, models.Model)
            made(Mixed, Plain)
            made(Mixed, First)
            made(First, Mixed)

    def test_a_child_with_an_unguarded_base(self, acme):
        """Where a parent is guarded and another base is not, the guard is below both."""
        with isolate_apps("shapes"):

            class Late(models.Model):
                class Meta:
                    abstract = True

            class Both(Document, Late):
                class Meta:
                    app_label = "shapes"

            order = [each.__name__ for each in Both.__mro__]
            assert order[:5] == ["Both", "Document", "Late", "TenantRow", "Model"]
            assert ModelState.from_model(Both).bases == ("shapes.document", models.Model)

    def test_where_it_cannot_be_put(self):
        """A class that leaves no room is an error when it is made, not a model without a guard."""

        class Fixed(models.base.ModelBase):
            def mro(cls) -> Any:  # noqa: N805 - of a metaclass
                return [cls, models.Model, *models.Model.__mro__[1:]]

        with (
            isolate_apps("shapes"),
            pytest.raises(TypeError, match=r"guards of shapes\.Odd cannot be put among its bases"),
        ):

            class Odd(models.Model, metaclass=Fixed):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "shapes"

    def test_what_we_rely_on_in_django(self):
        """Django deletes by primary key and through no manager, and asks nobody."""
        source = inspect.getsource(models.Model.delete)
        assert "Collector(using=using, origin=self)" in source
        assert "_base_manager" not in source


def _body() -> dict[str, Any]:
    return {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "shapes"})}
