"""What hangs on the active tenant without belonging to it: time zone, language, tags of a tracer.

A listener runs in the thread or task that enters, right after the context has changed, and again
when it is left. Entering a context does no I/O; a listener must not do any either.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from omnitenant_context.scope import Scope

__all__ = ["Listener", "add_listener", "remove_listener"]


class Listener:
    """A registered pair of functions; the handle that :func:`remove_listener` takes.

    Attributes:
        enter: called with the scope that was entered; what it returns is kept for this entry.
        leave: called with the scope that was left and what ``enter`` returned for it. The context
            is already the outer one again.
    """

    __slots__ = ("enter", "leave")

    def __init__(self, enter: Callable[[Scope], Any], leave: Callable[[Scope, Any], None]) -> None:
        """Hold the pair; :func:`add_listener` makes it known."""
        self.enter = enter
        self.leave = leave


# Replaced as a whole and never changed in place: entering reads it without a lock.
_listeners: tuple[Listener, ...] = ()


def add_listener(enter: Callable[[Scope], Any], leave: Callable[[Scope, Any], None]) -> Listener:
    """Run two functions whenever a context is entered and left, in this whole process.

    ``leave`` runs once for each entry. It runs where the entry is left: nearly always the thread
    and task that entered, but a generator that is cleaned up elsewhere leaves elsewhere.

    Args:
        enter: gets the entered scope. If it raises, the entry is undone and the error reaches the
            caller.
        leave: gets the scope and the result of ``enter``. If it raises, the error is logged and
            leaving goes on, because the body's own result must not be replaced.

    Returns:
        A handle for :func:`remove_listener`.
    """
    global _listeners  # noqa: PLW0603 - one registry per process, replaced atomically
    listener = Listener(enter, leave)
    _listeners = (*_listeners, listener)
    return listener


def remove_listener(listener: Listener) -> None:
    """Take a listener out again; entries that are open still run its ``leave``.

    Args:
        listener: the handle that :func:`add_listener` gave.
    """
    global _listeners  # noqa: PLW0603 - one registry per process, replaced atomically
    _listeners = tuple(each for each in _listeners if each is not listener)


def notify_enter(scope: Scope) -> tuple[tuple[Listener, Any], ...]:
    """Run every listener's ``enter``; what it returns is given to :func:`notify_leave`."""
    entered: tuple[tuple[Listener, Any], ...] = ()
    try:
        for listener in _listeners:
            entered += ((listener, listener.enter(scope)),)
    except BaseException:
        notify_leave(scope, entered)
        raise
    return entered


def notify_leave(scope: Scope, entered: tuple[tuple[Listener, Any], ...]) -> None:
    """Run ``leave`` for each listener that had run, the last one first."""
    for listener, state in reversed(entered):
        try:
            listener.leave(scope, state)
        except Exception:
            import logging

            logging.getLogger(__name__).exception("a listener failed on leaving %s", scope.label)
