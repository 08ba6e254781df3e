"""Whatever a statement starts from, it joins the active tenant's rows alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import Avg, Count, Exists, F, FilteredRelation, Max, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.fields.related import ForeignObject
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.sql.datastructures import Join
from django.test.utils import CaptureQueriesContext, isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_models.models import TenantQuerySetManager
from omnitenant_models.rows import joins
from omnitenant_models.rows.restrictions import ReferenceMatch, restriction_of
from probe.models import Project, Tenant
from relations.models import (
    Article,
    Author,
    City,
    Country,
    CountryView,
    Essay,
    Island,
    Mark,
    Paper,
    Picture,
    Profile,
    Quote,
    Review,
    Shelf,
    Stamp,
    Tag,
    Thesis,
)
from shapes.models import Asset, Vehicle

pytestmark = pytest.mark.django_db

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


def populate(tenant: Any, country: Country, name: str) -> None:
    """Give a tenant rows that refer to each other and to everybody's."""
    with use_tenant(tenant):
        city = City.objects.create(name=name, country=country)
        author = Author.objects.create(name=name, code=f"{name} {country.code}")
        Author.objects.create(name="pupil", code=f"{name} {country.code}'s", mentor=author)
        Profile.objects.create(author=author)
        article = Article.objects.create(
            name=name, city=city, author=author, cover=Picture.objects.create(name=name), odd_city=city
        )
        Article.objects.create(name="follower", follows=article)
        article.tags.create(name=name)
        article.markets.add(country)
        country.partners.add(author)
        essay = Essay.objects.create(name=name, land=country, country=country, place=city, city=city)
        thesis = Thesis.objects.create(name=f"{name} too", land=country, land_of_birth=country)
        quote = Quote.objects.create(name=name, essay=essay, thesis=thesis)
        Review.objects.create(text=name, article=article, country=country, essay=essay, quote=quote)
        kind = ContentType.objects.get_for_model(Article)
        Mark.objects.create(text=name, content_type=kind, object_id=article.pk)
        shelf = Shelf.objects.create(name=name)
        shelf.stamps.create(name=name)
        shelf.articles.add(article)
        shelf.countries.add(country)


@pytest.fixture
def country(db: None) -> Country:
    """Give a row of everybody's, which both tenants' rows will refer to; globex's refer to another one too."""
    Country.objects.create(code="only theirs")
    return Country.objects.create(code="x")


def populate_theirs(tenant: Any) -> None:
    """Give the stranger rows that refer to each row of everybody's."""
    for country in Country.objects.order_by("pk"):
        populate(tenant, country, "theirs")


