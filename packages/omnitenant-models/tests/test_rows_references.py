"""References lead to the active tenant's rows: every way to write a foreign key asks the database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Case, F, OuterRef, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.utils.connection import ConnectionDoesNotExist

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.models import TenantQuerySetManager
from probe.models import Tenant
from relations.models import (
    Article,
    Author,
    City,
    Country,
    CountryView,
    Essay,
    Fan,
    Island,
    Node,
    Paper,
    Picture,
    Profile,
    Quote,
    Review,
    Thesis,
)
from shapes.models import Charge

pytestmark = pytest.mark.django_db

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped

Rows = dict[str, Any]


@pytest.fixture
def theirs(globex) -> Rows:
    """Give rows of globex's by name."""
    with use_tenant(globex):
        author = Author.objects.create(name="theirs", code="theirs")
        return {
            "city": City.objects.create(name="theirs"),
            "author": author,
            "picture": Picture.objects.create(name="theirs"),
            "article": Article.objects.create(name="theirs"),
            "essay": Essay.objects.create(name="theirs", number=7),
            "thesis": Thesis.objects.create(name="theirs"),
            "profile": Profile.objects.create(author=author),
            "free author": Author.objects.create(name="free", code="free theirs"),
        }


@pytest.fixture
def mine(acme, theirs) -> Rows:
    """Give rows of acme's by name; their keys are not those of globex's rows."""
    with use_tenant(acme):
        author = Author.objects.create(name="mine", code="mine")
        return {
            "city": City.objects.create(name="mine"),
            "author": author,
            "picture": Picture.objects.create(name="mine"),
            "article": Article.objects.create(name="mine"),
            "essay": Essay.objects.create(name="mine", number=1),
            "thesis": Thesis.objects.create(name="mine"),
            "profile": Profile.objects.create(author=author),
            "free author": Author.objects.create(name="free", code="free mine"),
        }


def changed(rows: Rows, **values: Any) -> Article:
    """Change the article in memory."""
    for name, value in values.items():
        setattr(rows["article"], name, value)
    article: Article = rows["article"]
    return article


def load(rows: Rows, **fields: Any) -> None:
    """Save the article from a fixture."""
    data = [{"model": "relations.article", "pk": rows["article"].pk, "fields": {"name": "loaded", **fields}}]
    for each in serializers.deserialize("python", data):
        each.save()


