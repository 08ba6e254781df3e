"""The context variable and the functions that set it; import them from ``context``."""

from __future__ import annotations

from contextvars import ContextVar

from omnitenant_context.listeners import notify_enter, notify_leave
from omnitenant_context.scope import NOBODY, require_is_scope

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from typing import Any

    from omnitenant_context.listeners import Listener
    from omnitenant_context.scope import Scope

__all__ = ["Token", "current", "enter", "get_scope", "leave", "leave_owned", "pop", "push"]


class Token:
    """One entry into a scope. :func:`leave` takes it back.

    Leaving restores ``previous`` instead of resetting a ``contextvars`` token, because cleanup may
    run in another copy of the context (a finalised generator, a greenlet that was timed out), where
    such a token is refused.

    Attributes:
        scope: what is active.
        previous: the entry below; None at the bottom.
        owner: who may find this entry again without the token.
    """

    __slots__ = ("entered", "left", "owner", "previous", "scope")

    def __init__(self, scope: Scope, previous: Token | None, owner: object) -> None:
        """Make an entry; it becomes active by :func:`enter` only."""
        self.scope = scope
        self.previous = previous
        self.owner = owner
        self.entered: tuple[tuple[Listener, Any], ...] = ()
        self.left = False

    def __repr__(self) -> str:
        return f"<Token of {self.scope!r}>"


_ROOT = Token(NOBODY, None, None)
current: ContextVar[Token] = ContextVar("omnitenant_context", default=_ROOT)


def get_scope() -> Scope:
    """Return what is active in this thread or task; ``NOBODY`` when nothing was entered."""
    return current.get().scope


def enter(scope: Scope, owner: object = None) -> Token:
    """Make a scope active until :func:`leave` is called with the token.

    For code that cannot use ``with``, such as a pair of signal handlers. Does no I/O, and checks no
    tenant: :func:`~omnitenant_context.scope.tenant_scope` does.

    Args:
        scope: what becomes active.
        owner: who may find this entry again without the token.

    Returns:
        The entry, for :func:`leave`.

    Raises:
        TypeError: the argument is no scope.
    """
    require_is_scope(scope)
    return push(scope, owner)


def push(scope: Scope, owner: object) -> Token:
    """Do what :func:`enter` does, for what is known to be a scope."""
    previous = current.get()
    token = Token(scope, previous, owner)
    current.set(token)
    try:
        token.entered = notify_enter(scope)
    except BaseException:
        current.set(previous)
        raise
    return token


def leave(token: Token) -> None:
    """Make active again what was before an entry.

    Entries above it that were never left are left with it. Where the entry is not part of the
    current context at all (cleanup that runs elsewhere), nothing changes there: that context was
    never this entry's. Leaving twice does nothing the second time.

    Args:
        token: what :func:`enter` gave.
    """
    if current.get() is token or _leave_above(token):
        pop(token)
    else:
        _finish(token)


def pop(token: Token) -> None:
    """Do what :func:`leave` does, for what is known to be the innermost entry of this context."""
    current.set(token.previous or _ROOT)
    _finish(token)


def leave_owned(owner: object) -> None:
    """Leave the innermost entry of an owner in this context, if there is one."""
    entry: Token | None = current.get()
    found: Token | None = None
    while entry is not None:
        if entry.owner is owner:
            if not entry.left:
                found = entry
                break
            found = found or entry  # left in a copy of this context: only if there is no open one
        entry = entry.previous
    if found is not None:
        leave(found)


def _leave_above(token: Token) -> bool:
    """Leave what lies above an entry; False, and nothing done, where it is not in this context."""
    above: list[Token] = []
    entry: Token | None = current.get()
    while entry is not token:
        if entry is None:
            return False
        above.append(entry)
        entry = entry.previous
    for each in above:
        pop(each)
    return True


def _finish(token: Token) -> None:
    """Run the listeners of an entry, once, and let go of what it no longer needs."""
    token.left = True
    # A task that was started inside this entry keeps it as its base. A chain of tasks, each started
    # by the one before, must not keep all of theirs: an entry that was left needs only those below
    # that are still open.
    below = token.previous
    while below is not None and below.left:
        below = below.previous
    token.previous = below
    if token.entered:
        entered, token.entered = token.entered, ()
        notify_leave(token.scope, entered)