# Each asks something that strangers' rows could answer.
QUESTIONS: dict[str, Callable[[], Any]] = {
    "count backwards": lambda: Country.objects.annotate(n=Count("cities")).values_list("code", "n"),
    "count backwards over two": lambda: Country.objects.annotate(n=Count("cities__articles")).values_list("code", "n"),
    "count through a table": lambda: Country.objects.annotate(n=Count("articles")).values_list("code", "n"),
    "count through a table of everybody's": lambda: Country.objects.annotate(n=Count("partners")).values_list("n"),
    "count through a model without a key": lambda: Country.objects.annotate(n=Count("shelves")).values_list("n"),
    "count children": lambda: Country.objects.annotate(n=Count("essays")).values_list("n"),
    "count grandchildren": lambda: Country.objects.annotate(n=Count("theses")).values_list("n"),
    "count parents": lambda: Country.objects.annotate(n=Count("papers")).values_list("n"),
    "count different ones": lambda: Country.objects.annotate(n=Count("cities", distinct=True)).values_list("n"),
    "count some": lambda: Country.objects.annotate(n=Count("cities", filter=Q(cities__id__gt=0))).values_list("n"),
    "count of a proxy": lambda: CountryView.objects.annotate(n=Count("cities")).values_list("n"),
    "count of all": lambda: [Country.objects.aggregate(Count("cities"), Max("articles__name"))],
    "count of tenants": lambda: Tenant.objects.annotate(n=Count("city")).values_list("n").filter(n__gt=0),
    "alias and order": lambda: Country.objects.alias(n=Count("cities")).order_by("-n", "code").values_list("code"),
    "filter": lambda: Country.objects.filter(cities__name="theirs").values_list("code"),
    "filter own": lambda: Country.objects.filter(cities__name="mine").values_list("code"),
    "filter through a table": lambda: Country.objects.filter(articles__name="theirs").values_list("code"),
    "filter children": lambda: Country.objects.filter(essays__name="theirs").values_list("code"),
    "filter by a child's column": lambda: Country.objects.filter(essays__number=None).values_list("code"),
    "filter by the child of a parent": lambda: Country.objects.filter(papers__essay__pk__gt=0).values_list("code"),
    "filter grandchildren": lambda: Country.objects.filter(theses__name="theirs too").values_list("code"),
    "filter by either": lambda: Country.objects.filter(
        Q(cities__name="theirs") | Q(articles__name="theirs")
    ).values_list("code"),
    "filter with another reference": lambda: Country.objects.filter(cities__odd_articles__name="theirs").values_list(),
    "filter by to_field": lambda: Review.objects.filter(article__author__name="theirs").values_list("text"),
    "filter by one-to-one": lambda: Review.objects.filter(article__cover__name="theirs").values_list("text"),
    "filter by itself": lambda: Review.objects.filter(article__followers__name="follower").values_list("text"),
    "filter by mentors": lambda: Country.objects.filter(partners__mentor=None).values_list("code"),
    "filter by pupils": lambda: Country.objects.filter(partners__pupils__name="pupil").values_list("code"),
    "filter by a reverse one-to-one": lambda: Country.objects.filter(partners__profile__pk__gt=0).values_list("code"),
    "filter by a child of a reference": lambda: Review.objects.filter(essay__name="theirs").values_list("text"),
    "filter by a grandchild": lambda: Review.objects.filter(quote__thesis__name="theirs too").values_list("text"),
    "filter generically": lambda: Mark.objects.filter(article__name="theirs").values_list("text"),
    "exclude": lambda: Country.objects.exclude(cities__name="theirs").values_list("code"),
    "exclude own": lambda: Country.objects.exclude(cities__name="mine").values_list("code"),
    "exclude over two": lambda: Country.objects.exclude(cities__articles__name="theirs").values_list("code"),
    "exclude through a table": lambda: Country.objects.exclude(articles__name="theirs").values_list("code"),
    "exclude by a through table": lambda: Country.objects.exclude(articles__gt=0).values_list("code"),
    "exclude through a model without a key": lambda: Country.objects.exclude(shelves__gt=0).values_list("code"),
    "exclude children": lambda: Country.objects.exclude(essays__gt=0).values_list("code"),
    "exclude grandchildren": lambda: Country.objects.exclude(theses__gt=0).values_list("code"),
    "exclude tenants": lambda: Tenant.objects.exclude(city__name="mine").values_list("tenant_id"),
    "exclude generically": lambda: (
        Mark.objects.exclude(article__name="theirs").filter(article__gt=0).values_list("text")
    ),
    "not": lambda: Country.objects.filter(~Q(cities__name="theirs")).values_list("code"),
    "nothing there": lambda: Country.objects.filter(cities__isnull=True).values_list("code"),
    "nothing there through a table": lambda: Country.objects.filter(articles__isnull=True).values_list("code"),
    "nothing there of children": lambda: Country.objects.filter(essays__isnull=True).values_list("code"),
    "something there": lambda: Country.objects.filter(cities__isnull=False).values_list("code"),
    "values": lambda: Country.objects.values_list("code", "cities__name"),
    "values through a table": lambda: Country.objects.values_list("code", "articles__name", "articles__tags__name"),
    "keys through a table": lambda: Country.objects.values_list("code", "articles"),
    "values of children": lambda: Country.objects.values_list("code", "essays__name", "essays__number"),
    "values of tenants": lambda: Tenant.objects.values_list("city__name").filter(city__gt=0),
    "values generically": lambda: Article.objects.values_list("name", "marks__text"),
    "order": lambda: Country.objects.order_by("-cities__name").values_list("code"),
    "compare": lambda: Country.objects.filter(code__lt=F("cities__name")).values_list("code"),
    "annotate": lambda: Country.objects.annotate(name=F("cities__name")).values_list("name"),
    "filtered relation": lambda: Country.objects.annotate(
        his=FilteredRelation("cities", condition=Q(cities__name="theirs"))
    ).values_list("code", "his__name"),
    "filtered relation through a table": lambda: Country.objects.annotate(
        his=FilteredRelation("articles", condition=Q(articles__name__gt=""))
    ).values_list("code", "his__name"),
    "subquery": lambda: Country.objects.annotate(
        n=Subquery(City.objects.filter(country=OuterRef("pk")).values("name")[:1])
    ).values_list("n"),
    "subquery of everybody's rows": lambda: Country.objects.filter(
        Exists(Country.objects.filter(pk=OuterRef("pk"), cities__name="theirs"))
    ).values_list("code"),
    "in a subquery": lambda: Country.objects.filter(pk__in=Country.objects.filter(cities__name="theirs")).values_list(),
    "union": lambda: (
        Country.objects.filter(cities__name="theirs")
        .values_list("code")
        .union(Country.objects.filter(articles__name="theirs").values_list("code"))
    ),
    "average and sum": lambda: [Country.objects.aggregate(Avg("cities__articles__pk"), Sum("shelves__pk"))],
    "dates and the like": lambda: [Country.objects.filter(cities__name__gt="").count()],
    "whether there is any": lambda: [Country.objects.filter(cities__name="theirs").exists()],
    "distinct": lambda: Country.objects.filter(cities__name__gt="").distinct().values_list("code"),
    "children of a model of everybody": lambda: Island.objects.filter(cities__name__gt="").values_list("code"),
    "prefetching": lambda: [
        [city.name for city in each.cities.all()] for each in Country.objects.prefetch_related("cities")
    ],
    "prefetching by a queryset": lambda: [
        [each.articles.count() for each in country.cities.all()]
        for country in Country.objects.prefetch_related(Prefetch("cities", City.objects.filter(articles__name__gt="")))
    ],
    "rows of one's own": lambda: Article.objects.filter(tags__name__gt="", city__country__code="x").values_list("name"),
    "rows of one's own, excluded": lambda: Article.objects.exclude(tags__name="theirs").values_list("name"),
    "through models": lambda: Article.objects.filter(shelves__name__gt="").values_list("name", "shelves__stamps__name"),
    "generic relations": lambda: Shelf.objects.annotate(n=Count("stamps")).values_list("name", "n"),
    "generic relations excluded": lambda: Shelf.objects.exclude(stamps__name="theirs").values_list("name"),
    "generic relations backwards": lambda: Stamp.objects.filter(shelf__name__gt="").values_list("name"),
}