# What each refers to, and how it writes the reference.
WAYS: dict[str, tuple[str, Callable[[Rows, Any], Any]]] = {
    "create": ("city", lambda _, to: Article.objects.create(city=to)),
    "create by id": ("city", lambda _, to: Article.objects.create(city_id=to.pk)),
    "create by id as text": ("city", lambda _, to: Article.objects.create(city_id=str(to.pk))),
    "create by to_field": ("author", lambda _, to: Article.objects.create(author_id=to.code)),
    "create one-to-one": ("picture", lambda _, to: Article.objects.create(cover=to)),
    "create to the own model": ("article", lambda _, to: Article.objects.create(follows=to)),
    "create with an own kind of key": ("city", lambda _, to: Article.objects.create(odd_city=to)),
    "create a child": ("city", lambda _, to: Essay.objects.create(place=to)),
    "create a child by what it inherits": ("city", lambda _, to: Essay.objects.create(city=to)),
    "create a grandchild": ("city", lambda _, to: Thesis.objects.create(city=to)),
    "create towards a child": ("essay", lambda _, to: Quote.objects.create(essay=to)),
    "create towards a column of a child": ("essay", lambda _, to: Quote.objects.create(numbered_id=to.number)),
    "create towards a grandchild": ("thesis", lambda _, to: Quote.objects.create(thesis=to)),
    "create with a reference as primary key": ("free author", lambda _, to: Profile.objects.create(author_id=to.pk)),
    "create towards a reference as primary key": ("profile", lambda _, to: Fan.objects.create(profile=to)),
    "create from a model of everybody": ("city", lambda _, to: Country.objects.create(code="x", capital=to)),
    "create from a child of that": ("city", lambda _, to: Island.objects.create(code="x", capital=to)),
    "create from a proxy of that": ("city", lambda _, to: CountryView.objects.create(code="x", capital=to)),
    "create from a model without a key": ("article", lambda _, to: Review.objects.create(article=to)),
    "create towards a child from there": ("essay", lambda _, to: Review.objects.create(essay=to)),
    "save": ("city", lambda rows, to: changed(rows, city=to).save()),
    "save some fields": ("city", lambda rows, to: changed(rows, city=to).save(update_fields=["city"])),
    "save some columns": ("city", lambda rows, to: changed(rows, city_id=to.pk).save(update_fields=["city_id"])),
    "save by force": ("city", lambda rows, to: changed(rows, city=to).save(force_update=True)),
    "save raw": ("city", lambda rows, to: changed(rows, city=to).save_base(raw=True)),
    "get_or_create": ("city", lambda _, to: Article.objects.get_or_create(name="new", defaults={"city": to})),
    "update_or_create": ("city", lambda _, to: Article.objects.update_or_create(name="mine", defaults={"city": to})),
    "update": ("city", lambda _, to: Article.objects.update(city=to)),
    "update by id": ("city", lambda _, to: Article.objects.update(city_id=to.pk)),
    "update by to_field": ("author", lambda _, to: Article.objects.update(author_id=to.code)),
    "update what is inherited": ("city", lambda _, to: Essay.objects.update(city=to)),
    "update by a value": ("city", lambda _, to: Article.objects.update(city=Value(to.pk))),
    "update by a case": (
        "city",
        lambda _, to: Article.objects.update(
            city=Case(When(name="mine", then=to.pk), default=F("city"), output_field=models.IntegerField())
        ),
    ),
    "update by functions": (
        "city",
        lambda _, to: Article.objects.update(city=Coalesce("city", Cast(Value(to.pk), models.IntegerField()))),
    ),
    "bulk_create": ("city", lambda _, to: Article.objects.bulk_create([Article(), Article(city=to)])),
    "bulk_create ignoring conflicts": (
        "city",
        lambda _, to: Article.objects.bulk_create([Article(city=to)], ignore_conflicts=True),
    ),
    "bulk_create of everybody's rows": ("city", lambda _, to: Country.objects.bulk_create([Country(capital=to)])),
    "bulk_update": ("city", lambda rows, to: Article.objects.bulk_update([changed(rows, city=to)], ["city"])),
    "bulk_update by a value": (
        "city",
        lambda rows, to: Article.objects.bulk_update([changed(rows, city_id=Value(to.pk))], ["city"]),
    ),
    "a fixture": ("city", lambda rows, to: load(rows, city=to.pk)),
    "add on the other side": ("city", lambda rows, to: to.articles.add(rows["article"])),
    "add one by one there": ("city", lambda rows, to: to.articles.add(rows["article"], bulk=False)),
    "create on the other side": ("city", lambda _, to: to.articles.create(name="x")),
    "set on the other side": ("city", lambda rows, to: to.articles.set([rows["article"]])),
}


@pytest.mark.parametrize("name", WAYS)
class TestEveryWay:
    """Each way to write a reference."""

    def test_strangers(self, acme, mine, theirs, name):
        """A stranger's row is refused with both tenants and a remedy, and nothing is written."""
        kind, write = WAYS[name]
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError) as caught, transaction.atomic():
                write(mine, theirs[kind])
            assert "belongs to tenant 'globex', but the active tenant is 'acme'; choose a row of" in str(caught.value)
            assert (caught.value.active, caught.value.wanted) == ("acme", "globex")
            assert Article.objects.get().name == "mine"

    def test_own_rows(self, acme, mine, name):
        """An own row is taken."""
        kind, write = WAYS[name]
        with use_tenant(acme):
            write(mine, mine[kind])
            connection.check_constraints()

    def test_nobody(self, acme, mine, name):
        """With nobody active it is refused, whoever's the row is."""
        kind, write = WAYS[name]
        with pytest.raises(TenantRequiredError), transaction.atomic():
            write(mine, mine[kind])


