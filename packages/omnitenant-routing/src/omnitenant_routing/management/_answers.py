"""Where a value comes from: an option, else an answer, else a default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from omnitenant_context.errors import OmnitenantError
from omnitenant_routing.management._prompts import Prompter, complaint, yes_or_no

__all__ = ["Answers"]

T = TypeVar("T")


class Answers:
    """The options of a command, and its user."""

    def __init__(self, options: dict[str, Any], prompter: Prompter | None) -> None:
        """Take both.

        Args:
            options: None stands for an option that was not given.
            prompter: asks for what was not given; None under ``--no-input``.
        """
        self.options = options
        self.prompter = prompter

    def value(self, option: str, question: str, check: Callable[[str], T], default: str | None = None) -> T:
        """Return the value of an option; it is asked for where it was not given.

        Args:
            option: the option's name in ``options``.
            question: the text before the answer.
            check: turns text into the value, or raises ``ValidationError`` or ``OmnitenantError``.
            default: for ``--no-input``; without one the option is required there.

        Raises:
            CommandError: it is missing or wrong.
        """
        given = self.options[option]
        if given is None and self.prompter is not None:
            return self.prompter.ask(question, check)
        if given is None:
            given = default
        if given is None:
            message = f"{_flag(option)} is required with --no-input"
            raise CommandError(message)
        return self._checked(option, given, check)

    def detail(
        self,
        option: str,
        question: str,
        check: Callable[[str], str] = str,
        *,
        ask: bool,
        hidden: bool = False,
    ) -> str:
        """Return the value of an option that may be left out, or empty text.

        Args:
            option: as for :meth:`value`.
            question: as for :meth:`value`.
            check: as for :meth:`value`.
            ask: whether to ask for it where it was not given.
            hidden: show nothing of the answer.

        Raises:
            CommandError: it is wrong.
        """
        if self.options[option] is not None:
            return self._checked(option, self.options[option], check)
        if ask and self.prompter is not None:
            return self.prompter.ask(question, check, hidden=hidden)
        return ""

    def confirm(self, option: str, question: str) -> bool:
        """Return a decision; under ``--no-input`` it is yes unless the option says no."""
        given: bool | None = self.options[option]
        if given is not None:
            return given
        return self.prompter is None or self.prompter.ask(question, yes_or_no)

    @staticmethod
    def _checked(option: str, given: object, check: Callable[[str], T]) -> T:
        try:
            return check(str(given))
        except (ValidationError, OmnitenantError) as error:
            message = f"{_flag(option)}: {complaint(error)}"
            raise CommandError(message) from error


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")
