"""What is read of a statement, in plain values: nothing here knows the parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "Change",
    "Column",
    "Constant",
    "Equal",
    "Fact",
    "Facts",
    "Given",
    "Linked",
    "Source",
    "Statement",
    "Unreadable",
]


class Unreadable(Exception):  # noqa: N818 - says what a statement is; nobody sees it raised
    """Raised where the parser does not understand a statement; says why."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in a statement.

    Attributes:
        text: the value as it is written, or the name of the parameter, which may hold a list of values.
        is_parameter: whether ``text`` is such a name.
    """

    text: str
    is_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A table where it stands in a statement; one that stands there twice is two sources.

    Attributes:
        number: its place in :attr:`Statement.sources`.
        table: its name, in lower case.
        block: the number of the SELECT, UPDATE, DELETE or INSERT that it stands in.
        written: whether rows are inserted into it, and none are read.
    """

    number: int
    table: str
    block: int
    written: bool


Column = tuple[int, str]
"""The number of a source, and the name of one of its columns in lower case."""


@dataclass(frozen=True, slots=True)
class Equal:
    """The column holds one of these values."""

    column: Column
    values: frozenset[Constant]


@dataclass(frozen=True, slots=True)
class Linked:
    """The column holds what one of the others holds, in a row that its own conditions let through."""

    column: Column
    others: frozenset[Column]


Fact = Equal | Linked
Facts = frozenset[Fact]

Given = Constant | frozenset[Column] | None
"""What a column is set to: a value, what other columns hold, or an expression that is not looked into."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is written to a source.

    Attributes:
        source: its number.
        rows: what each row sets, by the column's name in lower case.
        inserts: whether rows are made.
        overwrites: by which columns an INSERT finds rows that it overwrites instead; None where it overwrites none.
    """

    source: int
    rows: tuple[Mapping[str, Given], ...]
    inserts: bool = False
    overwrites: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What was read.

    Attributes:
        verb: its first word, in capital letters.
        sources: the tables.
        facts: what holds for the rows that it gives or changes.
        changes: what it writes.
    """

    verb: str
    sources: tuple[Source, ...]
    facts: Facts
    changes: tuple[Change, ...]
