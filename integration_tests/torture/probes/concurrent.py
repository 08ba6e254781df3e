"""Threads and coroutines: code that runs elsewhere."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async

from harness.register import topic
from harness.tools import only, pks

threads = topic("threads")
coroutines = topic("async")


def _closing(ask: Any) -> Any:
    """Return a function for a thread of its own, which closes the connections that it opens."""

    def run(*values: Any) -> Any:
        from django.db import connections

        try:
            return ask(*values)
        finally:
            connections.close_all()

    return run


@threads(portable=True, essential=True, commits=True)
def thread_starts_as_nobody(w: Any) -> None:
    """A thread that is started inside a tenant does not read more than that tenant's rows."""

    def ask() -> Any:
        return pks(w.Project.objects.all())

    with w.enter(w.A), ThreadPoolExecutor(1) as pool:
        answer: Any = set()
        with w.refused():
            answer = pool.submit(_closing(ask)).result()
            assert answer <= w.A.all("Project"), answer
            w.held()


@threads(portable=True, essential=True, commits=True)
def two_threads_of_two_tenants(w: Any) -> None:
    """Two threads, each inside another tenant at the same time, see each their own rows."""
    from threading import Barrier

    barrier = Barrier(2, timeout=20)

    def ask(side: Any) -> bool:
        for _ in range(5):
            with w.enter(side):
                barrier.wait()
                rows = pks(w.Project.objects.all())
                barrier.wait()
            if rows != side.all("Project"):
                return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(_closing(ask), (w.A, w.B))) == [True, True]


@threads(essential=True, commits=True)
def bound_function(w: Any) -> None:
    """A function that was bound inside a tenant runs as that tenant in a thread."""
    from omnitenant_context.propagation import bind

    with w.enter(w.A):
        ask = bind(lambda: pks(w.Project.objects.all()))
    with ThreadPoolExecutor(1) as pool:
        only(pool.submit(_closing(ask)).result(), w.A.all("Project"))


@threads(essential=True, commits=True)
def executor_that_carries(w: Any) -> None:
    """The executor that carries the tenant runs each call as whoever submitted it."""
    from omnitenant_context.propagation import ContextExecutor

    with ContextExecutor(2) as pool:
        futures = []
        for side in (w.A, w.B, w.A, w.B):
            with w.enter(side):
                futures.append((side, pool.submit(_closing(lambda: pks(w.Project.objects.all())))))
        for side, future in futures:
            only(future.result(), side.all("Project"))


@threads(essential=True, commits=True)
def reused_thread(w: Any) -> None:
    """A thread of a pool keeps no tenant from the call before."""

    def enter_and_read() -> Any:
        with w.enter(w.B):
            return len(w.Project.objects.all())

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_closing(enter_and_read)).result() == 3
        with w.refused():
            pool.submit(_closing(lambda: list(w.Project.objects.all()))).result()


