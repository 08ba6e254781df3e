"""``TenantReference`` on PostgreSQL: its unit tests, which know no database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drivers import VARIABLE

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1] / "packages" / "omnitenant-models" / "tests"
LEAST = 60
"""Tests that there are, about: a run of next to nothing has shown nothing."""


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg3"])
@pytest.mark.parametrize("engine", ["django.db.backends.postgresql", "omnitenant_routing.postgresql"])
def test_the_database_holds_references(engine: str, driver: str) -> None:
    """What is refused, what is not, and every migration: in a process of its own, on a server of this run."""
    environment = {
        **os.environ,
        VARIABLE: driver,
        "OMNITENANT_TEST_ENGINE": engine,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "pytest", "-q", "--ds", "references_settings"]
    command += [str(TESTS / name) for name in ("test_tenant_reference.py", "test_tenant_reference_migrations.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    (passed,) = re.findall(r"(\d+) passed", done.stdout.splitlines()[-1])
    assert int(passed) >= LEAST
