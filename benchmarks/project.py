"""A Django project for the benchmarks: the one of the documentation, on databases that go away."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["PROJECT", "start"]

PROJECT = Path(__file__).resolve().parent.parent / "docs" / "project"


def start() -> None:
    """Set Django up with a migrated master, and remove its files at the end."""
    folder = tempfile.mkdtemp(prefix="omnitenant-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(DOCS_DATA_DIR=folder, DJANGO_SETTINGS_MODULE="mysite.settings")
    sys.path.insert(0, str(PROJECT))
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
