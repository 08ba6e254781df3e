"""Factories make rows of the active tenant, and need not know that there are tenants."""

from __future__ import annotations

import factory
import pytest
from django.db import models
from factory.django import DjangoModelFactory
from model_bakery import baker
from model_bakery.recipe import Recipe, foreign_key

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.testing import no_leaks
from probe.models import Project, Tenant
from relations.models import Article, Author, City, Essay, Placement, Profile, Quote, Tag, Thesis
from shapes.models import Badge, Booking, Gadget, Membership, Preferences, Report, Task, Ticket, Vehicle

use_tenant = TenantContext.use_tenant
ALL = [
    Project,
    Task,
    Report,
    Vehicle,
    Preferences,
    Badge,
    Gadget,
    Booking,
    Membership,
    City,
    Author,
    Article,
    Essay,
    Thesis,
    Quote,
    Profile,
    Placement,
]


class TestModelBakery:
    """It looks fields up by their exact class, and fills what has no default."""

    @pytest.mark.parametrize("model", ALL)
    def test_rows_of_the_active_tenant(self, acme, globex, model):
        """The key is left to itself; what is required beside it is made for the same tenant."""
        with use_tenant(acme), no_leaks():
            row = baker.make(model)
            name = model._meta.tenant_key.name
            assert getattr(row, name) == acme
            assert model.objects.count() == 1
        assert Tenant.objects.count() == 2

    def test_prepared_and_many(self, acme):
        """Not saved yet, several, and with one statement."""
        with use_tenant(acme):
            assert baker.prepare(Project).tenant == acme
            baker.make(Project, _quantity=3)
            baker.make(Project, _quantity=3, _bulk_create=True)
            assert Project.objects.count() == 6
            assert baker.make(Ticket, number=3).tenant == acme

    def test_relations(self, acme):
        """By instance, by many, and by a path."""
        with use_tenant(acme):
            article = baker.make(Article, tags=baker.make(Tag, _quantity=2), city__name="c")
            assert (article.tags.count(), article.city.tenant) == (2, acme)
            task = Recipe(Task, project=foreign_key(Recipe(Project, name="p"))).make()
            assert (task.project.name, task.project.tenant) == ("p", acme)

    def test_a_stranger(self, acme, globex):
        """A row made for another tenant is refused where it is referred to; so is another tenant."""
        with use_tenant(globex):
            theirs = baker.make(Project)
        with use_tenant(acme):
            with pytest.raises(TenantMismatchError, match="globex"):
                baker.make(Task, project=theirs)
            with pytest.raises(TenantMismatchError, match="globex"):
                baker.make(Project, tenant=globex)

    def test_nobody(self, acme):
        """There is nobody to make it for; unscoped the tenant is named."""
        with pytest.raises(TenantRequiredError):
            baker.make(Project)
        with TenantContext.unscoped():
            assert baker.make(Project, tenant=acme).tenant == acme


class TenantFactory(DjangoModelFactory):
    class Meta:
        model = Tenant

    tenant_id = factory.Sequence(lambda number: f"made-{number}")
    name = "Made"


class ProjectFactory(DjangoModelFactory):
    class Meta:
        model = Project

    name = factory.Faker("company")


class TaskFactory(DjangoModelFactory):
    class Meta:
        model = Task
        django_get_or_create = ("name",)

    name = "t"
    project = factory.SubFactory(ProjectFactory)


class ArticleFactory(DjangoModelFactory):
    class Meta:
        model = Article
        skip_postgeneration_save = True

    name = "a"

    @factory.post_generation
    def tags(self, create, given, **_):
        """Connect what was given."""
        if given:
            self.tags.add(*given)


class CarelessFactory(ProjectFactory):
    """Makes a tenant of its own for each row."""

    tenant = factory.SubFactory(TenantFactory)


class TestFactoryBoy:
    """It passes values to the model and to its managers."""

    def test_rows_of_the_active_tenant(self, acme, globex):
        """Made, built, many, and with others that they refer to."""
        with use_tenant(acme), no_leaks():
            assert ProjectFactory().tenant == acme
            assert ProjectFactory.build().tenant == acme
            ProjectFactory.create_batch(3)
            task = TaskFactory()
            assert (task.tenant, task.project.tenant) == (acme, acme)
            assert Project.objects.count() == 5
        assert Tenant.objects.count() == 2

    def test_get_or_create(self, acme, globex):
        """What is looked for is the tenant's own row."""
        with use_tenant(globex):
            theirs = TaskFactory()
        with use_tenant(acme):
            mine = TaskFactory()
            assert mine.pk != theirs.pk
            assert TaskFactory().pk == mine.pk

    def test_relations_to_many(self, acme):
        """After the row is made."""
        with use_tenant(acme):
            article = ArticleFactory(tags=[Tag.objects.create(name=name) for name in "ab"])
            assert article.tags.count() == 2

    def test_a_tenant_of_its_own(self, acme):
        """A factory that makes a tenant for each row is refused; both are named, and what to leave out."""
        with use_tenant(acme), pytest.raises(TenantMismatchError) as caught:
            CarelessFactory()
        assert "'acme'" in str(caught.value)
        assert "'made-" in str(caught.value)
        assert "leave 'tenant' out" in str(caught.value)
        with TenantContext.unscoped():
            assert CarelessFactory().tenant.tenant_id.startswith("made-")

    def test_nobody(self, db):
        """There is nobody to make it for."""
        with pytest.raises(TenantRequiredError):
            ProjectFactory()
        assert models.QuerySet(Project).count() == 0