class TestMessages:
    """What is refused says why, and what to do."""

    def test_the_field_and_the_model(self, acme, theirs):
        """The message names the field that was written, and what it would have led to."""
        with use_tenant(acme), pytest.raises(TenantMismatchError) as caught:
            Essay.objects.create(city=theirs["city"])
        assert str(caught.value).startswith(f"relations.Paper.city would lead to relations.City {theirs['city'].pk}, ")

    def test_a_row_that_does_not_exist(self, acme):
        """An id that is nobody's is refused before the database sees it."""
        with use_tenant(acme), pytest.raises(TenantMismatchError, match=r"does not exist.*; save the row") as caught:
            Article.objects.create(city_id=10**6)
        assert caught.value.wanted is None

    def test_a_parent_that_is_no_child(self, acme):
        """A row of the parent's table is no row of the child's."""
        with use_tenant(acme):
            paper = Paper.objects.create()
            with pytest.raises(TenantMismatchError, match="does not exist"):
                Quote.objects.create(essay_id=paper.pk)

    def test_what_is_no_key(self, acme):
        """Django's own words say that a text is no number."""
        with use_tenant(acme), pytest.raises(ValueError, match="expected a number but got 'nonsense'"):
            Article.objects.create(city_id="nonsense")

    def test_empty_text(self, acme):
        """Text that Django stores as NULL refers to nothing."""
        with use_tenant(acme):
            Article.objects.create(city_id="")
            assert Article.objects.get().city is None

    def test_the_master(self, acme, mine):
        """Neither in the master a reference to a tenant's row is written."""
        with TenantContext.use_master_db(), pytest.raises(TenantRequiredError, match="relations.City belongs to"):
            Country.objects.create(capital=mine["city"])

    def test_a_named_schema(self, acme, mine):
        """Nor in a schema that is named without a tenant."""
        with TenantContext.use_schema("acme"), pytest.raises(TenantRequiredError, match="schema:acme"):
            Country.objects.create(capital=mine["city"])

    def test_nothing_to_refer_to(self):
        """A row of everybody's that refers to nothing is written by anybody."""
        country = Country.objects.create(code="x")
        country.code = "y"
        country.save()
        assert Country.objects.update(capital=None) == 1


class TestElsewhere:
    """Rows of tenants that stand in the master are asked for there."""

    def test_a_reference_into_the_master(self, acme, globex):
        """The row is looked for where the router writes its model."""
        with isolate_apps("relations"):

            class Bill(models.Model):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                charge = models.ForeignKey(Charge, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "relations"

            with use_tenant(globex):
                theirs = Charge.objects.create(name="theirs")
            field = Bill._meta.get_field("charge")
            with use_tenant(acme):
                mine = Charge.objects.create(name="mine")
                assert field.get_db_prep_save(mine.pk, connection) == mine.pk
                with pytest.raises(TenantMismatchError, match="'globex'"):
                    field.get_db_prep_save(theirs.pk, connection)

    def test_another_database(self, acme, mine):
        """A row that was found in one database was not found in another."""
        field = Article._meta.get_field("city")
        with use_tenant(acme), closing(connection.copy("elsewhere")) as other:
            assert field.get_db_prep_save(mine["city"].pk, connection) == mine["city"].pk
            with pytest.raises(ConnectionDoesNotExist):
                field.get_db_prep_save(mine["city"].pk, other)


class TestMemory:
    """Instances are not believed."""

    def test_a_relabelled_instance(self, acme, theirs):
        """An instance that says it is the tenant's own is asked for in the database."""
        theirs["city"].tenant = acme
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="'globex'"):
            Article.objects.create(city=theirs["city"])

    def test_a_forged_instance(self, acme, theirs):
        """Nor one that was never loaded."""
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="'globex'"):
            Article.objects.create(city=City(pk=theirs["city"].pk))

    def test_a_saved_reference_is_asked_for_again(self, acme, mine, theirs):
        """A stranger's id that got into a row is not written again."""
        with unscoped():
            Article.objects.filter(name="mine").update(city=theirs["city"])
        with use_tenant(acme):
            article = Article.objects.get()
            with pytest.raises(TenantMismatchError):
                article.save()
            article.save(update_fields=["name"])


