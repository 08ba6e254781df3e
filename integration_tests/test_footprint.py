"""What importing costs: libraries that a project does not use are not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "saas"

SET_UP = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'saas.settings'; import django; django.setup()"


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [("import django_omnitenant", ["celery", "kombu", "rest_framework"]), (SET_UP, ["rest_framework"])],
)
def test_the_facade_loads_no_optional_library(code: str, unwanted: list[str], tmp_path: Path) -> None:
    """Nothing is loaded before it is used; Celery is at Django's start, so that no task loses its tenant."""
    code += f"; import sys; print([m for m in {unwanted} if m in sys.modules])"
    env = {"SAAS_DATA_DIR": str(tmp_path), "PYTHONPATH": ":".join(["src", *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLE, env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
