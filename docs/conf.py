"""How Sphinx builds the pages; ``hatch run docs``."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Modules with models can only be imported in a Django project: this is the one that the pages describe.
sys.path.insert(0, str(HERE / "project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
os.environ.setdefault("DOCS_DATA_DIR", tempfile.gettempdir())
import django  # noqa: E402 - after the settings are named

django.setup()

project = "omnitenant"
author = "The omnitenant authors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "project"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# Names of other projects are not looked up: their inventories would have to be fetched for each build. Of our own,
# those that the pages do not show are named in docstrings only.
nitpick_ignore_regex = [
    ("py:.*", r"(asyncio|celery|collections|concurrent|contextvars|django|logging|threading|typing|types)(\..*)?"),
    ("py:.*", r"(omnitenant_\w+|django_omnitenant)(\..*)?"),
    ("py:.*", r"[A-Z]\w*"),  # names as they stand in annotations
]

html_theme = "furo"
html_title = "omnitenant"