class TestUnscoped:
    """Unscoped all tenants' rows may be referred to; nothing is asked."""

    def test_writing(self, acme, globex, theirs):
        """The references of a row are what was written."""
        with unscoped(), CaptureQueriesContext(connection) as asked:
            article = Article.objects.create(tenant=acme, city=theirs["city"])
            Article.objects.bulk_create([Article(tenant=acme, city=theirs["city"])])
            Article.objects.update(city=RawSQL("city_id", ()))
            essay = Essay.objects.create(tenant=globex, city=theirs["city"])
        assert not [each["sql"] for each in asked if each["sql"].startswith("SELECT")]
        with unscoped():
            assert Article.objects.get(pk=article.pk).city == theirs["city"]
            assert Essay.objects.get(pk=essay.pk).city == theirs["city"]


# Expressions for articles, and whether they are allowed.
EXPRESSIONS: dict[str, tuple[bool, Callable[[Rows], Any]]] = {
    "another reference of the row": (True, lambda _: F("other_city")),
    "another kind of reference": (True, lambda _: F("odd_city")),
    "the reference itself": (True, lambda _: F("city")),
    "nothing": (True, lambda _: Value(None)),
    "another column": (False, lambda _: F("id")),
    "a reference to another model": (False, lambda _: F("follows")),
    "arithmetic": (False, lambda _: F("city") + 1),
    "own SQL": (False, lambda theirs: RawSQL("%s", [theirs["city"].pk])),
    "own SQL inside": (False, lambda theirs: Coalesce("city", RawSQL("%s", [theirs["city"].pk]))),
    "a filtered subquery": (True, lambda _: Subquery(City.objects.values("pk")[:1])),
    "a queryset": (True, lambda _: City.objects.filter(name="mine").values("id")[:1]),
    "a correlated subquery": (
        True,
        lambda _: Subquery(City.objects.filter(pk=OuterRef("other_city")).values("id")[:1]),
    ),
    "the greatest": (
        True,
        lambda _: Subquery(City.objects.order_by().values("name").annotate(most=models.Max("id")).values("most")[:1]),
    ),
    "a reference in a subquery": (True, lambda _: Subquery(Article.objects.values("other_city")[:1])),
    "a joined reference": (True, lambda _: Subquery(Country.objects.values("cities")[:1])),
    "filtered querysets combined": (
        True,
        lambda _: Subquery((City.objects.filter(name="a") | City.objects.filter(name="b")).values("id")[:1]),
    ),
    "a union": (
        True,
        lambda _: Subquery(
            City.objects.filter(name="a").values("id").union(City.objects.filter(name="b").values("id"))
        ),
    ),
    "a subquery by a plain queryset": (False, lambda _: Subquery(models.QuerySet(City).values("id")[:1])),
    "a union with a plain queryset": (
        False,
        lambda _: Subquery(City.objects.values("id").union(models.QuerySet(City).values("id"))),
    ),
    "a plain queryset combined": (
        False,
        lambda _: Subquery((City.objects.filter(name="a") | models.QuerySet(City).filter(name="b")).values("id")[:1]),
    ),
    "a negated filter": (False, lambda _: negated()),
    "a subquery of everybody's rows": (False, lambda _: Subquery(Country.objects.values("capital")[:1])),
    "a subquery of another column": (False, lambda _: Subquery(City.objects.values("country")[:1])),
    "a subquery of own SQL": (
        False,
        lambda theirs: Subquery(City.objects.annotate(x=RawSQL("%s", [theirs["city"].pk])).values("x")[:1]),
    ),
}


def negated() -> Any:
    """Return a subquery of the rows of everybody else."""
    cities = City.objects.order_by()
    cities.query.where.negate()
    return Subquery(cities.values("id")[:1])


