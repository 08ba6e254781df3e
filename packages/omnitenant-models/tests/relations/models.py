"""Models that refer to each other in every way, some of tenants and some of everybody."""

from __future__ import annotations

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from omnitenant_models.models import TenantQuerySetManager
from omnitenant_models.scopes import TenantScope
from probe.models import Tenant


class Owned(models.Model):
    """What belongs to tenants."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    name = models.CharField(max_length=100, default="")

    objects = TenantQuerySetManager()

    class Meta:
        abstract = True


class Country(models.Model):
    """Rows of everybody, one of which may refer to a tenant's."""

    tenant_scope = TenantScope.SHARED

    code = models.CharField(max_length=20)
    capital = models.ForeignKey("City", on_delete=models.SET_NULL, null=True, related_name="capital_of")
    partners = models.ManyToManyField("Author", related_name="countries")


class Island(Country):
    """A child of a model of everybody."""

    size = models.IntegerField(default=1)


class CountryView(Country):
    """A proxy of a model of everybody."""

    class Meta:
        proxy = True


class City(Owned):
    """A row that refers to one of everybody."""

    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, related_name="cities")


class Author(Owned):
    """A row that is referred to by a column that is no primary key."""

    code = models.CharField(max_length=20, unique=True)
    mentor = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="pupils")


class OddKey(models.ForeignKey):
    """A project's own kind of foreign key."""


class Tag(Owned):
    """What is connected to many others."""


class Article(Owned):
    """A row with references of every kind."""

    city = models.ForeignKey(City, on_delete=models.CASCADE, null=True, related_name="articles")
    other_city = models.ForeignKey(City, on_delete=models.CASCADE, null=True, related_name="+")
    odd_city = OddKey(City, on_delete=models.CASCADE, null=True, related_name="odd_articles")
    author = models.ForeignKey(Author, on_delete=models.CASCADE, null=True, to_field="code", related_name="articles")
    cover = models.OneToOneField("Picture", on_delete=models.CASCADE, null=True, related_name="article")
    follows = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="followers")
    tags = models.ManyToManyField(Tag, related_name="articles")
    similar = models.ManyToManyField("self")
    sources = models.ManyToManyField("self", symmetrical=False, related_name="quoted_in")
    markets = models.ManyToManyField(Country, related_name="articles")
    marks = GenericRelation("Mark", related_query_name="article")


class Picture(Owned):
    """The other end of a one-to-one relation."""


class Node(models.Model):
    """A tree whose keys are made before they are saved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")

    objects = TenantQuerySetManager()


class Paper(Owned):
    """A parent in multi-table inheritance."""

    country = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, related_name="papers")
    city = models.ForeignKey(City, on_delete=models.CASCADE, null=True, related_name="papers")


class Essay(Paper):
    """A child, without a key in its table."""

    land = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, related_name="essays")
    place = models.ForeignKey(City, on_delete=models.CASCADE, null=True, related_name="essays")
    number = models.IntegerField(unique=True, null=True)


class Thesis(Essay):
    """A grandchild, whose link is not its primary key."""

    serial = models.BigAutoField(primary_key=True)
    whole = models.OneToOneField(Essay, on_delete=models.CASCADE, parent_link=True)
    land_of_birth = models.ForeignKey(Country, on_delete=models.CASCADE, null=True, related_name="theses")


class Quote(Owned):
    """References to children."""

    essay = models.ForeignKey(Essay, on_delete=models.CASCADE, null=True, related_name="quotes")
    numbered = models.ForeignKey(Essay, on_delete=models.CASCADE, null=True, to_field="number", related_name="+")
    thesis = models.ForeignKey(Thesis, on_delete=models.CASCADE, null=True, related_name="quoted_by")


class Profile(models.Model):
    """The primary key is a reference."""

    author = models.OneToOneField(Author, on_delete=models.CASCADE, primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)

    objects = TenantQuerySetManager()


class Fan(Owned):
    """A reference to a row whose primary key is a reference."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE)


class Review(models.Model):
    """Rows without a tenant key that refer to tenants' rows."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="reviews", null=True)
    country = models.ForeignKey(Country, on_delete=models.CASCADE, related_name="reviews", null=True)
    essay = models.ForeignKey(Essay, on_delete=models.CASCADE, related_name="reviews", null=True)
    quote = models.ForeignKey(Quote, on_delete=models.CASCADE, related_name="reviews", null=True)
    text = models.CharField(max_length=100, default="")


class Mark(models.Model):
    """A generic reference, without a tenant key."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.IntegerField()
    target = GenericForeignKey()
    text = models.CharField(max_length=100, default="")


class Stamp(Owned):
    """A generic reference of a tenant's."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.IntegerField()
    target = GenericForeignKey()


class Shelf(Owned):
    """The two kinds of through models that a project writes itself."""

    articles = models.ManyToManyField(Article, through="Placement", related_name="shelves")
    countries = models.ManyToManyField(Country, through="Origin", related_name="shelves")
    stamps = GenericRelation(Stamp, related_query_name="shelf")


class Placement(Owned):
    """A through model with a tenant key."""

    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
    article = models.ForeignKey(Article, on_delete=models.CASCADE)


class Origin(models.Model):
    """A through model without a tenant key."""

    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
    country = models.ForeignKey(Country, on_delete=models.CASCADE)
    city = models.ForeignKey(City, on_delete=models.CASCADE, null=True)
