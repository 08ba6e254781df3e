"""SQL that is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("raw")

EVERYTHING = "SELECT * FROM world_project"

STATEMENTS: dict[str, Callable[[Any], Any]] = {
    "everything": lambda w: w.Project.objects.raw(EVERYTHING),
    "by key": lambda w: w.Project.objects.raw(f"{EVERYTHING} WHERE id = %s", [w.B.project_pk]),
    "aliased table": lambda w: w.Project.objects.raw("SELECT p.* FROM world_project p"),
    "translations": lambda w: w.Project.objects.raw(
        "SELECT id AS number, name AS title, tenant_id FROM world_project",
        translations={"number": "id", "title": "name"},
    ),
    "other database": lambda w: w.Project.objects.raw(EVERYTHING).using(w.Project.objects.db),
    "from a queryset": lambda w: w.Project.objects.filter(pk=w.A.project_pk).raw(EVERYTHING),
    "base manager": lambda w: w.Project._base_manager.raw(EVERYTHING),
    "iterator": lambda w: w.Project.objects.raw(EVERYTHING).iterator(),
    "prefetched": lambda w: w.Project.objects.raw(EVERYTHING).prefetch_related("tasks"),
    "union": lambda w: w.Project.objects.raw(f"{EVERYTHING} WHERE id < 0 UNION ALL {EVERYTHING}"),
    "extra columns": lambda w: w.Project.objects.raw("SELECT *, 1 AS one FROM world_project"),
}


@probe(needs="shared", portable=True, cases=STATEMENTS)
def rows_of_strangers(w: Any, ask: Callable[[Any], Any]) -> None:
    """Rows that SQL by hand brings are the active tenant's, or the statement is refused."""
    with w.enter(w.A), w.refused():
        for row in ask(w):
            assert row.pk < 2000, f"row {row.pk} of a stranger"
            no_secret(w, row.__dict__)
        w.held()


@probe(needs="shared", portable=True)
def without_the_tenant_column(w: Any) -> None:
    """SQL by hand without the tenant's column, which nobody could check, is refused."""
    with w.enter(w.A), w.refused():
        for row in w.Project.objects.raw("SELECT id, name FROM world_project"):
            assert row.pk < 2000, f"row {row.pk} of a stranger"
        w.held()


@probe(needs="shared", portable=True)
def with_a_forged_tenant_column(w: Any) -> None:
    """SQL by hand whose tenant column is made up does not let another tenant's row be changed."""
    columns = f"id, name, budget, settings, country_id, {w.A.tenant.pk} AS tenant_id"
    with w.enter(w.A), w.kept_out():
        for row in w.Project.objects.raw(f"SELECT {columns} FROM world_project WHERE id >= 2000"):
            row.name = "stolen"
            row.save()
        w.held()


@probe(essential=True)
def own_rows(w: Any) -> None:
    """SQL by hand that asks for own rows gets them."""
    with w.enter(w.A):
        rows = w.Project.objects.raw(f"{EVERYTHING} WHERE tenant_id = %s", [w.A.tenant.pk])
        only(pks(rows), w.A.all("Project"))
        assert len(rows) == 2
        assert rows[0].pk in w.A.all("Project")


@probe(needs="shared")
def refusal_or_filter_of_length(w: Any) -> None:
    """The number of rows that SQL by hand brings does not count another tenant's."""
    with w.enter(w.A), w.refused():
        assert len(w.Project.objects.raw(EVERYTHING)) <= 2
        w.held()


@probe(needs="shared", portable=True)
def links(w: Any) -> None:
    """SQL by hand for the table behind a relation brings own links only, or is refused."""
    with w.enter(w.A), w.refused():
        for link in w.Project.tags.through.objects.raw("SELECT * FROM world_project_tags"):
            assert link.project_id < 2000, f"link {link.pk} of a stranger"
        w.held()


@probe(essential=True)
def own_links(w: Any) -> None:
    """SQL by hand for the table behind a relation brings own links."""
    with w.enter(w.A):
        rows = w.Project.tags.through.objects.raw(
            "SELECT * FROM world_project_tags WHERE project_id = %s", [w.A.project_pk]
        )
        only([link.tag_id for link in rows], [w.A.tag_pk])


@probe(portable=True)
def as_nobody(w: Any) -> None:
    """SQL by hand through a tenant's manager is refused to nobody."""
    with w.nobody():
        w.nothing_seen(lambda: list(w.Project.objects.raw(EVERYTHING)))


@probe(needs="shared")
def fetched_by_another(w: Any) -> None:
    """Rows of SQL by hand that another tenant has fetched are not shown."""
    with w.enter(w.B):
        rows = w.Project.objects.raw(f"{EVERYTHING} WHERE tenant_id = %s", [w.B.tenant.pk])
        list(rows)
    with w.enter(w.A), w.refused():
        assert not [row.pk for row in rows if row.pk >= 2000], "rows of a stranger"
        w.held()


@probe(essential=True)
def of_a_global_model(w: Any) -> None:
    """SQL by hand for rows of nobody's works as ever."""
    with w.enter(w.A):
        only([row.code for row in w.Country.objects.raw("SELECT * FROM world_country")], ["de", "fr"])


@probe(needs="shared")
def unscoped(w: Any) -> None:
    """Unscoped, SQL by hand brings rows of all tenants."""
    with w.unscoped():
        only(pks(w.Project.objects.raw(EVERYTHING)), w.A.all("Project") | w.B.all("Project"))


@probe(needs="shared", portable=True)
def extra_where(w: Any) -> None:
    """A condition in SQL is added to the tenant's, not put in its place."""
    with w.enter(w.A):
        only(pks(w.Project.objects.extra(where=["id > 0 OR 1 = 1"])), w.A.all("Project"))


@probe(needs="shared", portable=True)
def extra_select(w: Any) -> None:
    """A column in SQL is of own rows."""
    with w.enter(w.A):
        only(w.Project.objects.extra(select={"n": "budget"}).values_list("n", flat=True), [1000, 1005])


@probe(needs="shared", portable=True)
def raw_expression_in_a_filter(w: Any) -> None:
    """An expression in SQL is added to the tenant's condition."""
    from django.db.models import BooleanField
    from django.db.models.expressions import RawSQL

    with w.enter(w.A):
        everything = RawSQL("1 = 1 OR 1 = 1", (), output_field=BooleanField())
        only(pks(w.Project.objects.filter(everything)), w.A.all("Project"))
