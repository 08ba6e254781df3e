"""Reading rows of one model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("read")


@probe(portable=True)
def list_of_all_rows(w: Any) -> None:
    """The list of a model holds the active tenant's rows and nobody else's."""
    with w.enter(w.A):
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@probe(portable=True)
def both_tenants_see_their_own(w: Any) -> None:
    """What one tenant sees does not stay for the next."""
    for side in (w.A, w.B, w.A):
        with w.enter(side):
            only(pks(w.Project.objects.all()), side.all("Project"))


@probe(portable=True)
def own_row_by_primary_key(w: Any) -> None:
    """A tenant finds its own row by its primary key."""
    with w.enter(w.A):
        assert w.Project.objects.get(pk=w.A.project_pk).name == "alpha"


@probe(portable=True)
def row_of_a_stranger_by_primary_key(w: Any) -> None:
    """Another tenant's primary key leads to nothing."""
    with w.enter(w.A), w.missing():
        w.Project.objects.get(pk=w.B.project_pk)


@probe(portable=True)
def row_of_a_stranger_by_value(w: Any) -> None:
    """A value that another tenant alone has finds nothing."""
    with w.enter(w.A):
        assert not w.Project.objects.filter(name__contains=w.secret).exists()


@probe(portable=True)
def the_same_name_at_both(w: Any) -> None:
    """A name that both tenants use finds one row."""
    with w.enter(w.A):
        only(pks(w.Project.objects.filter(name="alpha")), {w.A.project_pk})


FILTERS: dict[str, Callable[[Any], Any]] = {
    "exclude": lambda w: w.Project.objects.exclude(pk=w.A.project_pk).exclude(pk=w.A.project2_pk),
    "negation": lambda w: w.Project.objects.filter(~Q(name="nothing"), pk__gte=2000),
    "or": lambda w: w.Project.objects.filter(Q(pk=w.B.project_pk) | Q(name__contains=w.secret)),
    "or with everything": lambda w: w.Project.objects.filter(Q(pk__gt=0) | Q(pk__lte=0), budget__gte=2000),
    "xor": lambda w: w.Project.objects.filter(Q(pk=w.B.project_pk) ^ Q(name="nothing")),
    "double negation": lambda w: w.Project.objects.exclude(~Q(pk=w.B.project_pk)),
    "list of keys": lambda w: w.Project.objects.filter(pk__in=[w.B.project_pk, w.B.project2_pk]),
    "range of keys": lambda w: w.Project.objects.filter(pk__range=(2000, 2999)),
    "key of the tenant": lambda w: w.Project.objects.filter(tenant=w.B.tenant.pk),
    "name of the tenant": lambda w: w.Project.objects.filter(tenant__name=w.B.tenant.name),
    "not the own tenant": lambda w: w.Project.objects.exclude(tenant=w.A.tenant.pk),
    "key in JSON": lambda w: w.Project.objects.filter(settings__key=w.secret),
    "expression": lambda w: w.Project.objects.filter(budget__gt=F("pk") - 5000, pk__gt=1999),
    "alias": lambda w: w.Project.objects.alias(n=Concat(F("name"), Value("!"))).filter(n__contains=w.secret),
    "annotation": lambda w: w.Project.objects.annotate(n=F("budget") + 1).filter(n__gte=2000),
    "complex filter": lambda w: w.Project.objects.complex_filter({"pk": w.B.project_pk}),
    "regular expression": lambda w: w.Project.objects.filter(name__regex="known to"),
    "distinct": lambda w: w.Project.objects.filter(pk__gte=2000).distinct(),
    "reverse order": lambda w: w.Project.objects.order_by("-budget").reverse().filter(pk__gte=2000),
    "only one column": lambda w: w.Project.objects.only("name").filter(pk__gte=2000),
    "deferred column": lambda w: w.Project.objects.defer("name").filter(pk__gte=2000),
    "explicit database": lambda w: w.Project.objects.using(w.Project.objects.db).filter(pk__gte=2000),
}


@probe(portable=True, cases=FILTERS)
def filter_that_would_match_strangers(w: Any, ask: Callable[[Any], Any]) -> None:
    """No filter brings another tenant's rows in."""
    with w.enter(w.A):
        only(pks(ask(w)), [])


