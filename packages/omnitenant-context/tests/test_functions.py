"""Guards as decorators, on every kind of function."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.context import ContextGuard, TenantContext, get_scope
from omnitenant_context.errors import TenantInactiveError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from omnitenant_context.scope import Tenant


@pytest.fixture(name="guard")
def _guard(acme: Tenant) -> ContextGuard:
    """Give a guard for a tenant."""
    return TenantContext.use_tenant(acme)


def active() -> str:
    """Give the label of what is active."""
    return get_scope().label


class TestKinds:
    """A decorated function is of the same kind as before."""

    def test_a_function(self, guard: ContextGuard) -> None:
        """Arguments, result, name and documentation stay; each call enters and leaves."""

        @guard
        def greet(name: str, *, mark: str = "!") -> str:
            """Greet somebody."""
            return f"{active()}: {name}{mark}"

        assert greet("Ada", mark="?") == "acme: Ada?"
        assert active() == "nobody"
        assert greet.__name__ == "greet"
        assert greet.__doc__ == "Greet somebody."
        assert list(inspect.signature(greet).parameters) == ["name", "mark"]

    def test_a_function_that_raises(self, guard: ContextGuard) -> None:
        """The error passes, and the scope is left."""

        @guard
        def fail() -> None:
            raise LookupError(active())

        with pytest.raises(LookupError, match="acme"):
            fail()
        assert active() == "nobody"

    def test_a_coroutine_function(self, guard: ContextGuard) -> None:
        """The scope holds over awaits, and nothing is entered before the coroutine runs."""

        @guard
        async def work() -> str:
            await asyncio.sleep(0)
            return active()

        async def main() -> tuple[str, str, str]:
            coroutine = work()
            before = active()
            return before, await coroutine, active()

        assert inspect.iscoroutinefunction(work)
        assert asyncio.run(main()) == ("nobody", "acme", "nobody")

    def test_a_generator_function(self, guard: ContextGuard) -> None:
        """It runs in the scope, its consumer does not."""

        @guard
        def steps(count: int) -> Iterator[str]:
            for _ in range(count):
                yield active()

        assert inspect.isgeneratorfunction(steps)
        assert [(step, active()) for step in steps(2)] == [("acme", "nobody")] * 2

    def test_an_async_generator_function(self, guard: ContextGuard) -> None:
        """It runs in the scope, its consumer does not."""

        @guard
        async def steps(count: int) -> AsyncIterator[str]:
            for _ in range(count):
                await asyncio.sleep(0)
                yield active()

        async def main() -> list[tuple[str, str]]:
            return [(step, active()) async for step in steps(2)]

        assert inspect.isasyncgenfunction(steps)
        assert asyncio.run(main()) == [("acme", "nobody")] * 2

    def test_methods(self, guard: ContextGuard) -> None:
        """Methods get their instance; static and class methods are decorated from either side."""

        class Shop:
            @guard
            def plain(self) -> tuple[type, str]:
                return type(self), active()

            @guard
            @classmethod
            def outside_class(cls) -> tuple[type, str]:
                return cls, active()

            @classmethod
            @guard
            def inside_class(cls) -> tuple[type, str]:
                return cls, active()

            @guard
            @staticmethod
            def outside_static() -> tuple[type, str]:
                return Shop, active()

        shop = Shop()
        for method in (shop.plain, shop.outside_class, shop.inside_class, shop.outside_static):
            assert method() == (Shop, "acme")
        assert active() == "nobody"

    def test_partials_and_callable_objects(self, guard: ContextGuard) -> None:
        """What has no name of its own can be decorated too."""

        class Job:
            def __call__(self, name: str) -> str:
                return f"{name} in {active()}"

        class AsyncJob:
            async def __call__(self, name: str) -> str:
                await asyncio.sleep(0)
                return f"{name} in {active()}"

        assert guard(Job())("job") == "job in acme"
        assert guard(functools.partial(Job(), "job"))() == "job in acme"
        assert guard(Job().__call__)("job") == "job in acme"
        for function in (AsyncJob(), functools.partial(AsyncJob().__call__)):
            assert asyncio.run(guard(function)("job")) == "job in acme"

    def test_a_function_that_returns_a_coroutine(self, guard: ContextGuard) -> None:
        """A lambda around a coroutine function runs in the scope, not only the lambda."""

        async def work() -> str:
            await asyncio.sleep(0)
            return active()

        assert asyncio.run(guard(lambda: work())()) == "acme"  # noqa: PLW0108 - the lambda is what is tested

    def test_a_function_marked_as_coroutine_function(self, guard: ContextGuard) -> None:
        """The mark that frameworks put on functions which return coroutines is kept."""

        async def work() -> str:
            return active()

        def marked() -> Any:
            return work()

        if sys.version_info >= (3, 12):
            marked = inspect.markcoroutinefunction(marked)
            decorated = guard(marked)
            assert inspect.iscoroutinefunction(decorated)
        else:
            marked._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]  # what asgiref does
            decorated = guard(marked)
            assert inspect.iscoroutinefunction(decorated)
        assert asyncio.run(decorated()) == "acme"

    @pytest.mark.parametrize("wrong", [int, 7, "acme", None])
    def test_what_is_no_function_is_refused(self, guard: ContextGuard, wrong: Any) -> None:
        """A decorated class would stop being a class; the error says what to do instead."""
        with pytest.raises(TypeError, match="is no function; decorate the functions"):
            guard(wrong)


class TestState:
    """A decorator keeps nothing between calls."""

    def test_calls_nest(self, acme: Tenant, bolt: Tenant) -> None:
        """A decorated function may call itself, and others that are decorated."""

        @TenantContext.use_tenant(bolt)
        def inner(depth: int) -> list[str]:
            return outer(depth)

        @TenantContext.use_tenant(acme)
        def outer(depth: int) -> list[str]:
            return [active(), *(inner(depth - 1) if depth else []), active()]

        assert outer(3) == ["acme"] * 8
        assert active() == "nobody"

    def test_each_call_asks_the_tenant(self, suspended: Any) -> None:
        """A tenant suspended after decorating is refused before the body of each kind."""
        guard = TenantContext.use_tenant(suspended)

        @guard
        def function() -> None:
            pytest.fail("ran")

        @guard
        async def coroutine() -> None:
            pytest.fail("ran")

        @guard
        def generator() -> Iterator[None]:
            pytest.fail("ran")
            yield

        @guard
        async def async_generator() -> AsyncIterator[None]:
            pytest.fail("ran")
            yield

        async def first() -> None:
            await anext(aiter(async_generator()))

        runs: list[Callable[[], Any]] = [
            function,
            lambda: asyncio.run(coroutine()),
            lambda: next(iter(generator())),
            lambda: asyncio.run(first()),
        ]
        for run in runs:
            with pytest.raises(TenantInactiveError):
                run()
        assert suspended.asked == [False] * 4

    def test_a_generator_asks_once(self, suspended: Any) -> None:
        """What was begun for a tenant may end, although the tenant is suspended half way."""
        suspended.state = "active"

        @TenantContext.use_tenant(suspended)
        def steps() -> Iterator[str]:
            yield active()
            yield active()

        generator = steps()
        assert next(generator) == "sleepy"
        suspended.state = "suspended"
        assert next(generator) == "sleepy"
        assert suspended.asked == [False]

    def test_the_memo_lasts_for_the_whole_generator(self, guard: ContextGuard) -> None:
        """What was derived in one step is still there in the next."""

        @guard
        def steps() -> Iterator[int]:
            while True:
                memo = get_scope().memo  # type: ignore[union-attr]  # a tenant is active
                memo["steps"] = memo.get("steps", 0) + 1
                yield memo["steps"]

        generator = steps()
        assert [next(generator), next(generator), next(generator)] == [1, 2, 3]
