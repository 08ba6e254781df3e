"""Statements that refuse to be in a transaction block, such as ``VACUUM``: sent alone, on a direct connection only.

Several statements in one message are a transaction, so these cannot carry anything. Which they are is not listed here:
the server says so (SQLSTATE 25001, or 2D000 for what commits by itself), and has undone everything when it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from omnitenant_context.context import get_scope
from omnitenant_routing.postgresql.pooler import POOLED_KEY, is_direct

if TYPE_CHECKING:
    from omnitenant_routing.postgresql.carry import CarryingCursor
    from omnitenant_routing.postgresql.prefix import Carried

__all__ = ["alone"]


@contextmanager
def alone(cursor: CarryingCursor, carried: Carried) -> Iterator[None]:
    """Set for the session what a statement cannot carry, and take it back.

    Args:
        cursor: of a connection outside any transaction.
        carried: what the statement should have carried.

    Raises:
        Exception: the driver's ``NotSupportedError`` where a pooler stands before the server: what is set for a
            session would be found there by others.
    """
    alias = cursor.carrier.alias
    if not is_direct(cursor.connection, cursor.carrier.pooled):
        message = (
            "this statement refuses to be in a transaction and so cannot carry the search path of "
            f"{get_scope().label!r}; it needs a direct connection, and database {alias!r} goes through a pooler: run "
            f"it with HOST and PORT of the server itself (DATABASES[{alias!r}][{POOLED_KEY!r}] overrules what was "
            "found)"
        )
        raise cursor.driver.NotSupportedError(message)
    try:
        cursor.send_bare(carried.lasting)
        yield
    finally:
        try:
            cursor.send_bare(carried.ending)
        except cursor.driver.Error:
            cursor.connection.close()  # nobody may find what could not be taken back
