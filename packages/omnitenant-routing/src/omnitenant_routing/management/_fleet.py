"""The same work for many tenants, one after the other; a failure does not stop the others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from omnitenant_routing.management._output import counted, one_line

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = [
    "EXIT_INTERRUPTED",
    "Outcome",
    "Progress",
    "add_error_arguments",
    "exit_status",
    "run_for_each",
    "summary",
]

EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Outcome:
    """How it went for one tenant.

    Attributes:
        tenant_id: whose it is.
        seconds: how long it took.
        error: what went wrong, on one line; empty when nothing did.
        returncode: the exit status that the work would have had alone.
    """

    tenant_id: str
    seconds: float
    error: str = ""
    returncode: int = 0


class Progress:
    """Prints ``[ 1/20] acme  ok  0.4s`` after each tenant; on a terminal also who is next."""

    def __init__(self, out: OutputWrapper, total: int, style: Callable[[str], str]) -> None:
        """Print on ``out``; failures are painted by ``style``."""
        self.out = out
        self.total = total
        self.style = style
        self.done = 0

    def begin(self, tenant_id: str) -> None:
        """Show whose turn it is, where the line can be written over."""
        if self.out.isatty():
            self.out.write(f"{self._place(self.done + 1)} {tenant_id} ...", ending="\r")
            self.out.flush()

    def end(self, outcome: Outcome) -> None:
        """Show how it went."""
        self.done += 1
        line = f"{self._place(self.done)} {outcome.tenant_id}"
        if outcome.error:
            self.out.write(self.style(f"{line}  FAILED  {outcome.error}"))
        else:
            self.out.write(f"{line}  ok  {outcome.seconds:.1f}s")

    def _place(self, number: int) -> str:
        return f"[{number:>{len(str(self.total))}}/{self.total}]"


def add_error_arguments(parser: CommandParser) -> None:
    """Add ``--fail-fast`` and its contrary."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--fail-fast", action="store_true", help="Stop at the first tenant that fails.")
    group.add_argument(
        "--keep-going",
        action="store_false",
        dest="fail_fast",
        help="Go on with the next tenant when one fails (the default).",
    )


def run_for_each(
    tenants: Sequence[BaseTenant],
    work: Callable[[BaseTenant], object],
    *,
    options: dict[str, Any],
    stderr: OutputWrapper,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Do some work for each tenant.

    Args:
        tenants: for whom.
        work: the work; an exception, or an exit with a status other than 0, means that it failed.
        options: ``fail_fast`` stops at the first failure, ``traceback`` shows where each came from.
        stderr: where tracebacks go.
        progress: told about each tenant.

    Returns:
        What was tried; fewer than the tenants when it stopped. Ctrl-C ends it with an outcome, too.
    """
    outcomes: list[Outcome] = []
    for tenant in tenants:
        if progress is not None:
            progress.begin(tenant.tenant_id)
        start = time.monotonic()
        error, returncode = "", 0
        try:
            work(tenant)
        except SystemExit as stop:
            returncode = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
            error = f"exit status {returncode}" if returncode else ""
        except KeyboardInterrupt:
            error, returncode = "interrupted", EXIT_INTERRUPTED
        except Exception as problem:  # noqa: BLE001 - one tenant must not stop the others
            error = one_line(problem)
            returncode = problem.returncode if isinstance(problem, CommandError) else 1
            if options["traceback"]:
                stderr.write(traceback.format_exc())
        seconds = round(time.monotonic() - start, 3)
        outcomes.append(Outcome(tenant.tenant_id, seconds, error, returncode))
        if progress is not None:
            progress.end(outcomes[-1])
        if error and (options["fail_fast"] or returncode == EXIT_INTERRUPTED):
            break
    return outcomes


def summary(outcomes: Sequence[Outcome], total: int, done: str) -> str:
    """Return ``3 of 4 tenants migrated, 1 failed: acme``."""
    failed = [outcome.tenant_id for outcome in outcomes if outcome.error]
    text = f"{len(outcomes) - len(failed)} of {counted(total)} {done}"
    if failed:
        text += f", {len(failed)} failed: {', '.join(failed)}"
    if len(outcomes) < total:
        text += f", {total - len(outcomes)} not tried"
    return text


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """Return the exit status: 130 when interrupted, the work's own for one tenant, else 1 or 0."""
    statuses = [outcome.returncode for outcome in outcomes if outcome.returncode]
    if EXIT_INTERRUPTED in statuses or len(outcomes) == 1:
        return max(statuses, default=0)
    return 1 if statuses else 0
