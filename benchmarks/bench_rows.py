"""The rows of one tenant in shared tables, to hand-written ``filter(tenant=tenant)``, on SQLite in memory.

The tenant was entered before: a request enters it once and asks many questions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

from harness import Case
from sites import rolled_back, start_ours, start_plain

ROWS = 20
MANY = 1000


def plain() -> list[Case]:
    """Say in every query whose rows it wants."""
    start_plain()
    from plainshop.models import Project, Task, Tenant

    tenant, other = (Tenant.objects.create(tenant_id=name, name=name) for name in ("acme", "globex"))
    for each in (tenant, other):
        for number in range(ROWS):
            project = Project.objects.create(tenant=each, name=f"project {number}")
            Task.objects.create(tenant=each, project=project, title=f"task {number}")
    mine = Project.objects.filter(tenant=tenant).order_by("pk")[0]
    task = Task.objects.filter(tenant=tenant).order_by("pk")[0]
    names = map(str, count())

    def save() -> None:
        mine.name = next(names)
        mine.save()

    def follow() -> None:
        task._state.fields_cache.clear()
        _ = task.project

    return cases(
        get=lambda: Project.objects.filter(tenant=tenant).get(pk=mine.pk),
        fetch=lambda: list(Project.objects.filter(tenant=tenant)),
        tally=lambda: Project.objects.filter(tenant=tenant).count(),
        join=lambda: list(Task.objects.filter(tenant=tenant, project__name="project 1")),
        select_related=lambda: list(Task.objects.filter(tenant=tenant).select_related("project")),
        follow=follow,
        update=lambda: Project.objects.filter(tenant=tenant, pk=mine.pk).update(name=next(names)),
        create=lambda: Project.objects.create(tenant=tenant, name="new"),
        create_referring=lambda: Task.objects.create(tenant=tenant, project=mine, title="new"),
        save=save,
        bulk_create=lambda: Project.objects.bulk_create([Project(tenant=tenant, name="new") for _ in range(MANY)]),
        delete=lambda: Project.objects.create(tenant=tenant, name="new").delete(),
    )


def ours() -> list[Case]:
    """Say nothing."""
    start_ours()
    from django_omnitenant.tenant_context import TenantContext
    from shop.models import Project, Task, Tenant

    tenant, other = (Tenant.objects.create(tenant_id=name, name=name) for name in ("acme", "globex"))
    for each in (tenant, other):
        with TenantContext.use_tenant(each):
            for number in range(ROWS):
                project = Project.objects.create(name=f"project {number}")
                Task.objects.create(project=project, title=f"task {number}")
    TenantContext.use_tenant(tenant).__enter__()
    mine = Project.objects.order_by("pk")[0]
    task = Task.objects.order_by("pk")[0]
    names = map(str, count())

    def save() -> None:
        mine.name = next(names)
        mine.save()

    def follow() -> None:
        task._state.fields_cache.clear()
        _ = task.project

    return cases(
        get=lambda: Project.objects.get(pk=mine.pk),
        fetch=lambda: list(Project.objects.all()),
        tally=Project.objects.count,
        join=lambda: list(Task.objects.filter(project__name="project 1")),
        select_related=lambda: list(Task.objects.select_related("project")),
        follow=follow,
        update=lambda: Project.objects.filter(pk=mine.pk).update(name=next(names)),
        create=lambda: Project.objects.create(name="new"),
        create_referring=lambda: Task.objects.create(project=mine, title="new"),
        save=save,
        bulk_create=lambda: Project.objects.bulk_create([Project(name="new") for _ in range(MANY)]),
        delete=lambda: Project.objects.create(name="new").delete(),
    )


def cases(
    *,
    get: Callable[[], object],
    fetch: Callable[[], object],
    tally: Callable[[], object],
    join: Callable[[], object],
    select_related: Callable[[], object],
    follow: Callable[[], object],
    update: Callable[[], object],
    create: Callable[[], object],
    create_referring: Callable[[], object],
    save: Callable[[], object],
    bulk_create: Callable[[], object],
    delete: Callable[[], object],
) -> list[Case]:
    """Name what both sides time; all of it runs in a transaction that is rolled back."""
    case = partial(Case, around=rolled_back, counted=True)
    return [
        case("get()", get),
        case(f"list of {ROWS}", fetch),
        case("count()", tally),
        case(f"filter() over a join, 1 of {ROWS}", join),
        case(f"select_related() of {ROWS}", select_related),
        case("task.project", follow),
        case("update()", update),
        case("create()", create),
        case("create(project=...)", create_referring),
        case("save()", save),
        case(f"bulk_create() of {MANY}", bulk_create),
        case("create() and delete()", delete),
    ]
