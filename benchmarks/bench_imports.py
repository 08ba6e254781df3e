"""Importing and starting, in a new interpreter each time, its own start included."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness import Case

HERE = Path(__file__).resolve().parent
OPTIONAL = ("celery", "rest_framework", "redis", "psycopg2")

CONTEXT = "import omnitenant_context, to python alone"
FACADE = "import django_omnitenant, to python alone"
START = "django.setup()"
CELERY = "django.setup(), of a project that uses Celery"

# The extra is installed where this runs; most projects that do not use Celery do not have it.
WITHOUT_EXTRA = """
from importlib import util
find = util.find_spec
util.find_spec = lambda name, *args: None if name == "omnitenant_celery" else find(name, *args)
"""


def plain() -> list[Case]:
    """Start without us."""
    codes = {
        CONTEXT: "pass",
        FACADE: "pass",
        START: "import sites; sites.start_plain(tables=False)",
        CELERY: "import celery.app.task; import sites; sites.start_plain(tables=False)",
    }
    return [Case(name, fresh(code), clock=time.perf_counter) for name, code in codes.items()]


def ours() -> list[Case]:
    """Start with us."""
    codes = {
        CONTEXT: "import omnitenant_context",
        FACADE: "import django_omnitenant",
        START: f"{WITHOUT_EXTRA}\nimport sites; sites.start_ours(tables=False)",
        CELERY: "import celery.app.task; import sites; sites.start_ours(tables=False)",
    }
    return [
        Case(name, fresh(code), clock=time.perf_counter, remark="" if name == CELERY else loads(code))
        for name, code in codes.items()
    ]


def fresh(code: str) -> Callable[[], None]:
    """Make a function that runs code in a new interpreter."""

    def call() -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE)  # noqa: S603 - code of this file

    return call


def loads(code: str) -> str:
    """Say which optional libraries some code loads."""
    ask = f"{code}\nimport sys\nprint(*[name for name in {OPTIONAL!r} if name in sys.modules], sep=', ')"
    found = subprocess.run(  # noqa: S603 - code of this file
        [sys.executable, "-c", ask], check=True, cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    return f"of {', '.join(OPTIONAL)} it loads {found or 'none'}"
