"""Tables and JSON: what the commands print, and nothing that is secret."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.core.management.base import CommandParser

__all__ = ["JSON_VERSION", "add_format_arguments", "counted", "one_line", "to_json", "to_table"]

JSON_VERSION: Final = 1
"""Changes when a key of the JSON output changes its meaning; new keys do not change it."""


def add_format_arguments(parser: CommandParser) -> None:
    """Add ``--format`` and its short form ``--json``."""
    parser.add_argument(
        "--format",
        choices=["table", "json"],
        default="table",
        help="How to print: a table to read (the default) or JSON for programs.",
    )
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="Short for --format=json.")


def to_json(**content: Any) -> str:
    """Return a document with the version of its form."""
    return json.dumps({"version": JSON_VERSION, **content}, indent=2, default=str)


def to_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay rows out in columns, as wide as needed; the last one is not filled up."""
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def counted(number: int) -> str:
    """Return ``1 tenant`` or ``3 tenants``."""
    return f"{number} tenant{'' if number == 1 else 's'}"


def one_line(error: BaseException) -> str:
    """Return what an error says, on one line; its name where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
