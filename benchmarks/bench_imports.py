"""What importing costs, in a fresh interpreter each time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

from harness import Case, main
from project import PROJECT

SET_UP = """
import os, sys
sys.path.insert(0, {project!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
from mysite import settings
settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each not in {without!r}]
import django
django.setup()
"""


def fresh(code: str) -> Callable[[], None]:
    """Make a case that runs code in a new interpreter."""
    env = {**os.environ, "DOCS_DATA_DIR": tempfile.gettempdir()}

    def call() -> None:
        subprocess.run([sys.executable, "-c", code], check=True, env=env)  # noqa: S603 - code of this file

    return call


def set_up(*without: str) -> Callable[[], None]:
    """Make a case that starts Django with or without our app and the models made with it."""
    return fresh(SET_UP.format(project=str(PROJECT), without=without))


main(
    "Importing, the interpreter's own start included",
    [
        Case("python alone", fresh("pass"), calls=1),
        Case("import omnitenant_context", fresh("import omnitenant_context"), calls=1),
        Case("import django_omnitenant", fresh("import django_omnitenant"), calls=1),
        Case("import django.db.models", fresh("import django.db.models"), calls=1),
    ],
    [
        Case("django.setup(), without tenants", set_up("myapp", "django_omnitenant"), calls=1),
        Case("django.setup(), with django_omnitenant", set_up(), calls=1),
    ],
)
