"""The package needs the standard library and nothing else."""

from __future__ import annotations

import subprocess
import sys
import textwrap

CODE = """
import importlib, pkgutil, sys

blocked = ("asgiref", "celery", "django", "rest_framework", "typing_extensions")
for name in blocked:
    sys.modules[name] = None

import omnitenant_context

for module in pkgutil.walk_packages(omnitenant_context.__path__, "omnitenant_context."):
    importlib.import_module(module.name)
    print(module.name)
for name in omnitenant_context.__all__:
    getattr(omnitenant_context, name)

allowed = {*sys.stdlib_module_names, *blocked, "omnitenant_context", "__main__"}
allowed |= set(sys.argv[1:])  # what the interpreter had loaded by itself
strangers = sorted({name.partition(".")[0] for name in sys.modules} - allowed)
assert not strangers, strangers
"""


def test_every_module_imports_without_any_other_package() -> None:
    """Frameworks may be missing, and nothing outside the standard library is loaded."""
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*{n.partition('.')[0] for n in sys.modules})"],
        capture_output=True,
        check=True,
        text=True,
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(CODE), *bare.stdout.split()],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    modules = done.stdout.split()
    assert "omnitenant_context.asgi" in modules
    assert "omnitenant_context._executor" in modules
