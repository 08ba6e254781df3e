"""Upserts: a row that is in the way is updated only where it must be the active tenant's."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from relations.models import Article, Tag
from rules.models import Product, Visit
from shapes.models import Preferences, Ticket

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


def upsert(model: Any, rows: list[Any], update: list[str], unique: list[str] | None) -> Any:
    """Create rows, or update those in the way."""
    return model.objects.bulk_create(rows, update_conflicts=True, update_fields=update, unique_fields=unique)


@pytest.fixture
def products(acme, globex):
    """Give each of two tenants a product of the same name."""
    found = []
    for tenant in (acme, globex):
        with use_tenant(tenant):
            found.append(Product.objects.create(name="p", serial=tenant.tenant_id, title="old"))
    return found


async def _aupsert(theirs: Any) -> None:
    rows = [Product(pk=theirs.pk, name="x", title="new")]
    await Product.objects.abulk_create(rows, update_conflicts=True, update_fields=["title"], unique_fields=["pk"])


REFUSED = {
    "a primary key": lambda theirs: upsert(Product, [Product(pk=theirs.pk, name="x", title="new")], ["title"], ["pk"]),
    "a primary key by name": lambda theirs: upsert(
        Product, [Product(pk=theirs.pk, name="x", title="new")], ["title"], ["id"]
    ),
    "a unique field": lambda theirs: upsert(
        Product, [Product(name="x", serial=theirs.serial, title="new")], ["title"], ["serial"]
    ),
    "by super()": lambda theirs: Visit.objects.upsert([Visit(name="x")]),
    "asynchronously": async_to_sync(_aupsert),
}


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_without_the_tenant_it_is_refused(acme, globex, products, write):
    """The error says what is missing; nothing is written, and the transaction goes on."""
    with use_tenant(acme), transaction.atomic():
        with pytest.raises(
            TenantMismatchError, match=r"same \['\w+'\], which may be .* than the active 'acme'; add 'tenant'"
        ):
            write(products[1])
        assert Product.objects.get().title == "old"
    with use_tenant(globex):
        assert Product.objects.get().title == "old"


def test_with_the_tenant_it_is_done(acme, globex, products):
    """Rows of the tenant's own are updated, and strangers' rows of the same name stay."""
    with use_tenant(acme):
        upsert(Product, [Product(name="p", title="new"), Product(name="q", title="q")], ["title"], ["tenant", "name"])
        upsert(Product, [Product(name="q", title="newer")], ["title", "tenant"], ["tenant_id", "name"])
        assert dict(Product.objects.values_list("name", "title")) == {"p": "new", "q": "newer"}
    with use_tenant(globex):
        assert Product.objects.get().title == "old"


def test_the_tenant_in_the_primary_key(acme, globex):
    """A primary key that is, or contains, the tenant is enough."""
    for tenant in (globex, acme):
        with use_tenant(tenant):
            Preferences.objects.create(name="old")
            Ticket.objects.create(number=1, name="old")
    with use_tenant(acme):
        upsert(Preferences, [Preferences(name="new")], ["name"], ["pk"])
        upsert(Ticket, [Ticket(number=1, name="new")], ["name"], ["tenant", "number"])
        assert Preferences.objects.get().name == Ticket.objects.get().name == "new"
    with use_tenant(globex):
        assert Preferences.objects.get().name == Ticket.objects.get().name == "old"


def test_automatic_through_tables(acme, globex):
    """Their rows are told apart by what they connect, which is the tenant's; by their own number they are not."""
    through = Article.tags.through
    with use_tenant(globex):
        theirs = Article.objects.create()
        theirs.tags.add(Tag.objects.create())
        row = through.objects.get()
    with use_tenant(acme):
        article, tag = Article.objects.create(), Tag.objects.create()
        connected = [through(article=article, tag=tag)]
        for _ in range(2):
            upsert(through, connected, ["tag"], ["article", "tag"])
        assert through.objects.count() == 1
        with pytest.raises(TenantMismatchError, match="add 'article' or 'tag' to unique_fields"):
            upsert(through, [through(pk=row.pk, article=article, tag=tag)], ["tag"], ["id"])
    with use_tenant(globex):
        assert through.objects.get() == row


def test_a_database_that_takes_any_rule(acme, monkeypatch):
    """Where no unique fields can be given, any row may be in the way, and upserts are refused."""
    monkeypatch.setattr(connection.features, "supports_update_conflicts_with_target", False)
    with use_tenant(acme), pytest.raises(TenantMismatchError, match="takes no unique_fields.*look the rows up first"):
        upsert(Product, [Product(name="p")], ["title"], None)


def test_conflicts_that_are_ignored(acme, globex, products):
    """Passing over rows that are in the way reads and changes nothing."""
    with use_tenant(acme):
        rows = [Product(pk=products[1].pk, name="x"), Product(name="p"), Product(name="new")]
        Product.objects.bulk_create(rows, ignore_conflicts=True)
        assert sorted(Product.objects.values_list("name", flat=True)) == ["new", "p"]
    with use_tenant(globex):
        assert Product.objects.get().name == "p"


def test_unscoped(acme, globex, products):
    """With the scope lifted every row may be updated."""
    with unscoped():
        upsert(Product, [Product(pk=products[1].pk, tenant=globex, name="p", title="new")], ["title"], ["pk"])
        assert Product.objects.get(pk=products[1].pk).title == "new"


def test_djangos_own_errors(acme):
    """What Django refuses it refuses as before."""
    with use_tenant(acme), pytest.raises(ValueError, match="mutually exclusive"):
        Product.objects.bulk_create([Product()], ignore_conflicts=True, update_conflicts=True)
