"""For tests: nothing may stay active when the code under test is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnitenant_context._state import current, leave
from omnitenant_context.scope import NOBODY

if TYPE_CHECKING:
    from types import TracebackType

    from omnitenant_context._state import Token

__all__ = ["assert_nothing_active", "no_tenant_left"]


def assert_nothing_active() -> None:
    """Fail when anything is active in this thread or task.

    Raises:
        AssertionError: something is; it says what.
    """
    scope = current.get().scope
    if scope is not NOBODY:
        message = f"{scope!r} is active; leave it, or enter it with a block that does"
        raise AssertionError(message)


class no_tenant_left:  # noqa: N801 - reads as a statement: with no_tenant_left(): ...
    """Fails when its block ends in another context than it began in, and puts that one back first.

    So one test that forgets to leave a tenant fails alone, and does not take those after it along.
    Where the block itself raises, its own error is the one that is seen. Make it a fixture for all
    tests::

        @pytest.fixture(autouse=True)
        def _no_tenant_left():
            with no_tenant_left():
                yield
    """

    __slots__ = ("_before",)

    _before: Token

    def __enter__(self) -> None:
        """Remember what is active."""
        self._before = current.get()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put back what was active, and fail when the block did not.

        Raises:
            AssertionError: the block left something active, or left more than it had entered.
        """
        before, after = self._before, current.get()
        if after is before:
            return
        _put_back(before)
        if exc is None:
            message = (
                f"the block began with {before.scope!r} and ended with {after.scope!r}; every enter needs its leave"
            )
            raise AssertionError(message)


def _put_back(before: Token) -> None:
    entry: Token | None = current.get()
    entries: list[Token] = []
    while entry is not None and entry is not before:
        entries.append(entry)
        entry = entry.previous
    if entry is None:
        entries = []  # the block left more than it entered; there is nothing of its own to leave
    for each in entries:
        leave(each)
    current.set(before)
