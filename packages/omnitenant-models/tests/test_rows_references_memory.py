"""What the reference guard asks, how often, and how long it believes the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import serializers
from django.db import connection, models, transaction
from django.db.models import Value
from django.db.models.signals import pre_save
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import _found, _strangers, reference_guard
from omnitenant_models.rows._found import Found
from probe.models import Project
from relations.models import Article, Author, City, Country, Essay, Fan, Node, Paper, Profile, Quote
from shapes.models import Task

pytestmark = pytest.mark.django_db

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


@contextmanager
def reads(number: int) -> Iterator[None]:
    """Make sure that the block asks so many times for rows that are referred to."""
    with CaptureQueriesContext(connection) as asked:
        yield
    # By saving under a given primary key another guard asks for one row.
    found = [each["sql"] for each in asked if each["sql"].startswith("SELECT") and "LIMIT 1" not in each["sql"]]
    assert len(found) == number, found


@pytest.fixture
def cities(acme):
    """Give three cities of acme's."""
    with use_tenant(acme):
        return [City.objects.create(name=name) for name in "abc"]


@pytest.fixture
def stranger(globex):
    """Give a city of globex's."""
    with use_tenant(globex):
        return City.objects.create(name="theirs")


class TestStatements:
    """One statement for a row that is referred to first, and none after that."""

    def test_creating(self, acme, cities):
        """The first reference to a row in a scope is asked for once, by whatever field and model."""
        with use_tenant(acme):
            with reads(1):
                article = Article.objects.create(city=cities[0])
            with reads(0):
                article.save()
                Article.objects.create(city=cities[0], other_city_id=str(cities[0].pk))
                Country.objects.create(code="x", capital=cities[0])
                Article.objects.update(city=cities[0])
            with reads(1):
                Article.objects.create(city=cities[1])

    def test_another_entry(self, acme, cities):
        """Another entry of the same tenant asks again."""
        for _ in range(2):
            with use_tenant(acme), reads(1):
                Article.objects.create(city=cities[0])

    def test_no_reference(self, acme):
        """What refers to nothing costs nothing."""
        with use_tenant(acme), reads(0):
            Article.objects.create()
            Article.objects.bulk_create([Article(), Article()])

    def test_bulk_create(self, acme, cities):
        """Many references to many rows of a model are one statement; to two models they are two."""
        with use_tenant(acme):
            author = Author.objects.create(code="x")
            with reads(2):
                Article.objects.bulk_create([Article(city=each, author=author) for each in cities * 3])
            with reads(0):
                Article.objects.bulk_create([Article(city=each) for each in cities])

    def test_bulk_update(self, acme, cities):
        """So are those of ``bulk_update``, through the manager or around it."""
        for rows in (Article.objects, Article._base_manager, models.QuerySet(Article)):
            with use_tenant(acme):
                articles = [Article.objects.create(name=each.name) for each in cities]
                for article, city in zip(articles, cities, strict=True):
                    article.city = city
                with reads(1):
                    rows.bulk_update(articles, ["city"])

    def test_many_values(self, acme, cities, monkeypatch):
        """A database that takes few values in a statement gets several."""
        monkeypatch.setattr(_strangers, "_MOST_VALUES", 3)
        with use_tenant(acme), reads(2):
            reference_guard.check_values(Article._meta.get_field("city"), [each.pk for each in cities], connection)

    def test_a_reference_as_primary_key(self, acme):
        """A row whose primary key is a reference is asked for once, and not what that leads to."""
        with use_tenant(acme):
            author = Author.objects.create(code="x")
            Profile.objects.create(author=author)
        with use_tenant(acme), reads(1):
            Fan.objects.create(profile_id=author.pk)

    def test_a_child(self, acme):
        """Nor is the parent of a child."""
        with use_tenant(acme):
            essay = Essay.objects.create()
        with use_tenant(acme), reads(1):
            Quote.objects.create(essay=essay)

    def test_a_mixture(self, acme, cities, stranger):
        """A stranger among others is found, and what was found beside it is not remembered wrongly."""
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match=f"City {stranger.pk}, "):
                Article.objects.bulk_create([Article(city=each) for each in [*cities, stranger]])
            assert not Article.objects.exists()
            Article.objects.bulk_create([Article(city=each) for each in cities])


