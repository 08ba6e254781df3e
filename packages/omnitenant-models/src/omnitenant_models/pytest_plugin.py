"""What pytest learns: the fixture ``no_leaks``. Found by itself where the package is installed.

Importing it imports no Django: pytest loads its plugins before a project's settings are known.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from omnitenant_models.testing import no_leaks as NoLeaks  # noqa: N812 - the fixture has its name

__all__ = ["no_leaks", "pytest_collection_finish", "pytest_runtest_call"]

_WATCH: pytest.StashKey[NoLeaks] = pytest.StashKey()


@pytest.fixture
def no_leaks(request: pytest.FixtureRequest) -> Generator[NoLeaks]:
    """Fail the test when a statement in it does not stay with the active tenant.

    It looks from here on: what fixtures did before is not looked at. See
    ``omnitenant_models.testing.no_leaks``, whose block this is.
    """
    from omnitenant_models.testing import no_leaks as look

    with look() as watch:
        request.node.stash[_WATCH] = watch
        yield watch


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to notice connections before a test opens some in other threads, where a test will look at them."""
    if "django" in sys.modules and any("no_leaks" in getattr(item, "fixturenames", ()) for item in session.items):
        from django.apps import apps

        if apps.ready:
            from omnitenant_models.testing import _watch  # noqa: F401 - importing it connects it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Let the test itself fail, and not its teardown."""
    __tracebackhide__ = True
    problem: BaseException | None = None
    try:
        yield
    except BaseException as error:
        problem = error
        raise
    finally:
        watch = item.stash.get(_WATCH, None)
        if watch is not None:
            watch.check(problem)
