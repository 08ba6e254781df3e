"""What ``import omnitenant_context`` loads: every process of a fleet pays for it."""

from __future__ import annotations

import subprocess
import sys

CHEAP = {"__future__", "_contextvars", "contextvars", "types", "_types"}
CODE = "import sys; {}; print(*sys.modules)"


def loaded(statement: str) -> set[str]:
    """Give the modules that are loaded after a statement in a new interpreter."""
    done = subprocess.run([sys.executable, "-c", CODE.format(statement)], capture_output=True, check=True, text=True)
    return set(done.stdout.split())


def test_the_import_loads_next_to_nothing() -> None:
    """No typing, dataclasses, inspect, logging or asyncio; only what is cheap."""
    extra = loaded("import omnitenant_context") - loaded("pass")
    strangers = {name for name in extra if not name.startswith("omnitenant_context")}
    assert strangers <= CHEAP


def test_the_everyday_names_cost_nothing_more() -> None:
    """Entering, asking and carrying need no further import."""
    names = "TenantContext, get_scope, bind_iterator, inject, register_loader, TenantNotFound, MASTER"
    statement = (
        f"from omnitenant_context import {names}; g = TenantContext.use_master_db(); "
        "g.__enter__(); inject({}); get_scope(); g.__exit__(None, None, None)"
    )
    assert loaded(statement) == loaded("import omnitenant_context")


def test_what_is_costly_comes_when_it_is_asked_for() -> None:
    """The executor and the protocol are fetched at their first use."""
    assert "concurrent.futures" in loaded("from omnitenant_context import ContextExecutor")
    assert "typing" in loaded("from omnitenant_context import Tenant")
