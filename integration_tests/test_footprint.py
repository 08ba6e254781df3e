"""What importing costs: libraries that a project does not use are not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "saas"

SET_UP = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'saas.settings'; import django; django.setup(); "


@pytest.mark.parametrize("code", ["import django_omnitenant", SET_UP])
def test_the_facade_loads_no_optional_library(code: str, tmp_path: Path) -> None:
    """Neither Celery nor REST framework comes with Django's start, though both are installed here."""
    code += "; import sys; print([m for m in ('celery', 'kombu', 'rest_framework') if m in sys.modules])"
    env = {"SAAS_DATA_DIR": str(tmp_path), "PYTHONPATH": ":".join(["src", *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLE, env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