@threads(essential=True, commits=True)
def shared_queryset(w: Any) -> None:
    """One queryset that threads of two tenants run at the same time shows each their own rows."""
    rows = w.Project.objects.order_by("pk")

    def ask(side: Any) -> Any:
        with w.enter(side):
            return [pks(rows.all()) == side.all("Project") for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        assert all(all(each) for each in pool.map(_closing(ask), (w.A, w.B, w.A, w.B)))


def _sync_connection_closed(work: Any) -> Any:
    """Run a coroutine function to its end; what it opened in this thread stays this thread's."""
    return async_to_sync(work)()


@coroutines(essential=True)
def queries_of_all_kinds(w: Any) -> None:
    """Coroutines read own rows by every asynchronous method."""

    async def work() -> None:
        async with w.enter(w.A):
            only([row.pk async for row in w.Project.objects.all()], w.A.all("Project"))
            assert await w.Project.objects.acount() == 2
            assert not await w.Project.objects.filter(pk=w.B.project_pk).aexists()
            assert (await w.Project.objects.order_by("-budget").afirst()).pk == w.A.project2_pk
            only(await w.Project.objects.ain_bulk([w.A.project_pk, w.B.project_pk]), [w.A.project_pk])
            assert (await w.Project.objects.aget(pk=w.A.project_pk)).name == "alpha"
            only([row async for row in w.Project.objects.values_list("pk", flat=True)], w.A.all("Project"))

    _sync_connection_closed(work)


ASYNC_ATTACKS = {
    "acreate": lambda w, theirs: w.Tag.objects.acreate(name="x", tenant=w.B.tenant),
    "asave": lambda w, theirs: theirs.asave(),
    "adelete": lambda w, theirs: theirs.adelete(),
    "aupdate": lambda w, theirs: w.Tag.objects.aupdate(tenant=w.B.tenant),
    "abulk_create": lambda w, theirs: w.Tag.objects.abulk_create([w.Tag(name="x", tenant=w.B.tenant)]),
    "aget_or_create": lambda w, theirs: w.Tag.objects.aget_or_create(name="x", tenant=w.B.tenant),
    "aadd": lambda w, theirs: w.Project(pk=w.A.project_pk).tags.aadd(w.B.tag_pk),
    "reference": lambda w, theirs: w.Task.objects.acreate(title="x", project_id=w.B.project_pk),
}


@coroutines(essential=True, cases=ASYNC_ATTACKS)
def attack(w: Any, attack: Any) -> None:
    """What is refused is refused to coroutines as well."""
    theirs = w.B.tag
    theirs.name = "stolen"

    async def work() -> None:
        async with w.enter(w.A):
            with w.refused():
                await attack(w, theirs)

    _sync_connection_closed(work)


@coroutines(essential=True)
def missing_row(w: Any) -> None:
    """Another tenant's row is not found by a coroutine, and not read anew."""
    theirs = w.B.project

    async def work() -> None:
        async with w.enter(w.A):
            with w.missing():
                await w.Project.objects.aget(pk=w.B.project_pk)
            with w.missing():
                await theirs.arefresh_from_db()

    _sync_connection_closed(work)


@coroutines(essential=True)
def tasks_of_two_tenants(w: Any) -> None:
    """Tasks that take turns, each inside another tenant, see each their own rows."""

    async def ask(side: Any) -> bool:
        right = True
        for _ in range(3):
            async with w.enter(side):
                await asyncio.sleep(0)
                right &= {row.pk async for row in w.Project.objects.all()} == side.all("Project")
                await asyncio.sleep(0)
        return right

    async def work() -> None:
        assert all(await asyncio.gather(*(ask(side) for side in (w.A, w.B) * 3)))

    _sync_connection_closed(work)


@coroutines(essential=True)
def task_keeps_the_tenant_it_was_made_in(w: Any) -> None:
    """A task that is made inside a tenant stays there when its maker has left."""

    async def ask() -> Any:
        await asyncio.sleep(0)
        return {row.pk async for row in w.Project.objects.all()}

    async def work() -> None:
        async with w.enter(w.A):
            task = asyncio.create_task(ask())
        async with w.enter(w.B):
            only(await task, w.A.all("Project"))

    _sync_connection_closed(work)


@coroutines(essential=True)
def synchronous_code_in_a_coroutine(w: Any) -> None:
    """Synchronous code that a coroutine calls is inside the coroutine's tenant."""

    async def work() -> None:
        async with w.enter(w.A):
            only(await sync_to_async(lambda: pks(w.Project.objects.all()))(), w.A.all("Project"))

    _sync_connection_closed(work)


@coroutines(essential=True)
def nobody_in_a_coroutine(w: Any) -> None:
    """A coroutine with nobody active is refused."""

    async def work() -> None:
        with w.refused():
            await w.Project.objects.acount()

    _sync_connection_closed(work)


@coroutines(essential=True)
def fetched_by_another(w: Any) -> None:
    """A queryset whose rows another tenant's coroutine has fetched is asked anew."""

    async def work() -> None:
        async with w.enter(w.B):
            rows = w.Project.objects.all()
            [row async for row in rows]
        async with w.enter(w.A):
            only([row.pk async for row in rows], w.A.all("Project"))

    _sync_connection_closed(work)
