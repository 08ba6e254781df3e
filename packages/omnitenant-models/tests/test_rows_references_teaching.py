"""Relations are taught without a trace: who looks at them sees what was written."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import ForeignKey, OneToOneField
from django.db.models.fields.reverse_related import ManyToOneRel, OneToOneRel
from django.forms import modelform_factory
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_models.models import TenantQuerySetManager
from omnitenant_models.rows import TenantKey, reference_guard
from omnitenant_models.rows._swapping import swap_class
from omnitenant_models.rows.joins import RestrictedField, RestrictedGenericRelation, RestrictedRelation
from omnitenant_models.rows.reference_guard import GuardedParentLink, GuardedReference
from omnitenant_models.rows.relations import teach_relations
from omnitenant_models.rows.restrictions import get_tenant_links
from omnitenant_models.rows.reverse import GuardedReverseDescriptor
from omnitenant_models.rows.through import GuardedDescriptor, ThroughManager, ThroughOptions
from probe.models import Domain, Tenant
from relations.models import Article, City, Country, Essay, Mark, OddKey, Review
from shapes.models import Task

use_tenant = TenantContext.use_tenant

FIELDS: dict[str, tuple[Any, type[Any], type[Any]]] = {
    "foreign key": (Article._meta.get_field("city"), ForeignKey, GuardedReference),
    "one-to-one": (Article._meta.get_field("cover"), OneToOneField, GuardedReference),
    "own kind": (Article._meta.get_field("odd_city"), OddKey, GuardedReference),
    "self": (Article._meta.get_field("follows"), ForeignKey, GuardedReference),
    "to_field": (Article._meta.get_field("author"), ForeignKey, GuardedReference),
    "parent link": (Essay._meta.get_field("paper_ptr"), OneToOneField, GuardedParentLink),
    "of everybody": (Country._meta.get_field("capital"), ForeignKey, GuardedReference),
    "of a through table": (Article.tags.through._meta.get_field("tag"), ForeignKey, GuardedReference),
    "to everybody": (City._meta.get_field("country"), ForeignKey, RestrictedField),
    "generic relation": (Article._meta.get_field("marks"), GenericRelation, RestrictedGenericRelation),
}


@pytest.mark.parametrize("name", FIELDS)
class TestFields:
    """A taught field."""

    def test_it_is_taught(self, name):
        """Its type is a subclass that guards, whose name is that of the class that was written."""
        field, written, taught = FIELDS[name]
        assert isinstance(field, taught)
        assert isinstance(field, written)
        assert isinstance(field.remote_field, RestrictedRelation)
        assert type(field) is not written
        assert type(field).__qualname__ == written.__qualname__

    def test_it_answers_for_what_was_written(self, name):
        """Who looks at its exact class sees the one that was written, of the relation behind it too."""
        field, written, _ = FIELDS[name]
        assert field.__class__ is written
        assert field.remote_field.__class__ is written.rel_class

    def test_copies(self, name):
        """Copies are what was written, with a relation of their own, and leave the field as it is."""
        field, written, taught = FIELDS[name]
        for made in (copy.copy(field), copy.deepcopy(field)):
            assert type(made) is written
        assert type(copy.deepcopy(field).remote_field) is written.rel_class
        assert copy.deepcopy(field).remote_field is not field.remote_field
        assert isinstance(field, taught)
        assert field.remote_field.field is field

    def test_pickles(self, name):
        """A pickle finds the field and its relation again."""
        field = FIELDS[name][0]
        assert pickle.loads(pickle.dumps(field)) is field
        assert pickle.loads(pickle.dumps(field.remote_field)) is field.remote_field

    def test_migrations(self, name):
        """What migrations clone and describe is what was written."""
        field, written, _ = FIELDS[name]
        if isinstance(field, GenericRelation):
            return  # migrations leave them out
        assert type(field.clone()) is written
        assert field.deconstruct()[1] in {f"django.db.models.{written.__name__}", "relations.models.OddKey"}


class TestLeftAlone:
    """What touches no tenant's rows stays as it is."""

    def test_fields(self):
        """Neither a reference between models of everybody nor its relation is taught."""
        for field in (Domain._meta.get_field("tenant"), Mark._meta.get_field("content_type")):
            assert type(field) is ForeignKey
            assert type(field.remote_field) is ManyToOneRel

    def test_keys(self):
        """A tenant key is no guarded reference, and keeps saying that it is a key."""
        key = Task._meta.get_field("tenant")
        assert isinstance(key, TenantKey)
        assert isinstance(key, RestrictedField)
        assert not isinstance(key, GuardedReference)
        assert issubclass(key.__class__, TenantKey)

    def test_historical_models(self):
        """Models of migrations have plain fields, relations and through tables."""
        history = ProjectState.from_apps(apps).apps
        article = history.get_model("relations.Article")
        for field in article._meta.get_fields(include_hidden=True):
            if field.is_relation:
                assert type(field).__mro__[0].__module__.startswith(("django.", "relations."))
                assert not isinstance(field, GuardedReference | RestrictedField | RestrictedRelation)
        assert type(article.tags.through.objects) is models.Manager
        assert not isinstance(article.tags.through._meta, ThroughOptions)
        assert not isinstance(article.tags, GuardedDescriptor)

    def test_the_autodetector_sees_no_difference(self):
        """Comparing the models with themselves and with their history finds nothing to change."""
        state = ProjectState.from_apps(apps)
        again = ProjectState.from_apps(state.apps)
        for left, right in ((state, ProjectState.from_apps(apps)), (state, again), (again, state)):
            assert MigrationAutodetector(left, right)._detect_changes() == {}
        assert type(ModelState.from_model(Article).fields["city"]) is ForeignKey


