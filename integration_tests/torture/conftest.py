"""Runs the worlds beside each other, each in a process of its own, for the probes that were selected."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
AT_ONCE = 2

Verdicts = dict[str, dict[str, Any]]

HELD = pytest.StashKey[dict[str, str]]()


def _run(world: str, names: list[str], folder: Path) -> tuple[Verdicts, str]:
    chosen, report = folder / f"{world}.txt", folder / f"{world}.json"
    chosen.write_text("\n".join(names), encoding="utf-8")
    command = [sys.executable, str(HERE / "run.py"), "--world", world, "--names", str(chosen), "--report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not report.exists():
        return {}, done.stdout + done.stderr
    verdicts = json.loads(report.read_text(encoding="utf-8"))
    return {each["name"]: each for each in verdicts}, done.stdout.strip().rpartition("\n")[2]


@pytest.fixture(scope="session", name="worlds")
def _worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Give what is going on in each world that a selected test asks about."""
    wanted: dict[str, list[str]] = {}
    for item in request.session.items:
        values = getattr(item, "callspec", None) and item.callspec.params
        if values and "probe" in values:
            wanted.setdefault(values["world"], []).append(values["probe"])
    folder = tmp_path_factory.mktemp("worlds")
    told: dict[str, str] = {}
    request.config.stash[HELD] = told
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: dict[str, Future[tuple[Verdicts, str]]] = {
            world: pool.submit(_run, world, names, folder) for world, names in wanted.items()
        }
        yield running
        told.update({world: future.result()[1] for world, future in running.items()})


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many probes held in each world."""
    for line in config.stash.get(HELD, {}).values():
        terminalreporter.write_line(line)
