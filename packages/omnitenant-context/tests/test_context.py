"""Entering, leaving and asking."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from contextlib import AsyncExitStack, ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.context import ContextGuard, TenantContext, enter, get_scope, leave
from omnitenant_context.errors import TenantInactiveError, TenantRequiredError
from omnitenant_context.scope import MASTER, NOBODY, UNSCOPED, ActiveTenant, NamedSchema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnitenant_context.scope import Scope, Tenant


def active() -> str:
    """Give the label of what is active."""
    return get_scope().label


class TestAsking:
    """What is answered in which scope."""

    def test_nobody_is_active_at_first(self) -> None:
        """Without an entry there is no tenant, and requiring one fails."""
        assert get_scope() is NOBODY
        assert TenantContext.get_scope() is NOBODY
        assert TenantContext.get_tenant() is None
        with pytest.raises(TenantRequiredError, match=r"no tenant is active \(nobody\); enter one"):
            TenantContext.require_tenant()

    def test_a_tenant_is_active(self, acme: Tenant) -> None:
        """All questions give the tenant that was entered, and so does the block."""
        with TenantContext.use_tenant(acme) as entered:
            assert entered is acme
            assert TenantContext.get_tenant() is acme
            assert TenantContext.require_tenant() is acme
            assert TenantContext.get_scope() == ActiveTenant(acme)
        assert get_scope() is NOBODY

    @pytest.mark.parametrize(
        ("guard", "scope"),
        [
            (TenantContext.use_master_db(), MASTER),
            (TenantContext.unscoped(), UNSCOPED),
            (TenantContext.use_schema("reports"), NamedSchema("reports")),
            (TenantContext.use_scope(NOBODY), NOBODY),
        ],
    )
    def test_no_tenant_is_active_in_the_other_scopes(self, acme: Tenant, guard: ContextGuard, scope: Scope) -> None:
        """They replace the tenant, give None, and fail where a tenant is required."""
        with TenantContext.use_tenant(acme), guard as entered:
            assert entered is None
            assert get_scope() == scope
            assert TenantContext.get_tenant() is None
            with pytest.raises(TenantRequiredError, match=rf"\({scope.label}\)"):
                TenantContext.require_tenant()

    def test_a_captured_scope_is_entered_as_it_is(self, acme: Tenant) -> None:
        """The very value is active again, with what was derived in it, and its tenant is given."""
        with TenantContext.use_tenant(acme):
            kept = get_scope()
        with TenantContext.use_scope(kept) as entered:
            assert get_scope() is kept
            assert entered is acme


class TestEntering:
    """What is refused, and when."""

    def test_a_suspended_tenant_is_refused_on_entry(self, suspended: Any) -> None:
        """The guard can be made; each entry asks anew, and a refusal leaves the context alone."""
        guard = TenantContext.use_tenant(suspended)
        assert suspended.asked == []
        with pytest.raises(TenantInactiveError), guard:
            pytest.fail("entered")
        assert get_scope() is NOBODY
        suspended.state = "active"
        with guard:
            assert active() == "sleepy"
        assert suspended.asked == [False, False]

    def test_a_suspended_tenant_can_be_asked_for(self, suspended: Any) -> None:
        """Code that operates on tenants says so."""
        with TenantContext.use_tenant(suspended, allow_inactive=True):
            assert active() == "sleepy"
        assert suspended.asked == [True]

    def test_an_id_is_no_tenant(self) -> None:
        """The mistake shows where the guard is made, before a decorated function is ever called."""
        with pytest.raises(TypeError, match=r"'acme' is no tenant: .*load_tenant\(tenant_id\)"):
            TenantContext.use_tenant("acme")  # type: ignore[arg-type]  # the mistake under test

    def test_a_tenant_is_no_scope(self, acme: Tenant) -> None:
        """The low-level entry takes scopes only, and names the right way for a tenant."""
        for wrong in (acme, None, "master"):
            with pytest.raises(TypeError, match=r"is no scope; enter a tenant with"):
                enter(wrong)  # type: ignore[arg-type]  # the mistake under test
            with pytest.raises(TypeError, match="is no scope"):
                TenantContext.use_scope(wrong)  # type: ignore[arg-type]  # the mistake under test
        assert get_scope() is NOBODY

    def test_an_empty_schema_is_refused(self) -> None:
        """The mistake shows where the guard is made."""
        with pytest.raises(ValueError, match="empty"):
            TenantContext.use_schema("")


class TestLeaving:
    """What is active afterwards, whatever happened."""

    def test_blocks_nest(self, acme: Tenant, bolt: Tenant) -> None:
        """Each block puts back what was active before it."""
        seen = []
        with TenantContext.use_tenant(acme):
            with TenantContext.use_tenant(bolt):
                seen.append(active())
                with TenantContext.use_master_db():
                    seen.append(active())
                seen.append(active())
            seen.append(active())
        seen.append(active())
        assert seen == ["bolt", "master", "bolt", "acme", "nobody"]

    def test_an_error_passes_and_the_block_is_left(self, acme: Tenant) -> None:
        """Neither is the error swallowed nor does the tenant stay."""
        with pytest.raises(ZeroDivisionError), TenantContext.use_tenant(acme):
            _ = 1 / 0
        assert get_scope() is NOBODY

    def test_one_guard_is_entered_inside_itself(self, acme: Tenant, bolt: Tenant) -> None:
        """A guard keeps no state, so it may be shared and entered at every depth."""
        guard, other = TenantContext.use_tenant(acme), TenantContext.use_tenant(bolt)
        seen = []
        with guard, other, guard:
            seen.append(active())
            with other:
                seen.append(active())
            seen.append(active())
        assert seen == ["acme", "bolt", "acme"]
        assert get_scope() is NOBODY

    def test_guards_work_in_exit_stacks(self, acme: Tenant, bolt: Tenant) -> None:
        """Enter and exit may be called from elsewhere."""
        with ExitStack() as stack:
            stack.enter_context(TenantContext.use_tenant(acme))
            stack.enter_context(TenantContext.use_tenant(bolt))
            assert active() == "bolt"
        assert get_scope() is NOBODY

    def test_leaving_an_outer_entry_drops_what_is_above(self, acme: Tenant, bolt: Tenant) -> None:
        """A block that ends puts back what was before it, whatever somebody inside forgot."""
        outer = enter(ActiveTenant(acme))
        forgotten = enter(ActiveTenant(bolt))
        leave(outer)
        assert get_scope() is NOBODY
        leave(forgotten)
        assert get_scope() is NOBODY

    def test_a_guard_drops_what_is_above_its_own_entry(self, acme: Tenant, bolt: Tenant) -> None:
        """The same through a block, which has no token in its hand."""
        with TenantContext.use_master_db():
            with TenantContext.use_tenant(acme):
                enter(ActiveTenant(bolt))
            assert active() == "master"

    def test_leaving_twice_does_nothing(self, acme: Tenant, bolt: Tenant) -> None:
        """A second leave must not take somebody else's entry away."""
        first = enter(ActiveTenant(acme))
        leave(first)
        with TenantContext.use_tenant(bolt):
            leave(first)
            assert active() == "bolt"

    def test_exit_without_entry_does_nothing(self, acme: Tenant) -> None:
        """A guard leaves only what it entered itself."""
        with TenantContext.use_tenant(acme):
            TenantContext.use_master_db().__exit__(None, None, None)
            assert active() == "acme"

    def test_leaving_in_another_context_changes_nothing_there(self, acme: Tenant, bolt: Tenant) -> None:
        """Cleanup of a timed-out greenlet runs in a context that has never seen the entry."""
        elsewhere = contextvars.Context()
        token = elsewhere.run(enter, ActiveTenant(acme))
        with TenantContext.use_tenant(bolt):
            leave(token)
            assert active() == "bolt"
        assert elsewhere.run(active) == "acme"
        elsewhere.run(leave, token)
        assert elsewhere.run(active) == "nobody"

    def test_leaving_in_a_copy_leaves_the_original_alone(self, acme: Tenant, bolt: Tenant) -> None:
        """An entry left in a copy can still be dropped by an outer one in the original."""
        with TenantContext.use_tenant(acme):
            inner = enter(ActiveTenant(bolt))
            copied = contextvars.copy_context()
            copied.run(leave, inner)
            assert copied.run(active) == "acme"
            assert active() == "bolt"
        assert get_scope() is NOBODY

    def test_a_guard_left_in_a_copy_is_found_again_in_the_original(self, acme: Tenant) -> None:
        """What a copy of the context did cannot keep the tenant active here."""
        guard = TenantContext.use_tenant(acme)
        with guard:
            contextvars.copy_context().run(guard.__exit__, None, None, None)
            assert active() == "acme"
        assert get_scope() is NOBODY

    def test_a_guard_prefers_its_own_open_entry(self, acme: Tenant, bolt: Tenant) -> None:
        """An entry that is left already (in a copy) does not stand for the open one below it."""
        guard = TenantContext.use_tenant(acme)
        guard.__enter__()
        with TenantContext.use_tenant(bolt):
            guard.__enter__()
            token = contextvars.copy_context()
            token.run(guard.__exit__, None, None, None)
            guard.__exit__(None, None, None)
        assert get_scope() is NOBODY


