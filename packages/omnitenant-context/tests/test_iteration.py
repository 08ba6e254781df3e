"""Generators stepped in a scope: nothing that a consumer or a generator can do is lost."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.context import TenantContext, enter, get_scope, leave
from omnitenant_context.propagation import bind_async_iterator, bind_iterator
from omnitenant_context.scope import ActiveTenant

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator

    from omnitenant_context.scope import Scope, Tenant


def active() -> str:
    """Give the label of what is active."""
    return get_scope().label


@pytest.fixture(name="scope")
def _scope(acme: Tenant) -> Scope:
    """Give the scope that the generators are bound to."""
    return ActiveTenant(acme)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run in a fresh loop, with another scope active, and see that it still is."""

    async def main() -> Any:
        with TenantContext.use_master_db():
            result = await coroutine
            assert active() == "master"
            return result

    return asyncio.run(main())


class Talk:
    """A generator that writes down in which scope each thing happened to it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def steps(self, after: Any = "after the end") -> Generator[str, Any, str]:
        """Yield until told to end; answer errors; note the cleanup."""
        said: Any = "begin"
        try:
            while said != "end":
                self.heard.append((said, active()))
                try:
                    said = yield active()
                except LookupError as error:
                    said = repr(error)
            return "result"
        finally:
            self.heard.append(("finally", active()))
            if isinstance(after, Exception):
                raise after

    async def asteps(self, after: Any = "after the end") -> AsyncGenerator[str, Any]:
        """Do the same, waiting for something everywhere."""
        said: Any = "begin"
        try:
            while said != "end":
                await asyncio.sleep(0)
                self.heard.append((said, active()))
                try:
                    said = yield active()
                except LookupError as error:
                    said = repr(error)
        finally:
            await asyncio.sleep(0)
            self.heard.append(("finally", active()))
            if isinstance(after, Exception):
                raise after


class TestGenerator:
    """Synchronous generators."""

    def test_values_and_errors_are_sent_in(self, scope: Scope) -> None:
        """send, throw and the result work as without the scope."""
        talk = Talk()
        generator: Any = bind_iterator(talk.steps(), scope)
        assert next(generator) == "acme"
        assert generator.send("hello") == "acme"
        assert generator.throw(LookupError("lost")) == "acme"
        assert active() == "nobody"
        with pytest.raises(StopIteration) as stop:
            generator.send("end")
        assert stop.value.value == "result"
        assert talk.heard == [
            ("begin", "acme"),
            ("hello", "acme"),
            ("LookupError('lost')", "acme"),
            ("finally", "acme"),
        ]

    def test_an_error_that_is_not_handled_comes_back(self, scope: Scope) -> None:
        """It is the same object, cleanup ran in the scope, and the generator is over."""
        talk, error = Talk(), KeyboardInterrupt()
        generator: Any = bind_iterator(talk.steps(), scope)
        next(generator)
        with pytest.raises(KeyboardInterrupt) as raised:
            generator.throw(error)
        assert raised.value is error
        assert talk.heard[-1] == ("finally", "acme")
        assert list(generator) == []
        assert active() == "nobody"

    def test_close_runs_in_the_scope(self, scope: Scope) -> None:
        """Cleanup of a generator that is not read to its end has the tenant too."""
        talk = Talk()
        generator: Any = bind_iterator(talk.steps(), scope)
        next(generator)
        with TenantContext.use_master_db():
            generator.close()
            assert active() == "master"
        assert talk.heard == [("begin", "acme"), ("finally", "acme")]

    def test_an_error_in_cleanup_reaches_who_closes(self, scope: Scope) -> None:
        """An error in ``finally`` is not swallowed, and the scope is left."""
        generator: Any = bind_iterator(Talk().steps(after=OSError("disk")), scope)
        next(generator)
        with pytest.raises(OSError, match="disk"):
            generator.close()
        assert active() == "nobody"

    def test_a_generator_that_refuses_to_close(self, scope: Scope) -> None:
        """It is a RuntimeError, as without the scope."""

        def stubborn() -> Generator[int, None, None]:
            try:
                yield 1
            except GeneratorExit:
                yield 2

        generator: Any = bind_iterator(stubborn(), scope)
        next(generator)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            generator.close()
        assert active() == "nobody"

    def test_a_dropped_generator_is_closed_in_the_scope(self, scope: Scope) -> None:
        """Whoever stops reading and forgets it still gives its cleanup the tenant."""
        talk = Talk()
        generator: Any = bind_iterator(talk.steps(), scope)
        next(generator)
        del generator
        gc.collect()
        assert talk.heard[-1] == ("finally", "acme")
        assert active() == "nobody"

    def test_a_generator_that_was_never_started(self, scope: Scope) -> None:
        """Closing it does nothing, as without the scope."""
        talk = Talk()
        generator: Any = bind_iterator(talk.steps(), scope)
        generator.close()
        assert talk.heard == []

    def test_what_a_step_enters_does_not_reach_the_consumer(self, scope: Scope, bolt: Tenant) -> None:
        """A block around a yield in a bound generator pauses with it."""

        def steps() -> Generator[str, None, None]:
            with TenantContext.use_tenant(bolt):
                yield active()
            yield active()

        assert [(step, active()) for step in bind_iterator(steps(), scope)] == [
            ("bolt", "nobody"),
            ("acme", "nobody"),
        ]

    def test_a_thrown_error_is_not_kept(self, scope: Scope) -> None:
        """An error that a generator has dealt with does not live on in the frames around it."""

        class KeptError(LookupError):
            pass

        generator: Any = bind_iterator(Talk().steps(), scope)
        next(generator)
        error: KeptError | None = KeptError()
        gone = weakref.ref(error)
        generator.throw(error)
        error = None
        assert gone() is None
        generator.close()

    def test_a_generator_may_step_in_turns_with_another(self, scope: Scope, bolt: Tenant) -> None:
        """Two that are read alternately each keep their own scope."""
        one = bind_iterator(Talk().steps(), scope)
        other = bind_iterator(Talk().steps(), ActiveTenant(bolt))
        assert [next(each) for each in (one, other, one, other)] == ["acme", "bolt"] * 2


class TestAsyncGenerator:
    """Asynchronous generators."""

    def test_values_and_errors_are_sent_in(self, scope: Scope) -> None:
        """Values by asend and errors by athrow work as without the scope."""
        talk = Talk()

        async def main() -> list[str]:
            generator: Any = bind_async_iterator(talk.asteps(), scope)
            seen = [
                await anext(generator),
                await generator.asend("hello"),
                active(),
                await generator.athrow(LookupError("lost")),
            ]
            with pytest.raises(StopAsyncIteration):
                await generator.asend("end")
            return seen

        assert run(main()) == ["acme", "acme", "master", "acme"]
        assert talk.heard == [
            ("begin", "acme"),
            ("hello", "acme"),
            ("LookupError('lost')", "acme"),
            ("finally", "acme"),
        ]

    def test_an_error_that_is_not_handled_comes_back(self, scope: Scope) -> None:
        """It is the same object, cleanup ran in the scope, and the generator is over."""
        talk, error = Talk(), ValueError()

        async def main() -> None:
            generator: Any = bind_async_iterator(talk.asteps(), scope)
            await anext(generator)
            with pytest.raises(ValueError) as raised:
                await generator.athrow(error)
            assert raised.value is error
            assert [step async for step in generator] == []

        run(main())
        assert talk.heard[-1] == ("finally", "acme")

    def test_aclose_runs_in_the_scope(self, scope: Scope) -> None:
        """Cleanup may wait, and has the tenant while it does."""
        talk = Talk()

        async def main() -> None:
            generator: Any = bind_async_iterator(talk.asteps(), scope)
            await anext(generator)
            await generator.aclose()

        run(main())
        assert talk.heard == [("begin", "acme"), ("finally", "acme")]

    def test_an_error_in_cleanup_reaches_who_closes(self, scope: Scope) -> None:
        """An error in ``finally`` is not swallowed, and the scope is left."""

        async def main() -> None:
            generator: Any = bind_async_iterator(Talk().asteps(after=OSError("disk")), scope)
            await anext(generator)
            with pytest.raises(OSError, match="disk"):
                await generator.aclose()

        run(main())

    def test_a_dropped_generator_is_closed_in_the_scope(self, scope: Scope) -> None:
        """The event loop closes it in a task of its own, which has the tenant."""
        talk = Talk()

        async def main() -> None:
            generator: Any = bind_async_iterator(talk.asteps(), scope)
            await anext(generator)
            del generator
            gc.collect()
            for _ in range(5):
                await asyncio.sleep(0)

        run(main())
        assert talk.heard[-1] == ("finally", "acme")

    def test_the_loop_closes_it_in_the_scope_at_shutdown(self, scope: Scope) -> None:
        """A loop that ends closes all generators it knows, and must not know the inner one."""
        talk, kept, problems = Talk(), [], []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: problems.append(context))
            for _ in range(8):
                generator: Any = bind_async_iterator(talk.asteps(), scope)
                await anext(generator)
                kept.append(generator)

        run(main())
        assert problems == []
        assert talk.heard == [("begin", "acme")] * 8 + [("finally", "acme")] * 8

    def test_a_step_that_is_cancelled_leaves_the_scope(self, scope: Scope) -> None:
        """Cancelling reaches the generator; the consumer has its own scope again."""
        seen = []

        async def slow() -> AsyncGenerator[int, None]:
            try:
                await asyncio.sleep(60)
                yield 1
            finally:
                seen.append(active())

        async def consume() -> None:
            try:
                await anext(bind_async_iterator(slow(), scope))
            finally:
                seen.append(active())

        async def main() -> None:
            task = asyncio.create_task(consume())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

        run(main())
        assert seen == ["acme", "master"]

    def test_steps_may_be_taken_by_different_tasks(self, scope: Scope) -> None:
        """Each step enters and leaves in the task that asks for it."""
        talk = Talk()

        async def main() -> list[str]:
            generator: Any = bind_async_iterator(talk.asteps(), scope)

            async def step() -> str:
                return f"{await anext(generator)} {active()}"

            seen = [await asyncio.create_task(step()) for _ in range(3)]
            await asyncio.create_task(generator.aclose())
            return seen

        assert run(main()) == ["acme master"] * 3
        assert {where for _, where in talk.heard} == {"acme"}

    def test_a_thrown_error_is_not_kept(self, scope: Scope) -> None:
        """An error that a generator has dealt with does not live on in the frames around it."""

        class KeptError(LookupError):
            pass

        async def main() -> None:
            generator: Any = bind_async_iterator(Talk().asteps(), scope)
            await anext(generator)
            error: KeptError | None = KeptError()
            gone = weakref.ref(error)
            await generator.athrow(error)
            error = None
            assert gone() is None
            await generator.aclose()

        run(main())


def test_entries_left_open_by_a_step_are_dropped(acme: Tenant, bolt: Tenant) -> None:
    """A step that enters without leaving does not leave its consumer elsewhere."""

    def careless() -> Generator[str, None, None]:
        enter(ActiveTenant(bolt))
        yield active()
        yield active()

    token = enter(ActiveTenant(acme))
    try:
        generator = bind_iterator(careless())
        assert [next(generator), active(), next(generator), active()] == [
            "bolt",
            "acme",
            "acme",
            "acme",
        ]
    finally:
        leave(token)
