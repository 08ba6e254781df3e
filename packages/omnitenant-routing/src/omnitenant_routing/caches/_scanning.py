"""Deletes keys of Redis by their beginning, in steps of a bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

__all__ = ["delete_matching", "escape_glob"]


def escape_glob(text: str) -> str:
    """Return a pattern of Redis that matches a text and nothing else."""
    return re.sub(r"([*?\[\]\\^])", r"\\\1", text)


def delete_matching(client: Any, patterns: Iterable[str], *, batch: int) -> int:
    """Delete the keys that match.

    The server goes through all keys that it has, in steps that others hardly notice; what is deleted is freed in its
    background.

    Args:
        client: of redis-py.
        patterns: which keys.
        batch: how many keys a step looks at, and how many are deleted by one command.

    Returns:
        How many there were.
    """
    deleted = 0
    for pattern in patterns:
        found = client.scan_iter(match=pattern, count=batch)
        while keys := list(islice(found, batch)):
            deleted += client.unlink(*keys)
    return deleted
