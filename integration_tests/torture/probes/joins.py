"""From rows of nobody's to rows of tenants, by joins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Q, Sum

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("join")

CODES: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "filter": (lambda w: w.Country.objects.filter(projects__name="beta"), []),
    "filter by own": (lambda w: w.Country.objects.filter(projects__name="alpha"), ["de"]),
    "filter by secret": (lambda w: w.Country.objects.filter(projects__settings__key=w.secret), []),
    "two levels": (lambda w: w.Country.objects.filter(projects__tasks__title__contains=w.secret), []),
    "two levels, own": (lambda w: w.Country.objects.filter(projects__tasks__title="first").distinct(), ["de"]),
    "exclude": (lambda w: w.Country.objects.exclude(projects__name="beta"), ["de", "fr"]),
    "exclude own": (lambda w: w.Country.objects.exclude(projects__name="alpha"), ["fr"]),
    "is null": (lambda w: w.Country.objects.filter(projects__isnull=True), ["fr"]),
    "is not null": (lambda w: w.Country.objects.filter(projects__isnull=False).distinct(), ["de"]),
    "negated": (lambda w: w.Country.objects.filter(~Q(projects__isnull=True)).distinct(), ["de"]),
    "or": (lambda w: w.Country.objects.filter(Q(code="fr") | Q(projects__name="beta")), ["fr"]),
    "in a list of objects": (lambda w: w.Country.objects.filter(projects__in=[w.B.project_pk]), []),
    "by key": (lambda w: w.Country.objects.filter(projects=w.B.project3_pk), []),
    "by the tenant": (lambda w: w.Country.objects.filter(projects__tenant=w.B.tenant.pk), []),
    "by the tenant's name": (lambda w: w.Country.objects.filter(projects__tenant__name="Tenant b"), []),
    "many-to-many": (lambda w: w.Country.objects.filter(sellers__name="beta"), []),
    "many-to-many, own": (lambda w: w.Country.objects.filter(sellers__name="alpha"), ["de"]),
    "many-to-many, is null": (lambda w: w.Country.objects.filter(sellers__isnull=True), ["fr"]),
    "over tags": (lambda w: w.Country.objects.filter(projects__tags__name="urgent"), ["de"]),
    "over people": (lambda w: w.Country.objects.filter(projects__people__name__contains=w.secret), []),
    "over a table without a key": (lambda w: w.Country.objects.filter(projects__people__grade__level=2), []),
    "ordering": (lambda w: w.Country.objects.order_by("-projects__budget").distinct(), ["de", "de", "fr"]),
}


@probe(portable=True, cases=CODES)
def rows_of_nobody(w: Any, case: tuple[Callable[[Any], Any], list[str]]) -> None:
    """A condition over a relation to rows of tenants is about own rows."""
    ask, wanted = case
    with w.enter(w.A):
        only([country.code for country in ask(w)], wanted)


NUMBERS: dict[str, tuple[Callable[[Any], Any], list[tuple[str, Any]]]] = {
    "count": (lambda w: w.Country.objects.annotate(n=Count("projects")), [("de", 2), ("fr", 0)]),
    "sum": (lambda w: w.Country.objects.annotate(n=Sum("projects__budget")), [("de", 2005), ("fr", None)]),
    "max": (lambda w: w.Country.objects.annotate(n=Max("projects__budget")), [("de", 1005), ("fr", None)]),
    "two levels": (lambda w: w.Country.objects.annotate(n=Count("projects__tasks")), [("de", 2), ("fr", 0)]),
    "many-to-many": (lambda w: w.Country.objects.annotate(n=Count("sellers")), [("de", 1), ("fr", 0)]),
    "over tags": (lambda w: w.Country.objects.annotate(n=Count("projects__tags")), [("de", 1), ("fr", 0)]),
    "filtered": (
        lambda w: w.Country.objects.annotate(n=Count("projects", filter=Q(projects__budget__gt=2000))),
        [("de", 0), ("fr", 0)],
    ),
    "one-to-one": (lambda w: w.Country.objects.annotate(n=Count("projects__contract")), [("de", 1), ("fr", 0)]),
    "exists": (
        lambda w: w.Country.objects.annotate(n=Exists(w.Project.objects.filter(country=OuterRef("pk")))),
        [("de", True), ("fr", False)],
    ),
}


@probe(portable=True, cases=NUMBERS)
def numbers_of_rows_of_nobody(w: Any, case: tuple[Callable[[Any], Any], list[tuple[str, Any]]]) -> None:
    """An annotation over a relation to rows of tenants counts own rows."""
    ask, wanted = case
    with w.enter(w.A):
        only(ask(w).values_list("code", "n"), wanted)


@probe(portable=True)
def values_over_a_relation(w: Any) -> None:
    """Columns of rows of tenants that are fetched from rows of nobody's are own rows'."""
    with w.enter(w.A):
        found = w.Country.objects.order_by("code").values_list("code", "projects__name")
        only(found, [("de", "alpha"), ("de", "harmless project"), ("fr", None)])


@probe(portable=True)
def aggregate_over_a_relation(w: Any) -> None:
    """A total over a relation to rows of tenants adds own rows."""
    with w.enter(w.A):
        only([w.Country.objects.aggregate(n=Sum("projects__budget"))["n"]], [2005])


@probe(portable=True)
def alias_over_a_relation(w: Any) -> None:
    """An alias over a relation is an own row's value."""
    with w.enter(w.A):
        assert not w.Country.objects.alias(n=F("projects__budget")).filter(n__gt=2000).exists()


