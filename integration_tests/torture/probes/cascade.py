"""What goes along when a row is deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import ProtectedError

from harness.register import topic
from harness.tools import only, pks

cascade = topic("cascade")


@cascade(portable=True)
def of_an_own_row(w: Any) -> None:
    """Children of an own row go with it, and others lose the reference."""
    with w.enter(w.A):
        w.Invoice.objects.all().delete()
        w.Project.objects.get(pk=w.A.project_pk).delete()
        assert not w.Task.objects.exists()
        assert not w.Contract.objects.exists()
        assert not w.Membership.objects.exists()


@cascade(portable=True)
def set_null_of_an_own_row(w: Any) -> None:
    """A reference to an own row that goes becomes empty."""
    with w.enter(w.A):
        w.Project.objects.get(pk=w.A.project2_pk).delete()
        assert w.Task.objects.get(pk=w.A.task_pk).backup_id is None


@cascade(portable=True)
def protected_own_row(w: Any) -> None:
    """A row that an own row needs is protected."""
    with w.enter(w.A):
        try:
            w.Project.objects.get(pk=w.A.project_pk).delete()
        except ProtectedError as error:
            only(pks(error.protected_objects), {w.A.invoice_pk})
        else:
            raise AssertionError("it was not protected")


@cascade(portable=True)
def of_a_global_row(w: Any) -> None:
    """A row of nobody's that rows of others need is not deleted, and they are not changed."""
    from django.db import IntegrityError, connection, transaction

    with w.enter(w.A):
        w.Task.objects.all().delete()
        w.Invoice.objects.all().delete()
        w.Project.objects.all().delete()
        try:
            with transaction.atomic():
                w.Country.objects.get(code="de").delete()
                connection.check_constraints()
        except (IntegrityError, ProtectedError) as error:
            protected = getattr(error, "protected_objects", ())
            assert not protected, f"the error shows {protected}"
        else:
            if "own" not in w.features:
                raise AssertionError("rows of others lost what they refer to")


@cascade(portable=True, needs="shared")
def of_a_global_parent(w: Any) -> None:
    """Rows of others do not go with a row of nobody's that they belong to."""
    from django.db import IntegrityError, connection, transaction

    with w.unscoped():
        showcase = w.Showcase.objects.create(title="x")
        showcase.projects.add(w.B.project)
    with w.enter(w.A), w.refused(IntegrityError), transaction.atomic():
        showcase.delete()
        connection.check_constraints()
        w.held()
    with w.unscoped():
        kept, _ = w.Showcase.projects.through.objects.filter(project_id=w.B.project_pk).delete()
    assert kept == 1, "a stranger's link is gone"


@cascade(portable=True, needs="shared")
def into_children_of_a_stranger(w: Any) -> None:
    """Where another tenant's row refers to an own one by mistake, it does not go with it."""
    from django.db import IntegrityError, connection, transaction

    with w.unscoped():
        w.Task.objects.filter(pk=w.B.task_pk).update(project=w.A.project2_pk)
    try:
        with w.enter(w.A), w.refused(IntegrityError), transaction.atomic():
            w.Project.objects.get(pk=w.A.project2_pk).delete()
            connection.check_constraints()
    finally:
        with w.unscoped():
            found = w.Task.objects.filter(pk=w.B.task_pk).update(project=w.B.project_pk)
    assert found == 1, "a stranger's row went"


@cascade(portable=True, needs="shared")
def set_null_at_a_stranger(w: Any) -> None:
    """Where another tenant's row refers to an own one by mistake, it does not lose its reference."""
    from django.db import IntegrityError, connection, transaction

    with w.unscoped():
        w.Task.objects.filter(pk=w.B.task_pk).update(backup=w.A.project2_pk)
    with w.enter(w.A), w.refused(IntegrityError), transaction.atomic():
        w.Project.objects.get(pk=w.A.project2_pk).delete()
        connection.check_constraints()
    with w.unscoped():
        kept = w.Task.objects.filter(pk=w.B.task_pk, backup=w.A.project2_pk).update(backup=w.B.project2_pk)
    assert kept == 1, "a stranger's row was changed"


@cascade(essential=True)
def of_a_stranger_as_a_tenant(w: Any) -> None:
    """A tenant does not delete another tenant's row of the tenant table with all that hangs on it."""
    from django.db import IntegrityError, connections, transaction

    with w.enter(w.A), w.refused(IntegrityError, ProtectedError), transaction.atomic(using="master"):
        w.Tenant.objects.get(pk=w.B.tenant.pk).delete()
        connections["master"].check_constraints()
    with w.enter(w.B):
        assert w.Tenant.objects.filter(pk=w.B.tenant.pk).exists()


CHILDREN: dict[str, Callable[[Any], Any]] = {
    "child": lambda w: w.Report(pk=w.B.report_pk).delete(),
    "grandchild": lambda w: w.Appendix(pk=w.B.appendix_pk).delete(),
    "parent of a child": lambda w: w.Document(pk=w.B.report_pk).delete(),
    "parents kept": lambda w: w.Report(pk=w.B.report_pk).delete(keep_parents=True),
    "child with a plain manager": lambda w: w.Memo(pk=w.B.memo_pk).delete(),
}


@cascade(essential=True, cases=CHILDREN)
def of_children_in_tables_of_their_own(w: Any, attack: Callable[[Any], Any]) -> None:
    """A row in several tables is not deleted by a forged primary key."""
    with w.enter(w.A), w.kept_out():
        attack(w)


@cascade(essential=True)
def of_own_children_in_tables_of_their_own(w: Any) -> None:
    """An own row in several tables goes from all of them."""
    with w.enter(w.A):
        w.Document.objects.get(pk=w.A.appendix_pk).delete()
        assert not w.Appendix.objects.exists()
        only(pks(w.Report.objects.all()), {w.A.report_pk})