class TestExpressions:
    """Expressions are read: what cannot be a stranger's row passes, the rest does not."""

    @pytest.mark.parametrize("name", EXPRESSIONS)
    def test_updating(self, acme, mine, theirs, name):
        """What nobody can tell is refused with a remedy, and changes nothing."""
        allowed, make = EXPRESSIONS[name]
        with use_tenant(acme):
            Article.objects.update(city=mine["city"], other_city=mine["city"])
            if allowed:
                assert Article.objects.update(city=make(theirs)) == 1
            else:
                with pytest.raises(
                    TenantMismatchError, match=r"Article.city would be set to an expression.*; read the id"
                ):
                    Article.objects.update(city=make(theirs))
            assert Article.objects.get().city_id in {mine["city"].pk, None}

    def test_a_child_by_a_plain_manager(self, acme):
        """A join to the parent's table does not filter a plain queryset of the child."""
        with use_tenant(acme):
            Quote.objects.create()
            for rows, allowed in ((Essay.objects, True), (models.QuerySet(Essay), False)):
                inner = Subquery(rows.order_by("name").values("city")[:1])
                if allowed:
                    Paper.objects.update(city=inner)
                else:
                    with pytest.raises(TenantMismatchError):
                        Paper.objects.update(city=inner)

    def test_creating(self, acme, mine, theirs):
        """A value in an instance that is created is checked like a plain one."""
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match="'globex'"), transaction.atomic():
                Article.objects.create(city_id=Value(theirs["city"].pk))
            article = Article.objects.create(city_id=Value(mine["city"].pk))
            assert Article.objects.get(pk=article.pk).city == mine["city"]

    def test_a_value_that_is_no_key(self, acme, mine):
        """A value that is no key is Django's to refuse."""
        with use_tenant(acme), pytest.raises(ValueError, match="expected a number"):
            Article.objects.update(city=Value("nonsense"))


class TestParentLinks:
    """The link of a child to its parent cannot be set to a stranger's parent."""

    def test_raw_saving(self, acme, theirs):
        """A fixture cannot put a child on a stranger's parent."""
        with unscoped():
            paper = Paper.objects.create(tenant=theirs["city"].tenant)
        with use_tenant(acme):
            with (
                pytest.raises(TenantMismatchError, match=r"Essay.paper_ptr would lead to .*'globex'"),
                transaction.atomic(),
            ):
                Essay(paper_ptr_id=paper.pk).save_base(raw=True)
            own = Paper.objects.create()
            Essay(paper_ptr_id=own.pk).save_base(raw=True)
            assert Essay.objects.get().pk == own.pk

    def test_updating(self, acme, mine, theirs):
        """Nor can an update move one there."""
        with unscoped():
            paper = Paper.objects.create(tenant=theirs["city"].tenant)
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="'globex'"):
            Essay.objects.update(paper_ptr=paper.pk)

    def test_saving_costs_nothing_more(self, acme):
        """A parent that was saved a moment ago is not asked for."""
        with use_tenant(acme), CaptureQueriesContext(connection) as asked:
            essay = Essay(name="x")
            essay.save()
            essay.save()
            Thesis.objects.create(name="y")
        assert not [each["sql"] for each in asked if each["sql"].startswith("SELECT")]

    def test_a_parent_saved_for_somebody_else(self, acme, globex):
        """What was noted while saving for one tenant does not count for another."""
        with use_tenant(globex):
            essay = Essay.objects.create()
            link = Essay._meta.get_field("paper_ptr")
            link.pre_save(essay, True)
        with use_tenant(acme), pytest.raises(TenantMismatchError):
            link.get_db_prep_save(essay.pk, connection)


class TestTrees:
    """Rows that refer to each other and are written together."""

    def test_a_tree_at_once(self, acme):
        """Rows with keys of their own are created with their parents in one call."""
        with use_tenant(acme):
            root = Node()
            rows = [root, Node(parent=root)]
            rows.append(Node(parent=rows[1]))
            Node.objects.bulk_create(rows)
            assert Node.objects.filter(parent__parent=root).count() == 1

    def test_a_row_that_is_passed_over(self, acme, globex):
        """Where a stranger's row may be in the way instead, the same is refused."""
        with use_tenant(globex):
            theirs = Node.objects.create()
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="'globex'"):
            Node.objects.bulk_create([Node(pk=theirs.pk), Node(parent_id=theirs.pk)], ignore_conflicts=True)

    def test_a_row_that_is_in_the_way(self, acme, globex):
        """A stranger's key among the new ones is an error of the database, and nothing is written."""
        with use_tenant(globex):
            theirs = Node.objects.create()
        with use_tenant(acme):
            with pytest.raises(IntegrityError), transaction.atomic():
                Node.objects.bulk_create([Node(pk=theirs.pk), Node(parent_id=theirs.pk)])
            assert not Node.objects.exists()
            with pytest.raises(TenantMismatchError):
                Node.objects.create(parent_id=theirs.pk)

    def test_an_unsaved_parent(self, acme):
        """One by one the parent comes first."""
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="save the row that is referred to first"):
            Node.objects.create(parent=Node())
