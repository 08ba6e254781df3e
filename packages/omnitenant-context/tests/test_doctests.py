"""The examples in the documentation run as they are written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import omnitenant_context

NAMES = [
    "omnitenant_context",
    *(module.name for module in pkgutil.walk_packages(omnitenant_context.__path__, "omnitenant_context.")),
]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str) -> None:
    """Each example gives what it says."""
    results = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert results.failed == 0


def test_there_are_examples() -> None:
    """The finder has not silently stopped to find them."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [test.name for name in NAMES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert {"omnitenant_context", "omnitenant_context.propagation.bind"} <= set(examples)
