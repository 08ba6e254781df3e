"""Importing and starting, in a new interpreter each time, its own start included."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from harness import Case

HERE = Path(__file__).resolve().parent
OPTIONAL = ("celery", "rest_framework", "redis", "psycopg2", "asyncio")

CONTEXT = "import omnitenant_context, to python alone"
FACADE = "import django_omnitenant, to import django"
START = "a process with Django started"


def plain() -> list[Case]:
    """Start without us."""
    return [
        Case(CONTEXT, fresh("pass")),
        Case(FACADE, fresh("import django")),
        Case(START, fresh("import sites; sites.start_plain()")),
    ]


def ours() -> list[Case]:
    """Start with us."""
    codes = {
        CONTEXT: "import omnitenant_context",
        FACADE: "import django_omnitenant",
        START: "import sites; sites.start_ours()",
    }
    return [Case(name, fresh(code), remark=loads(code)) for name, code in codes.items()]


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
    return f"loads {found or 'none'} of {', '.join(OPTIONAL)}"