RESTRICTED = re.compile(r'tenant_row|"tenant_id" = \d')


def answers(question: Callable[[], Any]) -> list[Any]:
    """Ask, and put the answers in an order."""
    return sorted(map(repr, question()))


class TestQuestions:
    """Each question is answered as if there were nobody else."""

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_strangers_make_no_difference(self, acme, globex, country, name):
        """With a stranger's rows beside, the answer is what it was without them."""
        populate(acme, country, "mine")
        with use_tenant(acme):
            alone = answers(QUESTIONS[name])
        populate_theirs(globex)
        with use_tenant(acme):
            assert answers(QUESTIONS[name]) == alone

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_unscoped(self, acme, globex, country, name):
        """Unscoped the statement is the one that Django alone would make."""
        populate(acme, country, "mine")
        populate_theirs(globex)
        with unscoped(), CaptureQueriesContext(connection) as asked:
            answers(QUESTIONS[name])
        assert asked
        assert not [each["sql"] for each in asked if RESTRICTED.search(each["sql"])]

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_nobody(self, acme, country, name):
        """With nobody active it is refused."""
        populate(acme, country, "mine")
        with pytest.raises(TenantRequiredError):
            answers(QUESTIONS[name])

    def test_the_questions_would_be_answered_by_strangers(self, acme, globex, country, monkeypatch):
        """Most questions are answered otherwise where joins are not restricted: the tests above can fail."""
        populate(acme, country, "mine")
        with use_tenant(acme):
            alone = {name: answers(question) for name, question in QUESTIONS.items()}
        populate_theirs(globex)
        monkeypatch.setattr(joins, "restrict_join", lambda *_: None)
        monkeypatch.setattr(joins, "restrict_start", lambda *_: None)
        with use_tenant(acme):
            same = {name for name, question in QUESTIONS.items() if answers(question) == alone[name]}
        assert len(same) < len(QUESTIONS) / 4, same


