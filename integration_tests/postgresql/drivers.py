"""The drivers that the engine is tested with."""

from __future__ import annotations

import os
import sys
from typing import Any

DRIVERS = ("psycopg2", "psycopg3", "psycopg3-ssb", "psycopg3-pool")
VARIABLE = "OMNITENANT_TEST_DRIVER"


def driver() -> str:
    """Return which of them this process uses."""
    return os.environ.get(VARIABLE, DRIVERS[0])


def choose(name: str) -> dict[str, Any]:
    """Choose a driver for this process, before Django looks for one; returns ``OPTIONS`` of a database."""
    if name not in DRIVERS:
        message = f"{name!r} is no driver; there are {', '.join(DRIVERS)}"
        raise ValueError(message)
    if name == "psycopg2":
        # Django takes psycopg 3 where it is installed.
        sys.modules["psycopg"] = None  # type: ignore[assignment]
        return {}
    return {
        "psycopg3-ssb": {"server_side_binding": True},
        "psycopg3-pool": {"pool": {"min_size": 1, "max_size": 16}},
    }.get(name, {})
