"""Callbacks, iterators and streams: code that runs later."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import only, pks

commits = topic("on_commit")
iterators = topic("iterator")


@commits(essential=True, commits=True)
def callback_keeps_its_tenant(w: Any) -> None:
    """What is called after the commit runs as the tenant that asked for it."""
    from django.db import transaction

    seen: list[Any] = []
    with w.enter(w.A), transaction.atomic():
        transaction.on_commit(lambda: seen.append(pks(w.Project.objects.all())))
    only(seen, [w.A.all("Project")])


@commits(needs="shared", commits=True)
def callback_inside_the_transaction_of_another(w: Any) -> None:
    """What one tenant asks for inside another's transaction runs as the one that asked."""
    from django.db import transaction

    seen: list[Any] = []
    with w.enter(w.B), transaction.atomic():
        with w.enter(w.A):
            transaction.on_commit(lambda: seen.append(pks(w.Project.objects.all())))
        transaction.on_commit(lambda: seen.append(pks(w.Project.objects.all())))
    assert seen == [w.A.all("Project"), w.B.all("Project")], seen


@commits(essential=True, commits=True)
def callback_of_nobody(w: Any) -> None:
    """What nobody asked for runs as nobody, also when a tenant is active at the commit."""
    from django.db import transaction

    seen: list[Any] = []

    def ask() -> None:
        with w.refused():
            list(w.Project.objects.all())
        seen.append("refused")

    with transaction.atomic(using="master"):
        transaction.on_commit(ask, using="master")
    assert seen == ["refused"]


@commits(essential=True, commits=True)
def robust_callback(w: Any) -> None:
    """A callback whose errors are swallowed keeps its tenant as well."""
    from django.db import transaction

    seen: list[Any] = []
    with w.enter(w.A), transaction.atomic():
        transaction.on_commit(lambda: seen.append(pks(w.Project.objects.all())), robust=True)
    only(seen, [w.A.all("Project")])


@commits(essential=True, commits=True)
def callback_of_what_was_rolled_back(w: Any) -> None:
    """A callback of what was rolled back does not run."""
    from django.db import transaction

    seen: list[Any] = []
    try:
        with w.enter(w.A), transaction.atomic():
            transaction.on_commit(lambda: seen.append("ran"))
            raise LookupError
    except LookupError:
        pass
    assert seen == []


@iterators(
    essential=True,
    cases={
        "project": lambda w: w.Project.objects.order_by("pk").iterator(chunk_size=1),
        "values": lambda w: w.Project.objects.values_list("pk", flat=True).iterator(chunk_size=1),
        "raw": lambda w: w.Project.objects.raw(
            "SELECT * FROM world_project WHERE tenant_id = %s", [w.A.tenant.pk]
        ).iterator(),
    },
)
def begun_inside_ended_by_another(w: Any, rows_of: Any) -> None:
    """An iterator that was begun inside a tenant does not go on for another, nor for nobody."""
    with w.enter(w.A):
        rows = rows_of(w)
        next(rows)
    with w.enter(w.B), w.refused():
        list(rows)
    with w.enter(w.A):
        rows = rows_of(w)
        next(rows)
    with w.nobody(), w.refused():
        list(rows)


@iterators(essential=True)
def made_inside_begun_elsewhere(w: Any) -> None:
    """An iterator that was made inside a tenant and is begun inside another shows nothing of a third."""
    with w.enter(w.B):
        rows = w.Project.objects.iterator()
    with w.enter(w.A), w.refused():
        only(pks(rows), w.A.all("Project"))
        w.held()


@iterators(essential=True)
def begun_by_nobody(w: Any) -> None:
    """An iterator that was made inside a tenant is not begun by nobody."""
    with w.enter(w.B):
        rows = w.Project.objects.iterator()
    with w.nobody(), w.refused():
        list(rows)


@iterators(essential=True)
def bound_iterator(w: Any) -> None:
    """An iterator that was bound inside a tenant goes on as that tenant."""
    from omnitenant_context.propagation import bind_iterator

    with w.enter(w.A):
        rows = bind_iterator(row.pk for row in w.Project.objects.iterator())
    with w.enter(w.B):
        only(rows, w.A.all("Project"))


@iterators(essential=True)
def generator_that_asks_again(w: Any) -> None:
    """A generator that was bound inside a tenant asks again as that tenant."""
    from omnitenant_context.propagation import bind_iterator

    def pages() -> Any:
        for place in range(2):
            yield w.Project.objects.order_by("pk")[place].pk

    with w.enter(w.A):
        rows = bind_iterator(pages())
    found = []
    for side in (w.B, w.A):
        with w.enter(side):
            found.append(next(rows))
    only(found, w.A.all("Project"))


@iterators(essential=True)
def prefetching_iterator(w: Any) -> None:
    """An iterator prefetches own rows."""
    with w.enter(w.A):
        found = w.Country.objects.prefetch_related("projects").order_by("pk").iterator(chunk_size=1)
        only({project.pk for country in found for project in country.projects.all()}, w.A.all("Project"))


@iterators(essential=True)
def paginator(w: Any) -> None:
    """Pages are made of own rows, and counted."""
    from django.core.paginator import Paginator

    pages = Paginator(w.Project.objects.order_by("pk"), 1)
    with w.enter(w.A):
        assert pages.count == 2
        only([page.object_list[0].pk for page in pages], w.A.all("Project"))


@iterators(essential=True)
def streamed_answer(w: Any) -> None:
    """The body of a streamed answer is made as the tenant whose host was asked."""
    from django.http import StreamingHttpResponse
    from django.test import RequestFactory

    from omnitenant_models.middleware import TenantMiddleware

    def view(request: Any) -> Any:
        return StreamingHttpResponse(f"{row.pk} " for row in w.Project.objects.order_by("pk").iterator())

    answer = TenantMiddleware(view)(RequestFactory().get("/", headers={"host": "a.example.com"}))
    with w.enter(w.B):
        only(b"".join(answer.streaming_content).decode().split(), ["1001", "1002"])