@probe(portable=True)
def filtered_relation(w: Any) -> None:
    """A filtered relation to rows of tenants leads to own rows."""
    with w.enter(w.A):
        rows = w.Country.objects.annotate(rich=FilteredRelation("projects", condition=Q(projects__budget__gt=0)))
        only(rows.values_list("code", "rich__budget"), [("de", 1000), ("de", 1005), ("fr", None)])


@probe(portable=True)
def update_over_a_relation(w: Any) -> None:
    """Rows of nobody's are changed where own rows say so."""
    with w.enter(w.A):
        assert w.Country.objects.filter(projects__budget__gt=2000).update(rating=1) == 0
        assert w.Country.objects.filter(projects__isnull=False).update(rating=1) == 1


@probe(portable=True)
def delete_over_a_relation(w: Any) -> None:
    """Rows of nobody's are deleted where own rows say so."""
    with w.enter(w.A):
        w.Country.objects.filter(projects__budget__gt=2000).delete()
        assert w.Country.objects.count() == 2


@probe(portable=True)
def from_the_tenant_table(w: Any) -> None:
    """The table of tenants is counted over own rows only."""
    with w.enter(w.A), w.refused():
        found = w.Tenant.objects.annotate(n=Count("project")).filter(n__gt=0)
        only(found.values_list("pk", "n"), [(w.A.tenant.pk, 2)])
        w.held()


@probe(portable=True)
def from_the_tenant_table_by_value(w: Any) -> None:
    """The table of tenants does not tell who has a secret."""
    with w.enter(w.A), w.refused():
        assert not w.Tenant.objects.filter(project__settings__key=w.secret).exists()
        w.held()


@probe(portable=True, needs="shared")
def from_a_global_row_that_refers(w: Any) -> None:
    """A row of nobody's that refers to another tenant's row shows nothing of it."""
    with w.unscoped():
        w.Showcase.objects.create(title="x", project=w.B.project)
    with w.enter(w.A), w.missing():
        row = w.Showcase.objects.select_related("project").get(title="x")
        no_secret(w, row.project.settings if row.project else "")
        w.held()


@probe(portable=True, needs="shared")
def values_of_a_global_row_that_refers(w: Any) -> None:
    """Columns over a reference from a row of nobody's to another tenant's row are empty."""
    with w.unscoped():
        w.Showcase.objects.create(title="x", project=w.B.project)
    with w.enter(w.A):
        no_secret(w, list(w.Showcase.objects.values_list("project__settings", "project__name")))
        assert not w.Showcase.objects.filter(project__budget__gt=1999).exists()
        assert not w.Showcase.objects.filter(project__tasks__hours__gt=0).exists()


@probe(portable=True, needs="shared")
def forward_from_a_global_row(w: Any) -> None:
    """A reference from a row of nobody's to another tenant's row leads nowhere."""
    with w.unscoped():
        w.Showcase.objects.create(title="x", project=w.B.project)
    with w.enter(w.A), w.missing():
        no_secret(w, w.Showcase.objects.get(title="x").project.settings)


