"""A refused ``save()`` leaves the project's transaction as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models.signals import pre_save
from django.db.transaction import TransactionManagementError

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import early
from probe.models import Project
from shapes.models import Appendix, Note, ProjectView, Ticket

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


def test_without_it_the_transaction_is_lost(acme, globex):
    """What the key itself refuses, Django takes for a failed statement."""
    pre_save.disconnect(sender=Project, dispatch_uid="omnitenant_models.rows.early")
    try:
        with use_tenant(acme), pytest.raises(TransactionManagementError), transaction.atomic():
            with pytest.raises(TenantMismatchError):
                Project.objects.create(name="x", tenant=globex)
            Project.objects.create(name="after")
    finally:
        early.watch_saves(Project)


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
