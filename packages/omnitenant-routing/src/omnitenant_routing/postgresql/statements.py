"""What of a statement's text matters for carrying: whether it ends a transaction, and where an error points."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["own_lines", "split_control"]

# How nearly every statement begins, as Django writes it.
_ORDINARY: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_GAP: Final = r"(?:\s|;|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"
_BLANK: Final = re.compile(_GAP, re.DOTALL)
_CONTROL: Final = re.compile(
    rf"{_GAP}(?:abort|begin|commit|end|prepare\s+transaction|release|rollback|savepoint|start)\b"
    # The name of a savepoint may hold anything; a comment may not.
    r"""(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|[^;"'])*(?:;|\Z)""",
    re.DOTALL | re.IGNORECASE,
)
_LINE: Final = re.compile(r"^LINE (\d+): .*(?:\n *\^)?", re.MULTILINE)


def split_control(text: str) -> tuple[str, str] | None:
    """Part what must be sent bare from what follows it.

    In a transaction that has failed a ``SET`` before ``ROLLBACK`` would fail, and keep it from being run.

    Args:
        text: one statement or several.

    Returns:
        None for an ordinary statement. Else what controls a transaction, or holds no statement at all, and the
        statements after it, which may be empty.
    """
    if text[:6] in _ORDINARY:
        return None
    found = _CONTROL.match(text)
    if found is None:
        return (text, "") if _BLANK.fullmatch(text) else None
    head, rest = text[: found.end()], text[found.end() :]
    return (text, "") if _BLANK.fullmatch(rest) else (head, rest)


def own_lines(message: str, carried: int) -> str:
    """Return the message of an error with its line counted from the start of the caller's own statement.

    Args:
        message: PostgreSQL's, as the driver gives it.
        carried: how many lines stood before that statement.
    """

    def count_again(found: re.Match[str]) -> str:
        line = int(found[1])
        if line <= carried:
            return found[0]
        shorter = len(found[1]) - len(str(line - carried))
        shown = found[0].replace(f"LINE {line}: ", f"LINE {line - carried}: ", 1)
        first, newline, caret = shown.partition("\n")
        return first + newline + caret[shorter:]

    return _LINE.sub(count_again, message)
