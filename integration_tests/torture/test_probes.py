"""Each probe in each world: an attack has no effect and shows nothing, a claim is true."""

from __future__ import annotations

from typing import Any

import pytest

from harness.places import WORLDS
from harness.register import all_probes
from run import chosen

CASES = [(world, probe.name) for world in WORLDS for probe in chosen(world, [])]


@pytest.mark.parametrize(("world", "probe"), CASES, ids=[f"{world}-{name}" for world, name in CASES])
def test_probe_holds(world: str, probe: str, worlds: dict[str, Any]) -> None:
    """The probe held, and the other tenant's rows are as they were."""
    verdicts, output = worlds[world].result()
    assert verdicts, output
    verdict = verdicts[probe]
    assert verdict["held"], f"{verdict['told']}\n{verdict['trace']}"


def test_there_are_enough_probes() -> None:
    """The whole suite for shared tables, the essential part for places of their own, the portable part for peers."""
    probes = all_probes()
    assert len(probes) >= 300
    assert sum(probe.essential for probe in probes) >= 60
    assert sum(probe.portable for probe in probes) >= 80


def test_each_probe_says_what_it_claims() -> None:
    """A reader of a failing probe learns from one sentence what is broken."""
    for probe in all_probes():
        first = probe.says.partition(" (")[0].strip()
        assert first.endswith("."), probe.name
        assert "\n" not in first, probe.name
