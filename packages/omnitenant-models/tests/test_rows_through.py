"""Many-to-many relations connect the active tenant's rows, and neither show nor change strangers' connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, models, transaction
from django.db.models import Count
from django.db.models.fields.related_descriptors import create_forward_many_to_many_manager
from django.db.models.signals import m2m_changed
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows.through import GuardedManager, ThroughManager
from omnitenant_models.scopes import TenantScope, get_model_scope
from relations.models import Article, Author, City, Country, Origin, Placement, Shelf, Tag

pytestmark = pytest.mark.django_db

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped

Tags = Article.tags.through
Markets = Article.markets.through
Similar = Article.similar.through
Sources = Article.sources.through


class World:
    """Rows of one tenant, connected in every way."""

    def __init__(self, tenant: Any, country: Country) -> None:
        with use_tenant(tenant):
            self.article = Article.objects.create(name=tenant.tenant_id)
            self.other = Article.objects.create(name=f"{tenant.tenant_id} too")
            self.tag = self.article.tags.create(name=tenant.tenant_id)
            self.free_tag = Tag.objects.create(name="free")
            self.article.markets.add(country)
            self.article.similar.add(self.other)
            self.article.sources.add(self.other)
            self.shelf = Shelf.objects.create(name=tenant.tenant_id)
            self.shelf.articles.add(self.article)
            self.shelf.countries.add(country)
            self.author = Author.objects.create(code=tenant.tenant_id)
            self.author.countries.add(country)
            self.city = City.objects.create(name=tenant.tenant_id)


@pytest.fixture
def country(db) -> Country:
    """Give a row of everybody's."""
    return Country.objects.create(code="x")


@pytest.fixture
def theirs(globex, country) -> World:
    """Give globex's rows."""
    return World(globex, country)


@pytest.fixture
def mine(acme, theirs, country) -> World:
    """Give acme's rows; their keys are not those of globex's."""
    return World(acme, country)


def everything() -> list[Any]:
    """Return all connections there are."""
    with unscoped():
        return [
            list(model.objects.order_by("pk").values_list())
            for model in (Tags, Markets, Similar, Sources, Placement, Origin, Country.partners.through)
        ]


