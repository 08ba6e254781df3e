"""Runs what a page says: its Python, its quotations of the project's files, and its management commands.

The blocks of a page share their names. Of the languages

- ``python`` is executed, as a doctest where it begins with ``>>>``. A block whose first line is a comment with the path
  of a file in ``project/`` (``# myapp/models.py``) quotes that file, and must be a part of it;
- ``console`` is a session: each line ``$ python manage.py ...``, with those that continue it, is run in ``project/``.
  The lines below it are its output, where ``...`` stands for anything. Without such lines the command only has to
  succeed; where they begin with ``CommandError`` it must fail;
- ``sql`` is run as the superuser of the server that the pages about PostgreSQL have;
- everything else is shown and not run.
"""

from __future__ import annotations

import doctest
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.myst import CodeBlockParser

__all__ = ["PROJECT", "run_page"]

PROJECT = Path(__file__).resolve().parent / "project"

_execute = PythonEvaluator()
_doctests = DocTestStringParser(DocTestEvaluator(doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE))
_checker = doctest.OutputChecker()


def run_page(path: Path) -> int:
    """Run the blocks of a page in turn.

    Returns:
        How many there were.

    Raises:
        AssertionError: a block does not do what the page says; names the page and the line.
    """
    document = Sybil([_python, CodeBlockParser("console", _console), CodeBlockParser("sql", _sql)]).parse(path)
    examples = list(document)
    for example in examples:
        example.evaluate()
    return len(examples)


def _python(document: Document) -> Iterable[Region]:
    """Find the blocks of Python; each prompt of a doctest is an example of its own."""
    for region in CodeBlockParser("python", _quote_or_execute)(document):
        if not region.parsed.startswith(">>>"):
            yield region
            continue
        source = region.parsed
        for part in _doctests(source, document.path):
            part.adjust(region, source)
            yield part


def _quote_or_execute(example: Example) -> str | None:
    first, _, rest = str(example.parsed).partition("\n")
    quoted = PROJECT / first.removeprefix("# ")
    if not first.startswith("# ") or not quoted.is_file():
        _execute(example)
    elif rest.strip() not in quoted.read_text(encoding="utf-8"):
        return f"{quoted.relative_to(PROJECT)} does not hold these lines"
    return None


def _sql(example: Example) -> None:
    import psycopg2

    port, name = os.environ["DOCS_POSTGRES_PORT"], os.environ["DOCS_POSTGRES_NAME"]
    with closing(psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname=name)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(str(example.parsed))


def _console(example: Example) -> str | None:
    commands: list[tuple[str, str]] = []
    for line in str(example.parsed).replace("\\\n", "").splitlines(keepends=True):
        if line.startswith("$ "):
            commands.append((line[2:].strip(), ""))
        elif commands:
            commands[-1] = (commands[-1][0], commands[-1][1] + line)
    for command, wanted in commands:
        words = shlex.split(command)
        if words[:2] != ["python", "manage.py"]:
            return f"only 'python manage.py' is run in a console block, not {command!r}"
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=PROJECT,
            # Unbuffered, so that output and errors come in the order in which a terminal shows them.
            env={**os.environ, "COLUMNS": "200", "DJANGO_COLORS": "nocolor", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        got = done.stdout
        if (done.returncode != 0) is not wanted.startswith("CommandError: "):
            return f"{command!r} ended with {done.returncode}:\n{got}"
        if wanted and not _checker.check_output(wanted, got, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE):
            return f"{command!r} printed:\n{got}\ninstead of:\n{wanted}"
    return None
