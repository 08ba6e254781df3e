"""The engine's tests with every other driver, each in a process of its own: one process holds one driver."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drivers import DRIVERS, VARIABLE, driver

HERE = Path(__file__).resolve().parent
LEAST = 80
"""Tests that every driver has, about: a variant that ran next to nothing has shown nothing."""


@pytest.mark.parametrize("other", [each for each in DRIVERS if driver() == DRIVERS[0] and each != driver()])
def test_the_engine_holds(other: str) -> None:
    """On the servers of this run."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", str(HERE), "-k", "test_engine"]
    done = subprocess.run(
        command, env={**os.environ, VARIABLE: other}, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    (passed,) = re.findall(r"(\d+) passed", done.stdout.splitlines()[-1])
    assert int(passed) >= LEAST
