"""A refused ``save()`` says whose the row is, and leaves the project's transaction as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.signals import pre_save
from django.db.transaction import TransactionManagementError

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import saving
from probe.models import Project
from shapes.models import Appendix, Note, Preferences, ProjectView, Report, Ticket

pytestmark = pytest.mark.django_db

use_tenant = TenantContext.use_tenant

REFUSED: dict[str, Callable[[Any], Any]] = {
    "create": lambda other: Project.objects.create(name="x", tenant=other),
    "create by id": lambda other: Project.objects.create(name="x", tenant_id=other.pk),
    "create with text": lambda _: Project.objects.create(name="x", tenant_id="nonsense"),
    "save": lambda other: Project(name="x", tenant=other).save(),
    "get_or_create": lambda other: Project.objects.get_or_create(name="x", defaults={"tenant": other}),
    "a proxy": lambda other: ProjectView.objects.create(name="x", tenant=other),
    "an abstract base": lambda other: Note.objects.create(name="x", tenant=other),
    "a grandchild": lambda other: Appendix.objects.create(name="x", tenant=other),
    "a composite key": lambda other: Ticket.objects.create(name="x", number=1, tenant=other),
}


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_the_transaction_stays_usable(write, acme, globex):
    """What was written before in the same block is committed, and more can be written."""
    with use_tenant(acme):
        with transaction.atomic():
            Project.objects.create(name="before")
            with pytest.raises(TenantMismatchError):
                write(globex)
            Project.objects.create(name="after")
        assert {each.name for each in Project.objects.all()} >= {"before", "after"}


def test_a_strangers_instance(acme, globex):
    """Saving what was loaded for another tenant is refused with both names, whichever fields are written."""
    with use_tenant(globex):
        theirs = Project.objects.create(name="theirs")
    for fields in (None, ["name"]):
        with use_tenant(acme), transaction.atomic():
            with pytest.raises(TenantMismatchError, match=r"'globex'.*'acme'"):
                theirs.save(update_fields=fields)
            assert Project.objects.count() == 0


def test_nobody(acme):
    """Without a tenant the transaction stays usable too."""
    with transaction.atomic():
        with pytest.raises(TenantRequiredError):
            Project.objects.create(name="x")
        with use_tenant(acme):
            assert Project.objects.create(name="y").tenant == acme


def test_without_it_the_transaction_is_lost(acme, globex, monkeypatch):
    """What the key itself refuses, Django takes for a failed statement."""
    monkeypatch.setattr(saving, "refuse_early", lambda *_, **__: None)
    with use_tenant(acme), pytest.raises(TransactionManagementError), transaction.atomic():
        with pytest.raises(TenantMismatchError):
            Project.objects.create(name="x", tenant=globex)
        Project.objects.create(name="after")


def test_a_receiver_that_changes_the_tenant_later(acme, globex):
    """What a receiver of the project puts in afterwards is refused by the key."""

    def give_away(instance: Project, **_: Any) -> None:
        instance.tenant = globex

    pre_save.connect(give_away, sender=Project)
    try:
        with use_tenant(acme), transaction.atomic(), pytest.raises(TenantMismatchError), transaction.atomic():
            Project.objects.create(name="x")
    finally:
        pre_save.disconnect(give_away, sender=Project)


FORGED: dict[str, Callable[[Any], Any]] = {
    "save": lambda pk: Project(pk=pk, name="stolen").save(),
    "create": lambda pk: Project.objects.create(pk=pk, name="stolen"),
    "some columns": lambda pk: Project(pk=pk, name="stolen").save(update_fields=["name"]),
    "forced update": lambda pk: Project(pk=pk, name="stolen").save(force_update=True),
    "forced insert": lambda pk: Project(pk=pk, name="stolen").save(force_insert=True),
    "raw": lambda pk: Project(pk=pk, name="stolen").save_base(raw=True),
}


@pytest.mark.parametrize("write", FORGED.values(), ids=FORGED)
def test_a_taken_primary_key(write, acme, globex):
    """A key that another tenant's row has is refused with both names, and nothing is lost."""
    with use_tenant(globex):
        theirs = Project.objects.create(name="theirs")
    with use_tenant(acme), transaction.atomic():
        before = Project.objects.create(name="before")
        with pytest.raises(TenantMismatchError, match=r"is a row of tenant 'globex', and the active tenant is 'acme'"):
            write(theirs.pk)
        assert list(Project.objects.all()) == [before]
    with use_tenant(globex):
        assert Project.objects.get().name == "theirs"


def test_a_taken_key_of_a_parent(acme, globex):
    """Nor does a child take a stranger's parent; what was written before in the block stays."""
    with use_tenant(globex):
        theirs = Report.objects.create(name="theirs")
    with use_tenant(acme), transaction.atomic():
        Report.objects.create(name="before")
        with pytest.raises(TenantMismatchError, match=r"shapes\.Document \d+ would be written"):
            Report(pk=theirs.pk, name="stolen").save()
        assert Report.objects.get().name == "before"


def test_ones_own_taken_key(acme, django_assert_num_queries):
    """That is what Django says it is; and a key that is free costs one statement more where it is given."""
    with use_tenant(acme):
        mine = Project.objects.create(name="mine")
        with django_assert_num_queries(2):
            Project.objects.create(pk=mine.pk + 1, name="given")
        with pytest.raises(IntegrityError), transaction.atomic():
            Project.objects.create(pk=mine.pk, name="again")
        with django_assert_num_queries(1):
            Project.objects.create(name="free")
        with django_assert_num_queries(1):
            mine.save()
        with django_assert_num_queries(1):
            Preferences.objects.create(name="its key is the tenant")
        with pytest.raises(DatabaseError, match="did not affect any rows"), transaction.atomic():
            Project(pk=mine.pk + 1000).save(update_fields=["name"])
