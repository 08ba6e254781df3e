"""The ``db_config`` of a new tenant."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import connections

from omnitenant_routing.management._answers import Answers
from omnitenant_routing.places import MASTER_ALIAS

__all__ = ["add_database_arguments", "collect_database", "refuse_database_options"]

_HIGHEST_PORT = 65_535
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OPTIONS = ("db_name", "db_user", "db_password", "db_password_env", "db_host", "db_port")


def add_database_arguments(parser: CommandParser) -> None:
    """Add the options that describe the database of a tenant with one of its own."""
    group = parser.add_argument_group(
        "database",
        "For isolation type 'database'. What is left out is as in the master's settings.",
    )
    group.add_argument(
        "--db-name",
        help="Name of the database, or path of the SQLite file. Default: the tenant id.",
    )
    group.add_argument("--db-user", help="User of the database.")
    secret = group.add_mutually_exclusive_group()
    secret.add_argument(
        "--db-password",
        help="Password of the database. Stored with the tenant; visible in lists of processes.",
    )
    secret.add_argument(
        "--db-password-env",
        metavar="NAME",
        help="Environment variable that holds the password; only its name is stored.",
    )
    group.add_argument("--db-host", help="Host of the database.")
    group.add_argument("--db-port", help="Port of the database.")


def collect_database(answers: Answers, config: dict[str, Any], *, ask: bool) -> dict[str, Any]:
    """Return ``db_config``: what the tenant's config says, with options and answers over it.

    Args:
        answers: where values come from.
        config: the config that was given, which may hold a ``db_config``.
        ask: whether to ask for what was not given.

    Raises:
        CommandError: something given cannot be.
    """
    base = config.get("db_config", {})
    if not isinstance(base, dict):
        kind = type(base).__name__
        message = f"config['db_config'] is {kind}, not an object like an entry of DATABASES"
        raise CommandError(message)
    found = {str(key).upper(): value for key, value in base.items()}
    default = str(connections[MASTER_ALIAS].settings_dict["PORT"] or 5432)
    reference = _reference(answers.options["db_password_env"])
    details = {
        "NAME": answers.detail("db_name", "Enter database name for tenant: ", ask=ask),
        "USER": answers.detail("db_user", "Enter database user: ", ask=ask),
        "PASSWORD": reference or answers.detail("db_password", "Enter database password: ", ask=ask, hidden=True),
        "HOST": answers.detail("db_host", "Enter database host: ", ask=ask),
        "PORT": answers.detail(
            "db_port",
            f"Enter database port (default: {default}): ",
            lambda text: _port(text or default),
            ask=ask,
        ),
    }
    return found | {key: value for key, value in details.items() if value}


def refuse_database_options(options: dict[str, Any], isolation: str) -> None:
    """Refuse options of a database for a tenant that gets none.

    Raises:
        CommandError: names the first one.
    """
    for option in _OPTIONS:
        if options[option] is not None:
            message = f"--{option.replace('_', '-')} is for isolation type 'database'; this tenant's is {isolation!r}"
            raise CommandError(message)


def _reference(variable: str | None) -> dict[str, str] | None:
    if variable is None:
        return None
    if not _ENVIRONMENT_NAME.match(variable):
        message = f"--db-password-env takes the name of an environment variable, not {variable!r}"
        raise CommandError(message)
    return {"env": variable}


def _port(text: str) -> str:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _HIGHEST_PORT):
        message = f"{text!r} is no port; use a number from 1 to {_HIGHEST_PORT}"
        raise ValidationError(message)
    return text
