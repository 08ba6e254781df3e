"""Questions on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from getpass import getpass
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, OutputWrapper

from omnitenant_context.errors import OmnitenantError

__all__ = ["Prompter", "complaint", "is_terminal", "joined", "yes_or_no"]

T = TypeVar("T")


class Prompter:
    """Asks until the answer is good, where somebody is there to answer again.

    Where answers come from a pipe, the first wrong one ends the command: those after it would be
    taken for answers to other questions.
    """

    def __init__(self, stderr: OutputWrapper) -> None:
        """Complain on ``stderr``; the questions themselves go where ``input()`` writes."""
        self.stderr = stderr

    def ask(self, question: str, check: Callable[[str], T], *, hidden: bool = False) -> T:
        """Ask one question.

        Args:
            question: the text before the answer, with its blank.
            check: gives the value, or raises ``ValidationError`` or ``OmnitenantError``.
            hidden: show nothing of the answer.

        Raises:
            CommandError: the answer is wrong and nobody can be asked again.
            EOFError: there are no more answers.
            KeyboardInterrupt: the user does not want to go on.
        """
        while True:
            answer = _read(question, hidden=hidden)
            try:
                return check(answer if hidden else answer.strip())
            except (ValidationError, OmnitenantError) as error:
                if not is_terminal():
                    raise CommandError(complaint(error)) from error
                self.stderr.write(f"Error: {complaint(error)}")


def yes_or_no(answer: str) -> bool:
    """Turn an answer into a bool.

    Raises:
        ValidationError: it is neither yes nor no.
    """
    if answer.lower() in {"y", "yes"}:
        return True
    if answer.lower() in {"n", "no"}:
        return False
    message = f"{answer!r} is neither yes nor no; answer y or n"
    raise ValidationError(message)


def complaint(error: Exception) -> str:
    """Return what is wrong, on one line."""
    texts = error.messages if isinstance(error, ValidationError) else [str(error)]
    return " ".join(joined(texts).split())


def joined(texts: Sequence[str]) -> str:
    """Put sentences into one."""
    return "; ".join([*(text.rstrip(".") for text in texts[:-1]), *texts[-1:]])


def is_terminal() -> bool:
    """Tell whether a person answers."""
    return sys.stdin is not None and sys.stdin.isatty()


def _read(question: str, *, hidden: bool) -> str:
    if sys.stdin is None:
        raise EOFError  # closed, as `<&-` does
    if is_terminal():
        return getpass(question) if hidden else input(question)
    # getpass would ask the terminal behind the pipe, or warn that it cannot hide the answer.
    answer = input(question)
    sys.stdout.write("\n")
    return answer