def make_left() -> Any:
    class Left(models.Model):
        tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
        rights = models.ManyToManyField("Right", through="Between")
        objects = TenantQuerySetManager()

        class Meta:
            app_label = "relations"

    return Left


def make_right() -> Any:
    class Right(models.Model):
        class Meta:
            app_label = "relations"

    return Right


def make_between() -> Any:
    class Between(models.Model):
        left = models.ForeignKey("Left", on_delete=models.CASCADE)
        right = models.ForeignKey("Right", on_delete=models.CASCADE)

        class Meta:
            app_label = "relations"

    return Between


MAKE = (make_left, make_right, make_between)


class TestWhen:
    """Relations are taught when both ends are made, in whatever order."""

    def test_a_target_that_is_made_later(self):
        """A reference that names its model by text is taught when that is made."""
        with isolate_apps("relations"):

            class Early(models.Model):
                late = models.ForeignKey("Late", on_delete=models.CASCADE)
                others = models.ManyToManyField("Late", related_name="+")

                class Meta:
                    app_label = "relations"

            assert not isinstance(Early._meta.get_field("late"), GuardedReference)

            class Late(models.Model):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "relations"

            field = Early._meta.get_field("late")
            assert isinstance(field, GuardedReference)
            assert field.target_field.model is Late
            assert isinstance(Early.others.through.objects, ThroughManager)
            assert isinstance(Early.others.through._base_manager, ThroughManager)
            assert reference_guard.guarded_references(Early) == (field,)

    def test_a_through_model_that_is_made_later(self):
        """A through model that names its ends by text may come before them or after them."""
        for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1], [2, 1, 0]):
            made: dict[int, Any] = {}
            with isolate_apps("relations"):
                for number in order:
                    made[number] = MAKE[number]()
                fields = made[2]._meta.get_field("left"), made[2]._meta.get_field("right")
                assert reference_guard.guarded_references(made[2]) == fields[:1], order
                assert get_tenant_links(made[2]) == fields[:1], order
                assert isinstance(made[0].__dict__["rights"], GuardedDescriptor), order
                assert isinstance(made[1].__dict__["left_set"], GuardedDescriptor), order
                assert isinstance(made[0].__dict__["between_set"], GuardedReverseDescriptor), order
                for field in fields:
                    assert isinstance(field.remote_field, RestrictedRelation), order

    def test_a_parent_that_becomes_a_tenants_by_a_child(self):
        """A parent may be made before the child that asks for the row scope, and so may what refers to it."""
        with isolate_apps("relations"):

            class Base(models.Model):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")

                class Meta:
                    app_label = "relations"

            class Other(models.Model):
                base = models.ForeignKey(Base, on_delete=models.CASCADE)

                class Meta:
                    app_label = "relations"

            assert not isinstance(Other._meta.get_field("base"), GuardedReference)
            assert reference_guard.guarded_references(Other) == ()

            class Child(Base):
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "relations"

            assert reference_guard.guarded_references(Other) == (Other._meta.get_field("base"),)

    def test_models_that_were_made_before(self):
        """Those that were made before the row scope was imported are found when apps are ready."""
        field = Article._meta.get_field("city")
        taught = type(field)
        try:
            field.__class__ = ForeignKey
            assert not isinstance(field, GuardedReference)
            teach_relations(apps)
            assert type(field) is taught
        finally:
            swap_class(field, GuardedReference, RestrictedField)

    def test_teaching_twice_changes_nothing(self):
        """A second call keeps every class."""
        before = [type(each) for each in Article._meta.get_fields(include_hidden=True)]
        teach_relations(apps)
        assert [type(each) for each in Article._meta.get_fields(include_hidden=True)] == before

    def test_clearing_caches(self):
        """What Django clears when models change does not untie anything."""
        apps.clear_cache()
        assert isinstance(Article.tags.through._base_manager, ThroughManager)
        assert isinstance(Article.tags.through.objects, ThroughManager)
        assert isinstance(Article._meta.get_field("city"), GuardedReference)