class TestAsync:
    """The same in event loops."""

    def test_async_with(self, acme: Tenant, bolt: Tenant) -> None:
        """Blocks nest, are re-entrant, and hold over awaits."""

        async def main() -> list[str]:
            seen = []
            guard = TenantContext.use_tenant(acme)
            async with guard as entered:
                assert entered is acme
                async with TenantContext.use_tenant(bolt), guard:
                    await asyncio.sleep(0)
                    seen.append(active())
                seen.append(active())
            seen.append(active())
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(guard)
                seen.append(active())
            with pytest.raises(ZeroDivisionError):
                async with guard:
                    _ = 1 / 0
            return [*seen, active()]

        assert asyncio.run(main()) == ["acme", "acme", "nobody", "acme", "nobody"]

    def test_tasks_do_not_disturb_each_other(self) -> None:
        """Tasks of one loop that switch tenants at every step each see their own."""
        tenants = [SimpleNamespace(tenant_id=f"t{number}") for number in range(20)]

        async def work(tenant: Tenant) -> set[str]:
            seen = set()
            for _ in range(5):
                async with TenantContext.use_tenant(tenant):
                    await asyncio.sleep(0)
                    seen.add(active())
                seen.add(active())
                await asyncio.sleep(0)
            return seen

        async def main() -> list[set[str]]:
            return await asyncio.gather(*map(work, tenants))

        assert asyncio.run(main()) == [{each.tenant_id, "nobody"} for each in tenants]

    def test_a_task_carries_the_scope_and_keeps_it(self, acme: Tenant, bolt: Tenant) -> None:
        """A task has the scope in which it was made, also when its maker has left it."""

        async def child(go: asyncio.Event) -> list[str]:
            await go.wait()
            seen = [active()]
            with TenantContext.use_tenant(bolt):
                seen.append(active())
            return [*seen, active()]

        async def main() -> None:
            go = asyncio.Event()
            with TenantContext.use_tenant(acme):
                async with asyncio.TaskGroup() as group:
                    inside = group.create_task(child(go))
                    outlasting = asyncio.create_task(child(asyncio.Event()))
                    go.set()
                assert active() == "acme"
                late = asyncio.Event()
                after = asyncio.create_task(child(late))
                await asyncio.sleep(0)
            late.set()
            assert await inside == ["acme", "bolt", "acme"]
            assert await after == ["acme", "bolt", "acme"]
            outlasting.cancel()
            assert active() == "nobody"

        asyncio.run(main())

    def test_to_thread_carries_the_scope(self, acme: Tenant) -> None:
        """asyncio.to_thread needs no help, and what it enters stays in the thread."""

        async def main() -> tuple[str, str]:
            with TenantContext.use_tenant(acme):
                seen = await asyncio.to_thread(active)
                await asyncio.to_thread(enter, MASTER)
                return seen, active()

        assert asyncio.run(main()) == ("acme", "acme")

    def test_a_cancelled_task_leaves_its_block(self, acme: Tenant) -> None:
        """Cancelling is an error like any other."""
        seen = []

        async def child() -> None:
            try:
                async with TenantContext.use_tenant(acme):
                    await asyncio.sleep(60)
            finally:
                seen.append(active())

        async def main() -> None:
            task = asyncio.create_task(child())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(main())
        assert seen == ["nobody"]