class TestBelief:
    """Only what must still be true is believed."""

    def test_refusals_are_not_remembered(self, acme):
        """A row that is saved after it was refused can be referred to."""
        with use_tenant(acme):
            parent = Node()
            with pytest.raises(TenantMismatchError):
                Node.objects.create(parent=parent)
            parent.save()
            Node.objects.create(parent=parent)

    def test_what_is_rolled_back(self, acme, globex):
        """A key that was the tenant's in a transaction that is undone can become a stranger's."""
        parent = Node()
        with use_tenant(acme):
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                parent.save()
                Node.objects.create(parent=parent)
                raise ZeroDivisionError
            with use_tenant(globex):
                Node(pk=parent.pk).save(force_insert=True)
            with pytest.raises(TenantMismatchError, match="'globex'"):
                Node.objects.create(parent_id=parent.pk)

    def test_what_is_deleted(self, acme, globex):
        """A key that was the tenant's until its row was deleted can become a stranger's."""
        for delete in (
            lambda row: row.delete(),
            lambda row: Node.objects.filter(pk=row.pk).delete(),
            lambda row: Node.objects.filter(pk=row.parent_id).delete(),  # the row goes with its parent
        ):
            with use_tenant(acme):
                row = Node.objects.create(parent=Node.objects.create())
                child = Node.objects.create(parent=row)
                with use_tenant(acme):  # another entry, which believes nothing by itself
                    child.delete()
                    delete(row)
                with use_tenant(globex):
                    Node(pk=row.pk or child.parent_id).save(force_insert=True)
                with pytest.raises(TenantMismatchError, match="'globex'"):
                    Node.objects.create(parent_id=child.parent_id)

    def test_what_is_renamed(self, acme, globex):
        """So can the value of a column that is referred to and changes."""

        def save(author: Author) -> None:
            author.code = "new"
            author.save()

        for change in (
            save,
            lambda author: Author.objects.filter(pk=author.pk).update(code="new"),
            lambda author: Author.objects.bulk_update([Author(pk=author.pk, code="new")], ["code"]),
        ):
            with use_tenant(acme), transaction.atomic():
                author = Author.objects.create(code="old")
                Article.objects.create(author_id="old")
                change(author)
                with use_tenant(globex):
                    Author.objects.create(code="old")
                with pytest.raises(TenantMismatchError, match="'globex'"):
                    Article.objects.create(author_id="old")
                transaction.set_rollback(True)

    def test_what_gets_another_key(self, acme, globex):
        """And that of a primary key which ``update()`` changes."""
        with use_tenant(acme):
            row = Node.objects.create()
            Node.objects.create(parent=row).delete()
            Node.objects.create(parent=row).delete()
            Node.objects.filter(pk=row.pk).update(id=Node().pk)
            with use_tenant(globex):
                Node(pk=row.pk).save(force_insert=True)
            with pytest.raises(TenantMismatchError, match="'globex'"):
                Node.objects.create(parent_id=row.pk)

    def test_what_is_given_away(self, acme, globex):
        """And so can the row itself, unscoped."""

        def save(row: Node) -> None:
            row.tenant = globex
            row.save()

        for give in (
            save,
            lambda row: Node.objects.filter(pk=row.pk).update(tenant=globex),
            lambda row: Node.objects.bulk_update([Node(pk=row.pk, tenant=globex)], ["tenant"]),
        ):
            with use_tenant(acme):
                row = Node.objects.create()
                Node.objects.create(parent=row)
                with unscoped():
                    give(row)
                with pytest.raises(TenantMismatchError, match="'globex'"):
                    Node.objects.create(parent_id=row.pk)

    def test_what_was_before_a_transaction(self, acme, cities):
        """Within a transaction an answer counts until its end, its inner blocks included."""
        with use_tenant(acme), reads(1), transaction.atomic():
            for _ in range(2):
                with transaction.atomic():
                    Article.objects.create(city=cities[0])

    @pytest.mark.django_db(transaction=True)
    def test_outside_of_transactions(self, acme, cities):
        """An answer from outside a transaction counts for the rest of the scope, in transactions too."""
        with use_tenant(acme), reads(2):
            Article.objects.create(city=cities[0])
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                Article.objects.create(city=cities[0])
                raise ZeroDivisionError
            Article.objects.create(city=cities[0])
            with transaction.atomic():
                Article.objects.create(city=cities[1])
                Article.objects.create(city=cities[1])

    @pytest.mark.django_db(transaction=True)
    def test_bulk_creation(self, acme, cities):
        """``bulk_create`` asks before it begins its own transaction, so its answer counts afterwards."""
        with use_tenant(acme), reads(1):
            Article.objects.bulk_create([Article(city=each) for each in cities])
            Article.objects.create(city=cities[1])

    def test_not_too_many(self, monkeypatch):
        """Answers are forgotten before they fill the memory."""
        monkeypatch.setattr(_found, "_LIMIT", 3)
        found = Found("x")
        for value in range(100):
            found.add([value], connection)
            assert found.has(value, connection)
        assert len(found._during[2]) <= 4

    def test_a_connection_tells_of_rollbacks(self):
        """Django makes a new list of callbacks at each end of a transaction; the guard relies on that."""
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            before = connection.run_on_commit
            with transaction.atomic():
                assert connection.run_on_commit is before
            assert connection.run_on_commit is before
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                raise ZeroDivisionError
            assert connection.run_on_commit is not before
            after = connection.run_on_commit
            raise ZeroDivisionError
        assert connection.run_on_commit is not after