# Each connects a row of the one with a row of the other, or would.
ADDING: dict[str, Callable[[World, World], Any]] = {
    "a stranger's row": lambda mine, theirs: mine.article.tags.add(theirs.tag),
    "by key": lambda mine, theirs: mine.article.tags.add(theirs.tag.pk),
    "among others": lambda mine, theirs: mine.article.tags.add(mine.free_tag, theirs.free_tag),
    "by key as text": lambda mine, theirs: mine.article.tags.add(str(theirs.tag.pk)),
    "to a stranger's row": lambda mine, theirs: theirs.article.tags.add(mine.free_tag),
    "to a forged row": lambda mine, theirs: Article(pk=theirs.article.pk).tags.add(mine.free_tag),
    "backwards": lambda mine, theirs: mine.tag.articles.add(theirs.article),
    "backwards to a stranger's row": lambda mine, theirs: theirs.tag.articles.add(mine.article),
    "set": lambda mine, theirs: mine.article.tags.set([theirs.tag]),
    "set to a stranger's row": lambda mine, theirs: theirs.article.tags.set([mine.tag]),
    "set anew": lambda mine, theirs: mine.article.tags.set([theirs.tag], clear=True),
    "set nothing": lambda mine, theirs: theirs.article.tags.set([]),
    "create": lambda mine, theirs: theirs.article.tags.create(name="new"),
    "get_or_create": lambda mine, theirs: theirs.article.tags.get_or_create(name="new"),
    "update_or_create": lambda mine, theirs: theirs.article.tags.update_or_create(name="new"),
    "create backwards": lambda mine, theirs: theirs.tag.articles.create(name="new"),
    "symmetrical": lambda mine, theirs: mine.article.similar.add(theirs.article),
    "symmetrical to a stranger's row": lambda mine, theirs: theirs.article.similar.add(mine.article),
    "to itself": lambda mine, theirs: mine.article.sources.add(theirs.article),
    "to itself backwards": lambda mine, theirs: mine.article.quoted_in.add(theirs.article),
    "everybody's row to a stranger's": lambda mine, theirs: theirs.article.markets.add(Country.objects.get()),
    "everybody's row, backwards": lambda mine, theirs: Country.objects.get().articles.add(theirs.article),
    "by a model of everybody": lambda mine, theirs: Country.objects.get().partners.add(theirs.author),
    "by a model of everybody, backwards": lambda mine, theirs: theirs.author.countries.add(Country.objects.get()),
    "by a model with a key": lambda mine, theirs: mine.shelf.articles.add(theirs.article),
    "to a stranger's by a model with a key": lambda mine, theirs: theirs.shelf.articles.add(mine.article),
    "by a model without a key": lambda mine, theirs: theirs.shelf.countries.add(Country.objects.get()),
    "backwards by one without a key": lambda mine, theirs: Country.objects.get().shelves.add(theirs.shelf),
    "with a stranger's row beside": lambda mine, theirs: mine.shelf.countries.add(
        Country.objects.create(code="y"), through_defaults={"city": theirs.city}
    ),
    "with a stranger's row beside, later": lambda mine, theirs: mine.shelf.countries.set(
        [Country.objects.create(code="z")], through_defaults={"city": lambda: theirs.city}
    ),
    "for a stranger's tenant": lambda mine, theirs: mine.shelf.articles.add(
        mine.other, through_defaults={"tenant": theirs.article.tenant}
    ),
    "another manager": lambda mine, theirs: mine.article.tags(manager="objects").add(theirs.tag),
    "later": lambda mine, theirs: async_to_sync(mine.article.tags.aadd)(theirs.tag),
    "set later": lambda mine, theirs: async_to_sync(mine.article.tags.aset)([theirs.tag]),
    "create later": lambda mine, theirs: async_to_sync(theirs.article.tags.acreate)(name="new"),
    "a connection": lambda mine, theirs: Tags.objects.create(article=mine.article, tag=theirs.tag),
    "connections": lambda mine, theirs: Tags.objects.bulk_create([Tags(article=mine.article, tag=theirs.tag)]),
    "connections from a stranger's row": lambda mine, theirs: Tags.objects.bulk_create(
        [Tags(article=theirs.article, tag=mine.free_tag)]
    ),
    "connections, ignoring": lambda mine, theirs: Tags.objects.bulk_create(
        [Tags(article=mine.article, tag=theirs.tag)], ignore_conflicts=True
    ),
    "connections, updating": lambda mine, theirs: Tags.objects.bulk_create(
        [Tags(article=mine.article, tag=theirs.tag)],
        update_conflicts=True,
        unique_fields=["article", "tag"],
        update_fields=["tag"],
    ),
    "a change": lambda mine, theirs: Tags.objects.update(tag=theirs.tag),
    "a saved connection": lambda mine, theirs: Tags(article=mine.article, tag=theirs.tag).save(),
    "a connection without a key": lambda mine, theirs: Origin.objects.create(
        shelf=theirs.shelf, country=Country.objects.get()
    ),
    "connections without a key": lambda mine, theirs: Origin.objects.bulk_create(
        [Origin(shelf=theirs.shelf, country=Country.objects.get())], ignore_conflicts=True
    ),
}


# A plain manager does not look ahead, and a function is not called before: there the field refuses, inside of
# Django's transaction.
LATE = {"connections without a key", "with a stranger's row beside, later"}


