"""Small words that probes are written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["no_secret", "only", "pks"]


def pks(rows: Iterable[Any]) -> set[Any]:
    """Return the primary keys of rows."""
    return {row.pk for row in rows}


def only(found: Iterable[Any], wanted: Iterable[Any]) -> None:
    """Demand exactly these values, in any order."""
    found, wanted = sorted(found, key=repr), sorted(wanted, key=repr)
    assert found == wanted, f"found {found!r} instead of {wanted!r}"


def no_secret(world: Any, text: Any) -> None:
    """Demand that what the other tenant alone knows does not stand in a text."""
    assert world.secret not in str(text), f"the secret stands in {str(text)[:200]!r}"