class TestThreads:
    """Bare threads start with nobody."""

    def test_a_thread_starts_with_nobody(self, acme: Tenant) -> None:
        """A thread that nobody bound fails closed, and what it enters is its own."""
        seen = []

        def work() -> None:
            seen.append(active())
            enter(MASTER)
            seen.append(active())

        with TenantContext.use_tenant(acme):
            # An empty context, as every thread has by default before Python 3.14.
            thread = threading.Thread(target=contextvars.Context().run, args=(work,))
            thread.start()
            thread.join()
            assert active() == "acme"
        assert seen == ["nobody", "master"]

    def test_threads_share_one_guard(self, acme: Tenant, bolt: Tenant) -> None:
        """Threads in one guard and one decorated function each leave their own entry."""
        guard = TenantContext.use_tenant(acme)
        barrier = threading.Barrier(4)
        seen: list[list[str]] = []

        @guard
        def decorated() -> str:
            barrier.wait()
            return active()

        def work() -> None:
            mine = []
            with TenantContext.use_tenant(bolt):
                for _ in range(10):
                    with guard:
                        barrier.wait()
                        mine.append(active())
                        mine.append(decorated())
                        barrier.wait()
                    mine.append(active())
            seen.append([*mine, active()])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [["acme", "acme", "bolt"] * 10 + ["nobody"]] * 4