class TestAdding:
    """Both ends of a new connection are asked for."""

    @pytest.mark.parametrize("name", ADDING)
    def test_strangers(self, acme, mine, theirs, name):
        """A stranger's row at either end is refused with both names, and nothing is connected or made."""
        before = everything()
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match=r"tenant 'globex', but .* is 'acme'"), transaction.atomic():
                ADDING[name](mine, theirs)
            assert not Tag.objects.filter(name="new").exists()
        assert everything() == before

    @pytest.mark.parametrize("name", ADDING)
    def test_nobody(self, mine, theirs, name):
        """With nobody active nothing is connected."""
        before = everything()
        with pytest.raises(TenantRequiredError), transaction.atomic():
            ADDING[name](mine, theirs)
        assert everything() == before

    @pytest.mark.parametrize("name", [each for each in ADDING if each not in LATE])
    def test_the_transaction_stays_usable(self, acme, mine, theirs, name):
        """What the relation's manager and ``bulk_create`` refuse leaves the enclosing block as it was."""
        with use_tenant(acme), transaction.atomic():
            with pytest.raises(TenantMismatchError):
                ADDING[name](mine, theirs)
            assert Tag.objects.create(name="after")

    def test_own_rows(self, acme, mine, country):
        """Own rows are connected, as before."""
        with use_tenant(acme):
            mine.article.tags.add(mine.free_tag, mine.tag, str(mine.tag.pk))
            assert set(mine.article.tags.all()) == {mine.tag, mine.free_tag}
            mine.article.tags.set([mine.free_tag])
            assert mine.article.tags.get() == mine.free_tag
            mine.free_tag.articles.set([mine.other], clear=True)
            assert mine.other.tags.get() == mine.free_tag
            assert mine.article.tags.count() == 0
            tag, created = mine.article.tags.update_or_create(name="made", defaults={"name": "made"})
            assert created
            assert mine.article.tags(manager="objects").get() == tag
            mine.shelf.articles.add(mine.other, through_defaults={"name": "beside"})
            assert Placement.objects.get(name="beside").tenant == acme
            mine.shelf.countries.set([country], clear=True, through_defaults={"city": lambda: mine.city})
            assert Origin.objects.filter(city=mine.city).count() == 1
            Tags.objects.bulk_create([Tags(article=mine.other, tag=mine.tag)], ignore_conflicts=True)
            connection.check_constraints()

    def test_unscoped(self, mine, theirs):
        """Unscoped anything may be connected and is seen."""
        with unscoped():
            mine.article.tags.add(theirs.tag)
            assert set(mine.article.tags.all()) == {mine.tag, theirs.tag}
            assert Tags.objects.count() == 3
            mine.article.tags.clear()
            assert Tags.objects.count() == 1

    def test_statements(self, acme, mine):
        """The first connection costs a statement for each model, and later ones none."""

        def reads(write: Callable[[], Any]) -> int:
            with CaptureQueriesContext(connection) as asked:
                write()
            return sum(each["sql"].startswith("SELECT") for each in asked)

        with use_tenant(acme):
            tags = [Tag.objects.create(name=str(number)) for number in range(20)]
            assert reads(lambda: mine.article.tags.add(*tags)) == 2
            assert reads(lambda: mine.article.tags.add(*tags)) == 0
            assert reads(lambda: mine.other.tags.add(*tags[:5])) == 1
            assert reads(lambda: mine.article.tags.remove(*tags)) == 0


# Each takes connections away that are the other's.
REMOVING: dict[str, Callable[[World], Any]] = {
    "clear": lambda them: them.article.tags.clear(),
    "clear a forged row": lambda them: Article(pk=them.article.pk).tags.clear(),
    "clear backwards": lambda them: them.tag.articles.clear(),
    "remove": lambda them: them.article.tags.remove(them.tag),
    "remove by key": lambda them: Article(pk=them.article.pk).tags.remove(them.tag.pk),
    "clear symmetrical": lambda them: them.article.similar.clear(),
    "remove symmetrical": lambda them: them.article.similar.remove(them.other),
    "clear to itself": lambda them: them.article.sources.clear(),
    "clear to everybody's rows": lambda them: them.article.markets.clear(),
    "remove everybody's row": lambda them: them.article.markets.remove(Country.objects.get()),
    "clear by a model with a key": lambda them: them.shelf.articles.clear(),
    "remove by a model with a key": lambda them: them.shelf.articles.remove(them.article),
    "clear by a model without a key": lambda them: them.shelf.countries.clear(),
    "remove by a model without a key": lambda them: them.shelf.countries.remove(Country.objects.get()),
    "another manager": lambda them: them.article.markets(manager="objects").clear(),
    "later": lambda them: async_to_sync(them.article.tags.aclear)(),
    "connections": lambda them: Tags.objects.filter(article=them.article).delete(),
    "connections by key": lambda them: Tags.objects.filter(pk__in=[1, 2, 3]).filter(tag=them.tag).delete(),
    "a change": lambda them: Tags.objects.filter(article=them.article).update(article=them.article),
    "the base manager": lambda them: Tags._base_manager.filter(article=them.article).delete(),
}


