"""Every guard of relations is needed: with it a harm does not happen, and without it the same code does the harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, ForeignKey, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.related import ForeignObject
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.options import Options
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_models.rows import _found, _values, joins, reference_guard, restrictions, reverse, saving, through
from probe.models import Tenant
from relations.models import Article, Author, City, Country, Essay, Fan, Mark, Node, Paper, Profile, Shelf, Tag

use_tenant = TenantContext.use_tenant
Tags = Article.tags.through


class Guard(NamedTuple):
    """A part that keeps a harm away.

    Attributes:
        harm: does it, and returns whether it happened.
        owner: what holds the part.
        name: the part's name there.
        without: what stands in its place when it is taken out.
    """

    harm: Callable[[Any, Any], bool]
    owner: Any
    name: str
    without: Any


def create(tenant: Any, model: type[Any], **values: Any) -> Any:
    with use_tenant(tenant):
        return model.objects.create(**values)


def refer_to_a_stranger(mine: Any, other: Any) -> bool:
    city = create(other, City)
    with use_tenant(mine):
        return Article.objects.create(city_id=city.pk).pk is not None


def refer_from_everybodys_rows(mine: Any, other: Any) -> bool:
    city = create(other, City)
    with use_tenant(mine):
        return bool(Country.objects.bulk_create([Country(capital=city)]))


def update_around_the_manager(mine: Any, other: Any) -> bool:
    city = create(other, City)
    create(mine, Article)
    with use_tenant(mine):
        return QuerySet(Article).update(city=city) > 0


def refer_by_own_sql(mine: Any, other: Any) -> bool:
    city = create(other, City)
    create(mine, Article)
    with use_tenant(mine):
        return Article.objects.update(city=RawSQL("%s", [city.pk])) > 0


def refer_to_what_is_rolled_back(mine: Any, other: Any) -> bool:
    parent = Node()
    with use_tenant(mine):
        with transaction.atomic():
            parent.save()
            Node.objects.create(parent=parent)
            transaction.set_rollback(True)
        with use_tenant(other):
            Node(pk=parent.pk).save(force_insert=True)
        return Node.objects.create(parent_id=parent.pk).pk is not None


def refer_to_what_is_passed_over(mine: Any, other: Any) -> bool:
    parent = create(other, Node)
    with use_tenant(mine), reference_guard.creating_references(Node, [Node(pk=parent.pk)], all_new=False):
        return Node.objects.create(parent_id=parent.pk).pk is not None


def put_a_child_on_a_strangers_parent(mine: Any, other: Any) -> bool:
    paper = create(other, Paper)
    create(mine, Essay)
    with use_tenant(mine):
        return QuerySet(Essay).update(paper_ptr=paper.pk) > 0


def ask_for_each_child(mine: Any, other: Any) -> bool:
    with use_tenant(mine), CaptureQueriesContext(connection) as asked:
        Essay.objects.create()
    return any(each["sql"].startswith("SELECT") for each in asked)


def ask_twice_for_a_reference_that_is_a_key(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        author = Author.objects.create(code="x")
        profile = Profile.objects.create(author=author)
    with use_tenant(mine), CaptureQueriesContext(connection) as asked:
        Fan.objects.create(profile_id=profile.pk)
    return sum(each["sql"].startswith("SELECT") for each in asked) > 1


def breaks_the_transaction(write: Callable[[], Any]) -> bool:
    """Return whether what is refused has the transaction rolled back."""
    try:
        write()
    except OmnitenantError:
        broken = connection.needs_rollback
        transaction.set_rollback(False)
        return broken
    return False


def lose_the_transaction_on_saving(mine: Any, other: Any) -> bool:
    city = create(other, City)
    with use_tenant(mine):
        return breaks_the_transaction(lambda: Country.objects.create(capital=city))


def lose_the_transaction_on_adding(mine: Any, other: Any) -> bool:
    tag = create(other, Tag)
    article = create(mine, Article)
    with use_tenant(mine):
        return breaks_the_transaction(lambda: article.tags.add(tag))


def lose_the_transaction_from_the_other_side(mine: Any, other: Any) -> bool:
    city, article = create(other, City), create(mine, Article)
    with use_tenant(mine):
        return breaks_the_transaction(lambda: city.articles.set([article]))


def give_away_in_memory(mine: Any, other: Any) -> bool:
    city, article = create(other, City), create(mine, Article)
    with use_tenant(mine):
        breaks_the_transaction(lambda: city.articles.add(article))
    return article.city == city


def refer_to_what_was_deleted(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        parent = Node.objects.create()
        child = Node.objects.create(parent=parent)
        parent.delete()
        with use_tenant(other):
            Node(pk=child.parent_id).save(force_insert=True)
        return Node.objects.create(parent_id=child.parent_id).pk is not None


def refer_to_what_was_renamed(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        author = Author.objects.create(code="old")
        Article.objects.create(author=author)
        author.code = "new"
        author.save()
        create(other, Author, code="old")
        return Article.objects.create(author_id="old").pk is not None


def refer_to_what_was_updated(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        author = Author.objects.create(code="old")
        Article.objects.create(author=author)
        Author.objects.update(code="new")
        create(other, Author, code="old")
        return Article.objects.create(author_id="old").pk is not None


def lose_the_transaction_by_what_stands_beside(mine: Any, other: Any) -> bool:
    shelf, city, country = create(mine, Shelf), create(other, City), Country.objects.create()
    with use_tenant(mine):
        return breaks_the_transaction(lambda: shelf.countries.add(country, through_defaults={"city": city}))


def leave_a_row_that_is_not_connected(mine: Any, other: Any) -> bool:
    article = create(other, Article)
    with use_tenant(mine):
        breaks_the_transaction(lambda: article.tags.create(name="x"))
        return Tag.objects.exists()


def count_strangers(mine: Any, other: Any) -> bool:
    create(other, City, country=Country.objects.create())
    with use_tenant(mine):
        return Country.objects.annotate(n=Count("cities")).get().n > 0


def follow_a_crossed_reference(mine: Any, other: Any) -> bool:
    city = create(other, City, name="theirs")
    with TenantContext.unscoped():
        Country.objects.create(capital=city)
    with use_tenant(mine):
        return Country.objects.select_related("capital").get().capital == city


def find_by_strangers(mine: Any, other: Any) -> bool:
    article = create(other, Article, name="theirs")
    Mark.objects.create(content_type=ContentType.objects.get_for_model(Article), object_id=article.pk)
    with use_tenant(mine):
        return Mark.objects.filter(article__name="theirs").exists()


def exclude_by_strangers(mine: Any, other: Any) -> bool:
    create(other, City, country=Country.objects.create(), name="theirs")
    with use_tenant(mine):
        return not Country.objects.exclude(cities__name="theirs").exists()


def count_children_of_strangers(mine: Any, other: Any) -> bool:
    create(other, Essay, land=Country.objects.create())
    with use_tenant(mine):
        return Country.objects.annotate(n=Count("essays")).get().n > 0


def connect(tenant: Any) -> tuple[Any, Any, Any]:
    with use_tenant(tenant):
        article, shelf = Article.objects.create(), Shelf.objects.create()
        country = Country.objects.create()
        article.tags.create()
        article.markets.add(country)
        shelf.countries.add(country)
    return article, shelf, country


def count_connections_of_strangers(mine: Any, other: Any) -> bool:
    country = connect(other)[2]
    with use_tenant(mine):
        return Country.objects.annotate(n=Count("articles")).get(pk=country.pk).n > 0


def count_by_a_through_model(mine: Any, other: Any) -> bool:
    country = connect(other)[2]
    with use_tenant(mine):
        return Country.objects.annotate(n=Count("shelves")).get(pk=country.pk).n > 0


def read_connections(mine: Any, other: Any) -> bool:
    connect(other)
    with use_tenant(mine):
        return Tags.objects.exists()


def count_by_the_table_alone(mine: Any, other: Any) -> bool:
    article = connect(other)[0]
    with use_tenant(mine):
        return article.markets.count() > 0


def clear_a_strangers_connections(mine: Any, other: Any) -> bool:
    article = connect(other)[0]
    with use_tenant(mine):
        article.markets.clear()
    with use_tenant(other):
        return not article.markets.exists()


def clear_by_a_through_model(mine: Any, other: Any) -> bool:
    shelf = connect(other)[1]
    with use_tenant(mine):
        shelf.countries.clear()
    with use_tenant(other):
        return not shelf.countries.exists()


def count_by_a_through_model_alone(mine: Any, other: Any) -> bool:
    shelf = connect(other)[1]
    with use_tenant(mine):
        return shelf.countries.count() > 0


def plain(self: Any, value: Any, connection: Any) -> Any:
    return ForeignKey.get_db_prep_save(self, value, connection)


def plain_pre_save(self: Any, instance: Any, add: bool) -> Any:
    return ForeignKey.pre_save(self, instance, add)


def unchecked(*_: Any, **__: Any) -> None:
    return None


PLAIN_BASE = Options.__dict__["base_manager"]
PLAIN_MANAGER = models.Manager.get_queryset

GUARDS = {
    "references": Guard(refer_to_a_stranger, reference_guard, "check_values", unchecked),
    "references of everybody's rows": Guard(
        refer_from_everybodys_rows, reference_guard.GuardedReference, "get_db_prep_save", plain
    ),
    "references around the manager": Guard(
        update_around_the_manager, reference_guard.GuardedReference, "get_db_prep_save", plain
    ),
    "expressions": Guard(refer_by_own_sql, _values, "values_of", lambda *_: iter(())),
    "end of belief": Guard(refer_to_what_is_rolled_back, _found, "is_in", lambda *_: True),
    "parent links": Guard(
        put_a_child_on_a_strangers_parent, reference_guard.GuardedParentLink, "get_db_prep_save", plain
    ),
    "saved parents": Guard(ask_for_each_child, reference_guard.GuardedParentLink, "pre_save", plain_pre_save),
    "early references": Guard(lose_the_transaction_on_saving, reference_guard, "check_references", unchecked),
    "early connections": Guard(lose_the_transaction_on_adding, through.GuardedManager, "_refuse_strangers", unchecked),
    "early connections in relations": Guard(
        leave_a_row_that_is_not_connected, through.GuardedManager, "_refuse_strangers", unchecked
    ),
    "early references from the other side": Guard(
        lose_the_transaction_from_the_other_side, reverse.GuardedReverseManager, "_refuse_strangers", unchecked
    ),
    "memory of the other side": Guard(
        give_away_in_memory, reverse.GuardedReverseManager, "_refuse_strangers", unchecked
    ),
    "belief in what is deleted": Guard(refer_to_what_was_deleted, _found, "forget_deleted", unchecked),
    "belief in what is saved": Guard(refer_to_what_was_renamed, _found, "forget_saved", unchecked),
    "belief in what is updated": Guard(refer_to_what_was_updated, _found, "forget_updated", unchecked),
    "what stands beside": Guard(lose_the_transaction_by_what_stands_beside, saving, "refuse_early", unchecked),
    "joins backwards": Guard(
        count_strangers, joins.RestrictedRelation, "get_extra_restriction", ForeignObjectRel.get_extra_restriction
    ),
    "joins forwards": Guard(
        follow_a_crossed_reference,
        joins.RestrictedField,
        "get_extra_restriction",
        ForeignObject.get_extra_restriction,
    ),
    "generic joins": Guard(
        find_by_strangers,
        joins.RestrictedGenericRelation,
        "get_extra_restriction",
        GenericRelation.get_extra_restriction,
    ),
    "joins": Guard(count_strangers, joins, "restrict_join", unchecked),
    "exclusions": Guard(exclude_by_strangers, joins, "restrict_start", unchecked),
    "joins to children": Guard(
        count_children_of_strangers, restrictions.ReferenceMatch, "as_sql", lambda *_: ("1 = 1", ())
    ),
    "joins to through tables": Guard(count_connections_of_strangers, restrictions, "get_tenant_links", lambda _: ()),
    "joins to through models": Guard(count_by_a_through_model, restrictions, "get_tenant_links", lambda _: ()),
    "through tables": Guard(read_connections, through, "connected", lambda queryset: queryset),
    "managers of through tables": Guard(read_connections, through.ThroughManager, "get_queryset", PLAIN_MANAGER),
    "base managers of through tables": Guard(
        count_by_the_table_alone, through.ThroughOptions, "base_manager", PLAIN_BASE
    ),
    "clearing": Guard(clear_a_strangers_connections, through, "connected", lambda queryset: queryset),
    "clearing by through models": Guard(clear_by_a_through_model, through, "only_connected", lambda _: Q()),
    "counting by through models": Guard(count_by_a_through_model_alone, through, "only_connected", lambda _: Q()),
}


def happens(guard: Guard, mine: Any, other: Any) -> bool:
    """Try to do the harm, and undo it; a refusal is no harm."""
    try:
        with transaction.atomic():
            done = guard.harm(mine, other)
            transaction.set_rollback(True)
            return done
    except (OmnitenantError, DatabaseError):
        return False


def forget() -> None:
    for model in (Tags, Article.markets.through):
        model._meta.__dict__.pop("base_manager", None)


@pytest.mark.parametrize("name", GUARDS)
def test_the_guard_is_needed(acme, globex, monkeypatch, name):
    """The harm is kept away by this guard, and by no other."""
    guard = GUARDS[name]
    assert not happens(guard, acme, globex)
    acme, globex = Tenant.objects.get(tenant_id="acme"), Tenant.objects.get(tenant_id="globex")
    monkeypatch.setattr(guard.owner, guard.name, guard.without)
    forget()
    try:
        assert happens(guard, acme, globex)
    finally:
        monkeypatch.undo()
        forget()


def test_what_is_passed_over_is_not_believed(acme, globex):
    """A row that ``ignore_conflicts`` passes over is not taken for one that is created."""
    assert not happens(Guard(refer_to_what_is_passed_over, None, "", None), acme, globex)


def test_a_reference_that_is_a_key_costs_once(acme, globex):
    """What the guard finds counts for the reference that the primary key of the found row is."""
    assert not happens(Guard(ask_twice_for_a_reference_that_is_a_key, None, "", None), acme, globex)
