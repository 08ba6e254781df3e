"""The example on PostgreSQL: a customer of each isolation type, and policies that a linter has nothing to say about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from linting import lint
from policies_settings import FIRST

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "saas"
NAME = "example"


def test_the_demo_with_four_isolation_types() -> None:
    """Nobody sees a row of another; then the linter looks at the database that the demo leaves behind."""
    FIRST.create_database(NAME)
    FIRST.execute("CREATE ROLE saas_site LOGIN PASSWORD 'site'")
    environment = {
        **os.environ,
        "SAAS_POSTGRES_PORT": str(FIRST.port),
        "SAAS_POSTGRES_NAME": NAME,
        "SAAS_POSTGRES_SITE_ROLE": "saas_site",
        "DJANGO_SETTINGS_MODULE": "saas.settings",
    }
    done = subprocess.run(
        [sys.executable, "demo.py", "--once"], cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    shown = {line.split()[0]: line.split()[1:4] for line in done.stdout.splitlines()[1:6]}
    assert {name: (kind, foreign) for name, (kind, _own, foreign) in shown.items()} == {
        "acme": ("database", "0"),
        "globex": ("table", "0"),
        "initech": ("table", "0"),
        "umbrella": ("cache", "0"),
        "hooli": ("schema", "0"),
    }
    assert "foreign rows seen: 0" in done.stdout
    assert lint("public", NAME) == ""
    assert lint("hooli", NAME) == ""
