"""Rows that stand in several tables."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

children = topic("multi-table")


@children(essential=True)
def parents_of_own_children(w: Any) -> None:
    """Parents, children and grandchildren lead to each other."""
    with w.enter(w.A):
        document = w.Document.objects.get(pk=w.A.appendix_pk)
        assert document.report.appendix.letter == "a"
        assert document.report.appendix.document_ptr == document


@children(essential=True)
def child_of_a_forged_parent(w: Any) -> None:
    """Another tenant's parent in hand does not lead to its child."""
    with w.enter(w.A), w.missing():
        no_secret(w, w.Document(pk=w.B.report_pk).report.name)


@children(essential=True)
def parent_of_a_forged_child(w: Any) -> None:
    """A child that is made by hand does not lead to another tenant's parent."""
    with w.enter(w.A), w.missing():
        no_secret(w, w.Report(document_ptr_id=w.B.document_pk).document_ptr.name)
        w.held()  # Django makes the parent of what stands in the child


@children(essential=True)
def child_with_a_plain_manager(w: Any) -> None:
    """A child that asks for a plain manager is seen as it asked, and written as its parent."""
    with w.enter(w.A):
        row = w.Memo.objects.get(pk=w.A.memo_pk)
        row.text = "changed"
        row.save()
        assert w.Memo.objects.get(pk=w.A.memo_pk).text == "changed"


@children(essential=True)
def filter_by_a_column_of_the_parent(w: Any) -> None:
    """A condition on the parent's table finds own children."""
    with w.enter(w.A):
        assert not w.Report.objects.filter(name__contains=w.secret).exists()
        only(pks(w.Report.objects.filter(document_ptr__name="harmless")), w.A.all("Report"))


@children(essential=True)
def update_of_both_tables(w: Any) -> None:
    """An update that concerns both tables changes own rows."""
    with w.enter(w.A):
        assert w.Report.objects.update(name="x", pages=1) == 2
        assert w.Appendix.objects.update(name="x", letter="z", pages=3) == 1


@children(essential=True)
def link_that_is_changed(w: Any) -> None:
    """An own child is not put under another tenant's parent by an update."""
    with w.enter(w.A), w.refused():
        w.Report.objects.filter(pk=w.A.report_pk).update(document_ptr=w.B.document_pk)


@children(essential=True)
def delete_of_own_children(w: Any) -> None:
    """All children are own children."""
    with w.enter(w.A):
        w.Report.objects.all().delete()
        only(pks(w.Document.objects.all()), {w.A.document_pk, w.A.memo_pk})


@children(essential=True)
def column_of_the_child_table_alone(w: Any) -> None:
    """An update of the child's table alone changes own rows."""
    with w.enter(w.A):
        assert w.Report.objects.update(pages=1) == 2
        assert w.Appendix.objects.filter(letter="b").update(letter="c") == 0


@children(essential=True)
def join_from_a_parent(w: Any) -> None:
    """A parent is joined to own children."""
    from django.db.models import Max

    with w.enter(w.A):
        only([w.Document.objects.aggregate(n=Max("report__pages"))["n"]], [1000])
        assert not w.Document.objects.filter(report__appendix__letter="b").exists()


@children(essential=True)
def values_of_a_child(w: Any) -> None:
    """Columns of both tables are own rows' columns."""
    with w.enter(w.A):
        no_secret(w, list(w.Appendix.objects.values()))
        only(w.Appendix.objects.values_list("name", "letter"), [("harmless", "a")])


@children(essential=True)
def in_several_ways(w: Any) -> None:
    """Inner questions, unions and windows of children are about own rows."""
    from django.db.models import F, Window
    from django.db.models.functions import RowNumber

    with w.enter(w.A):
        only(pks(w.Review.objects.filter(report__in=w.Report.objects.filter(pages__gt=0))), {w.A.review_pk})
        only(pks(w.Report.objects.all().union(w.Report.objects.all())), w.A.all("Report"))
        ranked = w.Report.objects.annotate(n=Window(RowNumber(), order_by=F("pages").desc()))
        only(ranked.values_list("n", flat=True), [1, 2])