class TestMemory:
    """Nothing is kept of what is over."""

    def depth(self) -> int:
        """Count the entries that the current context keeps."""
        token, count = enter(NOBODY), 0
        entry = token.previous
        while entry is not None:
            entry, count = entry.previous, count + 1
        leave(token)
        return count

    def test_entering_in_a_loop_keeps_nothing(self, acme: Tenant) -> None:
        """After many entries the context is as deep as before, and their scopes are gone."""
        guard = TenantContext.use_tenant(acme)
        before = self.depth()
        for _ in range(10_000):
            with guard:
                pass
        assert self.depth() == before

    def test_a_scope_dies_with_its_block(self) -> None:
        """A tenant is not kept by the context that was left."""

        class Customer:
            tenant_id = "acme"

        customer: Customer | None = Customer()
        gone = weakref.ref(customer)
        assert customer is not None
        with TenantContext.use_tenant(customer):
            pass
        customer = None
        gc.collect()
        assert gone() is None

    def test_tasks_that_start_each_other_keep_no_chain(self, acme: Tenant) -> None:
        """A job that starts its successor inside its own block runs for ever in bounded memory."""
        depths: list[int] = []

        async def job(rounds: int) -> None:
            async with TenantContext.use_tenant(acme):
                depths.append(self.depth())
                if rounds:
                    tasks.append(asyncio.create_task(job(rounds - 1)))
                await asyncio.sleep(0)

        tasks: list[asyncio.Task[None]] = []

        async def main() -> None:
            await job(100)
            while tasks:
                await tasks.pop()

        asyncio.run(main())
        assert len(depths) == 101
        assert max(depths) < 8


class TestGenerators:
    """A block around a yield, which is not recommended, still cannot harm those outside."""

    def test_a_finalised_generator_leaves_its_entry_only(self, acme: Tenant, bolt: Tenant) -> None:
        """Collected in another context, the block in the generator changes nothing there."""

        def steps() -> Iterator[int]:
            with TenantContext.use_tenant(acme):
                yield 1

        generator = steps()
        elsewhere = contextvars.Context()
        elsewhere.run(next, generator)
        with TenantContext.use_tenant(bolt):
            del generator
            gc.collect()
            assert active() == "bolt"

    def test_an_outer_block_repairs_what_a_generator_left(self, acme: Tenant, bolt: Tenant) -> None:
        """The consumer's block puts back what was before it; the generator is still open."""

        def steps() -> Iterator[int]:
            with TenantContext.use_tenant(bolt):
                yield 1

        with TenantContext.use_tenant(acme):
            generator = steps()
            next(generator)
        assert get_scope() is NOBODY
        generator.close()  # type: ignore[attr-defined]  # an Iterator to its consumers
        assert get_scope() is NOBODY
