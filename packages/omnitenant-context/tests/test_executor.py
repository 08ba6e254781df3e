"""The thread pool that carries the scope."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from omnitenant_context.context import TenantContext, enter, get_scope
from omnitenant_context.propagation import ContextExecutor
from omnitenant_context.scope import MASTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnitenant_context.scope import Tenant


def active(*_: object) -> str:
    """Give the label of what is active."""
    return get_scope().label


@pytest.fixture(name="pool")
def _pool() -> Iterator[ContextExecutor]:
    """Give a pool with a single thread, which all items share."""
    with ContextExecutor(max_workers=1) as pool:
        yield pool


def test_each_item_has_the_scope_of_its_submitter(pool: ContextExecutor, acme: Tenant, bolt: Tenant) -> None:
    """One thread serves all, and none of them sees what the item before it had."""
    futures = []
    for guard in (
        TenantContext.use_tenant(acme),
        TenantContext.use_tenant(bolt),
        TenantContext.use_master_db(),
    ):
        with guard:
            futures.append(pool.submit(active))
        futures.append(pool.submit(active))
    assert [future.result() for future in futures] == [
        "acme",
        "nobody",
        "bolt",
        "nobody",
        "master",
        "nobody",
    ]


def test_arguments_and_errors_pass(pool: ContextExecutor, acme: Tenant) -> None:
    """An item that fails leaves its scope, and its error is in its future."""
    with TenantContext.use_tenant(acme):
        failing = pool.submit(int, "x", base=16)
        working = pool.submit(int, "ff", base=16)
    with pytest.raises(ValueError, match="invalid literal"):
        failing.result()
    assert working.result() == 255
    assert pool.submit(active).result() == "nobody"


def test_map_carries_the_scope(pool: ContextExecutor, acme: Tenant) -> None:
    """Items of a map run in the scope in which map was called, wherever the results are read."""
    with TenantContext.use_tenant(acme):
        results = pool.map(active, range(3), timeout=10, chunksize=1)
    with TenantContext.use_master_db():
        assert list(results) == ["acme"] * 3


def test_map_binds_its_function_itself(acme: Tenant) -> None:
    """A map that submits while its results are read still has the scope of its call."""

    class Late(ThreadPoolExecutor):
        def map(self, fn, *iterables, **_):  # type: ignore[no-untyped-def]
            return (self.submit(fn, *items).result() for items in zip(*iterables, strict=True))

    class LateContextExecutor(ContextExecutor, Late):
        pass

    with LateContextExecutor(max_workers=1) as pool:
        with TenantContext.use_tenant(acme):
            results = pool.map(active, range(2))
        with TenantContext.use_master_db():
            assert list(results) == ["acme"] * 2


def test_nobody_is_carried_too(acme: Tenant) -> None:
    """A pool whose threads were put in a scope does not lend it to work of nobody."""
    with ContextExecutor(max_workers=1, initializer=enter, initargs=(MASTER,)) as pool:
        assert pool.submit(active).result() == "nobody"
        with TenantContext.use_tenant(acme):
            assert pool.submit(active).result() == "acme"


def test_event_loops_can_use_it(pool: ContextExecutor, acme: Tenant) -> None:
    """run_in_executor, which carries nothing by itself, then carries the scope."""

    async def main() -> tuple[str, str]:
        loop = asyncio.get_running_loop()
        with TenantContext.use_tenant(acme):
            inside = loop.run_in_executor(pool, active)
        return await inside, await loop.run_in_executor(pool, active)

    assert asyncio.run(main()) == ("acme", "nobody")


def test_it_runs_in_its_own_threads(pool: ContextExecutor) -> None:
    """It is a thread pool like any other."""
    assert isinstance(pool, ThreadPoolExecutor)
    assert pool.submit(threading.current_thread).result() is not threading.current_thread()
    assert ContextExecutor.__module__ == "omnitenant_context.propagation"
