"""Which apps exist, and which will. Private API of celery, read in 5.4 to 5.7."""

from __future__ import annotations

from celery import Celery, _state
from celery.app import base

__all__ = ["add_fixup", "known_apps"]


def known_apps() -> list[Celery]:
    """List every app that was made and not yet collected, finalized or not."""
    return list(_state._get_active_apps())  # type: ignore[attr-defined]


def add_fixup(name: str) -> None:
    """Have every app that is made from now on call a function with itself while it is made.

    ``Celery(fixups=...)`` is the documented way to say so for one app; this set is what apps take
    that say nothing.

    Args:
        name: the function, as ``module:name``.
    """
    base.BUILTIN_FIXUPS.add(name)  # type: ignore[attr-defined]  # missing in the stubs
