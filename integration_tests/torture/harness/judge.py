"""Runs probes one by one, and says of each whether it held."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

from harness.build import Ground
from harness.register import Probe
from harness.snapshot import Snapshot

__all__ = ["Verdict", "judge"]


class Verdict(NamedTuple):
    """What became of a probe.

    Attributes:
        name: the probe.
        held: whether what it says is true.
        told: what leaked, or what went wrong otherwise.
        trace: where.
    """

    name: str
    held: bool
    told: str = ""
    trace: str = ""


def judge(ground: Ground, probes: Iterable[Probe]) -> Iterator[Verdict]:
    """Run each probe on the same rows; afterwards the other tenant's must be as they were, byte for byte."""
    before = ground.snapshot(everything=True)
    theirs = _strangers(ground.snapshot(), ground.world)
    for probe in probes:
        try:
            _run(ground, probe, before, theirs)
        except AssertionError as error:
            yield Verdict(probe.name, held=False, told=f"leak: {_short(error)}", trace=traceback.format_exc())
        except Exception as error:  # noqa: BLE001 - whatever it is, the probe did not hold
            told = f"{type(error).__name__}: {_short(error)}"
            yield Verdict(probe.name, held=False, told=told, trace=traceback.format_exc())
        else:
            yield Verdict(probe.name, held=True)


def _run(ground: Ground, probe: Probe, before: dict[str, Snapshot], theirs: dict[str, Any]) -> None:
    world = ground.world
    with nullcontext() if probe.commits else ground.rolled_back():
        try:
            probe.run(world)
            after = ground.snapshot()
        finally:
            if probe.commits:
                ground.put_back(before)
    _check_hygiene(ground)
    check_strangers(theirs, _strangers(after, world))
    crossings = [str(tuple(each)) for snapshot in after.values() for each in snapshot.crossings()]
    assert not crossings, f"rows refer to another tenant's: {', '.join(crossings)}"


def check_strangers(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Demand that the other tenant's rows are those that were there."""
    changed = [place for place in before if before[place] != after.get(place)]
    labels = sorted(
        label for place in changed for label in before[place] if before[place][label] != after[place][label]
    )
    assert not labels, f"the other tenant's rows changed: {', '.join(labels)}"


def _strangers(taken: dict[str, Snapshot], world: Any) -> dict[str, Any]:
    return {place: snapshot.of(world.B.tenant.pk) for place, snapshot in taken.items()}


def _check_hygiene(ground: Ground) -> None:
    check: Callable[[], None] | None = getattr(ground.world.dialect, "check_hygiene", None)
    if check is not None:
        check()


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
