"""Generations of entries: a number in every key, which a new one puts out of reach of all at once.

It is kept in the cache itself, so that all processes agree, and remembered for a moment in each, so that not every
operation asks for it. It is a random word and no count: one that the cache has evicted must not come back, and with
it the entries of long ago.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final

__all__ = ["Generations"]

_MOST_REMEMBERED: Final = 10_000


class Generations:
    """The generations of all owners in all caches, as this process remembers them."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: dict[Hashable, tuple[str, float]] = {}
        self._lock = Lock()

    def current(self, whose: Hashable, *, seconds: float, read: Callable[[], Any], add: Callable[[str], Any]) -> str:
        """Return the generation in use.

        Args:
            whose: the cache and the owner.
            seconds: for how long to remember it.
            read: asks the cache for it; None where it has none.
            add: offers the cache one, which it takes where it has none.
        """
        known = self._known.get(whose)
        now = time.monotonic()
        if known is not None and now < known[1]:
            return known[0]
        found = read()
        if found is None:
            offered = _new()
            add(offered)
            found = read() or offered
        return self._remember(whose, str(found), now + seconds)

    def start(self, whose: Hashable, *, seconds: float, write: Callable[[str], Any]) -> str:
        """Begin a new generation.

        Args:
            whose: the cache and the owner.
            seconds: for how long to remember it.
            write: puts it into the cache.
        """
        begun = _new()
        write(begun)
        return self._remember(whose, begun, time.monotonic() + seconds)

    def forget(self) -> None:
        """Ask the caches anew."""
        with self._lock:
            self._known.clear()

    def _remember(self, whose: Hashable, generation: str, until: float) -> str:
        with self._lock:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[whose] = (generation, until)
        return generation


def _new() -> str:
    return secrets.token_hex(6)
