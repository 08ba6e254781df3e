"""Puts the portable probes to one other library, in the environment in which that is installed.

    python peer.py LIBRARY DATABASE REPORT

DATABASE is an entry of ``DATABASES`` as JSON. Called by ``peers.py``.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness.peer import configure, judge_peer  # noqa: E402 - found by the path above


def main(library: str, database: str, report: str) -> None:
    """Run all portable probes and write what became of them."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        migrations = Path(folder) / "world_migrations"
        migrations.mkdir()
        (migrations / "__init__.py").touch()
        configure(library, json.loads(database))
        import django

        django.setup()
        verdicts = judge_peer(library)
    found = {"django": django.__version__, "verdicts": [each._asdict() for each in verdicts]}
    Path(report).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
