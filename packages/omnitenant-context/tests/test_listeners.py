"""What runs when a context is entered and left."""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.context import TenantContext, enter, get_scope, leave
from omnitenant_context.listeners import add_listener, remove_listener
from omnitenant_context.propagation import bind
from omnitenant_context.scope import MASTER, ActiveTenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnitenant_context.listeners import Listener
    from omnitenant_context.scope import Scope, Tenant

    Add = Callable[[Callable[[Scope], Any], Callable[[Scope, Any], None]], Listener]


@pytest.fixture(name="heard")
def _heard() -> list[str]:
    """Give the list that listeners write to."""
    return []


@pytest.fixture(name="add")
def _add() -> Iterator[Add]:
    """Add listeners that go with the test."""
    added: list[Listener] = []

    def add(enter: Callable[[Scope], Any], leave: Callable[[Scope, Any], None]) -> Listener:
        added.append(add_listener(enter, leave))
        return added[-1]

    yield add
    for listener in added:
        remove_listener(listener)


@pytest.fixture(name="write")
def _write(heard: list[str], add: Add) -> Callable[[str], Listener]:
    """Add a listener that writes what it hears and what is active then."""

    def write(name: str) -> Listener:
        def on_enter(scope: Scope) -> str:
            heard.append(f"{name} enter {scope.label} in {get_scope().label}")
            return f"{name}'s state of {scope.label}"

        def on_leave(scope: Scope, state: str) -> None:
            assert state == f"{name}'s state of {scope.label}"
            heard.append(f"{name} leave {scope.label} in {get_scope().label}")

        return add(on_enter, on_leave)

    return write


def test_listeners_run_inside_first_and_outside_last(
    acme: Tenant, heard: list[str], write: Callable[[str], Listener]
) -> None:
    """They see the new scope on entering, the outer one on leaving; the last leaves first."""
    write("one")
    write("two")
    with TenantContext.use_master_db(), TenantContext.use_tenant(acme):
        heard.append("body")
    assert heard == [
        "one enter master in master",
        "two enter master in master",
        "one enter acme in acme",
        "two enter acme in acme",
        "body",
        "two leave acme in master",
        "one leave acme in master",
        "two leave master in nobody",
        "one leave master in nobody",
    ]


def test_a_removed_listener_hears_the_end_of_what_it_heard_begin(
    acme: Tenant, heard: list[str], write: Callable[[str], Listener]
) -> None:
    """Open entries are finished, new ones are not heard; removing twice does nothing."""
    listener = write("one")
    with TenantContext.use_tenant(acme):
        remove_listener(listener)
        remove_listener(listener)
        with TenantContext.use_master_db():
            pass
    assert heard == ["one enter acme in acme", "one leave acme in nobody"]


def test_a_listener_added_inside_does_not_hear_the_end(
    acme: Tenant, heard: list[str], write: Callable[[str], Listener]
) -> None:
    """Nothing is left for which nothing was entered."""
    with TenantContext.use_tenant(acme):
        write("late")
    assert heard == []


def test_removing_takes_out_one_of_two_equal_registrations(heard: list[str], add: Add) -> None:
    """A handle stands for its own registration, even of the same functions."""

    def on_enter(_: Scope) -> None:
        heard.append("enter")

    def on_leave(_: Scope, __: None) -> None:
        heard.append("leave")

    first, _ = add(on_enter, on_leave), add(on_enter, on_leave)
    remove_listener(first)
    with TenantContext.use_master_db():
        pass
    assert heard == ["enter", "leave"]


def test_an_error_on_entering_undoes_the_entry(
    acme: Tenant, heard: list[str], write: Callable[[str], Listener], add: Add
) -> None:
    """The body does not run, listeners that had run are left, and the error reaches the caller."""
    write("one")

    def fail(_: Scope) -> None:
        message = "no time zone"
        raise LookupError(message)

    add(fail, lambda _scope, _state: heard.append("never entered"))
    with pytest.raises(LookupError, match="zone"), TenantContext.use_tenant(acme):
        heard.append("body")
    assert get_scope().label == "nobody"
    assert heard == ["one enter acme in acme", "one leave acme in acme"]


def test_an_error_on_leaving_is_logged(
    acme: Tenant,
    heard: list[str],
    write: Callable[[str], Listener],
    add: Add,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The body's own result is not replaced, and the other listeners run."""
    write("one")

    def fail(_: Scope, __: None) -> None:
        message = "tracer is down"
        raise LookupError(message)

    add(lambda _: None, fail)
    with caplog.at_level(logging.ERROR), pytest.raises(KeyError), TenantContext.use_tenant(acme):
        raise KeyError
    assert heard == ["one enter acme in acme", "one leave acme in nobody"]
    (record,) = caplog.records
    assert record.name == "omnitenant_context.listeners"
    assert record.getMessage() == "a listener failed on leaving acme"
    assert record.exc_info is not None
    assert "tracer is down" in str(record.exc_info[1])


def test_each_entry_is_left_once(acme: Tenant, heard: list[str], write: Callable[[str], Listener]) -> None:
    """Entries that somebody forgot are left with the one below; leaving them again is not heard."""
    write("one")
    outer, forgotten = enter(ActiveTenant(acme)), enter(MASTER)
    leave(outer)
    leave(forgotten)
    leave(outer)
    assert heard == [
        "one enter acme in acme",
        "one enter master in master",
        "one leave master in acme",
        "one leave acme in nobody",
    ]


def test_cleanup_elsewhere_is_heard(acme: Tenant, heard: list[str], write: Callable[[str], Listener]) -> None:
    """What a listener holds is released, although the context there is not changed."""
    write("one")
    token = contextvars.Context().run(enter, ActiveTenant(acme))
    leave(token)
    assert heard == ["one enter acme in acme", "one leave acme in nobody"]


def test_listeners_run_in_the_thread_that_enters(acme: Tenant, add: Add) -> None:
    """A bound function brings what hangs on its tenant along to its thread."""
    threads: list[threading.Thread] = []
    add(
        lambda _: threads.append(threading.current_thread()),
        lambda _scope, _state: threads.append(threading.current_thread()),
    )
    thread = threading.Thread(target=bind(lambda: None, ActiveTenant(acme)))
    thread.start()
    thread.join()
    assert threads == [thread, thread]


def test_a_listener_may_enter_a_context_itself(acme: Tenant, heard: list[str], add: Add) -> None:
    """For example to read from the master; what it enters ends before the body begins."""

    def on_enter(scope: Scope) -> None:
        if scope is not MASTER:
            with TenantContext.use_master_db():
                heard.append(get_scope().label)

    add(on_enter, lambda _scope, _state: None)
    with TenantContext.use_tenant(acme):
        heard.append(get_scope().label)
    assert heard == ["master", "acme"]
