"""The register of probes: small functions that attack, or claim, one thing each."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

__all__ = ["Probe", "all_probes", "topic"]


@dataclass(frozen=True)
class Probe:
    """One attack or claim.

    Attributes:
        name: the topic and what is tried.
        topic: what it is about.
        says: one sentence; what holds when the probe passes.
        run: does it, in a world. An ``AssertionError`` is a leak.
        portable: needs plain models and ``world`` alone, so it can be put to other libraries.
        essential: also put to tenants with a database or a schema of their own.
        commits: runs outside a transaction; what it writes is put back afterwards.
        needs: features that a world must have.
    """

    name: str
    topic: str
    says: str
    run: Callable[[Any], None]
    portable: bool = False
    essential: bool = False
    commits: bool = False
    needs: frozenset[str] = frozenset()


_register: dict[str, Probe] = {}


def topic(name: str) -> Callable[..., Any]:
    """Return a decorator that registers the probes of a topic.

    Used plain, or with what :class:`Probe` has: ``@probe(portable=True)``. Portable probes are essential too,
    unless that is denied. ``cases={"name": value}`` makes a probe of each, which gets the value.
    """

    def probe(
        function: Callable[..., None] | None = None,
        *,
        portable: bool = False,
        essential: bool | None = None,
        commits: bool = False,
        needs: str = "",
        cases: dict[str, Any] | None = None,
    ) -> Any:
        if function is None:
            return partial(probe, portable=portable, essential=essential, commits=commits, needs=needs, cases=cases)
        for case, value in (cases or {"": None}).items():
            _add(
                Probe(
                    name=f"{name}.{function.__name__}{f'[{case}]' if case else ''}",
                    topic=name,
                    says=f"{function.__doc__}{f' ({case})' if case else ''}",
                    run=partial(_call, function, value) if cases else function,
                    portable=portable,
                    essential=portable if essential is None else essential,
                    commits=commits,
                    needs=frozenset(needs.split()),
                )
            )
        return function

    return probe


def all_probes() -> list[Probe]:
    """Return the probes of all modules of ``probes``, in the order of their names."""
    package = import_module("probes")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"probes.{module.name}")
    return sorted(_register.values(), key=lambda probe: probe.name)


def _call(function: Callable[[Any, Any], None], value: Any, world: Any) -> None:
    function(world, value)


def _add(probe: Probe) -> None:
    if probe.name in _register:
        message = f"two probes are called {probe.name!r}; rename one"
        raise ValueError(message)
    if not probe.says or probe.says.startswith("None"):
        message = f"{probe.name!r} says nothing; give its function a sentence"
        raise ValueError(message)
    _register[probe.name] = probe
