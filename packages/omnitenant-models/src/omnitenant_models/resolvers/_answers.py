"""What a process remembers of whom a name leads to: bounded in time and number, dropped on every change."""

from __future__ import annotations

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.resolvers import _changes
from omnitenant_models.resolvers._copying import fresh
from omnitenant_models.settings import omnitenant_settings

__all__ = ["Answers"]

T = TypeVar("T")


class _Entry(NamedTuple):
    expires: float
    found: Any
    refusal: TenantNotFound | None


class _Ticket(NamedTuple):
    """When a lookup began. What it finds may have been true before a change that came meanwhile."""

    generation: int
    time: float


class Answers:
    """Remembers answers under keys, those that nobody was found included. Safe in threads and event loops.

    ``RESOLVER_CACHE_SECONDS`` after a lookup began its answer is forgotten, and beyond ``RESOLVER_CACHE_SIZE``
    those that were used least recently are. Each caller gets a copy of its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty memory, which the models' signals clear.

        Args:
            clock: gives seconds that never go back.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._generation = _changes.generation()
        _changes.connect()

    def __len__(self) -> int:
        return len(self._entries)

    def remember(self, key: Hashable, find: Callable[[], T]) -> T:
        """Return what is remembered, or else find it.

        Args:
            key: what the answer depends on.
            find: finds the answer; called without a lock.

        Raises:
            TenantNotFound: nobody was found, now or before.
        """
        entry = self._recall(key)
        if entry is not None:
            return _given(entry)  # type: ignore[no-any-return]  # what find() gave before
        ticket = self._ticket()
        try:
            found = find()
        except TenantNotFound as error:
            self._store(key, ticket, None, error)
            raise
        self._store(key, ticket, found, None)
        return fresh(found)

    async def aremember(self, key: Hashable, find: Callable[[], Awaitable[T]]) -> T:
        """Return what is remembered, without waiting, or else find it; see :meth:`remember`."""
        entry = self._recall(key)
        if entry is not None:
            return _given(entry)  # type: ignore[no-any-return]  # what find() gave before
        ticket = self._ticket()
        try:
            found = await find()
        except TenantNotFound as error:
            self._store(key, ticket, None, error)
            raise
        self._store(key, ticket, found, None)
        return fresh(found)

    def _ticket(self) -> _Ticket:
        return _Ticket(_changes.generation(), self._clock())

    def _recall(self, key: Hashable) -> _Entry | None:
        with self._lock:
            self._follow_changes()
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.expires <= self._clock():
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry

    def _store(self, key: Hashable, ticket: _Ticket, found: Any, refusal: TenantNotFound | None) -> None:
        seconds, size = (
            omnitenant_settings.RESOLVER_CACHE_SECONDS,
            omnitenant_settings.RESOLVER_CACHE_SIZE,
        )
        if seconds <= 0 or size <= 0:
            return
        entry = _Entry(ticket.time + seconds, found, refusal and _bare(refusal))
        with self._lock:
            self._follow_changes()
            if ticket.generation != self._generation:
                return
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > size:
                self._entries.popitem(last=False)

    def _follow_changes(self) -> None:
        # A change right after this reading leaves an entry behind; the next caller comes by here before using it.
        generation = _changes.generation()
        if generation != self._generation:
            self._entries.clear()
            self._generation = generation


def _given(entry: _Entry) -> Any:
    if entry.refusal is not None:
        raise _bare(entry.refusal)
    return fresh(entry.found)


def _bare(refusal: TenantNotFound) -> TenantNotFound:
    """Copy an error without its traceback, which would keep a request alive and grow with every raising."""
    try:
        return copy.copy(refusal)
    except TypeError:  # a project's own subclass whose arguments cannot be given again
        return TenantNotFound(str(refusal), tenant_id=refusal.tenant_id)