class TestTransactions:
    """A refusal leaves the project's transaction usable."""

    def test_every_early_refusal(self, acme, globex, cities, stranger):
        """After each refusal more can be written in the same block, and nothing is changed in memory."""
        country = Country.objects.create()
        with use_tenant(globex):
            theirs = Article.objects.create()
        with use_tenant(acme):
            article = Article.objects.create()
            with transaction.atomic():
                for write in (
                    lambda: Article.objects.create(city=stranger),
                    lambda: Country.objects.create(capital=stranger),
                    lambda: Essay.objects.create(city=stranger),
                    lambda: Article.objects.bulk_create([Article(city=stranger)]),
                    lambda: Article.objects.update(city=stranger),
                    lambda: stranger.articles.add(article),
                    lambda: stranger.articles.add(article, bulk=False),
                    lambda: stranger.articles.set([article]),
                    lambda: stranger.articles(manager="objects").set([article], clear=True),
                    lambda: stranger.tenant.city_set.set(cities),
                    lambda: cities[0].articles.add(theirs, bulk=False),
                    lambda: country.cities.add(stranger, bulk=False),
                    lambda: Article.objects.bulk_update([Article(pk=article.pk, city_id=Value(stranger.pk))], ["city"]),
                    stranger.articles.create,
                ):
                    with pytest.raises(TenantMismatchError):
                        write()
                    Article.objects.filter(pk=article.pk).update(name="after")
            assert Article.objects.get().name == "after"
            assert (article.city, theirs.city, stranger.country) == (None, None, None)

    def test_nobody(self, acme, cities):
        """With nobody active too."""
        with transaction.atomic():
            with pytest.raises(TenantRequiredError):
                Country.objects.create(capital=cities[0])
            Country.objects.create(code="x")

    def test_a_receiver_that_changes_the_reference_later(self, acme, stranger):
        """What a receiver of the project puts in afterwards is refused by the field."""

        def point_away(instance: Article, **_: Any) -> None:
            instance.city = stranger

        pre_save.connect(point_away, sender=Article)
        try:
            with use_tenant(acme), pytest.raises(TenantMismatchError), transaction.atomic():
                Article.objects.create()
        finally:
            pre_save.disconnect(point_away, sender=Article)

    def test_fields_that_are_not_saved(self, acme, stranger):
        """A reference that is not among the saved fields is not looked at."""
        with use_tenant(acme):
            article = Article.objects.create()
            article.city = stranger
            article.save(update_fields=["name"])

    def test_fields_that_were_not_loaded(self, acme, cities):
        """A deferred reference is neither loaded nor asked for."""
        with use_tenant(acme):
            Article.objects.create(city=cities[0])
        with use_tenant(acme), reads(1):
            Article.objects.only("name").get().save()


