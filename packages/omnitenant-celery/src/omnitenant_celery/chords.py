"""Chords: the body runs for whoever called the chord, and never waits for a refused task.

Celery calls the body from the header task that happens to finish last, or from
``celery.chord_unlock``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery import Celery
from celery.app.task import Context
from celery.canvas import maybe_signature

from omnitenant_celery.header import write_header
from omnitenant_context.carriers import HEADER

__all__ = ["CHORD_UNLOCK", "fail_chord", "stamp_chord_body"]

CHORD_UNLOCK = "celery.chord_unlock"


def stamp_chord_body(message_body: object) -> None:
    """Give the chord body that a header task carries the header of the chord's caller.

    Else the body of a chord whose header tasks run for several tenants would run for the last of
    them. A body that has a header already keeps it, so a retried header task changes nothing.

    Args:
        message_body: the body of a task's message, as ``before_task_publish`` shows it. Its outer
            dict is changed; the signatures in it are the caller's, shared by all header tasks, and
            are copied.
    """
    # Protocol 2 has (args, kwargs, embed), protocol 1 one dict.
    embed = message_body[2] if isinstance(message_body, tuple | list) else message_body
    if not isinstance(embed, dict):
        return
    if embed.get("chord"):
        embed["chord"] = _stamp(embed["chord"])
    if embed.get("chain"):  # a chain as header task: the last of it carries the body
        embed["chain"] = [_stamp_link(link) for link in embed["chain"]]


def fail_chord(app: Celery, request: Context, error: Exception) -> None:
    """Fail the body of a chord whose ``celery.chord_unlock`` is refused, and call its errbacks.

    Nothing would ever poll for the chord again, and its result would be pending forever.

    Args:
        app: the app of the worker.
        request: the request of ``celery.chord_unlock``.
        error: why it is refused. It must be the exception that is being handled.
    """
    arguments: Any = request.args
    callback = maybe_signature(arguments[1], app=app)
    app.backend.chord_error_from_stack(callback, error)


def _stamp(signature: Mapping[str, Any]) -> Mapping[str, Any]:
    options = signature.get("options") or {}
    headers = options.get("headers") or {}
    if HEADER in headers:
        return signature
    caller: dict[str, Any] = {}
    write_header(caller)
    # With nobody active it is None in so many words, or the body would run for the last task's.
    stamped = {**headers, HEADER: caller.get(HEADER)}
    return {**signature, "options": {**options, "headers": stamped}}


def _stamp_link(link: Mapping[str, Any]) -> Mapping[str, Any]:
    options = link.get("options") or {}
    if not options.get("chord"):
        return link
    return {**link, "options": {**options, "chord": _stamp(options["chord"])}}
