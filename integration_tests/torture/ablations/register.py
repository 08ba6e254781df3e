"""The register of ablations."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["Ablation", "ablation", "all_ablations", "nothing", "replace", "take_out"]

_OWN = {"apps", "register"}


@dataclass(frozen=True)
class Ablation:
    """One guard.

    Attributes:
        name: what is taken out.
        says: what the guard keeps away.
        run: takes it out.
        world: where its absence shows.
        late: taken out when the world is made, which could not be made without it; else before models are loaded.
    """

    name: str
    says: str
    run: Callable[[], None]
    world: str = "sqlite"
    late: bool = False


_register: dict[str, Ablation] = {}


def ablation(world: str = "sqlite", *, late: bool = False) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that takes a guard out; its name says which."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        name = function.__name__.replace("_", " ")
        _register[name] = Ablation(name, str(function.__doc__), function, world, late)
        return function

    return register


def replace(owner: Any, name: str, value: Any) -> None:
    """Put something in the place of a guard.

    Raises:
        AttributeError: the guard is not there any more, under this name.
    """
    getattr(owner, name)
    setattr(owner, name, value)


def nothing(*_: Any, **__: Any) -> None:
    """Stand in for a guard that refuses."""


def all_ablations() -> list[Ablation]:
    """Return the ablations of all modules of the package."""
    package = import_module("ablations")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in _OWN:
            import_module(f"ablations.{module.name}")
    return list(_register.values())


def take_out(names: Iterable[str], *, late: bool = False) -> None:
    """Take guards out of this process, those whose time it is.

    Raises:
        KeyError: nobody knows one of them.
    """
    known = {each.name: each for each in all_ablations()} if names else {}
    for name in names:
        if known[name].late is late:
            known[name].run()