class TestEmptyAndBuiltBefore:
    """Questions that were built when nobody was active, or that need no answer."""

    def test_a_queryset_at_class_level(self, acme, globex, country):
        """A queryset follows whoever runs it, with what was decided when it was built."""
        rows = Country.objects.exclude(cities__name="theirs").filter(articles__gt=0).values_list("code")
        populate(acme, country, "mine")
        populate_theirs(globex)
        with use_tenant(acme):
            assert list(rows.all()) == [("x",)]
        with use_tenant(globex):
            assert list(rows.all()) == []
        with unscoped():
            assert list(rows.all()) == []

    def test_no_answer_is_needed(self):
        """An empty queryset needs no tenant."""
        assert list(Country.objects.filter(cities__name="x").none()) == []
        assert Country.objects.filter(cities__name="x").none().count() == 0

    def test_tables_that_are_not_joined(self, country):
        """What joins no tenant's table needs none either."""
        assert Country.objects.filter(capital=None).count() == 2
        assert Country.objects.filter(capital_id=7).count() == 0


class TestCrossedReferences:
    """References that got there past all guards are not followed."""

    @pytest.fixture
    def crossed(self, acme, globex, country):
        """Give an article of acme's whose references all lead to globex's rows."""
        populate(acme, country, "mine")
        populate_theirs(globex)
        with unscoped():
            theirs = {model: model.objects.filter(name="theirs").first() for model in (City, Author, Article, Essay)}
            article = Article.objects.get(name="mine")
            Article.objects.filter(pk=article.pk).update(
                city=theirs[City],
                author=theirs[Author],
                cover=Picture.objects.create(name="bare", tenant=globex),
                follows=theirs[Article],
            )
            Quote.objects.filter(name="mine").update(essay=theirs[Essay])
            Country.objects.filter(pk=country.pk).update(capital=theirs[City])
        return article

    def test_selecting_related_rows(self, acme, crossed):
        """``select_related`` loads nothing of theirs, and makes the reference look empty."""
        with use_tenant(acme):
            article = Article.objects.select_related("city__country", "author", "cover", "follows").get(pk=crossed.pk)
            assert (article.city, article.author, article.cover, article.follows) == (None,) * 4
            assert Quote.objects.select_related("essay").get().essay is None
            assert Country.objects.select_related("capital").get(code="x").capital is None

    def test_following(self, acme, crossed):
        """Filters, values and aggregates neither."""
        with use_tenant(acme):
            mine = Article.objects.filter(pk=crossed.pk)
            assert list(mine.values_list("city__name", "author__name", "cover__name", "follows__name")) == [(None,) * 4]
            assert not mine.filter(city__name="theirs").exists()
            assert not mine.filter(follows__tags__name="theirs").exists()
            assert mine.aggregate(n=Max("city__name"))["n"] is None
            assert list(Quote.objects.values_list("essay__name", "essay__number")) == [(None, None)]
            assert Country.objects.filter(capital__name="theirs").count() == 0

    def test_following_backwards(self, globex, crossed):
        """The tenant whose row is referred to does not find the stranger that refers to it."""
        with use_tenant(globex):
            assert {each.n for each in City.objects.annotate(n=Count("articles"))} == {1}
            assert City.objects.filter(articles__name="mine").count() == 0
            assert Picture.objects.filter(article__name="mine").count() == 0
            assert not hasattr(Picture.objects.select_related("article").get(name="bare"), "article")
            assert not hasattr(Picture.objects.get(name="bare"), "article")
            assert Article.objects.filter(followers__name="mine").count() == 0
            assert "mine" not in dict.fromkeys(Essay.objects.values_list("quotes__name", flat=True))

    def test_a_reference_that_must_be_there(self, acme, globex):
        """A row whose required reference leads to a stranger is left out, not shown without it."""
        with use_tenant(globex):
            theirs = Author.objects.create(code="t")
        with unscoped():
            Profile.objects.create(author=theirs, tenant=acme)
        with use_tenant(acme):
            assert Profile.objects.count() == 1
            assert Profile.objects.select_related("author").count() == 1
            assert list(Profile.objects.select_related("author")) == []