@probe(needs="shared")
def reference_that_crosses_already(w: Any) -> None:
    """Where a reference crosses by mistake, a join shows nothing of the other tenant's row."""
    with w.unscoped():
        w.Task.objects.filter(pk=w.A.task_pk).update(project=w.B.project_pk)
    with w.enter(w.A):
        found = w.Task.objects.filter(pk=w.A.task_pk)
        no_secret(w, list(found.values_list("project__settings")))
        assert not found.filter(project__budget__gt=1999).exists()
        found.delete()


@probe(needs="shared")
def select_related_that_crosses_already(w: Any) -> None:
    """Where a reference crosses by mistake, what is fetched with it shows nothing of the other tenant's row."""
    with w.unscoped():
        w.Task.objects.filter(pk=w.A.task_pk).update(project=w.B.project_pk)
    with w.enter(w.A):
        for task in w.Task.objects.select_related("project").filter(pk=w.A.task_pk):
            no_secret(w, task.project.settings if task.project else "")
        w.Task.objects.filter(pk=w.A.task_pk).delete()


@probe(essential=True)
def to_children_in_tables_of_their_own(w: Any) -> None:
    """Rows of nobody's count own rows that stand in several tables."""
    with w.enter(w.A):
        only(w.Shelf.objects.annotate(n=Count("reports")).values_list("n", flat=True), [2])
        only(w.Shelf.objects.annotate(n=Max("reports__pages")).values_list("n", flat=True), [1000])
        assert not w.Shelf.objects.filter(reports__name__contains=w.secret).exists()
        assert not w.Shelf.objects.filter(reports__appendix__letter="b").exists()


@probe(essential=True)
def over_an_office(w: Any) -> None:
    """Rows of nobody's lead over own rows to own rows."""
    with w.enter(w.A):
        rows = w.Country.objects.annotate(n=Count("offices__projects"))
        only(rows.values_list("code", "n"), [("de", 1), ("fr", 0)])


@probe(essential=True)
def over_a_table_without_a_key(w: Any) -> None:
    """Rows of nobody's count what leads to own rows, by a table without a key of its own, too."""
    with w.enter(w.A):
        rows = w.Country.objects.annotate(n=Count("partnership"))
        only(rows.values_list("code", "n"), [("de", 0), ("fr", 1)])
        assert not w.Country.objects.filter(partnership__office__pk__gte=2000).exists()


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """A join to rows of tenants is refused to nobody, even from rows of nobody's."""
    with w.nobody():
        w.nothing_seen(lambda: list(w.Country.objects.filter(projects__budget__gt=0)))


@probe(portable=True)
def annotation_as_nobody(w: Any) -> None:
    """A count of rows of tenants is refused to nobody, even from rows of nobody's."""
    with w.nobody():
        w.nothing_seen(
            lambda: [n for n in w.Country.objects.annotate(n=Count("projects")).values_list("n", flat=True) if n]
        )


@probe(essential=True)
def rows_of_nobody_as_nobody(w: Any) -> None:
    """Rows of nobody's are seen by nobody, as long as no row of a tenant is asked for."""
    with w.nobody():
        assert w.Country.objects.count() == 2


@probe(essential=True)
def unscoped(w: Any) -> None:
    """Unscoped code joins to rows of all tenants of the master's place."""
    with w.unscoped():
        found = dict(w.Country.objects.annotate(n=Count("projects")).values_list("code", "n"))
        assert found == ({"de": 4, "fr": 1} if "shared" in w.features else {"de": 0, "fr": 0}), found


@probe(portable=True)
def own_join_keeps_rows(w: Any) -> None:
    """An outer join keeps rows that have nothing on the other side."""
    with w.enter(w.A):
        rows = w.Task.objects.select_related("backup", "parent").order_by("pk")
        only(
            [(row.pk, row.backup_id, row.parent_id) for row in rows],
            [(w.A.task_pk, w.A.project2_pk, None), (w.A.task2_pk, None, w.A.task_pk)],
        )
        only(pks(w.Task.objects.filter(backup__isnull=True)), {w.A.task2_pk})
        only(pks(w.Task.objects.exclude(backup__name="none")), w.A.all("Task"))
