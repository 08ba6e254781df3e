"""Scopes for code that runs later or elsewhere."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import threading
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context import propagation
from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.propagation import bind, bind_async_iterator, bind_iterator
from omnitenant_context.scope import MASTER, NOBODY, ActiveTenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from omnitenant_context.scope import Scope, Tenant


def active() -> str:
    """Give the label of what is active."""
    return get_scope().label


def in_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a bare thread."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


class TestBind:
    """Functions that keep a scope."""

    def test_a_thread_gets_the_scope_of_now(self, acme: Tenant, bolt: Tenant) -> None:
        """What counts is what is active when the function is bound, not when it is called."""
        with TenantContext.use_tenant(acme):
            bound = bind(active)
        with TenantContext.use_tenant(bolt):
            assert bound() == "acme"
            assert active() == "bolt"
            assert in_thread(bound) == "acme"

    def test_a_given_scope_wins(self, acme: Tenant) -> None:
        """A scope can be given, also to take the tenant away."""
        with TenantContext.use_tenant(acme):
            assert bind(active, MASTER)() == "master"
            assert bind(active, NOBODY)() == "nobody"

    def test_bound_with_nobody_it_runs_with_nobody(self, acme: Tenant) -> None:
        """It does not pick up the tenant of whoever happens to call it."""
        bound = bind(active)
        with TenantContext.use_tenant(acme):
            assert bound() == "nobody"

    def test_functions_stay_what_they_are(self, acme: Tenant) -> None:
        """Name, documentation, arguments, result and errors are those of the function."""

        def divide(left: int, *, by: int) -> float:
            """Divide."""
            return left / by

        bound = bind(divide, ActiveTenant(acme))
        assert bound(6, by=3) == 2
        assert bound.__name__ == "divide"
        assert bound.__doc__ == "Divide."
        with pytest.raises(ZeroDivisionError):
            bound(1, by=0)
        assert active() == "nobody"

    def test_methods_partials_builtins_and_classes(self, acme: Tenant) -> None:
        """Anything that can be called can be bound."""

        class Job:
            def __init__(self) -> None:
                self.made_in = active()

            def run(self, name: str) -> str:
                return f"{name} in {active()}"

        scope = ActiveTenant(acme)
        assert bind(Job().run, scope)("job") == "job in acme"
        assert bind(functools.partial(Job().run, "job"), scope)() == "job in acme"
        assert bind(len, scope)([1, 2]) == 2
        assert bind(Job, scope)().made_in == "acme"

    def test_coroutine_functions(self, acme: Tenant) -> None:
        """The scope holds over awaits in the task that runs the coroutine."""

        async def work() -> list[str]:
            seen = [active()]
            await asyncio.sleep(0)
            return [*seen, active()]

        with TenantContext.use_tenant(acme):
            bound = bind(work)
            bound_lambda: Any = bind(lambda: work())  # noqa: PLW0108 - the lambda is tested

        async def main() -> list[Any]:
            with TenantContext.use_master_db():
                return [*await asyncio.gather(bound(), bound_lambda()), await bound(), active()]

        assert inspect.iscoroutinefunction(bound)
        assert asyncio.run(main()) == [["acme"] * 2] * 3 + ["master"]

    def test_generator_functions(self, acme: Tenant) -> None:
        """They are stepped in the scope."""

        def steps() -> Iterator[str]:
            yield active()

        async def asteps() -> AsyncIterator[str]:
            yield active()

        async def main() -> list[str]:
            return [f"{step} {active()}" async for step in bind(asteps, scope)()]

        scope = ActiveTenant(acme)
        assert [f"{step} {active()}" for step in bind(steps, scope)()] == ["acme nobody"]
        assert asyncio.run(main()) == ["acme nobody"]

    def test_what_was_begun_may_end(self, suspended: Any) -> None:
        """A tenant suspended after binding is entered as it was, without being asked."""
        suspended.state = "active"
        with TenantContext.use_tenant(suspended):
            bound = bind(active)
        suspended.state = "suspended"
        assert bound() == "sleepy"
        assert suspended.asked == [False]

    def test_the_very_scope_is_entered(self, acme: Tenant) -> None:
        """What was derived inside is shared with what was bound there."""
        with TenantContext.use_tenant(acme):
            kept = get_scope()
            bound = bind(get_scope)
        assert in_thread(bound) is kept

    def test_binding_twice_keeps_the_first_scope(self, acme: Tenant, bolt: Tenant) -> None:
        """A function that brings its scope along is not moved to another."""
        assert bind(bind(active, ActiveTenant(acme)), ActiveTenant(bolt))() == "acme"

    def test_a_tenant_is_no_scope(self, acme: Tenant) -> None:
        """The mistake is refused where it is made, not in the thread where it would be lost."""
        keep: Any
        for keep in (bind, bind_iterator, bind_async_iterator):
            with pytest.raises(TypeError, match="is no scope"):
                keep(active, acme)


class Body:
    """An iterable that is no generator, with the methods of a response body."""

    def __init__(self, *, iterator: bool = True) -> None:
        self.heard: list[str] = []
        self.left = 2
        self.iterator = iterator

    def __iter__(self) -> Iterator[str]:
        self.heard.append(f"iter {active()}")
        return self if self.iterator else self.steps()

    def __aiter__(self) -> AsyncIterator[str]:
        self.heard.append(f"aiter {active()}")
        return self if self.iterator else self.asteps()

    def __next__(self) -> str:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return active()

    async def __anext__(self) -> str:
        await asyncio.sleep(0)
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return active()

    def steps(self) -> Iterator[str]:
        """Step as a generator."""
        try:
            yield active()
            yield active()
        finally:
            self.heard.append(f"finally {active()}")

    async def asteps(self) -> AsyncIterator[str]:
        """Step as an async generator."""
        try:
            yield active()
            yield active()
        finally:
            self.heard.append(f"finally {active()}")

    def close(self) -> None:
        """Note where it is closed."""
        self.heard.append(f"close {active()}")

    async def aclose(self) -> None:
        """Note where it is closed."""
        await asyncio.sleep(0)
        self.heard.append(f"aclose {active()}")


class OnlyIterable:
    """An iterable whose iterator is a generator, and which has no close of its own."""

    def __init__(self) -> None:
        self.body = Body()

    def __iter__(self) -> Iterator[str]:
        return self.body.steps()

    def __aiter__(self) -> AsyncIterator[str]:
        return self.body.asteps()


@pytest.fixture(name="scope")
def _scope(acme: Tenant) -> Scope:
    """Give the scope that the iterables are bound to."""
    return ActiveTenant(acme)


class TestBindIterator:
    """Iterables that are consumed later; generators are tested in test_iteration."""

    def test_the_scope_of_now_is_kept(self, acme: Tenant) -> None:
        """Generators and other iterables keep what is active when they are bound."""
        with TenantContext.use_tenant(acme):
            bound = [bind_iterator(body) for body in (Body(), Body().steps(), OnlyIterable())]
        for each in bound:
            assert [(step, active()) for step in each] == [("acme", "nobody")] * 2

    def test_every_part_runs_in_the_scope(self, scope: Scope) -> None:
        """iter, each step, and close."""
        body = Body()
        bound: Any = bind_iterator(body, scope)
        assert body.heard == []
        assert [(step, active()) for step in bound] == [("acme", "nobody")] * 2
        bound.close()
        assert body.heard == ["iter acme", "close acme"]

    def test_close_is_passed_on_without_a_step(self, scope: Scope) -> None:
        """A server that sends no body still closes it."""
        body = Body()
        bound: Any = bind_iterator(body, scope)
        bound.close()
        assert body.heard == ["close acme"]

    def test_what_cannot_be_closed(self, scope: Scope) -> None:
        """A list has no close; asking for it does nothing."""
        bound: Any = bind_iterator([1, 2], scope)
        assert next(bound) == 1
        bound.close()
        assert list(bound) == [2]

    def test_a_generator_inside_is_closed_in_the_scope(self, scope: Scope) -> None:
        """By close, or when the bound iterator is dropped half way."""
        for close in (True, False):
            iterable = OnlyIterable()
            bound: Any = bind_iterator(iterable, scope)
            assert next(bound) == "acme"
            if close:
                bound.close()
                assert iterable.body.heard == ["finally acme"]
            del bound
            gc.collect()
            assert iterable.body.heard == ["finally acme"]

    def test_an_iterator_goes_on_after_an_error(self, scope: Scope) -> None:
        """An iterator that can (a queue that timed out) is not ended by being bound."""

        class Moody:
            answers: Iterator[int | Exception] = iter([1, TimeoutError(), 2])

            def __iter__(self) -> Iterator[int]:
                return self

            def __next__(self) -> int:
                answer = next(self.answers)
                if isinstance(answer, Exception):
                    raise answer
                return answer

        bound = bind_iterator(Moody(), scope)
        assert next(bound) == 1
        with pytest.raises(TimeoutError):
            next(bound)
        assert active() == "nobody"
        assert next(bound) == 2


class TestBindAsyncIterator:
    """Async iterables that are consumed later."""

    def test_the_scope_of_now_is_kept(self, acme: Tenant) -> None:
        """Generators and other iterables keep what is active when they are bound."""
        with TenantContext.use_tenant(acme):
            bodies: list[Any] = [Body(), Body().asteps(), OnlyIterable()]
            bound = [bind_async_iterator(body) for body in bodies]

        async def main() -> list[list[str]]:
            return [[f"{step} {active()}" async for step in each] for each in bound]

        assert asyncio.run(main()) == [["acme nobody"] * 2] * 3

    def test_every_part_runs_in_the_scope(self, scope: Scope) -> None:
        """aiter, each step, and aclose."""
        body = Body()

        async def main() -> list[str]:
            bound: Any = bind_async_iterator(body, scope)
            seen = [f"{step} {active()}" async for step in bound]
            await bound.aclose()
            return [*seen, active()]

        assert asyncio.run(main()) == ["acme nobody"] * 2 + ["nobody"]
        assert body.heard == ["aiter acme", "aclose acme"]

    def test_aclose_is_passed_on_without_a_step(self, scope: Scope) -> None:
        """A server that sends no body still closes it."""
        body = Body()
        bound: Any = bind_async_iterator(body, scope)
        asyncio.run(bound.aclose())
        assert body.heard == ["aclose acme"]

    def test_a_generator_inside_is_closed_in_the_scope(self, scope: Scope) -> None:
        """By aclose, or by the event loop when the bound iterator is dropped half way."""
        for close in (True, False):
            iterable = OnlyIterable()

            async def main(iterable: OnlyIterable, *, close: bool) -> None:
                bound: Any = bind_async_iterator(iterable, scope)
                assert await anext(bound) == "acme"
                if close:
                    await bound.aclose()
                    assert iterable.body.heard == ["finally acme"]
                del bound
                gc.collect()
                await asyncio.sleep(0)

            asyncio.run(main(iterable, close=close))
            assert iterable.body.heard == ["finally acme"]

    def test_what_cannot_be_closed(self, scope: Scope) -> None:
        """An async iterator without aclose is left alone."""

        class Ticks:
            def __aiter__(self) -> AsyncIterator[str]:
                return self

            async def __anext__(self) -> str:
                return active()

        async def main() -> str:
            bound: Any = bind_async_iterator(Ticks(), scope)
            tick: str = await anext(bound)
            await bound.aclose()
            return tick

        assert asyncio.run(main()) == "acme"


def test_unknown_names_are_attribute_errors() -> None:
    """Fetching the executor late does not hide a misspelt name."""
    with pytest.raises(AttributeError, match="has no attribute 'ContextExecuter'"):
        _ = propagation.ContextExecuter
