"""The example's project, on databases that go away with the test run."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(tempfile.mkdtemp(prefix="omnitenant-integration-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
os.environ["SAAS_DATA_DIR"] = str(FOLDER)
sys.path.insert(0, str(ROOT / "examples" / "saas"))

from saas.settings import *  # noqa: E402, F403 - the example is the project that is tested here

DATABASES["default"]["TEST"] = {"NAME": FOLDER / "master.sqlite3"}  # noqa: F405 - from the example
