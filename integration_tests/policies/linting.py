"""A linter of policies that knows PostgreSQL and nothing of models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from policies_settings import FIRST

__all__ = ["lint"]


def lint(schema: str, database: str, *disable: str) -> str:
    """Return what ``pgrls`` finds in the tables with policies; empty when that is nothing.

    Args:
        schema: where it looks.
        database: the same.
        disable: rules of it that are broken on purpose.
    """
    nobodys = FIRST.execute(
        f"SELECT '{schema}.' || tablename FROM pg_tables WHERE schemaname = '{schema}' AND NOT rowsecurity",
        database=database,
    )
    configuration = Path(os.environ.get("TMPDIR", "/tmp")) / f"pgrls-{os.getpid()}-{schema}.toml"
    configuration.write_text(
        # One policy a table is all there is, so that none could open what another closes.
        f'[lint]\nfail_on = "info"\ndisable = {json.dumps(["SEC007", *disable])}\n'
        f"[lint.rules.SEC001]\nallowlist = {json.dumps([name for (name,) in nobodys])}\n"
        '[lint.rules.SEC016]\nallowlist = ["careless"]\n'
    )
    url = f"postgresql://postgres@{FIRST.host}:{FIRST.port}/{database}"
    program = str(Path(sys.executable).parent / "pgrls")
    command = [program, "lint", "--schemas", schema, "--config", str(configuration), "--database-url", url]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        configuration.unlink()
    return "" if done.returncode == 0 else done.stdout + done.stderr