class TestRemoving:
    """Strangers' connections stay."""

    @pytest.mark.parametrize("name", REMOVING)
    def test_strangers(self, acme, mine, theirs, name):
        """Nothing of theirs is taken away, and nothing of anybody else's."""
        before = everything()
        with use_tenant(acme):
            if name == "a change":
                with pytest.raises(TenantMismatchError):
                    REMOVING[name](theirs)
            else:
                REMOVING[name](theirs)
        assert everything() == before

    @pytest.mark.parametrize("name", [each for each in REMOVING if each not in {"a change", "connections by key"}])
    def test_own_rows(self, acme, mine, theirs, name):
        """Own ones are."""
        before = everything()
        with use_tenant(acme):
            REMOVING[name](mine)
        after = everything()
        assert after != before
        assert all(set(new) <= set(old) for new, old in zip(after, before, strict=True))

    def test_everybodys_row(self, acme, mine, theirs, country):
        """From a row of everybody's the tenant's own connections are taken away, and the others stay."""
        with use_tenant(acme):
            country.articles.clear()
            country.shelves.clear()
            country.partners.remove(mine.author, theirs.author)
            for relation in (country.articles, country.shelves, country.partners):
                assert relation.count() == 0
                assert not relation.exists()
        with unscoped():
            assert country.articles.get() == theirs.article
            assert country.shelves.get() == theirs.shelf
            assert country.partners.get() == theirs.author

    def test_setting_from_everybodys_row(self, acme, mine, theirs, country):
        """Setting them replaces the own ones alone."""
        with use_tenant(acme):
            country.articles.set([mine.other])
            assert country.articles.get() == mine.other
        with unscoped():
            assert set(country.articles.all()) == {mine.other, theirs.article}

    def test_nobody(self, mine):
        """With nobody active nothing is taken away."""
        before = everything()
        for name, remove in REMOVING.items():
            with pytest.raises(TenantRequiredError), transaction.atomic():
                remove(mine)
            assert everything() == before, name

    def test_signals(self, acme, theirs, mine):
        """Receivers hear of the tenant's own additions, and find no strangers' connections."""
        heard: list[Any] = []

        def listen(action: str, pk_set: Any, **_: Any) -> None:
            heard.append((action, pk_set))

        m2m_changed.connect(listen, sender=Tags)
        try:
            with use_tenant(acme):
                mine.article.tags.add(mine.free_tag)
                with pytest.raises(TenantMismatchError):
                    mine.article.tags.add(theirs.tag)
        finally:
            m2m_changed.disconnect(listen, sender=Tags)
        assert heard == [("pre_add", {mine.free_tag.pk}), ("post_add", {mine.free_tag.pk})]


class TestReading:
    """Connections of strangers are not seen, from whichever side."""

    def test_the_table(self, acme, mine, theirs):
        """The through table's own managers show the tenant's connections."""
        with use_tenant(acme):
            for manager in (Tags.objects, Tags._default_manager, Tags._base_manager):
                assert isinstance(manager, ThroughManager)
                assert manager.get().article == mine.article
                assert manager.count() == 1
            assert Sources.objects.get().to_article == mine.other
            assert Similar.objects.count() == 2
            assert Markets.objects.get().article == mine.article
        with pytest.raises(TenantRequiredError):
            Tags.objects.exists()
        with unscoped():
            assert Tags.objects.count() == 2

    def test_strangers_instances(self, acme, mine, theirs):
        """What a stranger's row is connected with is not shown, even where it is everybody's."""
        with use_tenant(acme):
            for relation in (
                theirs.article.tags,
                theirs.article.markets,
                theirs.article.similar,
                theirs.shelf.articles,
                theirs.shelf.countries,
                theirs.author.countries,
                theirs.tag.articles,
            ):
                assert list(relation.all()) == []
                assert relation.count() == 0
                assert not relation.exists()
            article = Article(pk=theirs.article.pk)
            models.prefetch_related_objects([article], "markets", "tags")
            assert list(article.markets.all()) == list(article.tags.all()) == []

    def test_everybodys_row(self, acme, mine, theirs, country):
        """A row of everybody's shows the tenant's own rows, also when only counted."""
        with use_tenant(acme):
            assert country.articles.get() == mine.article
            assert country.partners.get() == mine.author
            assert country.shelves.get() == mine.shelf
            assert [each.count() for each in (country.articles, country.partners, country.shelves)] == [1, 1, 1]
            loaded = Country.objects.prefetch_related("articles", "partners", "shelves").get()
            assert list(loaded.articles.all()) == [mine.article]
            assert list(loaded.shelves.all()) == [mine.shelf]

    def test_counting_by_the_table_alone(self, acme, mine, theirs, country):
        """Where Django counts in the through table, without the rows themselves, strangers' are left out too."""
        with use_tenant(acme):
            mine.shelf.countries.add(Country.objects.create(code="y"))
            assert mine.shelf.countries.count() == 2
            assert mine.article.markets.count() == 1
            with CaptureQueriesContext(connection) as asked:
                assert theirs.shelf.countries.count() == 0
            assert "relations_country" not in asked[0]["sql"]

    def test_crossed_connections(self, acme, mine, theirs):
        """A connection that got there past all guards is neither shown nor counted, from either side."""
        with unscoped():
            Tags.objects.create(article=mine.article, tag=theirs.tag)
            Tags.objects.create(article=theirs.article, tag=mine.tag)
        with use_tenant(acme):
            assert mine.article.tags.get() == mine.tag
            assert mine.tag.articles.get() == mine.article
            assert Article.objects.annotate(n=Count("tags")).get(pk=mine.article.pk).n == 1
            assert Tag.objects.annotate(n=Count("articles")).get(pk=mine.tag.pk).n == 1
            assert Tags.objects.count() == 1

    def test_a_cached_queryset(self, acme, globex, mine, theirs):
        """A queryset of connections that one tenant evaluated is fetched again for another."""
        rows = Tags.objects.all()
        with use_tenant(acme):
            assert [each.article_id for each in rows] == [mine.article.pk]
        with use_tenant(globex):
            assert [each.article_id for each in rows] == [theirs.article.pk]