class TestGenericReferences:
    """Generic references are no foreign keys: a stranger's number can stand there, and leads nowhere."""

    def test_writing_a_strangers_number(self, acme, globex):
        """It is stored, and read as nothing, one by one and prefetched."""
        with use_tenant(globex):
            theirs = Article.objects.create(name="theirs")
        kind = ContentType.objects.get_for_model(Article)
        with use_tenant(acme):
            mine = Article.objects.create(name="mine")
            for row in (theirs, mine):
                Mark.objects.create(content_type=kind, object_id=row.pk)
                Stamp.objects.create(content_type=kind, object_id=row.pk)
            for model in (Mark, Stamp):
                for rows in (model.objects.order_by("pk"), model.objects.order_by("pk").prefetch_related("target")):
                    assert [each.target for each in rows] == [None, mine]
            assert Mark.objects.filter(article__isnull=False).count() == 1

    def test_the_other_side(self, acme, globex):
        """Nor does the stranger find rows of the tenant's that say they belong to his."""
        with use_tenant(globex):
            theirs = Shelf.objects.create(name="theirs")
        with use_tenant(acme):
            theirs.stamps.create(name="planted")
        with use_tenant(globex):
            assert not theirs.stamps.exists()
            assert Shelf.objects.filter(stamps__name="planted").count() == 0
            assert Shelf.objects.annotate(n=Count("stamps")).get().n == 0


class TestChanging:
    """Rows of everybody's are changed and deleted by the tenant's own rows."""

    @pytest.fixture(autouse=True)
    def _rows(self, acme, globex, country):
        populate(acme, country, "mine")
        populate_theirs(globex)

    @pytest.mark.parametrize("name", ["cities__name", "articles__name", "essays__name", "shelves__name"])
    def test_updating(self, acme, name):
        """A filter by strangers' rows finds nothing to change."""
        with use_tenant(acme):
            assert Country.objects.filter(**{name: "theirs"}).update(code="changed") == 0
            assert Country.objects.exclude(**{name: "theirs"}).update(code="unchanged") == 2
            assert Country.objects.filter(**{name: "mine"}).update(code="changed") == 1

    @pytest.mark.parametrize("name", ["cities__name", "articles__name", "essays__name", "shelves__name"])
    def test_deleting(self, acme, name):
        """Nor to delete."""
        with use_tenant(acme):
            assert Country.objects.filter(**{name: "theirs"}).delete()[0] == 0
            Review.objects.filter(article__name="theirs").delete()
            assert Review.objects.count() == 3
            Review.objects.filter(article__name="mine").delete()
            assert {each.text for each in Review.objects.all()} == {"theirs"}

    def test_updating_by_a_subquery(self, acme, country):
        """A value that is looked up over a join is the tenant's own."""
        with use_tenant(acme):
            name = Country.objects.filter(pk=OuterRef("pk")).values(n=Max("cities__name"))[:1]
            Country.objects.filter(pk=country.pk).update(code=Subquery(name))
            assert Country.objects.get(pk=country.pk).code == "mine"


class TestStatements:
    """Each joined table is restricted once."""

    def restrictions(self, rows: Any) -> int:
        return len(re.findall(r'"tenant_id" = \d', str(rows.query)))

    def test_once_for_each_table(self, acme):
        """The row filter of the first table, and one condition for each that is joined."""
        with use_tenant(acme):
            rows = Article.objects.select_related("city", "author").filter(city__name="x")
            assert self.restrictions(rows) == 3
            assert "tenant_row" not in str(rows.query)
            assert self.restrictions(Article.objects.filter(city=3)) == 1
            assert self.restrictions(Country.objects.filter(cities__articles__name="x")) == 2

    def test_parents(self, acme):
        """A child and its parent are one row: neither join repeats the other's condition."""
        with use_tenant(acme):
            assert self.restrictions(Thesis.objects.filter(name="x")) == 1
            assert self.restrictions(Paper.objects.filter(essay__thesis__serial=1)) == 1
            assert self.restrictions(Country.objects.filter(essays__name="x")) == 1
            assert self.restrictions(Asset.objects.filter(vehicle__wheels=4)) == 0
            assert self.restrictions(Vehicle.objects.all()) == 1

    def test_models_of_everybody(self, acme):
        """Joins between models of everybody, and to the tenant itself, are not touched."""
        with use_tenant(acme):
            assert self.restrictions(Article.objects.filter(city__country__code="x")) == 2
            assert self.restrictions(Project.objects.filter(tenant__name="x")) == 1

    def test_a_through_table(self, acme):
        """It is restricted by the end that is not joined already."""
        with use_tenant(acme):
            assert self.restrictions(Article.objects.filter(tags=3)) == 2
            assert self.restrictions(Tag.objects.filter(articles__name="x")) == 3
            assert self.restrictions(Country.objects.filter(articles=3)) == 1


