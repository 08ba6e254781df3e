"""The names that others may rely on."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import omnitenant_context

MODULES = {
    module.name: importlib.import_module(f"omnitenant_context.{module.name}")
    for module in pkgutil.iter_modules(omnitenant_context.__path__)
}

PUBLIC = {name for name in MODULES if not name.startswith("_")}

#: Modules that need typing or logging, or are for tests: imported by who wants them.
APART = {"asgi", "logging", "testing", "wsgi"}

#: What modules of this package lend each other without a promise to others.
INTERNAL = {
    "checked_scope",
    "notify_enter",
    "notify_leave",
    "require_is_scope",
    "require_is_tenant",
}


def test_these_modules_are_public() -> None:
    """A module without an underscore is a promise."""
    assert sorted(PUBLIC) == [
        "asgi",
        "carriers",
        "context",
        "errors",
        "listeners",
        "loaders",
        "logging",
        "propagation",
        "scope",
        "testing",
        "wsgi",
    ]


def test_the_package_binds_what_it_promises() -> None:
    """``__all__`` and the bound public names are the same, and each of them is there."""
    namespace = vars(omnitenant_context)
    for name in omnitenant_context.__all__:
        assert getattr(omnitenant_context, name) is not None
    bound = {
        name for name, value in namespace.items() if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert bound - {"annotations", "TYPE_CHECKING"} == set(omnitenant_context.__all__)
    assert len(set(omnitenant_context.__all__)) == len(omnitenant_context.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_module_defines_what_it_promises(name: str) -> None:
    """Every public name of a module is in its ``__all__``, and nothing else is."""
    module = MODULES[name]
    for each in module.__all__:
        assert getattr(module, each) is not None
    defined = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    assert defined - INTERNAL <= set(module.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC - APART))
def test_the_package_offers_what_its_modules_do(name: str) -> None:
    """What every kind of code needs is at the top, the very same object."""
    module = MODULES[name]
    for each in module.__all__:
        assert getattr(omnitenant_context, each) is getattr(module, each)


def test_unknown_names_are_attribute_errors() -> None:
    """Fetching some names late does not hide a misspelt one."""
    with pytest.raises(AttributeError, match="module 'omnitenant_context' has no attribute 'Tennant'"):
        _ = omnitenant_context.Tennant


def test_everything_public_is_documented() -> None:
    """Each public object says what it is for."""
    for name in omnitenant_context.__all__:
        value = getattr(omnitenant_context, name)
        if isinstance(value, type) or callable(value):
            assert value.__doc__, name