class TestInstances:
    """Rows of a through table as objects."""

    def test_saving_a_strangers(self, acme, mine, theirs):
        """A connection with a stranger's key is no update of theirs."""
        with unscoped():
            row = Tags.objects.get(article=theirs.article)
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError), transaction.atomic():
                Tags(pk=row.pk, article=mine.article, tag=mine.free_tag).save()
            with pytest.raises(Tags.DoesNotExist):
                row.refresh_from_db()
            with pytest.raises(TenantMismatchError), transaction.atomic():
                row.save()

    def test_upserts(self, acme, mine, theirs):
        """Updating what is in the way is refused where that may be a stranger's connection."""
        with unscoped():
            row = Tags.objects.get(article=theirs.article)
        before = everything()
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match="'article' or 'tag'"):
                Tags.objects.bulk_create(
                    [Tags(pk=row.pk, article=mine.article, tag=mine.free_tag)],
                    update_conflicts=True,
                    unique_fields=["id"],
                    update_fields=["article", "tag"],
                )
            Tags.objects.bulk_create(
                [Tags(article=mine.article, tag=mine.tag)],
                update_conflicts=True,
                unique_fields=["article", "tag"],
                update_fields=["tag"],
            )
        assert everything() == before

    def test_deleting_a_strangers(self, acme, mine, theirs):
        """A connection of theirs is not deleted by its key."""
        with unscoped():
            row = Tags.objects.get(article=theirs.article)
        before = everything()
        with use_tenant(acme):
            for each in (row, Tags(pk=row.pk), Tags(pk=row.pk, article=mine.article, tag=mine.tag)):
                with pytest.raises(TenantMismatchError):
                    each.delete()
            assert everything() == before
            Tags.objects.get().delete()
            assert not Tags.objects.exists()

    def test_deleting_an_end(self, acme, globex, mine, theirs):
        """Deleting a row takes its connections along, and no others."""
        with use_tenant(acme):
            mine.article.delete()
            assert not Tags.objects.exists()
        with use_tenant(globex):
            assert Tags.objects.get().article == theirs.article
        connection.check_constraints()


class TestShape:
    """What Django makes of a many-to-many relation is what it was."""

    def test_the_scope_of_an_automatic_table(self):
        """It stands where the model stands that made it."""
        assert get_model_scope(Tags) is TenantScope.TENANT
        assert get_model_scope(Country.partners.through) is TenantScope.SHARED

    def test_managers(self, acme, mine):
        """Managers of a relation are guarded, templates cannot call what writes, and a second kind is one too."""
        with use_tenant(acme):
            for manager in (mine.article.tags, mine.tag.articles, mine.article.tags(manager="objects")):
                assert isinstance(manager, GuardedManager)
                for name in ("add", "set", "create", "get_or_create", "update_or_create", "remove", "clear"):
                    assert getattr(manager, name).alters_data

    def test_what_is_overridden_is_there(self):
        """Django still has the methods of related managers that the guard builds upon."""
        plain = create_forward_many_to_many_manager(models.Manager, Tags._meta.get_field("tag").remote_field, False)
        for name in ("_build_remove_filters", "_get_target_ids", "constrained_target", "add", "set", "create"):
            assert hasattr(plain, name)

    def test_asking_later(self, acme, mine, theirs, country):
        """Asynchronous reads show the same rows."""

        async def count() -> int:
            return await country.articles.acount()

        with use_tenant(acme):
            assert async_to_sync(count)() == 1