class TestReferenceMatch:
    """The condition for tables without a key of their own."""

    def test_a_chain_of_keys(self, acme, globex, country):
        """A reference to a grandchild with a primary key of its own is looked up in the database."""
        populate(acme, country, "mine")
        populate_theirs(globex)
        for name in ("thesis", "essay", "numbered"):
            field = Quote._meta.get_field(name)
            rows = models.QuerySet(Quote)
            rows.query.where.add(ReferenceMatch(rows.query.get_initial_alias(), field), "AND")
            with use_tenant(acme):
                if name == "numbered":
                    assert rows.count() == 3  # NULL leads to no stranger
                    with unscoped():
                        Essay.objects.filter(name="theirs", land__code="x").update(number=5)
                        Quote.objects.filter(name="theirs").update(numbered_id=5)
                assert rows.get().name == "mine"
            with unscoped():
                assert rows.count() == 3
            with pytest.raises(TenantRequiredError):
                rows.count()

    def test_models_of_everybody_are_not_restricted(self):
        """There is nothing to restrict them by."""
        assert restriction_of(Country, "x") is None
        assert restriction_of(Review, "x") is None

    def test_a_composite_reference(self, acme, globex):
        """A relation over several columns is restricted like any other."""
        with isolate_apps("relations"):

            class Pair(models.Model):
                left = models.IntegerField()
                right = models.IntegerField()
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "relations"
                    unique_together = [("left", "right")]

            class Look(models.Model):
                left = models.IntegerField()
                right = models.IntegerField()
                pair = ForeignObject(
                    Pair,
                    models.CASCADE,
                    from_fields=["left", "right"],
                    to_fields=["left", "right"],
                    related_name="looks",
                )

                class Meta:
                    app_label = "relations"

            with use_tenant(acme):
                for rows in (Look.objects.select_related("pair"), Look.objects.filter(pair__tenant__name="x")):
                    assert '"relations_pair"."tenant_id" =' in str(rows.query)


class TestDjango:
    """Django still asks the hooks that the restriction stands on."""

    def test_the_hook_of_joins(self, monkeypatch, acme):
        """Both kinds of joins ask ``get_extra_restriction`` when they are compiled, with the joined table first."""
        asked: list[tuple[Any, ...]] = []
        for owner in (joins.RestrictedField, joins.RestrictedRelation):
            monkeypatch.setattr(owner, "get_extra_restriction", lambda *args: asked.append(args))
        with use_tenant(acme):
            str(Article.objects.filter(city__name="x").query)
            str(City.objects.filter(articles__name="x").query)
        field = Article._meta.get_field("city")
        assert asked == [
            (field, "relations_city", "relations_article"),
            (field.remote_field, "relations_article", "relations_city"),
        ]

    def test_the_hook_of_excluding(self, monkeypatch):
        """A subquery for ``exclude()`` asks when it is built, without the joined table."""
        asked: list[tuple[Any, ...]] = []
        monkeypatch.setattr(joins.RestrictedField, "get_extra_restriction", lambda *args: asked.append(args))
        Country.objects.exclude(cities__name="x")
        assert asked == [(City._meta.get_field("country"), None, "relations_city")]

    def test_fields_and_relations_have_the_hook(self):
        """And by themselves they restrict nothing."""
        for owner in (ForeignObject, ForeignObjectRel):
            assert callable(owner.get_extra_restriction)
        assert ForeignObject.get_extra_restriction(City._meta.get_field("country"), "a", "b") is None
        assert callable(Join.as_sql)