METHODS: dict[str, Callable[[Any], Any]] = {
    "first": lambda w: w.Project.objects.order_by("-budget").first().pk,
    "last": lambda w: w.Project.objects.order_by("budget").last().pk,
    "latest": lambda w: w.Project.objects.latest("budget").pk,
    "slice": lambda w: next(row.pk for row in w.Project.objects.order_by("-budget")[:1]),
    "index": lambda w: w.Project.objects.order_by("-budget")[0].pk,
    "values": lambda w: w.Project.objects.order_by("-budget").values("pk").first()["pk"],
    "values_list": lambda w: w.Project.objects.order_by("-budget").values_list("pk", flat=True)[0],
    "named tuples": lambda w: w.Project.objects.order_by("-budget").values_list("pk", named=True)[0].pk,
    "iterator": lambda w: next(iter(w.Project.objects.order_by("-budget").iterator(chunk_size=1))).pk,
    "random order": lambda w: max(w.Project.objects.order_by("?").values_list("pk", flat=True)),
}


@probe(portable=True, cases=METHODS)
def greatest_row(w: Any, ask: Callable[[Any], Any]) -> None:
    """The greatest row is the greatest of the active tenant's."""
    with w.enter(w.A):
        only([ask(w)], [w.A.project2_pk])


@probe(portable=True)
def existence(w: Any) -> None:
    """Whether a row exists is asked among own rows."""
    with w.enter(w.A):
        assert not w.Project.objects.filter(pk=w.B.project_pk).exists()
        assert w.Project.objects.filter(pk=w.A.project_pk).exists()


@probe(portable=True)
def in_bulk(w: Any) -> None:
    """Rows that are fetched by a list of keys are own rows."""
    with w.enter(w.A):
        only(w.Project.objects.in_bulk([w.A.project_pk, w.B.project_pk]), [w.A.project_pk])


@probe(portable=True)
def contains_a_row_of_a_stranger(w: Any) -> None:
    """A queryset does not contain another tenant's object."""
    theirs = w.B.project
    with w.enter(w.A), w.refused():
        assert not w.Project.objects.contains(theirs), "it contains a stranger's row"
        w.held()


@probe(portable=True)
def queryset_made_with_nobody_active(w: Any) -> None:
    """A queryset that was made before any tenant was active follows whoever runs it."""
    with w.refused():
        rows = w.Project.objects.filter(pk__gt=0)
        for side in (w.A, w.B):
            with w.enter(side):
                only(pks(rows.all()), side.all("Project"))
        w.held()


@probe(portable=True)
def queryset_made_by_another_tenant(w: Any) -> None:
    """A queryset that was made as one tenant and is run as another does not show the first one's rows."""
    with w.enter(w.B):
        rows = w.Project.objects.order_by("pk")
    with w.enter(w.A), w.refused():
        w.own_or_fewer(pks(rows), w.A.all("Project"))
        w.held()


@probe(portable=True)
def reverse_relation_of_another_tenant(w: Any) -> None:
    """Another tenant's own object does not open its rows."""
    with w.enter(w.A), w.refused():
        assert not list(w.B.tenant.project_set.all()), "rows of a stranger"
        w.held()


@probe(essential=True)
def reverse_relation_of_the_own_tenant(w: Any) -> None:
    """The tenant's own object leads to its rows."""
    with w.enter(w.A):
        only(pks(w.A.tenant.project_set.all()), w.A.all("Project"))


@probe(essential=True)
def locked_rows(w: Any) -> None:
    """Rows are locked among own rows."""
    with w.enter(w.A):
        only(pks(w.Project.objects.select_for_update()), w.A.all("Project"))


@probe
def empty_queryset_needs_no_tenant(w: Any) -> None:
    """A queryset that is empty anyway may be run by nobody."""
    with w.nobody():
        assert list(w.Project.objects.none()) == []
        assert w.Project.objects.none().count() == 0


@probe(portable=True)
def nothing_of_the_text_of_a_stranger(w: Any) -> None:
    """Nothing of another tenant's texts stands in any column of any row that is seen."""
    with w.enter(w.A):
        for model in ("Tag", "Person", "Project", "Task", "Contract"):
            no_secret(w, list(getattr(w, model).objects.values()))


@probe(essential=True)
def the_sql_names_the_tenant(w: Any) -> None:
    """The SQL that a queryset shows has the condition, and as nobody there is none to show."""
    rows = w.Project.objects.filter(budget=1)
    with w.enter(w.A):
        assert "tenant_id" in str(rows.query).partition("WHERE")[2]
    with w.refused():
        str(rows.query)


@probe(essential=True)
def default_manager_and_base_manager(w: Any) -> None:
    """Both managers that Django itself uses show own rows only."""
    with w.enter(w.A):
        only(pks(w.Project._default_manager.all()), w.A.all("Project"))
        only(pks(w.Project._base_manager.all()), w.A.all("Project"))


@probe(portable=True)
def get_queryset_twice(w: Any) -> None:
    """Filtering twice changes nothing."""
    with w.enter(w.A):
        rows = w.Project.objects.all().all().filter().filter(pk__gt=0).order_by("pk").all()
        only(pks(rows), w.A.all("Project"))