@pytest.mark.django_db
class TestFriends:
    """What reads fields and relations works as before."""

    def test_querysets_can_be_pickled(self, acme):
        """A query that joins forwards, backwards, generically and through a table is pickled with its joins."""
        with use_tenant(acme):
            article = Article.objects.create(city=City.objects.create())
            article.marks.create(text="m", content_type=ContentType.objects.get_for_model(Article))
            article.tags.create(name="t")
            rows = Article.objects.filter(city__articles__tags__name="t", marks__text="m", shelves=None)
            assert pickle.loads(pickle.dumps(rows.query)).get_compiler("default").as_sql()
            assert pickle.loads(pickle.dumps(rows)).get() == article
            assert copy.deepcopy(rows).get() == article

    def test_instances_can_be_pickled_and_copied(self, acme):
        """An instance with its related rows is pickled and copied."""
        with use_tenant(acme):
            Article.objects.create(city=City.objects.create(name="c"))
            article = Article.objects.select_related("city").prefetch_related("tags").get()
            for made in (pickle.loads(pickle.dumps(article)), copy.deepcopy(article)):
                assert made == article
                assert made.city.name == "c"

    def test_forms(self, acme, globex):
        """A form offers the tenant's own rows, and says politely that others are no choice."""
        with use_tenant(globex):
            theirs = City.objects.create()
        form_class = modelform_factory(Article, fields=["name", "city", "tags"])
        with use_tenant(acme):
            city = City.objects.create(name="c")
            form = form_class({"name": "x", "city": city.pk})
            assert form.is_valid() is False  # tags are required
            assert list(form.errors) == ["tags"]
            assert list(form.fields["city"].queryset) == [city]
            assert list(form_class({"name": "x", "city": theirs.pk}).errors) == ["city", "tags"]

    @pytest.mark.django_db(transaction=True)
    def test_tables_are_rebuilt(self):
        """SQLite rebuilds a table by copying the fields of its model, which stay taught."""
        new = models.CharField(max_length=100, unique=True)
        new.set_attributes_from_name("name")
        new.model = Article
        for fields in ((Article._meta.get_field("name"), new), (new, Article._meta.get_field("name"))):
            with connection.schema_editor() as editor:
                editor.alter_field(Article, *fields)
        field = Article._meta.get_field("city")
        assert isinstance(field, GuardedReference)
        assert field.remote_field.field is field

    def test_own_references_of_the_class(self):
        """Relations that Django lists are equal to what was written."""
        relation = City._meta.get_field("articles")
        assert relation == Article._meta.get_field("city").remote_field
        assert isinstance(relation, ManyToOneRel)
        assert isinstance(Article._meta.get_field("cover").remote_field, OneToOneRel)
        assert repr(relation) == "<ManyToOneRel: relations.article>"
        assert relation in {relation: 1}


def test_guarded_models_tell_of_themselves():
    """A model without a tenant key has guarded references too."""
    assert [each.name for each in reference_guard.guarded_references(Review)] == ["article", "essay", "quote"]
    assert [each.name for each in reference_guard.guarded_references(Country)] == ["capital"]
