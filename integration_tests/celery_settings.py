"""The example's settings, on a folder that the test names."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples" / "saas"))

from saas.settings import *  # noqa: F403 - the example is the project that is tested here