class TestFunctions:
    """The functions that others call before they write."""

    def test_checking_an_instance(self, acme, cities, stranger):
        """An instance is checked by itself, or some of its fields."""
        with use_tenant(acme):
            reference_guard.check_references(Article(city=cities[0]))
            with pytest.raises(TenantMismatchError):
                reference_guard.check_references(Article(city=stranger))
            reference_guard.check_references(Article(city=stranger), update_fields=["name"])

    def test_checking_a_child(self, acme, globex):
        """The parent of a child is looked at only where it is saved without it."""
        with use_tenant(globex):
            paper = Paper.objects.create()
        with use_tenant(acme):
            reference_guard.check_references(Essay(paper_ptr_id=paper.pk))
            with pytest.raises(TenantMismatchError):
                reference_guard.check_references(Essay(paper_ptr_id=paper.pk), raw=True)

    def test_checking_many(self, acme, cities, stranger):
        """Many instances are checked with one statement, which spares those that come after."""
        with use_tenant(acme), reads(1):
            reference_guard.prefetch_references(Article, (Article(city=each) for each in cities))
            Article.objects.create(city=cities[2])
        with use_tenant(acme), pytest.raises(TenantMismatchError):
            reference_guard.prefetch_references(Article, [Article(city=stranger)])
        with unscoped(), reads(0):
            reference_guard.prefetch_references(Article, [Article(city=stranger)])
        with pytest.raises(TenantRequiredError):
            reference_guard.prefetch_references(Article, [Article(city=stranger)])

    def test_which_fields(self):
        """The references of a model are those to models of tenants, inherited ones included."""
        names = {each.name for each in reference_guard.guarded_references(Essay)}
        assert names == {"city", "place", "paper_ptr"}
        assert [each.name for each in reference_guard.guarded_references(Task)] == ["project"]
        assert reference_guard.guarded_references(Project) == ()


class TestDeferring:
    """Rows may come after those that refer to them, when that is said."""

    def load(self, *rows: tuple[int, int | None]) -> None:
        data = [
            {"model": "relations.article", "pk": pk, "fields": {"name": "x", "follows": follows}}
            for pk, follows in rows
        ]
        with transaction.atomic(), reference_guard.deferred_references():
            for each in serializers.deserialize("python", data):
                each.save()

    def test_forward_references(self, acme):
        """A fixture may refer to a row that it holds further down; all are asked for at the end."""
        with use_tenant(acme), reads(1):
            self.load((1, 2), (2, 3), (3, None))
        with use_tenant(acme):
            assert Article.objects.filter(follows__isnull=False).count() == 2

    def test_strangers(self, acme, globex):
        """A stranger's row is refused at the end, and what was written is undone."""
        with use_tenant(globex):
            theirs = Article.objects.create()
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match="'globex'"):
                self.load((100, theirs.pk))
            assert not Article.objects.exists()

    def test_parents(self, acme, globex):
        """A child on a stranger's parent is refused at once, and one whose parent comes later is not."""
        with use_tenant(globex):
            theirs = Paper.objects.create()
        with use_tenant(acme), transaction.atomic(), reference_guard.deferred_references():
            with pytest.raises(TenantMismatchError, match="'globex'"):
                Essay(paper_ptr_id=theirs.pk).save_base(raw=True)
            Essay(paper_ptr_id=theirs.pk + 1).save_base(raw=True)
            Paper(pk=theirs.pk + 1).save_base(raw=True)
        with use_tenant(acme):
            assert Essay.objects.get().pk == theirs.pk + 1

    def test_it_ends(self, acme):
        """After the block, or an error in it, references are asked for at once again."""
        with use_tenant(acme):
            with pytest.raises(ZeroDivisionError), reference_guard.deferred_references():
                raise ZeroDivisionError
            with reference_guard.deferred_references():
                with reference_guard.deferred_references():
                    pass
                Article.objects.create(name="x", follows_id=Article.objects.create().pk)
            with pytest.raises(TenantMismatchError):
                Article.objects.create(follows_id=10**6)

    def test_unscoped(self):
        """Unscoped there is nothing to defer."""
        with unscoped(), reference_guard.deferred_references():
            pass
